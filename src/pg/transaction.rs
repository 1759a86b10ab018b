//! Transactions. The engine only reads, so that a transaction is about settings, cursors, the aborted
//! state that clients rely on, and under REPEATABLE READ the snapshots that stay as they were.

use std::time::SystemTime;

use pgwire::messages::response::TransactionStatus;

use super::error::{PgError, PgResult, state};
use super::session::Session;
use crate::sql::{IsolationLevel, SessionStatement, SetScope, TransactionModes};

/// Savepoints that may be open in one transaction.
const SAVEPOINTS_MAX: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    #[default]
    Idle,
    /// Around a statement, a script or the messages up to Sync.
    Implicit,
    /// After BEGIN.
    Block,
    /// After an error in a block, until its end.
    Failed,
}

#[derive(Debug, Default)]
pub struct Transaction {
    pub status: Status,
    savepoints: Vec<String>,
    pub started: Option<SystemTime>,
    /// Whether a query has run in it, after which its isolation level stays.
    pub queried: bool,
}

impl Transaction {
    pub fn wire_status(&self) -> TransactionStatus {
        match self.status {
            Status::Idle | Status::Implicit => TransactionStatus::Idle,
            Status::Block => TransactionStatus::Transaction,
            Status::Failed => TransactionStatus::Error,
        }
    }

    pub fn depth(&self) -> usize {
        self.savepoints.len()
    }

    pub fn in_block(&self) -> bool {
        matches!(self.status, Status::Block | Status::Failed)
    }
}

/// Whether a statement may run in a transaction that has failed: only what ends it.
pub fn ends_failed_transaction(statement: &SessionStatement) -> bool {
    matches!(
        statement,
        SessionStatement::Commit { .. } | SessionStatement::Rollback { .. } | SessionStatement::RollbackTo(_)
    )
}

