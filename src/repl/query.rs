//! Running one statement: rows as they come, how far it is, and Ctrl-C.

use std::io::Write;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use futures::StreamExt;
use tokio::time::{MissedTickBehavior, interval};

use super::output::{Display, duration};
use super::progress::{LOOK_EVERY, ProgressLine};
use crate::engine::{Execution, RowStream, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::output::{ResultWriter, write_live};
use crate::pg::encode::Style;
use crate::sql::{Statement, StatementBody};

/// Rows that are looked at to choose widths and form before the first is shown.
const ROWS_AHEAD: usize = 2_000;

/// Runs a statement and shows its result. Ctrl-C ends it with an error, and a subscription as it is.
pub(super) async fn run(session: &Session, statement: &Statement, display: &Display) -> Result<()> {
    if matches!(statement.body, StatementBody::Subscribe(_)) {
        return subscribe(session, statement, display).await;
    }
    tokio::select! {
        done = run_to_end(session, statement, display) => done,
        pressed = tokio::signal::ctrl_c() => Err(match pressed {
            Ok(()) => Error::new(ErrorKind::Cancelled, "canceling statement due to user request"),
            Err(error) => Error::new(ErrorKind::Internal, format!("cannot wait for Ctrl-C: {error}")),
        }),
    }
}

/// Shows rows as they come, not in a pager, until they end or Ctrl-C ends them.
async fn subscribe(session: &Session, statement: &Statement, display: &Display) -> Result<()> {
    let started = Instant::now();
    let Execution::Rows(mut rows) = session.run(statement).await? else { return Ok(()) };
    let options = display.live_options(Style::of(session.settings()));
    let sink = display.live_sink().map_err(|error| cannot_write(&error))?;
    let mut writer = ResultWriter::new(sink, &rows.schema, &options);
    let ended = tokio::select! {
        ended = write_live(&mut writer, &mut rows) => ended,
        pressed = tokio::signal::ctrl_c() => pressed.map_err(|error| {
            Error::new(ErrorKind::Internal, format!("cannot wait for Ctrl-C: {error}"))
        }),
    };
    let (count, mut sink) = writer.finish()?;
    if let Some(footer) = display.footer(options.format, count, started.elapsed()) {
        sink.write_all(footer.as_bytes()).map_err(|error| cannot_write(&error))?;
    }
    sink.flush().map_err(|error| cannot_write(&error))?;
    ended
}

async fn run_to_end(session: &Session, statement: &Statement, display: &Display) -> Result<()> {
    let started = Instant::now();
    let mut line = ProgressLine::start();
    match watched(session.run(statement), || line.show(None)).await? {
        Execution::Rows(rows) => show(session, rows, display, line, started).await,
        Execution::Done(tag) => {
            drop(line);
            println!("{tag}{}", timing(display, started.elapsed()));
            Ok(())
        }
    }
}

fn timing(display: &Display, elapsed: Duration) -> String {
    if display.timing { format!(" ({})", duration(elapsed)) } else { String::new() }
}

/// Awaits something, looking up now and then.
async fn watched<T>(work: impl Future<Output = T>, mut look: impl FnMut()) -> T {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => look(),
        }
    }
}

async fn show(
    session: &Session,
    mut rows: RowStream,
    display: &Display,
    mut line: ProgressLine,
    started: Instant,
) -> Result<()> {
    let progress = rows.progress.clone();
    let (first, ended) = watched(first_rows(&mut rows), || line.show(Some(progress.counts()))).await?;
    let options = display.options(Style::of(session.settings()), &rows.schema, &first)?;
    let to_screen = display.file.is_none();
    if to_screen {
        drop(std::mem::replace(&mut line, ProgressLine::start()));
    }
    let sink = display.sink().map_err(|error| cannot_write(&error))?;
    let mut writer = ResultWriter::new(sink, &rows.schema, &options);
    for batch in &first {
        quietly(writer.write(batch))?;
    }
    while !ended {
        let look = || {
            if !to_screen {
                line.show(Some(progress.counts()))
            }
        };
        let Some(batch) = watched(rows.batches.next(), look).await else { break };
        if quietly(writer.write(&batch?))?.is_none() {
            return Ok(());
        }
    }
    let (count, mut sink) = writer.finish()?;
    if let Some(footer) = display.footer(options.format, count, started.elapsed()) {
        sink.write_all(footer.as_bytes()).map_err(|error| cannot_write(&error))?;
    }
    sink.finish().map_err(|error| cannot_write(&error))
}

/// The first rows, and whether there are no more.
async fn first_rows(rows: &mut RowStream) -> Result<(Vec<RecordBatch>, bool)> {
    let mut first: Vec<RecordBatch> = Vec::new();
    while first.iter().map(RecordBatch::num_rows).sum::<usize>() < ROWS_AHEAD {
        match rows.batches.next().await {
            Some(batch) => first.push(batch?),
            None => return Ok((first, true)),
        }
    }
    Ok((first, false))
}

/// `None` where the user left the pager before the end.
fn quietly(written: Result<()>) -> Result<Option<()>> {
    match written {
        Err(error) if error.kind == ErrorKind::Cancelled => Ok(None),
        other => other.map(Some),
    }
}

fn cannot_write(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("cannot write the result: {error}"))
}
