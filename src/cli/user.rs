//! `tarn user`: the users file, changed by commands.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use super::args::{UserAction, UserArguments};
use super::config::ConfigFile;
use super::hidden;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Users;

/// Does what was asked for and says so.
pub(super) fn run(arguments: UserArguments) -> Result<()> {
    let path = users_file(arguments.users)?;
    let mut users = if path.exists() { Users::load(&path)? } else { Users::default() };
    let Some(done) = act(arguments.action, &mut users)? else {
        print!("{}", users.list());
        return Ok(());
    };
    users.save(&path)?;
    println!("{done} in {}.", path.display());
    println!("A server that runs takes it up on SIGHUP.");
    Ok(())
}

/// The file of the command line, else that of `tarn.toml`.
fn users_file(given: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path);
    }
    ConfigFile::load(None)?.serve.users.ok_or_else(|| {
        Error::new(ErrorKind::InvalidParameter, "no users file was named")
            .with_hint("Give --users FILE, or name it in tarn.toml: [serve] users = \"users.toml\"")
    })
}

/// Changes the users; `None` where nothing changes.
fn act(action: UserAction, users: &mut Users) -> Result<Option<String>> {
    Ok(Some(match action {
        UserAction::Add { name, superuser, role } => {
            if users.get(&name).is_some() {
                let message = format!("there is a user \"{name}\" already");
                return Err(Error::new(ErrorKind::InvalidParameter, message)
                    .with_hint(format!("tarn user passwd {name} gives another password.")));
            }
            users.set_password(&name, &read_password(&name)?)?;
            users.set_superuser(&name, superuser)?;
            role.iter().try_for_each(|role| users.join(&name, role))?;
            format!("Added {name}")
        }
        UserAction::Passwd { name } => {
            if users.get(&name).is_none() {
                return Err(Error::new(ErrorKind::InvalidParameter, format!("there is no user \"{name}\"")));
            }
            users.set_password(&name, &read_password(&name)?)?;
            format!("Changed the password of {name}")
        }
        UserAction::Remove { name } => {
            users.remove(&name)?;
            format!("Removed {name}")
        }
        UserAction::Grant { name, role, grants } => {
            grants.iter().try_for_each(|grant| match role {
                true => users.grant_role(&name, grant),
                false => users.grant(&name, grant),
            })?;
            format!("Granted SELECT on {} to {name}", grants.join(", "))
        }
        UserAction::Revoke { name, role, grants } => {
            grants.iter().try_for_each(|grant| match role {
                true => users.revoke_role(&name, grant),
                false => users.revoke(&name, grant),
            })?;
            format!("Revoked SELECT on {} from {name}", grants.join(", "))
        }
        UserAction::List => return Ok(None),
    }))
}

/// A password typed twice, or the first line of standard input where that is no terminal.
fn read_password(name: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| cannot_read(&error))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = hidden::read_line(&format!("Password for {name}: "))?;
    match hidden::read_line("Again: ")? == password {
        true => Ok(password),
        false => Err(Error::new(ErrorKind::InvalidParameter, "the passwords differ: nothing was changed")),
    }
}

pub(super) fn cannot_read(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("cannot read a password: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rights_go_to_users_and_roles() {
        let mut users = Users::default();
        users.set_password("alice", "secret").unwrap();
        let grant = |name: &str, role, grant: &str| UserAction::Grant {
            name: name.to_owned(),
            role,
            grants: vec![grant.to_owned()],
        };
        assert!(act(grant("bob", false, "lake"), &mut users).is_err());
        assert!(act(grant("alice", false, "a.b.c.d"), &mut users).is_err());
        act(grant("alice", false, "lake.rec.items(id)"), &mut users).unwrap();
        act(grant("analysts", true, "lake.rec"), &mut users).unwrap();
        users.join("alice", "analysts").unwrap();
        assert!(users.join("alice", "nobody").is_err());
        assert_eq!(users.grants("alice").len(), 2);
        let listed = users.list();
        assert!(listed.contains("alice") && listed.contains("lake.rec.items(id)"), "{listed}");
        assert!(!listed.contains("SCRAM"), "{listed}");
        let add = UserAction::Add { name: "alice".to_owned(), superuser: false, role: vec![] };
        assert!(act(add, &mut users).is_err());
    }
}