pub fn aborted() -> PgError {
    PgError::error(
        state::IN_FAILED_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

fn only_in_block(what: &str) -> PgError {
    let message = format!("{what} can only be used in transaction blocks");
    PgError::error(state::NO_ACTIVE_TRANSACTION, message)
}

impl Session {
    /// Begins the transaction that is around every statement.
    pub(super) fn start_implicit(&mut self) {
        if self.transaction.status == Status::Idle {
            self.start_transaction(Status::Implicit);
        }
    }

    /// Ends it, at the end of a script or at Sync.
    pub(super) fn end_implicit(&mut self) {
        if self.transaction.status == Status::Implicit {
            self.end_transaction(true);
        }
    }

    /// Takes note of an error: what an implicit transaction has done is undone, a block is aborted.
    pub(super) fn fail_transaction(&mut self) {
        match self.transaction.status {
            Status::Implicit => self.end_transaction(false),
            Status::Block => {
                self.transaction.status = Status::Failed;
                self.portals.fail();
            }
            Status::Idle | Status::Failed => {}
        }
    }

    fn start_transaction(&mut self, status: Status) {
        let now = SystemTime::now();
        self.transaction = Transaction { status, started: Some(now), ..Transaction::default() };
        self.settings.begin(None);
        self.take_defaults();
    }

    /// A transaction begins with the session's default modes.
    fn take_defaults(&mut self) {
        for mode in ["isolation", "read_only", "deferrable"] {
            let default = self.settings.get(&format!("default_transaction_{mode}")).unwrap_or_default();
            // A default has been checked, so that it is a value of the mode too.
            let _checked = self.settings.set_raw(&format!("transaction_{mode}"), &default, SetScope::Local);
        }
        self.pin_snapshots();
    }

    fn end_transaction(&mut self, commit: bool) {
        self.transaction = Transaction::default();
        self.portals.end(commit);
        if commit {
            self.settings.commit()
        } else {
            self.settings.rollback()
        }
        self.unpin_snapshots();
    }

    /// Runs a statement about transactions; returns its tag.
    pub(super) fn run_transaction(&mut self, statement: &SessionStatement) -> PgResult<String> {
        match statement {
            SessionStatement::Begin { modes, start } => {
                self.begin(*modes)?;
                Ok(if *start { "START TRANSACTION" } else { "BEGIN" }.to_string())
            }
            SessionStatement::Commit { chain } => self.commit(*chain),
            SessionStatement::Rollback { chain } => self.rollback(*chain),
            SessionStatement::Savepoint(name) => self.savepoint(name),
            SessionStatement::Release(name) => self.release(name),
            SessionStatement::RollbackTo(name) => self.rollback_to(name),
            SessionStatement::SetTransaction { session, modes } => self.set_transaction(*session, *modes),
            _ => Err(PgError::error(state::INTERNAL_ERROR, "this statement is not about transactions")),
        }
    }

    fn begin(&mut self, modes: TransactionModes) -> PgResult<()> {
        match self.transaction.status {
            Status::Idle => self.start_transaction(Status::Block),
            // A BEGIN in a script makes a block of what has run of it.
            Status::Implicit => self.transaction.status = Status::Block,
            Status::Block | Status::Failed => {
                let message = "there is already a transaction in progress";
                self.notice(&PgError::warning(state::ACTIVE_TRANSACTION, message));
            }
        }
        self.apply_modes(modes)
    }

    fn commit(&mut self, chain: bool) -> PgResult<String> {
        if !self.transaction.in_block() {
            return self.end_without_block("COMMIT", chain, true);
        }
        let failed = self.transaction.status == Status::Failed;
        self.end_block(chain, !failed)?;
        Ok(if failed { "ROLLBACK" } else { "COMMIT" }.to_string())
    }

    fn rollback(&mut self, chain: bool) -> PgResult<String> {
        if !self.transaction.in_block() {
            return self.end_without_block("ROLLBACK", chain, false);
        }
        self.end_block(chain, false)?;
        Ok("ROLLBACK".to_string())
    }

    fn end_block(&mut self, chain: bool, commit: bool) -> PgResult<()> {
        let modes = self.current_modes();
        self.end_transaction(commit);
        if chain {
            self.start_transaction(Status::Block);
            self.apply_modes(modes)?;
        }
        Ok(())
    }

    fn end_without_block(&mut self, what: &str, chain: bool, commit: bool) -> PgResult<String> {
        if chain {
            return Err(only_in_block(&format!("{what} AND CHAIN")));
        }
        let message = "there is no transaction in progress";
        self.notice(&PgError::warning(state::NO_ACTIVE_TRANSACTION, message));
        if self.transaction.status == Status::Implicit {
            self.end_transaction(commit);
        }
        Ok(what.to_string())
    }

    fn savepoint(&mut self, name: &str) -> PgResult<String> {
        if !self.transaction.in_block() {
            return Err(only_in_block("SAVEPOINT"));
        }
        if self.transaction.savepoints.len() >= SAVEPOINTS_MAX {
            let message = format!("a transaction can have {SAVEPOINTS_MAX} savepoints");
            return Err(PgError::error(state::PROGRAM_LIMIT_EXCEEDED, message));
        }
        self.transaction.savepoints.push(name.to_string());
        self.settings.begin(Some(name));
        Ok("SAVEPOINT".to_string())
    }

    fn find_savepoint(&self, name: &str) -> PgResult<usize> {
        self.transaction.savepoints.iter().rposition(|known| known == name).ok_or_else(|| {
            PgError::error(state::INVALID_SAVEPOINT, format!("savepoint \"{name}\" does not exist"))
        })
    }

    fn release(&mut self, name: &str) -> PgResult<String> {
        if !self.transaction.in_block() {
            return Err(only_in_block("RELEASE SAVEPOINT"));
        }
        let at = self.find_savepoint(name)?;
        self.transaction.savepoints.truncate(at);
        self.settings.release(name);
        self.portals.lift(at);
        Ok("RELEASE".to_string())
    }

    fn rollback_to(&mut self, name: &str) -> PgResult<String> {
        if !self.transaction.in_block() {
            return Err(only_in_block("ROLLBACK TO SAVEPOINT"));
        }
        let at = self.find_savepoint(name)?;
        self.transaction.savepoints.truncate(at + 1);
        self.transaction.status = Status::Block;
        self.settings.rollback_to(name);
        self.portals.truncate(at);
        Ok("ROLLBACK".to_string())
    }

    fn set_transaction(&mut self, session: bool, modes: TransactionModes) -> PgResult<String> {
        if session {
            for (name, value) in mode_settings(modes) {
                self.settings.set_raw(&format!("default_{name}"), value, SetScope::Session)?;
            }
        } else if self.transaction.in_block() {
            self.apply_modes(modes)?;
        } else {
            let message = "SET TRANSACTION can only be used in transaction blocks";
            self.notice(&PgError::warning(state::NO_ACTIVE_TRANSACTION, message));
        }
        Ok("SET".to_string())
    }

    /// `SET transaction_isolation = ...` and its like: `SET TRANSACTION` in other words.
    pub(super) fn set_transaction_mode(&mut self, name: &str, values: &[String]) -> PgResult<()> {
        let before = self.current_modes();
        self.settings.set_raw(name, &values.join(", "), SetScope::Local)?;
        let wanted = self.current_modes();
        // Put back, to go the way of SET TRANSACTION, which knows what may change when.
        for (name, value) in mode_settings(before) {
            self.settings.set_raw(name, value, SetScope::Local)?;
        }
        self.apply_modes(wanted)
    }

    /// Sets modes of the transaction that runs.
    pub(super) fn apply_modes(&mut self, modes: TransactionModes) -> PgResult<()> {
        let changes = |level: IsolationLevel| {
            self.settings.get("transaction_isolation").is_some_and(|current| current != level.name())
        };
        if self.transaction.queried && modes.isolation.is_some_and(changes) {
            let message = "SET TRANSACTION ISOLATION LEVEL must be called before any query";
            return Err(PgError::error(state::ACTIVE_TRANSACTION, message));
        }
        for (name, value) in mode_settings(modes) {
            self.settings.set_raw(name, value, SetScope::Local)?;
        }
        self.pin_snapshots();
        Ok(())
    }

    fn current_modes(&self) -> TransactionModes {
        let levels = [
            IsolationLevel::ReadUncommitted,
            IsolationLevel::ReadCommitted,
            IsolationLevel::RepeatableRead,
            IsolationLevel::Serializable,
        ];
        let current = self.settings.get("transaction_isolation").unwrap_or_default();
        TransactionModes {
            isolation: levels.into_iter().find(|level| level.name() == current),
            read_only: Some(self.settings.is_on("transaction_read_only")),
            deferrable: Some(self.settings.is_on("transaction_deferrable")),
        }
    }

    /// From REPEATABLE READ up, every table stays at the snapshot that the transaction first saw.
    fn pin_snapshots(&mut self) {
        let isolation = self.settings.get("transaction_isolation").unwrap_or_default();
        if matches!(isolation.as_str(), "repeatable read" | "serializable") {
            self.engine.pin_tables();
        } else {
            self.unpin_snapshots();
        }
    }

    fn unpin_snapshots(&mut self) {
        self.engine.unpin_tables();
    }
}

/// The modes that were said as settings, without the `default_` in front.
fn mode_settings(modes: TransactionModes) -> Vec<(&'static str, &'static str)> {
    let on_off = |on: bool| if on { "on" } else { "off" };
    let mut settings = Vec::new();
    settings.extend(modes.isolation.map(|level| ("transaction_isolation", level.name())));
    settings.extend(modes.read_only.map(|on| ("transaction_read_only", on_off(on))));
    settings.extend(modes.deferrable.map(|on| ("transaction_deferrable", on_off(on))));
    settings
}
