//! Accepting connections, and ending them all when the server stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::error::{PgError, state};
use super::http;
use super::options::ServeOptions;
use super::registry::ActivityState;
use super::server::Shared;
use super::startup::{Accepted, serve_connection};
use super::wire::Wire;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// After this silence the system asks whether a client is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Connections beyond `max_connections` that may be busy proving who they are.
const UNAUTHENTICATED_MAX: usize = 200;

/// How long sessions that were told to end may take before they are left behind.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A server whose addresses are bound and which does not answer yet.
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    http: Option<TcpListener>,
    tracker: TaskTracker,
}

/// Stops a server, or has it read its files again.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Takes no more connections and ends sessions as they become idle. [`Server::run`] returns when
    /// all have ended, or have been cut off after `drain_timeout`.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Cuts off all sessions.
    pub fn terminate(&self) {
        self.0.draining.cancel();
        for entry in self.0.registry.entries() {
            entry.terminate.cancel();
        }
    }

    /// Reads users, rules and certificates again; when one of them is wrong all stay.
    pub fn reload(&self) -> Result<()> {
        self.0.reload()
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.0.registry.len()
    }

    /// How many of them run a statement.
    pub fn active(&self) -> usize {
        self.0.registry.count(ActivityState::Active)
    }
}

impl Server {
    /// Binds the addresses of the options. Fails before the first client could come where users,
    /// rules or certificates are missing or wrong.
    pub async fn bind(engine: Arc<Engine>, options: ServeOptions) -> Result<Self> {
        let shared = Shared::new(engine, options)?;
        let mut listeners = Vec::new();
        for address in &shared.options.listen {
            listeners.push(bind(*address).await?);
        }
        let http = match shared.options.http {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { shared, listeners, http, tracker: TaskTracker::new() })
    }

    /// Where clients connect; a port 0 of the options has become a real one.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Serves clients until it is told to stop.
    pub async fn run(self) {
        let Self { shared, listeners, http, tracker } = self;
        let http = http.map(|listener| tokio::spawn(http::serve(listener, Arc::clone(&shared))));
        let accepting: Vec<_> = listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept_all(listener, Arc::clone(&shared), tracker.clone())))
            .collect();
        shared.draining.cancelled().await;
        for task in accepting {
            task.abort();
        }
        tracker.close();
        info!(sessions = shared.registry.len(), "draining");
        if tokio::time::timeout(shared.options.drain_timeout, tracker.wait()).await.is_err() {
            Handle(Arc::clone(&shared)).terminate();
            if tokio::time::timeout(LAST_WORDS, tracker.wait()).await.is_err() {
                warn!(sessions = shared.registry.len(), "sessions did not end");
            }
        }
        if let Some(task) = http {
            task.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::new(ErrorKind::InvalidParameter, format!("cannot listen on {address}: {error}"))
    })
}

async fn accept_all(listener: TcpListener, shared: Arc<Shared>, tracker: TaskTracker) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let shared = Arc::clone(&shared);
                let crowded = tracker.len() >= shared.options.max_connections + UNAUTHENTICATED_MAX;
                tracker.spawn(async move {
                    if crowded {
                        turn_away(stream, &shared).await
                    } else {
                        serve(stream, client, shared).await
                    }
                });
            }
            // Too many open files, as a rule: others have to end before more can come.
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, client: SocketAddr, shared: Arc<Shared>) {
    tune(&stream);
    let mut first = [0];
    let timeout = shared.options.authentication_timeout;
    let Ok(Ok(1)) = tokio::time::timeout(timeout, stream.peek(&mut first)).await else {
        return;
    };
    // The first byte of a TLS record that holds a handshake message.
    let direct_tls = first == [0x16];
    serve_connection(Accepted { io: Box::new(stream), client: Some(client), direct_tls }, shared).await;
}

/// Small messages leave at once, and clients that vanished are noticed while nothing is sent.
fn tune(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    let tuned = stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = tuned {
        warn!("cannot tune a connection: {error}");
    }
}

async fn turn_away(stream: TcpStream, shared: &Shared) {
    shared.metrics.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut wire = Wire::new(Box::new(stream), 0);
    wire.put_error(&PgError::fatal(state::TOO_MANY_CONNECTIONS, "sorry, too many clients already"));
    // Whether the client waits for the reason is up to it.
    let _told = tokio::time::timeout(LAST_WORDS, wire.flush()).await;
    wire.shutdown().await;
}
