//! A statement that runs, and everything that can end it early: a cancel request, its timeout, the
//! server's shutdown, and a client that has gone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{PgError, state};
use super::registry::Entry;
use super::wire::{Failure, Outcome, Wire};

/// Lives as long as the statement.
pub struct Running {
    entry: Arc<Entry>,
    cancelled: CancellationToken,
    deadline: Option<Instant>,
}

impl Running {
    /// Begins a statement with its timeout.
    pub fn start(entry: &Arc<Entry>, timeout: Option<Duration>) -> Self {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { entry: Arc::clone(entry), cancelled: entry.start(), deadline }
    }

    /// Returns when the statement has to end, with the reason.
    async fn ended(&self) -> PgError {
        let timeout = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.entry.terminate.cancelled() => terminated(),
            () = self.cancelled.cancelled() => {
                PgError::error(state::QUERY_CANCELED, "canceling statement due to user request")
            }
            () = timeout => {
                PgError::error(state::QUERY_CANCELED, "canceling statement due to statement timeout")
            }
        }
    }

    /// Waits for work, which is dropped (and so stopped) when the statement has to end.
    pub async fn wait<T, E>(&self, wire: &mut Wire, work: impl Future<Output = Result<T, E>>) -> Outcome<T>
    where
        Failure: From<E>,
    {
        tokio::select! {
            biased;
            error = self.ended() => Err(Failure::Statement(error)),
            result = work => result.map_err(Failure::from),
            () = wire.closed() => Err(Failure::Gone),
        }
    }

    /// Writes the output, for as long as the statement may take.
    pub async fn flush(&self, wire: &mut Wire) -> Outcome<()> {
        tokio::select! {
            biased;
            result = wire.flush() => result,
            error = self.ended() => Err(Failure::Statement(error)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.entry.finish();
    }
}

/// What a session is told that an administrator ends.
pub fn terminated() -> PgError {
    PgError::fatal(state::ADMIN_SHUTDOWN, "terminating connection due to administrator command")
}
