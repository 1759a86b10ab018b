//! What a server is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `tarn serve`.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where clients connect. Off loopback, users and TLS are needed.
    pub listen: Vec<SocketAddr>,
    /// Where `/metrics` and `/health` answer.
    pub http: Option<SocketAddr>,
    /// Users, their verifiers and their rights (`tarn user`). Without it loopback needs no password.
    pub users_file: Option<PathBuf>,
    /// Rules of who may connect from where, in the format of `pg_hba.conf`.
    pub rules_file: Option<PathBuf>,
    pub tls: Option<TlsFiles>,
    /// Sessions at a time.
    pub max_connections: usize,
    /// Those of them that are kept for superusers.
    pub reserved_connections: usize,
    /// The longest message that a client may send.
    pub message_bytes_max: usize,
    /// How long a client may take to be let in.
    pub authentication_timeout: Duration,
    /// How long sessions may go on after SIGTERM before they are cut off.
    pub drain_timeout: Duration,
    /// Statements that take at least as long are logged.
    pub slow_query: Option<Duration>,
    /// Settings that sessions begin with, as `statement_timeout`.
    pub settings: Vec<(String, String)>,
}

/// A certificate chain and its key, as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 5433))],
            http: None,
            users_file: None,
            rules_file: None,
            tls: None,
            max_connections: 100,
            reserved_connections: 3,
            message_bytes_max: 64 << 20,
            authentication_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            slow_query: None,
            settings: Vec::new(),
        }
    }
}
