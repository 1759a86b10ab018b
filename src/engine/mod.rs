//! The engine: lakes that are open, what all sessions share, and sessions.

mod session;

pub use session::{Execution, Prepared, RowStream, Session};

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// A lake under the name by which queries and clients know it (a database to a Postgres client).
#[derive(Debug, Clone)]
pub struct LakeLocation {
    pub name: String,
    /// A path or a URL: `./lake`, `s3://bucket/lake`.
    pub url: String,
}

/// What an engine is opened with.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    pub lakes: Vec<LakeLocation>,
    /// Bytes that all queries together may hold; `None` leaves it to the machine.
    pub memory_limit_bytes: Option<usize>,
    /// Threads for query work; `None` takes one a core.
    pub threads: Option<usize>,
}

/// Shared by all sessions: lakes, caches, memory, the CPU threads on which queries run.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
}

impl Engine {
    /// Opens the lakes. Fails when one cannot be reached or is no lake.
    pub async fn open(config: EngineConfig) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { config }))
    }

    /// The names of the lakes, which are the databases that a client can connect to.
    pub fn lake_names(&self) -> Vec<String> {
        self.config.lakes.iter().map(|lake| lake.name.clone()).collect()
    }

    /// A new session in one lake; `None` takes the first.
    pub fn session(self: &Arc<Self>, lake: Option<&str>) -> Result<Session> {
        let names = self.lake_names();
        match lake {
            Some(name) if !names.iter().any(|known| known == name) => {
                Err(Error::new(ErrorKind::UndefinedDatabase, format!("database \"{name}\" does not exist")))
            }
            _ => Ok(Session::new(Arc::clone(self))),
        }
    }
}
