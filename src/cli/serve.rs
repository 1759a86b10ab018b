//! `tarn serve`: from words to the options of the Postgres server.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use super::config::ServeSection;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{ServeOptions, TlsFiles};

pub(super) async fn run(engine: Arc<Engine>, section: ServeSection) -> Result<()> {
    crate::pg::serve(engine, options(section)?).await
}

fn options(section: ServeSection) -> Result<ServeOptions> {
    let mut options = ServeOptions::default();
    if !section.listen.is_empty() {
        let resolved: Result<Vec<Vec<SocketAddr>>> =
            section.listen.iter().map(|text| addresses(text)).collect();
        options.listen = resolved?.into_iter().flatten().collect();
    }
    options.http = match section.http {
        Some(text) => addresses(&text)?.into_iter().next(),
        None => None,
    };
    options.users_file = section.users;
    options.rules_file = section.rules;
    options.tls = match (section.tls_cert, section.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                "TLS needs both a certificate (tls_cert) and its key (tls_key)",
            ));
        }
    };
    if let Some(count) = section.max_connections {
        options.max_connections = count;
    }
    options.settings = section.settings.into_iter().collect();
    Ok(options)
}

/// The addresses of `host:port`, or of a port on loopback.
fn addresses(text: &str) -> Result<Vec<SocketAddr>> {
    let full = if text.parse::<u16>().is_ok() { format!("127.0.0.1:{text}") } else { text.to_owned() };
    let wrong = |reason: &dyn std::fmt::Display| {
        Error::new(ErrorKind::InvalidParameter, format!("cannot listen on \"{text}\": {reason}"))
            .with_hint("Write an address and a port: 127.0.0.1:5433.")
    };
    let found: Vec<SocketAddr> = full.to_socket_addrs().map_err(|error| wrong(&error))?.collect();
    if found.is_empty() { Err(wrong(&"it has no address")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_hosts_with_ports() {
        assert_eq!(addresses("127.0.0.1:5433").unwrap(), [SocketAddr::from(([127, 0, 0, 1], 5433))]);
        assert_eq!(addresses("6000").unwrap(), [SocketAddr::from(([127, 0, 0, 1], 6000))]);
        assert!(addresses("127.0.0.1").is_err());
    }

    #[test]
    fn half_of_tls_is_an_error() {
        let section = ServeSection { tls_cert: Some("cert.pem".into()), ..ServeSection::default() };
        assert!(options(section).is_err());
    }
}
