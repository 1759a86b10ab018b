//! What the statements of a session may know of the server's other sessions.

use std::fmt;
use std::sync::Arc;

use super::registry::Registry;
use crate::engine::{Activity, Peers};

pub struct RegisteredPeers {
    registry: Arc<Registry>,
    pid: i32,
}

impl RegisteredPeers {
    pub fn new(registry: &Arc<Registry>, pid: i32) -> Self {
        Self { registry: Arc::clone(registry), pid }
    }
}

impl fmt::Debug for RegisteredPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredPeers").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Peers for RegisteredPeers {
    fn pid(&self) -> i32 {
        self.pid
    }

    fn activity(&self) -> Vec<Activity> {
        let entries = self.registry.entries();
        entries.iter().map(|entry| entry.activity.lock().clone()).collect()
    }

    fn cancel(&self, pid: i32) -> bool {
        let found = self.registry.get(pid);
        // a session that runs nothing was signalled all the same
        found.map(|entry| entry.cancel()).is_some()
    }

    fn terminate(&self, pid: i32) -> bool {
        let found = self.registry.get(pid);
        found.map(|entry| entry.terminate.cancel()).is_some()
    }
}
