//! The users file: who there is, the verifiers of their passwords, and what they may read.
//!
//! ```toml
//! [users.alice]
//! verifier = "SCRAM-SHA-256$4096:..."
//! roles = ["analysts"]
//!
//! [roles.analysts]
//! select = ["lake.rec", "lake.raw.events(user_id, item_id)"]
//! ```
//!
//! A grant names a lake, a database in it, a table in that, or columns of the table. Passwords are not
//! in the file and cannot be found from it short of trying.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::scram::{make_verifier, parse_verifier};
use crate::engine::Grant;
use crate::error::{Error, ErrorKind, Result};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Without one nobody can log in as this user with a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// May read everything and use the reserved connections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superuser: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<String>,
    /// Settings that the user's sessions begin with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    select: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    #[serde(default)]
    users: BTreeMap<String, User>,
    #[serde(default)]
    roles: BTreeMap<String, Role>,
}

impl Users {
    pub fn load(path: &Path) -> Result<Self> {
        let invalid = |message: String| {
            Error::new(ErrorKind::InvalidParameter, format!("users file {}: {message}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
        let users: Self = toml::from_str(&text).map_err(|error| invalid(error.message().to_string()))?;
        users.check().map_err(invalid)?;
        Ok(users)
    }

    /// What is wrong with the file, if anything: a grant that is not understood grants nothing, and
    /// its writer should hear of it.
    fn check(&self) -> std::result::Result<(), String> {
        for (name, user) in &self.users {
            if user.verifier.as_deref().is_some_and(|verifier| parse_verifier(verifier).is_none()) {
                return Err(format!("the verifier of \"{name}\" is no SCRAM-SHA-256 verifier"));
            }
            if let Some(role) = user.roles.iter().find(|role| !self.roles.contains_key(*role)) {
                return Err(format!("\"{name}\" has the role \"{role}\", which does not exist"));
            }
        }
        let grants = self.users.values().map(|user| &user.select);
        let grants = grants.chain(self.roles.values().map(|role| &role.select));
        match grants.flatten().find(|grant| Grant::parse(grant).is_none()) {
            Some(grant) => Err(format!("\"{grant}\" is no lake, database, table or columns of a table")),
            None => Ok(()),
        }
    }

    /// Writes the file whole or not at all, readable by its owner only.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Storage, format!("cannot write the users file {}: {error}", path.display()))
        };
        let text = toml::to_string_pretty(self).map_err(|error| failed(&error))?;
        let temporary = path.with_extension("new");
        write_private(&temporary, &text).map_err(|error| failed(&error))?;
        std::fs::rename(&temporary, path).map_err(|error| failed(&error))
    }

    pub fn get(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// Who there is and what they may read, for people; no verifiers.
    pub fn list(&self) -> String {
        let mut text = String::new();
        for (name, user) in &self.users {
            let what = match user {
                User { superuser: true, .. } => "everything (superuser)".to_owned(),
                User { select, roles, .. } => {
                    let roles = roles.iter().map(|role| format!("role {role}"));
                    select.iter().cloned().chain(roles).collect::<Vec<_>>().join(", ")
                }
            };
            let login = if user.verifier.is_some() { "" } else { " (no password)" };
            let what = if what.is_empty() { "nothing" } else { &what };
            text.push_str(&format!("user {name}{login}: {what}\n"));
        }
        for (name, role) in &self.roles {
            text.push_str(&format!("role {name}: {}\n", role.select.join(", ")));
        }
        text
    }

    /// Everything that a user may read, by itself and by its roles.
    pub fn grants(&self, name: &str) -> Vec<Grant> {
        let Some(user) = self.users.get(name) else { return Vec::new() };
        let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
        let grants = user.select.iter().chain(roles.flat_map(|role| &role.select));
        grants.filter_map(|grant| Grant::parse(grant)).collect()
    }

    /// Sets a password, for a new user or for one that is there.
    pub fn set_password(&mut self, name: &str, password: &str) -> Result<()> {
        if name.is_empty() || password.is_empty() {
            let message = "a user needs a name and a password";
            return Err(Error::new(ErrorKind::InvalidParameter, message));
        }
        self.users.entry(name.to_string()).or_default().verifier = Some(make_verifier(password));
        Ok(())
    }

    pub fn set_superuser(&mut self, name: &str, superuser: bool) -> Result<()> {
        self.user_mut(name)?.superuser = superuser;
        Ok(())
    }

    /// Adds a grant to a user.
    pub fn grant(&mut self, name: &str, grant: &str) -> Result<()> {
        add(&mut self.user_mut(name)?.select, grant)
    }

    /// Adds a grant to a role, which is made where it is not there.
    pub fn grant_role(&mut self, role: &str, grant: &str) -> Result<()> {
        add(&mut self.roles.entry(role.to_string()).or_default().select, grant)
    }

    pub fn revoke(&mut self, name: &str, grant: &str) -> Result<()> {
        take(&mut self.user_mut(name)?.select, name, grant)
    }

    pub fn revoke_role(&mut self, role: &str, grant: &str) -> Result<()> {
        let found = self.roles.get_mut(role).ok_or_else(|| no_role(role))?;
        take(&mut found.select, role, grant)
    }

    /// Gives a user a role.
    pub fn join(&mut self, name: &str, role: &str) -> Result<()> {
        if !self.roles.contains_key(role) {
            return Err(no_role(role).with_hint(format!("tarn user grant --role {role} LAKE makes it.")));
        }
        let user = self.user_mut(name)?;
        if !user.roles.iter().any(|known| known == role) {
            user.roles.push(role.to_string());
        }
        Ok(())
    }

    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.user_mut(name)?;
        self.users.remove(name);
        Ok(())
    }

    fn user_mut(&mut self, name: &str) -> Result<&mut User> {
        self.users
            .get_mut(name)
            .ok_or_else(|| Error::new(ErrorKind::InvalidParameter, format!("there is no user \"{name}\"")))
    }
}

fn add(select: &mut Vec<String>, grant: &str) -> Result<()> {
    if Grant::parse(grant).is_none() {
        let message = format!("\"{grant}\" is no lake, database, table or columns of a table");
        return Err(Error::new(ErrorKind::InvalidParameter, message)
            .with_hint("As in: lake, lake.rec, lake.rec.items, lake.rec.items(id, title)"));
    }
    if !select.iter().any(|known| known == grant) {
        select.push(grant.to_string());
    }
    Ok(())
}

fn take(select: &mut Vec<String>, name: &str, grant: &str) -> Result<()> {
    let before = select.len();
    select.retain(|known| known != grant);
    if select.len() == before {
        let message = format!("\"{name}\" was not granted \"{grant}\" itself");
        return Err(Error::new(ErrorKind::InvalidParameter, message));
    }
    Ok(())
}

fn no_role(role: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("there is no role \"{role}\""))
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let mut users = Users::default();
        users.set_password("alice", "secret").unwrap();
        users.grant("alice", "lake.rec").unwrap();
        users.save(&path).unwrap();
        let read = Users::load(&path).unwrap();
        assert_eq!(read, users);
        assert_eq!(read.grants("alice").len(), 1);
        assert!(!std::fs::read_to_string(&path).unwrap().contains("secret"));
        users.revoke("alice", "lake.rec").unwrap();
        assert!(users.revoke("alice", "lake.rec").is_err());
        users.remove("alice").unwrap();
        assert!(users.grant("alice", "lake").is_err());
    }

    #[test]
    fn mistakes_in_the_file_are_errors() {
        let check = |text: &str| toml::from_str::<Users>(text).map_err(|e| e.to_string())?.check();
        assert!(check("[users.a]\nselect = [\"lake\"]").is_ok());
        assert!(check("[users.a]\nverifier = \"plain\"").is_err());
        assert!(check("[users.a]\nroles = [\"none\"]").is_err());
        assert!(check("[users.a]\nselect = [\"a.b.c.d\"]").is_err());
        assert!(check("[users.a]\npassword = \"x\"").is_err());
    }
}
