//! `tarn serve`: from words to the options of the Postgres server.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use super::config::ServeSection;
use super::size::parse_bytes;
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
    if let Some(count) = section.reserved_connections {
        options.reserved_connections = count;
    }
    options.slow_query = section.slow_query.as_deref().map(duration).transpose()?;
    if let Some(text) = &section.drain_timeout {
        options.drain_timeout = duration(text)?;
    }
    if let Some(text) = &section.authentication_timeout {
        options.authentication_timeout = duration(text)?;
    }
    if let Some(text) = &section.message_limit {
        let bytes = parse_bytes(text).filter(|bytes| *bytes > 0);
        options.message_bytes_max =
            bytes.ok_or_else(|| invalid(format!("\"{text}\" is no size: write 64MB")))?;
    }
    if options.reserved_connections >= options.max_connections {
        let (reserved, all) = (options.reserved_connections, options.max_connections);
        return Err(invalid(format!(
            "of {all} connections {reserved} cannot be reserved: nobody else could come"
        )));
    }
    options.settings = section.settings.into_iter().collect();
    Ok(options)
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidParameter, message)
}

/// A time as in settings: `500ms`, `2s`, `1min`; a bare number counts milliseconds.
fn duration(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let millis = match text.get(digits.len()..).map(str::trim) {
        Some("" | "ms") => 1,
        Some("s") => 1000,
        Some("min") => 60_000,
        _ => 0,
    };
    match digits.parse::<u64>().ok().and_then(|count| count.checked_mul(millis)) {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => Err(invalid(format!("\"{text}\" is no time: write 500ms, 2s or 1min"))),
    }
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
    fn times_have_units() {
        for (text, millis) in [("500ms", 500), ("2s", 2000), ("1 min", 60_000), ("30", 30)] {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for wrong in ["", "s", "2 days", "-1s", "0s", "1.5s", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_of_tls_is_an_error() {
        let section = ServeSection { tls_cert: Some("cert.pem".into()), ..ServeSection::default() };
        assert!(options(section).is_err());
    }
}
