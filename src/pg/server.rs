//! What all sessions of a server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use super::auth::Access;
use super::metrics::Metrics;
use super::options::ServeOptions;
use super::registry::Registry;
use super::tls::Tls;
use crate::engine::Engine;
use crate::error::Result;

pub struct Shared {
    pub engine: Arc<Engine>,
    pub options: ServeOptions,
    pub registry: Arc<Registry>,
    pub metrics: Metrics,
    /// No new sessions; those that are idle end.
    pub draining: CancellationToken,
    access: RwLock<Arc<Access>>,
    tls: RwLock<Option<Arc<Tls>>>,
    last_query_id: AtomicU64,
}

impl Shared {
    /// Reads users, rules and certificates. What is wrong in them keeps the server from starting.
    pub fn new(engine: Arc<Engine>, options: ServeOptions) -> Result<Arc<Self>> {
        let tls = options.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let access = Access::load(&options, tls.is_some())?;
        Ok(Arc::new(Self {
            engine,
            registry: Arc::new(Registry::default()),
            metrics: Metrics::default(),
            draining: CancellationToken::new(),
            access: RwLock::new(Arc::new(access)),
            tls: RwLock::new(tls),
            last_query_id: AtomicU64::new(0),
            options,
        }))
    }

    /// Reads users, rules and certificates again. When one of them is wrong all stay as they were.
    pub fn reload(&self) -> Result<()> {
        let tls = self.options.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let access = Access::load(&self.options, tls.is_some())?;
        *self.tls.write() = tls;
        *self.access.write() = Arc::new(access);
        Ok(())
    }

    pub fn access(&self) -> Arc<Access> {
        Arc::clone(&self.access.read())
    }

    pub fn tls(&self) -> Option<Arc<Tls>> {
        self.tls.read().clone()
    }

    pub fn next_query_id(&self) -> u64 {
        self.last_query_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}
