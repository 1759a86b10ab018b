//! Cursors: `DECLARE`, `FETCH`, `MOVE` and `CLOSE`. They go forward only, and end with their
//! transaction unless they are held: then their query goes on, at the versions of its tables that it began
//! with, and waits for whoever reads it. Those over subscriptions are of their own kind (`subscription`).

use std::sync::Arc;

use datafusion::scalar::ScalarValue;

use super::encode::{Format, Style};
use super::error::{PgError, PgResult, state};
use super::execute::{Completion, tag_with_count};
use super::portal::{Hold, Portal, Progress};
use super::rows::{Column, DataRows, Rows};
use super::running::Running;
use super::session::Session;
use super::statement::{Declare, PreparedStatement};
use super::transaction::Status;
use super::wire::Outcome;
use crate::engine::Execution;
use crate::sql::{CloseCursor, FetchCursor, FetchDirection, FetchRows, fold};

/// A forward step: rows to pass over, then rows to take.
pub(super) struct Step {
    pub skip: u64,
    pub take: u64,
}

impl Session {
    pub(super) async fn declare(
        &mut self,
        declare: &Declare,
        parameters: Vec<ScalarValue>,
        running: &Running,
    ) -> Outcome<String> {
        if self.transaction.status != Status::Block && !self.in_script && !declare.hold {
            let message = "DECLARE CURSOR can only be used in transaction blocks";
            return Err(PgError::error(state::NO_ACTIVE_TRANSACTION, message).into());
        }
        let progress = match self.start_subscription(&declare.query, &parameters, running).await? {
            Some(cursor) => Progress::Subscription(Box::new(cursor)),
            // What is committed after its transaction is not for it to see.
            None if declare.hold => self.start_cursor(&declare.query, &parameters, running).await?,
            None => Progress::Ready,
        };
        let columns = declare.query.columns.clone();
        let format = if declare.binary { Format::Binary } else { Format::Text };
        let cursor = Portal {
            statement: Arc::clone(&declare.query),
            parameters,
            formats: vec![format; columns.as_ref().map_or(0, |columns| columns.len())],
            columns,
            progress,
            depth: self.transaction.depth(),
            is_cursor: true,
            hold: if declare.hold { Hold::OnceCommitted } else { Hold::No },
        };
        self.portals.add(&declare.name, cursor)?;
        Ok("DECLARE CURSOR".to_string())
    }

    /// The columns that a FETCH gives; unknown while the cursor is not there.
    pub(super) fn cursor_columns(&self, fetch: &FetchCursor) -> Option<Arc<[Column]>> {
        self.portals.get(&fold(&fetch.name))?.columns.clone()
    }

    /// How a FETCH in the simple protocol sends rows: in binary where the cursor was declared so.
    pub(super) fn cursor_format(&self, fetch: &FetchCursor) -> Format {
        let cursor = self.portals.get(&fold(&fetch.name));
        cursor.and_then(|cursor| cursor.formats.first().copied()).unwrap_or_default()
    }

    /// Begins a FETCH, whose rows [`Session::run_fetch`] then sends; runs a MOVE and gives its tag.
    pub(super) async fn start_fetch(
        &mut self,
        fetch: &FetchCursor,
        portal: &mut Portal,
        running: &Running,
    ) -> Outcome<Option<String>> {
        let name = fold(&fetch.name);
        if self.is_subscription(&name) {
            return self.start_subscription_fetch(&name, fetch, portal, running).await;
        }
        if let Some(option) = fetch.options.first() {
            let message = format!("option \"{}\" of FETCH is for cursors over subscriptions", option.name);
            return Err(PgError::unsupported(message).into());
        }
        let mut cursor = self.take_cursor(&name)?;
        let moved = self.step_cursor(fetch, &mut cursor, running).await;
        if portal.columns.is_none() && !fetch.moves_only {
            portal.columns.clone_from(&cursor.columns);
            portal.formats.clone_from(&cursor.formats);
        }
        self.portals.put_back(name.clone(), cursor);
        let (step, moved) = moved?;
        if fetch.moves_only {
            return Ok(Some(tag_with_count("MOVE", moved)));
        }
        portal.progress = Progress::Fetch { cursor: name, left: step.take, sent: 0 };
        Ok(None)
    }

    async fn start_cursor(
        &mut self,
        query: &PreparedStatement,
        parameters: &[ScalarValue],
        running: &Running,
    ) -> Outcome<Progress> {
        match self.start_query(query, parameters.to_vec(), running).await? {
            Execution::Rows(stream) => Ok(Progress::Rows(Box::new(Rows::new(stream.batches)))),
            Execution::Done(_) => Err(PgError::unsupported("a cursor reads the rows of a query").into()),
        }
    }

