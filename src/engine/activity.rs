//! The sessions of the server that a session belongs to, as statements see and end them.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::SystemTime;

/// What a session does at the moment, as `pg_stat_activity.state` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityState {
    Starting,
    Idle,
    Active,
    IdleInTransaction,
    IdleInFailedTransaction,
}

impl ActivityState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::IdleInTransaction => "idle in transaction",
            Self::IdleInFailedTransaction => "idle in transaction (aborted)",
        }
    }
}

/// One row of `pg_stat_activity`.
#[derive(Debug, Clone)]
pub struct Activity {
    pub pid: i32,
    pub user: String,
    pub database: String,
    pub application_name: String,
    pub client: Option<SocketAddr>,
    pub started: SystemTime,
    pub transaction_started: Option<SystemTime>,
    pub query_started: Option<SystemTime>,
    pub state_changed: SystemTime,
    pub state: ActivityState,
    /// The statement that runs, or the last one that did.
    pub query: String,
    /// Tells this statement apart from all others, in logs and here.
    pub query_id: u64,
}

/// A session's server: who else is there. A session of the REPL has none.
pub trait Peers: Debug + Send + Sync {
    /// The process number of the session itself.
    fn pid(&self) -> i32;

    fn activity(&self) -> Vec<Activity>;

    /// Cancels the statement that a session runs, if it runs one; `false` where there is no such session.
    fn cancel(&self, pid: i32) -> bool;

    /// Ends a session; `false` where there is none.
    fn terminate(&self, pid: i32) -> bool;
}
