//! The sessions that there are: what cancel requests, the activity view and shutdown go by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::SystemTime;

use dashmap::DashMap;
use parking_lot::Mutex;
use rand::RngCore;
use tokio_util::sync::CancellationToken;

/// Bytes of a secret in protocol 3.2; 3.0 has room for 4.
const LONG_SECRET_BYTES: usize = 32;

pub use crate::engine::{Activity, ActivityState};

/// A session as others see it.
#[derive(Debug)]
pub struct Entry {
    pub pid: i32,
    secret: Vec<u8>,
    /// The statement that runs.
    running: Mutex<Option<CancellationToken>>,
    /// Ends the session.
    pub terminate: CancellationToken,
    pub activity: Mutex<Activity>,
}

impl Entry {
    /// The secret as BackendKeyData carries it.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Announces that a statement runs; the token is cancelled when someone asks for it.
    pub fn start(&self) -> CancellationToken {
        let token = CancellationToken::new();
        *self.running.lock() = Some(token.clone());
        token
    }

    pub fn finish(&self) {
        *self.running.lock() = None;
    }

    /// Cancels the statement that runs; `false` when none does.
    pub fn cancel(&self) -> bool {
        match &*self.running.lock() {
            Some(token) => {
                token.cancel();
                true
            }
            None => false,
        }
    }
}

/// All sessions of a server by their process number.
#[derive(Debug, Default)]
pub struct Registry {
    sessions: DashMap<i32, Arc<Entry>>,
    last_pid: AtomicI32,
}

impl Registry {
    /// Adds a session. The secret is long where the client's protocol has room for it.
    pub fn add(self: &Arc<Self>, long_secret: bool, client: Option<std::net::SocketAddr>) -> Registered {
        let mut secret = vec![0; if long_secret { LONG_SECRET_BYTES } else { 4 }];
        rand::rng().fill_bytes(&mut secret);
        let now = SystemTime::now();
        loop {
            let pid = self.last_pid.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            let vacant = match self.sessions.entry(pid) {
                dashmap::Entry::Vacant(vacant) if pid > 0 => vacant,
                _ => continue,
            };
            let activity = Activity {
                pid,
                user: String::new(),
                database: String::new(),
                application_name: String::new(),
                client,
                started: now,
                transaction_started: None,
                query_started: None,
                state_changed: now,
                state: ActivityState::Starting,
                query: String::new(),
                query_id: 0,
            };
            let entry = Arc::new(Entry {
                pid,
                secret,
                running: Mutex::new(None),
                terminate: CancellationToken::new(),
                activity: Mutex::new(activity),
            });
            vacant.insert(Arc::clone(&entry));
            return Registered { registry: Arc::clone(self), entry };
        }
    }

    /// Answers a cancel request: who does not know the secret achieves and learns nothing.
    pub fn cancel(&self, pid: i32, secret: &[u8]) -> bool {
        let entry = self.sessions.get(&pid).map(|entry| Arc::clone(entry.value()));
        entry.is_some_and(|entry| same(entry.secret(), secret) && entry.cancel())
    }

    pub fn get(&self, pid: i32) -> Option<Arc<Entry>> {
        self.sessions.get(&pid).map(|entry| Arc::clone(entry.value()))
    }

    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// How many sessions are in a state.
    pub fn count(&self, state: ActivityState) -> usize {
        self.sessions.iter().filter(|entry| entry.activity.lock().state == state).count()
    }

    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.sessions.iter().map(|entry| Arc::clone(entry.value())).collect()
    }
}

/// Compares without telling by its time how much is right.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differ, (l, r)| differ | (l ^ r)) == 0
}

/// A session's place in the registry, given up when this is dropped.
#[derive(Debug)]
pub struct Registered {
    registry: Arc<Registry>,
    pub entry: Arc<Entry>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.sessions.remove(&self.entry.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_needs_the_whole_secret() {
        let registry = Arc::new(Registry::default());
        let session = registry.add(false, None);
        let (pid, secret) = (session.entry.pid, session.entry.secret().to_vec());
        let token = session.entry.start();
        assert!(!registry.cancel(pid, &secret[..3]));
        assert!(!registry.cancel(pid, &[]));
        let mut wrong = secret.clone();
        wrong[3] ^= 1;
        assert!(!registry.cancel(pid, &wrong));
        assert!(!token.is_cancelled());
        assert!(registry.cancel(pid, &secret));
        assert!(token.is_cancelled());
    }

    #[test]
    fn a_cancel_after_the_statement_does_nothing_to_the_next() {
        let registry = Arc::new(Registry::default());
        let session = registry.add(true, None);
        let secret = session.entry.secret().to_vec();
        assert_eq!(secret.len(), LONG_SECRET_BYTES);
        session.entry.start();
        session.entry.finish();
        assert!(!registry.cancel(session.entry.pid, &secret));
        assert!(!session.entry.start().is_cancelled());
    }

    #[test]
    fn a_session_leaves_when_it_is_dropped() {
        let registry = Arc::new(Registry::default());
        let one = registry.add(false, None);
        let two = registry.add(false, None);
        assert_ne!(one.entry.pid, two.entry.pid);
        drop(one);
        assert_eq!(registry.len(), 1);
    }
}
