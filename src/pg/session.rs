//! A session: the loop over a client's messages, and what all kinds of statements share.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pgwire::messages::response::{CommandComplete, ReadyForQuery};
use pgwire::messages::startup::ParameterStatus;
use tracing::{debug, info, warn};

use super::error::{PgError, PgResult, state};
use super::frontend::{self, Message};
use super::portal::Portals;
use super::registry::{ActivityState, Registered};
use super::running::{Running, terminated};
use super::server::Shared;
use super::statement::Statements;
use super::transaction::{Status, Transaction};
use super::wire::{Failure, Wire};
use crate::engine;
use crate::settings::Settings;

/// The longest part of a statement that logs and `pg_stat_activity` show.
const QUERY_BYTES_SHOWN: usize = 1024;

pub struct Session {
    pub(super) wire: Wire,
    pub(super) shared: Arc<Shared>,
    pub(super) engine: engine::Session,
    pub(super) settings: Settings,
    pub(super) transaction: Transaction,
    pub(super) statements: Statements,
    pub(super) portals: Portals,
    pub(super) registered: Registered,
    /// After an error in the extended protocol: messages are skipped up to Sync.
    skipping: bool,
    /// Whether a script of several statements runs, which is a transaction block of its own.
    pub(super) in_script: bool,
}

/// Why the loop over messages ends.
enum End {
    /// The client has said goodbye or has gone.
    Client,
    /// The server ends it, and says why.
    Server(PgError),
}

impl Session {
    pub(super) fn new(
        wire: Wire,
        shared: Arc<Shared>,
        engine: engine::Session,
        settings: Settings,
        registered: Registered,
    ) -> Self {
        Self {
            wire,
            shared,
            engine,
            settings,
            transaction: Transaction::default(),
            statements: Statements::default(),
            portals: Portals::default(),
            registered,
            skipping: false,
            in_script: false,
        }
    }

    /// Serves the client until one side ends it.
    pub async fn run(mut self) {
        self.put_ready();
        let end = loop {
            match self.step().await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        if let End::Server(error) = end {
            info!(pid = self.registered.entry.pid, code = error.code, "session ended: {}", error.message);
            self.wire.put_error(&error);
            // The client may be gone too; the session is over either way.
            let _told = tokio::time::timeout(Duration::from_secs(5), self.wire.flush()).await;
        }
        self.wire.shutdown().await;
    }

    async fn step(&mut self) -> Result<(), End> {
        let frame = match self.next_frame().await? {
            Some(frame) => frame,
            None => return Err(End::Client),
        };
        let is_simple = frame.tag == b'Q' || frame.tag == b'F';
        match frontend::parse(frame) {
            Ok(message) => self.handle(message).await,
            // A message that is not understood fails as the statement in it would.
            Err(error) if is_simple => {
                self.fail(Failure::Statement(error))?;
                self.put_ready();
                Ok(())
            }
            Err(_) if self.skipping => Ok(()),
            Err(error) => self.fail_extended(Failure::Statement(error)),
        }
    }

    async fn handle(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Terminate => return Err(End::Client),
            Message::Query(sql) => {
                self.skipping = false;
                if let Err(failure) = self.simple_query(&sql).await {
                    self.fail(failure)?;
                }
                self.end_implicit();
                self.put_ready();
            }
            Message::Sync => {
                self.skipping = false;
                self.end_implicit();
                self.put_ready();
            }
            Message::FunctionCall => {
                let error = PgError::unsupported("fastpath function calls are not supported");
                self.fail(Failure::Statement(error))?;
                self.put_ready();
            }
            Message::Copy => {}
            Message::Password(_) => {
                let message = "unexpected password message";
                return Err(End::Server(PgError::fatal(state::PROTOCOL_VIOLATION, message)));
            }
            _ if self.skipping => {}
            message => {
                if let Err(failure) = self.extended(message).await {
                    return self.fail_extended(failure);
                }
            }
        }
        Ok(())
    }

