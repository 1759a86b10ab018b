//! From a new connection to a session: encryption, cancel requests, who it is, what it wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey,
};
use tracing::{debug, info};

use super::auth::{self, Candidate, Method, User};
use super::error::{PgError, PgResult, state};
use super::frontend::StartupPacket;
use super::peers::RegisteredPeers;
use super::registry::Registered;
use super::rights::UserRights;
use super::server::Shared;
use super::session::Session;
use super::tls::Tls;
use super::wire::{Failure, Io, Outcome, Wire};
use crate::engine;
use crate::settings::{self, Settings};

/// The newest minor version of protocol 3 that is spoken.
const MINOR_VERSION: u16 = 2;

/// A connection that has got as far as its startup packet.
struct Hello {
    wire: Wire,
    encrypted: bool,
    minor: u16,
    parameters: Vec<(String, String)>,
}

/// A connection as it was accepted.
pub struct Accepted {
    pub io: Box<dyn Io>,
    pub client: Option<SocketAddr>,
    /// Whether its first byte is that of a TLS handshake.
    pub direct_tls: bool,
}

/// Serves one connection until it ends.
pub async fn serve_connection(accepted: Accepted, shared: Arc<Shared>) {
    let client = accepted.client;
    shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
    let timeout = shared.options.authentication_timeout;
    let opened = tokio::time::timeout(timeout, open(accepted, &shared));
    let session = tokio::select! {
        opened = opened => opened,
        () = shared.draining.cancelled() => return,
    };
    match session {
        Ok(Some(session)) => session.run().await,
        Ok(None) => {}
        Err(_elapsed) => {
            shared.metrics.refused.fetch_add(1, Ordering::Relaxed);
            debug!(?client, "authentication timeout");
        }
    }
}

/// Opens a session; `None` where there is to be none, of which the client has been told.
async fn open(accepted: Accepted, shared: &Arc<Shared>) -> Option<Session> {
    let mut hello = greet(accepted.io, accepted.direct_tls, shared).await?;
    match let_in(&mut hello, accepted.client, shared).await {
        Ok((engine, settings, registered)) => {
            Some(Session::new(hello.wire, Arc::clone(shared), engine, settings, registered))
        }
        Err(failure) => {
            shared.metrics.refused.fetch_add(1, Ordering::Relaxed);
            refuse(&mut hello.wire, failure).await;
            None
        }
    }
}

async fn refuse(wire: &mut Wire, failure: Failure) {
    if let Failure::Statement(error) = failure {
        info!(code = error.code, "connection refused: {}", error.message);
        wire.put_error(&PgError { severity: super::error::Severity::Fatal, ..error });
        // Whether the client waits for the reason is up to it.
        let _told = wire.flush().await;
    }
    wire.shutdown().await;
}

/// Reads packets up to the startup packet; answers requests for encryption and cancel requests.
async fn greet(io: Box<dyn Io>, direct_tls: bool, shared: &Shared) -> Option<Hello> {
    let tls = shared.tls();
    let (mut wire, mut encrypted) = match &tls {
        Some(tls) if direct_tls => (encrypt(io, tls, true, shared).await?, true),
        _ => (Wire::new(io, shared.options.message_bytes_max), false),
    };
    let mut asked_gss = false;
    loop {
        match wire.startup_packet().await {
            Ok(Some(StartupPacket::Tls)) if !encrypted => match &tls {
                Some(tls) => {
                    answer(&mut wire, b'S').await?;
                    let io = match wire.into_io() {
                        Ok(io) => io,
                        Err(error) => {
                            info!("connection refused: {}", error.message);
                            return None;
                        }
                    };
                    wire = encrypt(io, tls, false, shared).await?;
                    encrypted = true;
                }
                None => answer(&mut wire, b'N').await?,
            },
            Ok(Some(StartupPacket::Gss)) if !encrypted && !asked_gss => {
                asked_gss = true;
                answer(&mut wire, b'N').await?;
            }
            Ok(Some(StartupPacket::Cancel { pid, secret })) => {
                let cancelled = shared.registry.cancel(pid, &secret);
                debug!(pid, cancelled, "cancel request");
                return None;
            }
            Ok(Some(StartupPacket::Startup { major, minor, parameters })) => {
                if major != 3 {
                    let message = format!(
                        "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{MINOR_VERSION}"
                    );
                    let error = PgError::fatal(state::FEATURE_NOT_SUPPORTED, message);
                    refuse(&mut wire, error.into()).await;
                    return None;
                }
                return Some(Hello { wire, encrypted, minor, parameters });
            }
            Ok(Some(_)) => {
                let message = "invalid packet: encryption was negotiated already";
                refuse(&mut wire, PgError::fatal(state::PROTOCOL_VIOLATION, message).into()).await;
                return None;
            }
            Ok(None) | Err(Failure::Gone) => return None,
            Err(failure) => {
                refuse(&mut wire, failure).await;
                return None;
            }
        }
    }
}

