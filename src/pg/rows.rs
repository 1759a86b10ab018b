//! Rows on their way from a running query to a client, a batch at a time.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::{FutureExt, StreamExt};

use super::encode::copy::CopyEncoder;
use super::encode::{Format, RowEncoder, Style};
use super::error::{PgError, PgResult};
use super::running::Running;
use super::types::WireType;
use super::wire::{Outcome, Wire};

/// A column as RowDescription tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub wire: WireType,
}

/// The rows of a query that can be read on and on; dropping it stops the query.
pub struct Rows {
    stream: SendableRecordBatchStream,
    /// The batch that is being read, and how many of its rows have been.
    batch: Option<(RecordBatch, usize)>,
    finished: bool,
    /// Rows that have been read.
    pub position: u64,
}

/// Where rows go.
pub trait Sink: Send {
    /// Takes up a batch.
    fn start(&mut self, batch: &RecordBatch) -> PgResult<()>;

    /// Appends a row of that batch as a whole message.
    fn write(&mut self, row: usize, out: &mut Vec<u8>) -> PgResult<()>;
}

impl Rows {
    pub fn new(stream: SendableRecordBatchStream) -> Self {
        Self { stream, batch: None, finished: false, position: 0 }
    }

    /// Sends up to `limit` rows and returns how many there were. Rows leave as soon as the query has
    /// none ready, and whenever enough of them are collected.
    pub async fn send(
        &mut self,
        limit: u64,
        sink: &mut dyn Sink,
        running: &Running,
        wire: &mut Wire,
    ) -> Outcome<u64> {
        let mut sent = 0;
        let mut started = false;
        while sent < limit {
            if !self.has_batch() {
                if !self.advance(running, wire).await? {
                    break;
                }
                started = false;
            }
            let Some((batch, row)) = &mut self.batch else { break };
            if !started {
                sink.start(batch)?;
                started = true;
            }
            while *row < batch.num_rows() && sent < limit && !wire.is_full() {
                let start = wire.output().len();
                if let Err(error) = sink.write(*row, wire.output()) {
                    wire.output().truncate(start);
                    return Err(error.into());
                }
                *row += 1;
                sent += 1;
            }
            if wire.is_full() {
                running.flush(wire).await?;
            }
        }
        self.position += sent;
        Ok(sent)
    }

    /// Passes over up to `limit` rows and returns how many there were.
    pub async fn skip(&mut self, limit: u64, running: &Running, wire: &mut Wire) -> Outcome<u64> {
        let mut skipped = 0;
        while skipped < limit {
            if !self.has_batch() && !self.advance(running, wire).await? {
                break;
            }
            let Some((batch, row)) = &mut self.batch else { break };
            let left = (batch.num_rows() - *row) as u64;
            let count = left.min(limit - skipped);
            *row += count as usize;
            skipped += count;
        }
        self.position += skipped;
        Ok(skipped)
    }

    fn has_batch(&self) -> bool {
        self.batch.as_ref().is_some_and(|(batch, row)| *row < batch.num_rows())
    }

    /// Gets the next batch; `false` at the end. Output does not wait for a batch that is not ready.
    async fn advance(&mut self, running: &Running, wire: &mut Wire) -> Outcome<bool> {
        if self.finished {
            return Ok(false);
        }
        self.batch = None;
        let next = match self.stream.next().now_or_never() {
            Some(next) => next,
            None => {
                running.flush(wire).await?;
                let stream = &mut self.stream;
                running.wait(wire, async { Ok::<_, PgError>(stream.next().await) }).await?
            }
        };
        match next {
            Some(Ok(batch)) => {
                self.batch = Some((batch, 0));
                Ok(true)
            }
            Some(Err(error)) => {
                self.finished = true;
                Err(error.into())
            }
            None => {
                self.finished = true;
                Ok(false)
            }
        }
    }
}

/// Rows as DataRow messages.
pub struct DataRows {
    types: Vec<WireType>,
    formats: Vec<Format>,
    style: Arc<Style>,
    encoder: Option<RowEncoder>,
}

impl DataRows {
    pub fn new(columns: &[Column], formats: Vec<Format>, style: Style) -> Self {
        let types = columns.iter().map(|column| column.wire.clone()).collect();
        Self { types, formats, style: Arc::new(style), encoder: None }
    }
}

impl Sink for DataRows {
    fn start(&mut self, batch: &RecordBatch) -> PgResult<()> {
        self.encoder = Some(RowEncoder::new(batch, &self.types, &self.formats, Arc::clone(&self.style))?);
        Ok(())
    }

    fn write(&mut self, row: usize, out: &mut Vec<u8>) -> PgResult<()> {
        match &self.encoder {
            Some(encoder) => encoder.write(row, out),
            None => Ok(()),
        }
    }
}

/// Rows as CopyData messages.
pub struct CopyRows {
    pub types: Vec<WireType>,
    pub style: Style,
    pub encoder: CopyEncoder,
}

impl Sink for CopyRows {
    fn start(&mut self, batch: &RecordBatch) -> PgResult<()> {
        self.encoder.start_batch(batch, &self.types)
    }

    fn write(&mut self, row: usize, out: &mut Vec<u8>) -> PgResult<()> {
        self.encoder.write(row, &self.style, out)
    }
}