    fn take_cursor(&mut self, name: &str) -> PgResult<Portal> {
        self.portals.take(name).ok_or_else(|| {
            PgError::error(state::INVALID_CURSOR_NAME, format!("cursor \"{name}\" does not exist"))
        })
    }

    /// Starts the cursor's query if need be and passes over the rows before those that are wanted.
    async fn step_cursor(
        &mut self,
        fetch: &FetchCursor,
        cursor: &mut Portal,
        running: &Running,
    ) -> Outcome<(Step, u64)> {
        if matches!(cursor.progress, Progress::Ready) {
            let query = Arc::clone(&cursor.statement);
            cursor.progress = self.start_cursor(&query, &cursor.parameters, running).await?;
        }
        let Progress::Rows(rows) = &mut cursor.progress else {
            return Ok((Step { skip: 0, take: 0 }, 0));
        };
        let step = forward(fetch.direction, rows.position)?;
        rows.skip(step.skip, running, &mut self.wire).await?;
        let moved = match fetch.moves_only {
            true => rows.skip(step.take, running, &mut self.wire).await?,
            false => 0,
        };
        Ok((step, moved))
    }

    /// Sends rows of the cursor behind a FETCH.
    pub(super) async fn run_fetch(
        &mut self,
        portal: &mut Portal,
        max_rows: u64,
        running: &Running,
    ) -> Outcome<Completion> {
        let Progress::Fetch { cursor: name, left, sent } = &mut portal.progress else {
            return Ok(Completion::Empty);
        };
        let mut cursor = self.take_cursor(name)?;
        let columns = portal.columns.clone().unwrap_or_default();
        let mut sink = DataRows::new(&columns, portal.formats.clone(), Style::of(&self.settings));
        let limit = (*left).min(max_rows);
        let result = match &mut cursor.progress {
            Progress::Rows(rows) => rows.send(limit, &mut sink, running, &mut self.wire).await,
            _ => Ok(0),
        };
        self.portals.put_back(name.clone(), cursor);
        let count = result?;
        *left -= count;
        *sent += count;
        if count == max_rows && *left > 0 {
            return Ok(Completion::Suspended);
        }
        let tag = tag_with_count("FETCH", *sent);
        portal.progress = Progress::Finished;
        Ok(Completion::Done(tag))
    }

    pub(super) fn close_cursor(&mut self, close: &CloseCursor) -> PgResult<String> {
        match close {
            CloseCursor::All => {
                self.portals.close_cursors();
                Ok("CLOSE CURSOR ALL".to_string())
            }
            CloseCursor::Named(name) => {
                self.take_cursor(&fold(name))?;
                Ok("CLOSE CURSOR".to_string())
            }
        }
    }
}

/// The step of a direction from a position, which counts the rows that have been read.
pub(super) fn forward(direction: FetchDirection, position: u64) -> PgResult<Step> {
    let backward = || {
        let message = "cursor can only scan forward";
        Err(PgError::error(state::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
            .hint("Tarn's cursors are not scrollable: FETCH NEXT, FETCH n or FETCH ALL."))
    };
    match direction {
        FetchDirection::Forward(FetchRows::All) => Ok(Step { skip: 0, take: u64::MAX }),
        // Zero asks for the row again on which the cursor stands.
        FetchDirection::Forward(FetchRows::Count(0)) if position > 0 => backward(),
        FetchDirection::Forward(FetchRows::Count(count)) => Ok(Step { skip: 0, take: count }),
        FetchDirection::Relative(by) => match u64::try_from(by) {
            Ok(by @ 1..) => Ok(Step { skip: by - 1, take: 1 }),
            _ => backward(),
        },
        FetchDirection::Absolute(to) => match u64::try_from(to) {
            Ok(to) if to > position => Ok(Step { skip: to - position - 1, take: 1 }),
            _ => backward(),
        },
        FetchDirection::Backward(_) => backward(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forward_steps_are_taken() {
        let step = |direction, position| forward(direction, position).ok().map(|step| (step.skip, step.take));
        assert_eq!(step(FetchDirection::Forward(FetchRows::Count(5)), 3), Some((0, 5)));
        assert_eq!(step(FetchDirection::Relative(3), 3), Some((2, 1)));
        assert_eq!(step(FetchDirection::Absolute(5), 3), Some((1, 1)));
        assert_eq!(step(FetchDirection::Absolute(3), 3), None);
        assert_eq!(step(FetchDirection::Absolute(-1), 0), None);
        assert_eq!(step(FetchDirection::Relative(0), 0), None);
        assert_eq!(step(FetchDirection::Backward(FetchRows::All), 9), None);
        assert_eq!(step(FetchDirection::Forward(FetchRows::Count(0)), 0), Some((0, 0)));
    }
}
