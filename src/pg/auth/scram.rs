//! SCRAM-SHA-256 (RFC 5802, RFC 7677), with channel binding where there is TLS. pgwire has the
//! exchange itself; here are the messages around it.
//!
//! A user that does not exist gets the same challenge each time, as one that exists does, and fails at
//! the same step, so that names cannot be tried out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pgwire::api::auth::sasl::scram::{ScramSecret, ScramServerAuth, gen_salted_password};
use pgwire::messages::startup::Authentication;
use sha2::{Digest, Sha256};

use super::Access;
use crate::pg::error::{PgError, PgResult, state};
use crate::pg::frontend::{self, Message};
use crate::pg::wire::{Failure, Outcome, Wire};

const MECHANISM: &str = "SCRAM-SHA-256";
const MECHANISM_WITH_BINDING: &str = "SCRAM-SHA-256-PLUS";

/// PBKDF2 rounds of new verifiers (`SCRAM_SHA_256_DEFAULT_ITERATIONS`).
const ITERATIONS: usize = 4096;
const SALT_BYTES: usize = 16;

/// Asks the client for its proof. `certificate` is the server's, as PEM, where the stream is TLS.
pub async fn authenticate(
    wire: &mut Wire,
    access: &Access,
    user: &str,
    certificate: Option<&[u8]>,
) -> Outcome<()> {
    let mut server = ScramServerAuth::new();
    let mut mechanisms = vec![MECHANISM.to_string()];
    // Some certificates have no hash that binding defines; they go without.
    if certificate.is_some_and(|pem| server.configure_certificate(pem).is_ok()) {
        mechanisms.insert(0, MECHANISM_WITH_BINDING.to_string());
    }
    wire.put(&Authentication::SASL(mechanisms.clone()))?;
    wire.flush().await?;
    let (mechanism, first) = initial_response(&password_message(wire).await?)?;
    if !mechanisms.contains(&mechanism) {
        let message = "client selected an invalid SASL authentication mechanism";
        return Err(PgError::fatal(state::PROTOCOL_VIOLATION, message).into());
    }
    let known =
        access.users.as_ref().and_then(|users| users.get(user)).and_then(|user| user.verifier.as_deref());
    let secret = known.and_then(parse_verifier).unwrap_or_else(|| mock_secret(access, user));
    let failed = || {
        let message = format!("password authentication failed for user \"{user}\"");
        Failure::Statement(PgError::fatal(state::INVALID_PASSWORD, message))
    };
    let (challenge, exchange) =
        server.on_client_first_message_with_secret(&first, secret).map_err(|_| malformed())?;
    wire.put(&Authentication::SASLContinue(challenge.into()))?;
    wire.flush().await?;
    let proof = password_message(wire).await?;
    let signature = exchange.on_client_final_message(&proof).map_err(|_| failed())?;
    wire.put(&Authentication::SASLFinal(signature.into()))?;
    Ok(())
}

async fn password_message(wire: &mut Wire) -> Outcome<Bytes> {
    let frame = wire.frame().await?.ok_or(Failure::Gone)?;
    match frontend::parse(frame)? {
        Message::Password(body) => Ok(body),
        Message::Terminate => Err(Failure::Gone),
        _ => {
            let message = "expected SASL response, got another message";
            Err(PgError::fatal(state::PROTOCOL_VIOLATION, message).into())
        }
    }
}

fn malformed() -> PgError {
    PgError::fatal(state::PROTOCOL_VIOLATION, "malformed SCRAM message")
}

/// SASLInitialResponse: the mechanism's name, a length and that much data.
fn initial_response(body: &[u8]) -> PgResult<(String, Bytes)> {
    let end = body.iter().position(|byte| *byte == 0).ok_or_else(malformed)?;
    let mechanism = frontend::utf8(&body[..end])?.to_string();
    let (length, data) = body[end + 1..].split_first_chunk::<4>().ok_or_else(malformed)?;
    if usize::try_from(i32::from_be_bytes(*length)) != Ok(data.len()) {
        return Err(malformed());
    }
    Ok((mechanism, Bytes::copy_from_slice(data)))
}

/// The challenge for a user that does not exist: its salt always the same, its keys unknown to all.
fn mock_secret(access: &Access, user: &str) -> ScramSecret {
    let mut hash = Sha256::new();
    hash.update(access.mock_key);
    hash.update(user.as_bytes());
    let salt = hash.finalize().get(..SALT_BYTES).map(<[u8]>::to_vec).unwrap_or_default();
    let (stored_key, server_key): ([u8; 32], [u8; 32]) = (rand::random(), rand::random());
    ScramSecret::Verifier {
        salt,
        iterations: ITERATIONS,
        stored_key: stored_key.to_vec(),
        server_key: server_key.to_vec(),
    }
}

/// A verifier of a password, in the form that `pg_authid` keeps:
/// `SCRAM-SHA-256$4096:salt$stored key:server key`.
pub fn make_verifier(password: &str) -> String {
    let salt: [u8; SALT_BYTES] = rand::random();
    let salted = gen_salted_password(password, &salt, ITERATIONS);
    match ScramSecret::verifier_from_salted_password(salt.to_vec(), salted, ITERATIONS) {
        ScramSecret::Verifier { salt, iterations, stored_key, server_key } => {
            let encode = |bytes: &[u8]| STANDARD.encode(bytes);
            let (salt, stored, server) = (encode(&salt), encode(&stored_key), encode(&server_key));
            format!("{MECHANISM}${iterations}:{salt}${stored}:{server}")
        }
        // The constructor only makes verifiers.
        ScramSecret::SaltedPassword { .. } => String::new(),
    }
}

pub fn parse_verifier(text: &str) -> Option<ScramSecret> {
    let rest = text.strip_prefix(MECHANISM)?.strip_prefix('$')?;
    let (parameters, keys) = rest.split_once('$')?;
    let (iterations, salt) = parameters.split_once(':')?;
    let (stored, server) = keys.split_once(':')?;
    let decode = |text: &str| STANDARD.decode(text).ok();
    let (stored_key, server_key) = (decode(stored)?, decode(server)?);
    if stored_key.len() != 32 || server_key.len() != 32 {
        return None;
    }
    let iterations = iterations.parse().ok().filter(|n| *n > 0)?;
    Some(ScramSecret::Verifier { salt: decode(salt)?, iterations, stored_key, server_key })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Made by PostgreSQL 15: `SELECT rolpassword FROM pg_authid` after `CREATE ROLE r PASSWORD 'pencil'`.
    const OF_POSTGRES: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn verifiers_of_postgres_are_read() {
        let Some(ScramSecret::Verifier { salt, iterations, .. }) = parse_verifier(OF_POSTGRES) else {
            unreachable!()
        };
        assert_eq!((salt.len(), iterations), (16, 4096));
        assert!(parse_verifier(&make_verifier("x")).is_some());
        for wrong in ["", "md5abc", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$4096:AA==$AA==:AA=="] {
            assert!(parse_verifier(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn two_verifiers_of_a_password_differ() {
        assert_ne!(make_verifier("secret"), make_verifier("secret"));
    }

    #[test]
    fn an_initial_response_must_fit_its_length() {
        let mut body = b"SCRAM-SHA-256\0\0\0\0\x03n,,".to_vec();
        assert_eq!(initial_response(&body).unwrap().1, &b"n,,"[..]);
        body.push(b'x');
        assert!(initial_response(&body).is_err());
        for cut in 0..17 {
            assert!(initial_response(&body[..cut]).is_err(), "{cut} bytes");
        }
    }
}
