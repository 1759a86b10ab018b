//! Cursors over subscriptions.
//!
//! Between two FETCHes such a cursor is a position, with the rows of one version that were read and not
//! fetched: no task runs, no file is open. A FETCH goes on from it and moves it once all of its rows
//! are sent, so that the rows of one that fails, is cancelled or runs into `statement_timeout` come
//! again with the next.
//!
//! `FETCH n` waits for a first row and takes those that are ready, up to n; `FETCH ALL` takes what is
//! ready. `WITH (timeout = '1s')` says how long either waits for its first row.

use std::time::Duration;

use datafusion::scalar::ScalarValue;
use tokio::sync::oneshot;

use super::cursor::{Step, forward};
use super::encode::Style;
use super::error::{PgError, PgResult, state};
use super::execute::{Completion, check_announced, tag_with_count};
use super::portal::{Portal, Progress};
use super::rows::{DataRows, Rows};
use super::running::Running;
use super::session::Session;
use super::statement::{Plan, PreparedStatement};
use super::wire::Outcome;
use crate::changes::subscription::{Fetch, Subscription, Wait};
use crate::engine::Fetched;
use crate::settings;
use crate::sql::{FetchCursor, FetchDirection, FetchRows, StatementBody};

/// Such a cursor.
pub struct SubscriptionCursor {
    at: Subscription,
    /// Rows that have been fetched.
    position: u64,
}

/// A FETCH on its way.
pub struct SubscriptionFetch {
    cursor: String,
    rows: Rows,
    after: oneshot::Receiver<Subscription>,
    /// Rows to pass over before the first is sent.
    skip: u64,
    /// Rows that may still be sent.
    left: u64,
    sent: u64,
}

impl Session {
    /// Begins the subscription of a cursor; `None` for a query.
    pub(super) async fn start_subscription(
        &mut self,
        statement: &PreparedStatement,
        parameters: &[ScalarValue],
        running: &Running,
    ) -> Outcome<Option<SubscriptionCursor>> {
        let prepared = match &statement.plan {
            Plan::Query(prepared) if matches!(prepared.statement.body, StatementBody::Subscribe(_)) => {
                prepared
            }
            _ => return Ok(None),
        };
        self.transaction.queried = true;
        let mut prepared = (**prepared).clone();
        prepared.parameter_types = parameters.iter().map(|value| Some(value.data_type())).collect();
        let begun = self.engine.subscribe(&prepared, parameters.to_vec());
        let at = running.wait(&mut self.wire, begun).await?;
        check_announced(statement, at.schema())?;
        Ok(Some(SubscriptionCursor { at, position: 0 }))
    }

    pub(super) fn is_subscription(&self, cursor: &str) -> bool {
        let cursor = self.portals.get(cursor);
        cursor.is_some_and(|cursor| matches!(cursor.progress, Progress::Subscription(_)))
    }

    /// Begins a FETCH, whose rows [`Session::run_subscription_fetch`] then sends; runs a MOVE and gives
    /// its tag.
    pub(super) async fn start_subscription_fetch(
        &mut self,
        name: &str,
        fetch: &FetchCursor,
        portal: &mut Portal,
        running: &Running,
    ) -> Outcome<Option<String>> {
        let Some(cursor) = self.portals.get(name) else { return Ok(None) };
        let Progress::Subscription(subscription) = &cursor.progress else { return Ok(None) };
        let Step { skip, take } = forward(fetch.direction, subscription.position)?;
        let wanted = Fetch { rows: skip.saturating_add(take), wait: wait(fetch)? };
        if portal.columns.is_none() && !fetch.moves_only {
            portal.columns.clone_from(&cursor.columns);
            portal.formats.clone_from(&cursor.formats);
        }
        let Fetched { rows, after } = self.engine.fetch(&subscription.at, wanted);
        let rows = Rows::new(rows.batches);
        let mut started =
            SubscriptionFetch { cursor: name.to_string(), rows, after, skip, left: take, sent: 0 };
        if !fetch.moves_only {
            portal.progress = Progress::SubscriptionFetch(Box::new(started));
            return Ok(None);
        }
        started.rows.skip(skip, running, &mut self.wire).await?;
        started.sent = started.rows.skip(take, running, &mut self.wire).await?;
        let moved = tag_with_count("MOVE", started.sent);
        self.finish_subscription_fetch(started, running).await?;
        Ok(Some(moved))
    }

    /// Sends rows of a FETCH, and moves its cursor behind them once they have all been sent.
    pub(super) async fn run_subscription_fetch(
        &mut self,
        portal: &mut Portal,
        max_rows: u64,
        running: &Running,
    ) -> Outcome<Completion> {
        let progress = std::mem::replace(&mut portal.progress, Progress::Finished);
        let Progress::SubscriptionFetch(mut fetch) = progress else { return Ok(Completion::Empty) };
        let skip = std::mem::take(&mut fetch.skip);
        fetch.rows.skip(skip, running, &mut self.wire).await?;
        let columns = portal.columns.clone().unwrap_or_default();
        let mut sink = DataRows::new(&columns, portal.formats.clone(), Style::of(&self.settings));
        let limit = fetch.left.min(max_rows);
        let count = fetch.rows.send(limit, &mut sink, running, &mut self.wire).await?;
        fetch.left -= count;
        fetch.sent += count;
        if count == max_rows && fetch.left > 0 {
            portal.progress = Progress::SubscriptionFetch(fetch);
            return Ok(Completion::Suspended);
        }
        let tag = tag_with_count("FETCH", fetch.sent);
        self.finish_subscription_fetch(*fetch, running).await?;
        Ok(Completion::Done(tag))
    }

    /// Moves a cursor behind the rows of a FETCH.
    async fn finish_subscription_fetch(
        &mut self,
        fetch: SubscriptionFetch,
        running: &Running,
    ) -> Outcome<()> {
        let SubscriptionFetch { cursor, mut rows, mut after, .. } = fetch;
        // The position comes after the last row.
        rows.skip(u64::MAX, running, &mut self.wire).await?;
        let Ok(at) = after.try_recv() else {
            let message = "a FETCH ended without a position";
            return Err(PgError::error(state::INTERNAL_ERROR, message).into());
        };
        if let Some(Portal { progress: Progress::Subscription(cursor), .. }) = self.portals.get_mut(&cursor) {
            let position = cursor.position.saturating_add(rows.position);
            **cursor = SubscriptionCursor { at, position };
        }
        Ok(())
    }
}

/// How long a FETCH waits for its first row.
fn wait(fetch: &FetchCursor) -> PgResult<Wait> {
    let mut timeout = None;
    for option in &fetch.options {
        if option.name != "timeout" {
            let message = format!("FETCH has no option \"{}\"", option.name);
            return Err(PgError::error(state::SYNTAX_ERROR, message).hint("Its option is timeout."));
        }
        let text = option.value.as_text().unwrap_or_default();
        let parsed = settings::duration(text).ok_or_else(|| {
            let message = format!("invalid value for option \"timeout\": \"{text}\"");
            PgError::error(state::INVALID_PARAMETER_VALUE, message).hint("Write a time as '1s' or '500ms'.")
        })?;
        if timeout.replace(parsed).is_some() {
            return Err(PgError::error(state::SYNTAX_ERROR, "option \"timeout\" stands twice"));
        }
    }
    Ok(Wait::FirstRow(match (timeout, fetch.direction) {
        (Some(timeout), _) => Some(timeout),
        (None, FetchDirection::Forward(FetchRows::All)) => Some(Duration::ZERO),
        (None, _) => None,
    }))
}