/// Shakes hands; `direct` where the client began with it.
async fn encrypt(io: Box<dyn Io>, tls: &Tls, direct: bool, shared: &Shared) -> Option<Wire> {
    match tls.accept(io, direct).await {
        Ok(io) => Some(Wire::new(io, shared.options.message_bytes_max)),
        Err(error) => {
            debug!("TLS handshake: {error}");
            None
        }
    }
}

/// One byte that says whether there is encryption.
async fn answer(wire: &mut Wire, byte: u8) -> Option<()> {
    wire.output().push(byte);
    wire.flush().await.ok()
}

type Opened = (engine::Session, Settings, Registered);

/// Checks who it is and what it wants, and answers up to ReadyForQuery, which the session sends.
async fn let_in(hello: &mut Hello, client: Option<SocketAddr>, shared: &Arc<Shared>) -> Outcome<Opened> {
    let wanted = Wanted::read(&hello.parameters)?;
    let minor = hello.minor.min(MINOR_VERSION);
    if hello.minor > MINOR_VERSION || !wanted.unknown_options.is_empty() {
        let newest = i32::from(minor) | 3 << 16;
        hello.wire.put(&NegotiateProtocolVersion::new(newest, wanted.unknown_options.clone()))?;
    }
    let database = wanted.lake(shared);
    let user = authenticate(hello, client, shared, &wanted.user, database).await?;
    let registered = register(shared, client, minor, &user)?;
    let rights = Arc::new(UserRights::new(shared, &wanted.user));
    let engine = shared.engine.session_of(Some(database), rights).map_err(|error| {
        let lakes = shared.engine.lake_names().join(", ");
        PgError::from(error).hint(format!("Lakes are: {lakes}."))
    })?;
    engine.join(Arc::new(RegisteredPeers::new(&shared.registry, registered.entry.pid)));
    let settings = engine.settings().clone();
    set_at_start(&settings, shared, &wanted, &user)?;
    {
        let mut activity = registered.entry.activity.lock();
        activity.user.clone_from(&wanted.user);
        activity.database = database.to_string();
    }
    hello.wire.put(&Authentication::Ok)?;
    let secret = match registered.entry.secret().try_into() {
        Ok(bytes) => SecretKey::I32(i32::from_be_bytes(bytes)),
        Err(_) => SecretKey::Bytes(registered.entry.secret().to_vec().into()),
    };
    for (name, value) in settings.take_reports() {
        hello.wire.put(&ParameterStatus::new(name.to_string(), value))?;
    }
    hello.wire.put(&BackendKeyData::new(registered.entry.pid, secret))?;
    Ok((engine, settings, registered))
}

/// The startup packet's parameters, sorted.
struct Wanted {
    user: String,
    database: Option<String>,
    settings: Vec<(String, String)>,
    /// Protocol options, of which there are none yet.
    unknown_options: Vec<String>,
}

impl Wanted {
    fn read(parameters: &[(String, String)]) -> PgResult<Self> {
        let mut wanted =
            Self { user: String::new(), database: None, settings: Vec::new(), unknown_options: Vec::new() };
        for (name, value) in parameters {
            match name.as_str() {
                "user" => wanted.user.clone_from(value),
                "database" => wanted.database = Some(value.clone()),
                "options" => wanted.settings.extend(command_line(value)?),
                "replication" if settings::boolean(value) == Some(false) => {}
                "replication" => {
                    let message = "replication connections are not supported";
                    return Err(PgError::fatal(state::FEATURE_NOT_SUPPORTED, message));
                }
                option if option.starts_with("_pq_.") => wanted.unknown_options.push(option.to_string()),
                _ => wanted.settings.push((name.clone(), value.clone())),
            }
        }
        if wanted.user.is_empty() {
            let message = "no PostgreSQL user name specified in startup packet";
            return Err(PgError::fatal(state::INVALID_AUTHORIZATION, message));
        }
        Ok(wanted)
    }

