//! Going on from a position: rows as they come, and the position behind them.

use std::time::Duration;

use arrow::array::RecordBatch;
use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::definition::Segment;
use super::position::{Next, Subscription};
use crate::changes::rows::external;
use crate::error::{Error, ErrorKind, Result};

/// How often a version that is yet to come is asked for: it is seen within a second.
const POLL_EVERY: Duration = Duration::from_millis(400);

/// How many rows are wanted, and how long to wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    pub rows: u64,
    pub wait: Wait,
}

/// How long a fetch waits for a version that is yet to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// As long as the subscription goes on.
    Always,
    /// Until it has a row, and no longer than this; `None` sets no limit.
    FirstRow(Option<Duration>),
}

impl Fetch {
    /// All rows, now and later.
    pub const LIVE: Self = Self { rows: u64::MAX, wait: Wait::Always };
}

type Output = Sender<datafusion::error::Result<RecordBatch>>;

impl Subscription {
    /// Sends the rows that a fetch wants and gives the position behind them, the error that ended them,
    /// or nothing where the reader is gone. Being dropped on the way changes nothing.
    pub async fn fetch(self, fetch: Fetch, output: &Output) -> Option<Self> {
        let mut run = Run { position: self, left: fetch.rows, sent: 0, output };
        match run.read_to_end(fetch.wait).await {
            Ok(End::Done) => Some(run.position),
            Ok(End::ReaderGone) => None,
            Err(error) => {
                // Whoever has gone needs no error.
                let _told = output.send(Err(external(error))).await;
                None
            }
        }
    }
}

struct Run<'a> {
    position: Subscription,
    left: u64,
    sent: u64,
    output: &'a Output,
}

enum End {
    Done,
    ReaderGone,
}

impl Run<'_> {
    async fn read_to_end(&mut self, wait: Wait) -> Result<End> {
        let deadline = match wait {
            Wait::FirstRow(Some(wait)) => Instant::now().checked_add(wait),
            _ => None,
        };
        loop {
            while let Some(batch) = self.take_from_rest() {
                if !self.send(batch).await {
                    return Ok(End::ReaderGone);
                }
            }
            if self.left == 0 || matches!(self.position.next, Next::Ended) {
                return Ok(End::Done);
            }
            let segment = self.position.definition.segment(&self.position.next).await;
            match segment {
                Ok(Some(segment)) => {
                    if !self.run(segment).await? {
                        return Ok(End::ReaderGone);
                    }
                }
                Ok(None) => {
                    let until = Instant::now() + POLL_EVERY;
                    match wait {
                        Wait::FirstRow(_) if self.sent > 0 => return Ok(End::Done),
                        Wait::FirstRow(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                            return Ok(End::Done);
                        }
                        _ => {
                            sleep_or_leave(
                                deadline.map_or(until, |deadline| deadline.min(until)),
                                self.output,
                            )
                            .await
                        }
                    }
                    if self.output.is_closed() {
                        return Ok(End::ReaderGone);
                    }
                }
                // A fetch that has rows ends with them, and the next one with the error.
                Err(_) if self.sent > 0 && wait != Wait::Always => return Ok(End::Done),
                Err(error) => return Err(error),
            }
        }
    }

    fn take_from_rest(&mut self) -> Option<RecordBatch> {
        if self.left == 0 { None } else { self.position.rest.take(self.left) }
    }

    /// Sends the rows of a version; what is not wanted of them is kept. `false` where the reader is gone.
    async fn run(&mut self, segment: Segment) -> Result<bool> {
        let Segment { mut batches, then, reads } = segment;
        while let Some(batch) = batches.next().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Err(self.position.definition.explain(Error::from(error), &reads).await),
            };
            if batch.num_rows() == 0 {
                continue;
            }
            let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(batch.num_rows());
            if wanted > 0 && !self.send(batch.slice(0, wanted)).await {
                return Ok(false);
            }
            if wanted < batch.num_rows() {
                let kept = batch.slice(wanted, batch.num_rows() - wanted);
                let kept = self.position.rest.keep(kept, &self.position.definition);
                kept.map_err(|error| too_large(Error::from(error)))?;
            }
        }
        self.position.next = then;
        Ok(true)
    }

    /// `false` where the reader is gone.
    async fn send(&mut self, batch: RecordBatch) -> bool {
        let rows = batch.num_rows() as u64;
        self.left -= rows;
        self.sent += rows;
        self.output.send(Ok(batch)).await.is_ok()
    }
}

/// Waits for a moment, or until nobody reads any more.
async fn sleep_or_leave(until: Instant, output: &Output) {
    tokio::select! {
        () = tokio::time::sleep_until(until) => {}
        () = output.closed() => {}
    }
}

fn too_large(error: Error) -> Error {
    if error.kind != ErrorKind::OutOfMemory {
        return error;
    }
    error.with_hint("A cursor keeps what is left of a version: FETCH ALL, SUBSCRIBE without a cursor, or COPY keep nothing.")
}
