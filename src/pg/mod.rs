//! The Postgres server: lakes for every tool that speaks the wire protocol of PostgreSQL, version 3.
//!
//! A lake is a database to a client, a database of the lake a schema. The protocol's bytes are read in
//! [`frontend`] and written by pgwire's messages and our [`encode`]; [`session`] is the loop over a
//! client's messages; statements run as portals ([`portal`], [`execute`]) for the simple protocol
//! ([`query`]) and the extended one ([`extended`]) alike. Queries run on the engine's own threads: here
//! is only what waits for clients, and the encoding of rows in pieces of 64 KB.

mod auth;
mod column_names;
mod copy;
mod cursor;
pub(crate) mod encode;
mod error;
mod execute;
mod extended;
mod frontend;
mod http;
mod listener;
mod metrics;
mod options;
mod parameters;
mod peers;
mod portal;
mod query;
pub mod registry;
mod rights;
mod rows;
mod running;
mod server;
mod session;
mod startup;
pub mod statement;
mod subscription;
mod tls;
mod transaction;
pub(crate) mod types;
mod wire;

use std::sync::Arc;

use tracing::{error, info};

pub use auth::{User, Users};
pub use error::sql_state;
pub use listener::{Handle, Server};
pub use options::{ServeOptions, TlsFiles};
pub(crate) use parameters::{array_of_text, decimal_of_text};
pub use types::TYPE_KEY;
pub(crate) use types::uuid_of;
pub(crate) use types::wire_type;

use crate::engine::Engine;
use crate::error::Result;

/// Serves clients until SIGTERM or Ctrl-C, which let statements end; a second one cuts them off.
/// SIGHUP reads users, rules and certificates again.
pub async fn serve(engine: Arc<Engine>, options: ServeOptions) -> Result<()> {
    let server = Server::bind(engine, options).await?;
    for address in server.addresses() {
        info!("listening on {address}");
    }
    if let Some(address) = server.http_address() {
        info!("metrics on http://{address}/metrics");
    }
    let handle = server.handle();
    let signals = tokio::spawn(follow_signals(handle));
    server.run().await;
    signals.abort();
    Ok(())
}

#[cfg(unix)]
async fn follow_signals(handle: Handle) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals else {
        error!("cannot listen for signals");
        return;
    };
    let mut draining = false;
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                match handle.reload() {
                    Ok(()) => info!("users, rules and certificates were read again"),
                    Err(failure) => error!("nothing was reloaded: {failure}"),
                }
                continue;
            }
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if draining {
            handle.terminate()
        } else {
            handle.drain()
        }
        draining = true;
    }
}

#[cfg(not(unix))]
async fn follow_signals(handle: Handle) {
    if tokio::signal::ctrl_c().await.is_ok() {
        handle.drain();
    }
}
