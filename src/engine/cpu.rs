//! Threads for query work, apart from those that wait for the network.
//!
//! Planning and running queries happen on a Tokio runtime of their own, so that a heavy join never
//! keeps a new connection or a cancel waiting. Its stacks are large because planners recurse as deep
//! as statements nest.

use std::future::Future;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use super::interrupt::OwnThreads;
use crate::error::{Error, ErrorKind, Result};

const STACK_BYTES: usize = 16 << 20;

/// The runtime on which queries are planned and run.
#[derive(Debug)]
pub(crate) struct CpuRuntime {
    /// Present until drop.
    runtime: Option<Runtime>,
    handle: Handle,
    /// Operators that work on threads of their own.
    own_threads: OwnThreads,
}

impl CpuRuntime {
    pub fn new(threads: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("tarn-query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Internal, format!("cannot start the query threads: {error}"))
            })?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle, own_threads: OwnThreads::default() })
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    pub fn own_threads(&self) -> &OwnThreads {
        &self.own_threads
    }

    /// Pieces of query work that are going on, those that wait included.
    pub fn busy(&self) -> usize {
        self.handle.metrics().num_alive_tasks() + self.own_threads.busy()
    }

    /// Runs a piece of work on the query threads and waits for it. The work stops when the wait is
    /// dropped; a panic in it becomes an error.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        match AbortOnDropHandle::new(self.handle.spawn(work)).await {
            Ok(result) => result,
            Err(stopped) if stopped.is_cancelled() => {
                Err(Error::new(ErrorKind::Cancelled, "the engine is shutting down"))
            }
            Err(_) => Err(Error::new(
                ErrorKind::Internal,
                "the statement ran into a bug in Tarn; other sessions are not affected",
            )),
        }
    }
}

impl Drop for CpuRuntime {
    /// A runtime must not be waited for inside another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