    /// The lake that is meant. Clients that are given no database say the user's name instead: where
    /// that is no lake and there is one lake only, it is meant.
    fn lake<'a>(&'a self, shared: &'a Shared) -> &'a str {
        let lakes = shared.engine.lakes();
        let said = self.database.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.user);
        match lakes {
            [only] if said == self.user => only.name(),
            _ => said,
        }
    }
}

/// The settings in `options`: `-c name=value`, `-cname=value`, `--name=value`. A backslash takes the
/// next character as it is.
fn command_line(options: &str) -> PgResult<Vec<(String, String)>> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = options.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    let mut settings = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(setting), _) => setting.replace('-', "_"),
            (None, Some("")) => words.next().unwrap_or_default(),
            (None, Some(setting)) => setting.to_string(),
            (None, None) => {
                let message = format!("invalid command-line argument for server process: {word}");
                return Err(PgError::fatal(state::SYNTAX_ERROR, message));
            }
        };
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| PgError::fatal(state::SYNTAX_ERROR, format!("-c {setting} requires a value")))?;
        settings.push((name.to_string(), value.to_string()));
    }
    Ok(settings)
}

async fn authenticate(
    hello: &mut Hello,
    client: Option<SocketAddr>,
    shared: &Shared,
    user: &str,
    database: &str,
) -> Outcome<User> {
    let access = shared.access();
    let address = client.map(|client| client.ip());
    match access.method(Candidate { address, encrypted: hello.encrypted, user, database })? {
        Method::Scram => {
            let tls = shared.tls().filter(|_| hello.encrypted);
            let certificate = tls.as_ref().map(|tls| tls.certificate_pem.as_slice());
            auth::authenticate(&mut hello.wire, &access, user, certificate).await?;
        }
        Method::Trust => {}
        Method::Reject => {
            let message = "connection rejected";
            return Err(PgError::fatal(state::INVALID_AUTHORIZATION, message).into());
        }
    }
    access.user(user).ok_or_else(|| {
        PgError::fatal(state::INVALID_AUTHORIZATION, format!("role \"{user}\" does not exist")).into()
    })
}

/// Takes one of the places that there are, some of which are for superusers.
fn register(shared: &Shared, client: Option<SocketAddr>, minor: u16, user: &User) -> PgResult<Registered> {
    let registered = shared.registry.add(minor >= 2, client);
    let options = &shared.options;
    let open = shared.registry.len();
    let message = if open > options.max_connections {
        "sorry, too many clients already"
    } else if !user.superuser && open > options.max_connections.saturating_sub(options.reserved_connections) {
        "remaining connection slots are reserved for non-replication superuser connections"
    } else {
        return Ok(registered);
    };
    Err(PgError::fatal(state::TOO_MANY_CONNECTIONS, message))
}

/// Sets what the server has decided, then what it says for this user, then what the client wants.
fn set_at_start(settings: &Settings, shared: &Shared, wanted: &Wanted, user: &User) -> PgResult<()> {
    let on_off = |on: bool| if on { "on" } else { "off" }.to_string();
    let server = [
        ("session_authorization", wanted.user.clone()),
        ("is_superuser", on_off(user.superuser)),
        ("max_connections", shared.options.max_connections.to_string()),
        ("superuser_reserved_connections", shared.options.reserved_connections.to_string()),
        ("ssl", on_off(shared.tls().is_some())),
    ];
    settings.start_with(&server, user.superuser);
    let own = shared.options.settings.iter().map(|(name, value)| (name, value));
    let wanted = wanted.settings.iter().map(|(name, value)| (name, value));
    for (name, value) in own.chain(&user.settings).chain(wanted) {
        settings.set_at_start(name, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn options_are_read_as_a_command_line() {
        let settings = command_line("-c statement_timeout=5s  -cjit=off --search-path=a\\ b").unwrap();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(settings, [("statement_timeout", "5s"), ("jit", "off"), ("search_path", "a b")]);
        assert!(command_line("-c").is_err());
        assert!(command_line("-x").is_err());
        assert!(command_line("-c jit").is_err());
        assert!(command_line("").unwrap().is_empty());
    }

    #[test]
    fn a_startup_packet_needs_a_user() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            Wanted::read(&pairs)
        };
        assert_eq!(read(&[("database", "d")]).err().unwrap().code, "28000");
        assert_eq!(read(&[("user", "u"), ("replication", "true")]).err().unwrap().code, "0A000");
        let wanted = read(&[("user", "u"), ("_pq_.x", "1"), ("client_encoding", "UTF8")]).unwrap();
        assert_eq!(wanted.unknown_options, ["_pq_.x"]);
        assert_eq!(wanted.settings.len(), 1);
    }
}
