//! Who may connect, from where, and how they prove who they are.

mod rules;
mod scram;
mod users;

use std::net::IpAddr;

pub use rules::{Method, Rules};
pub use scram::authenticate;
pub use users::{User, Users};

use super::error::{PgError, state};
use super::options::ServeOptions;
use crate::engine::Allowed;
use crate::error::{Error, ErrorKind, Result};

/// Users and rules, as they were when they were last read.
#[derive(Debug)]
pub struct Access {
    pub users: Option<Users>,
    rules: Rules,
    /// Makes the answers to unknown users look like those to known ones.
    pub(super) mock_key: [u8; 32],
}

/// A client that wants in.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// `None` is a connection within the machine that has no address.
    pub address: Option<IpAddr>,
    pub encrypted: bool,
    pub user: &'a str,
    pub database: &'a str,
}

impl Access {
    /// Reads users and rules, and refuses those that would let strangers in.
    pub fn load(options: &ServeOptions, has_tls: bool) -> Result<Self> {
        let users = options.users_file.as_deref().map(Users::load).transpose()?;
        let rules = match &options.rules_file {
            Some(path) => Rules::load(path)?,
            None => Rules::default_for(users.is_some()),
        };
        let access = Self { users, rules, mock_key: rand::random() };
        for address in &options.listen {
            access.check_listen(address.ip(), has_tls)?;
        }
        Ok(access)
    }

    /// Off loopback nobody may come in without a password, and no password without TLS.
    fn check_listen(&self, address: IpAddr, has_tls: bool) -> Result<()> {
        if address.is_loopback() {
            return Ok(());
        }
        let refuse = |message: String, hint: &str| {
            Err(Error::new(ErrorKind::InvalidParameter, message).with_hint(hint))
        };
        if self.users.is_none() {
            return refuse(
                format!("refusing to listen on {address} without users: anyone could read the lakes"),
                "Create users with `tarn user add`, or listen on 127.0.0.1.",
            );
        }
        if self.rules.trusts_strangers() {
            return refuse(
                format!(
                    "refusing to listen on {address}: a rule trusts clients that are not on this machine"
                ),
                "Use the method scram-sha-256 in rules for addresses other than loopback.",
            );
        }
        if !has_tls {
            return refuse(
                format!("refusing to listen on {address} without TLS, which passwords need there"),
                "Give a certificate and its key, or listen on 127.0.0.1.",
            );
        }
        Ok(())
    }

    /// How a client has to prove who it is; an error where it may not come in at all.
    pub fn method(&self, candidate: Candidate<'_>) -> std::result::Result<Method, PgError> {
        let Candidate { address, encrypted, user, database } = candidate;
        let strange = address.is_some_and(|address| !address.to_canonical().is_loopback());
        match self.rules.find(candidate) {
            Some(Method::Trust) if !strange => Ok(Method::Trust),
            Some(Method::Scram) if !strange || encrypted => Ok(Method::Scram),
            found => {
                let host = address.map_or_else(|| "local".to_string(), |address| address.to_string());
                let encryption = if encrypted { "SSL encryption" } else { "no encryption" };
                let message = match found {
                    Some(Method::Reject) => format!(
                        "pg_hba.conf rejects connection for host \"{host}\", user \"{user}\", database \"{database}\", {encryption}"
                    ),
                    _ => format!(
                        "no pg_hba.conf entry for host \"{host}\", user \"{user}\", database \"{database}\", {encryption}"
                    ),
                };
                Err(PgError::fatal(state::INVALID_AUTHORIZATION, message))
            }
        }
    }

    /// What a user may read. Whoever is no user any more may read nothing.
    pub fn allowed(&self, name: &str) -> Allowed {
        match &self.users {
            None => Allowed::Everything,
            Some(users) if users.get(name).is_some_and(|user| user.superuser) => Allowed::Everything,
            Some(users) => Allowed::Only(users.grants(name)),
        }
    }

    /// A user's entry. Where there are no users everyone is one, with all rights.
    pub fn user(&self, name: &str) -> Option<User> {
        match &self.users {
            Some(users) => users.get(name).cloned(),
            None => Some(User { superuser: true, ..User::default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn options(listen: &str) -> ServeOptions {
        ServeOptions { listen: vec![listen.parse().unwrap()], ..ServeOptions::default() }
    }

    #[test]
    fn strangers_are_not_let_in_without_users_and_tls() {
        assert!(Access::load(&options("127.0.0.1:0"), false).is_ok());
        assert!(Access::load(&options("[::1]:0"), false).is_ok());
        assert!(Access::load(&options("0.0.0.0:0"), true).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let mut users = Users::default();
        users.set_password("alice", "secret").unwrap();
        users.save(&path).unwrap();
        let with_users = ServeOptions { users_file: Some(path), ..options("0.0.0.0:0") };
        assert!(Access::load(&with_users, true).is_ok());
        let error = Access::load(&with_users, false).unwrap_err();
        assert!(error.message.contains("without TLS"), "{error}");
        let rules = folder.path().join("rules");
        std::fs::write(&rules, "host all all all trust\n").unwrap();
        let trusting = ServeOptions { rules_file: Some(rules), ..with_users };
        assert!(Access::load(&trusting, true).unwrap_err().message.contains("trusts"));
    }

    #[test]
    fn trust_never_reaches_beyond_loopback() {
        let access = Access::load(&options("127.0.0.1:0"), false).unwrap();
        let candidate = |address: &str| Candidate {
            address: Some(address.parse().unwrap()),
            encrypted: false,
            user: "u",
            database: "d",
        };
        assert_eq!(access.method(candidate("127.0.0.1")).unwrap(), Method::Trust);
        assert_eq!(access.method(candidate("::ffff:127.0.0.1")).unwrap(), Method::Trust);
        let error = access.method(candidate("10.0.0.1")).unwrap_err();
        assert_eq!(error.code, "28000");
        assert_eq!(
            error.message,
            "no pg_hba.conf entry for host \"10.0.0.1\", user \"u\", database \"d\", no encryption"
        );
    }
}