    /// Waits for a message; what was written leaves before.
    async fn next_frame(&mut self) -> Result<Option<frontend::Frame>, End> {
        match self.wire.ready_frame() {
            Ok(Some(frame)) if !self.wire.is_full() => return Ok(Some(frame)),
            Ok(Some(frame)) => {
                self.flush().await?;
                return Ok(Some(frame));
            }
            Ok(None) => self.flush().await?,
            Err(error) => return Err(End::Server(error)),
        }
        let idle = self.idle_timeout();
        let draining = self.shared.draining.clone();
        let may_drain = self.transaction.status == Status::Idle && !self.skipping;
        tokio::select! {
            biased;
            () = self.registered.entry.terminate.cancelled() => Err(End::Server(terminated())),
            frame = self.wire.frame() => match frame {
                Ok(frame) => Ok(frame),
                Err(Failure::Gone) => Err(End::Client),
                Err(Failure::Statement(error)) => Err(End::Server(error)),
            },
            () = draining.cancelled(), if may_drain => Err(End::Server(terminated())),
            error = idle => Err(End::Server(error)),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        tokio::select! {
            biased;
            result = self.wire.flush() => result.map_err(|_| End::Client),
            () = self.registered.entry.terminate.cancelled() => Err(End::Server(terminated())),
        }
    }

    /// Returns when the client has been silent for too long.
    fn idle_timeout(&self) -> impl Future<Output = PgError> + use<> {
        let (setting, error) = match self.transaction.status {
            Status::Idle => (
                "idle_session_timeout",
                PgError::fatal(
                    state::IDLE_SESSION_TIMEOUT,
                    "terminating connection due to idle-session timeout",
                ),
            ),
            Status::Implicit | Status::Block | Status::Failed => (
                "idle_in_transaction_session_timeout",
                PgError::fatal(
                    state::IDLE_IN_TRANSACTION_TIMEOUT,
                    "terminating connection due to idle-in-transaction timeout",
                ),
            ),
        };
        let timeout = self.settings.timeout(setting);
        async move {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
            error
        }
    }

    /// Tells the client of an error and aborts the transaction.
    fn fail(&mut self, failure: Failure) -> Result<(), End> {
        let error = match failure {
            Failure::Gone => return Err(End::Client),
            Failure::Statement(error) if error.is_fatal() => return Err(End::Server(error)),
            Failure::Statement(error) => error,
        };
        self.shared.metrics.errors.add(error.code);
        debug!(pid = self.registered.entry.pid, code = error.code, "{}", error.message);
        self.wire.put_error(&error);
        self.fail_transaction();
        Ok(())
    }

    /// The same in the extended protocol, where what follows is skipped up to Sync.
    fn fail_extended(&mut self, failure: Failure) -> Result<(), End> {
        self.fail(failure)?;
        self.skipping = true;
        Ok(())
    }

    /// ReadyForQuery, with the settings that have changed before it.
    fn put_ready(&mut self) {
        self.put_reports();
        let status = self.transaction.wire_status();
        let put = self.wire.put(&ReadyForQuery::new(status));
        debug_assert!(put.is_ok());
        self.set_activity(match self.transaction.status {
            Status::Idle | Status::Implicit => ActivityState::Idle,
            Status::Block => ActivityState::IdleInTransaction,
            Status::Failed => ActivityState::IdleInFailedTransaction,
        });
    }

    /// ParameterStatus for settings that are not what the client was told last.
    pub(super) fn put_reports(&mut self) {
        for (name, value) in self.settings.take_reports() {
            if name == "application_name" {
                self.registered.entry.activity.lock().application_name.clone_from(&value);
            }
            let put = self.wire.put(&ParameterStatus::new(name.to_string(), value));
            debug_assert!(put.is_ok());
        }
    }

    fn set_activity(&self, state: ActivityState) {
        let mut activity = self.registered.entry.activity.lock();
        activity.state = state;
        activity.state_changed = SystemTime::now();
        activity.transaction_started = self.transaction.started;
    }

    /// Begins a statement: from here on it can be cancelled and its time runs.
    pub(super) fn start_statement(&mut self, text: &str) -> Statement {
        let query_id = self.shared.next_query_id();
        let now = SystemTime::now();
        {
            let mut activity = self.registered.entry.activity.lock();
            activity.state = ActivityState::Active;
            activity.state_changed = now;
            activity.query_started = Some(now);
            activity.transaction_started = self.transaction.started;
            activity.query_id = query_id;
            activity.query = shown(text);
        }
        debug!(pid = self.registered.entry.pid, query_id, "statement: {}", shown(text));
        let running = Running::start(&self.registered.entry, self.settings.timeout("statement_timeout"));
        Statement { running, query_id, started: Instant::now(), text: shown(text) }
    }

    /// Ends a statement: counts it, and logs it if it was slow.
    pub(super) fn finish_statement(&mut self, statement: Statement) {
        let elapsed = statement.started.elapsed();
        self.shared.metrics.statements.observe(elapsed);
        let slow = self.shared.options.slow_query;
        if slow.is_some_and(|slow| elapsed >= slow) {
            let millis = elapsed.as_millis() as u64;
            let (pid, query_id) = (self.registered.entry.pid, statement.query_id);
            warn!(pid, query_id, millis, "slow statement: {}", statement.text);
        }
    }

    /// Sends a notice or warning, unless the client wants to see errors only.
    pub(super) fn notice(&mut self, notice: &PgError) {
        let level = self.settings.get("client_min_messages").unwrap_or_default();
        if level != "error" {
            // A notice that cannot be sent is no reason to fail the statement.
            let _sent = self.wire.put(&notice.to_notice_response());
        }
    }

    pub(super) fn put_complete(&mut self, tag: &str) -> PgResult<()> {
        self.wire.put(&CommandComplete::new(tag.to_string()))
    }

    /// Refuses everything but the end of a transaction that has failed.
    pub(super) fn check_not_failed(&self) -> PgResult<()> {
        match self.transaction.status {
            Status::Failed => Err(super::transaction::aborted()),
            _ => Ok(()),
        }
    }
}

/// A statement while it runs.
pub(super) struct Statement {
    pub running: Running,
    query_id: u64,
    started: Instant,
    text: String,
}

/// The beginning of a statement, cut at a character.
fn shown(text: &str) -> String {
    let mut end = text.len().min(QUERY_BYTES_SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_string()
}
