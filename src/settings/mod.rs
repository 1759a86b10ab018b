//! A session's settings: `SET`, `SHOW`, `RESET` and `set_config`, by the names of Postgres.
//!
//! A value lives on one of two levels, as in Postgres: the session's, and the transaction's over it
//! (`SET LOCAL`). Both are copied when a transaction or savepoint begins and put back when it is
//! rolled back.

mod functions;
mod known;
mod names;
mod value;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

pub use functions::functions;
use names::{quote_name, split_names};

pub use known::{Context, Kind, Known};
pub use value::{boolean, duration};
pub use zone::{Zone, with_seconds};

use crate::engine::closest;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::SetScope;

/// Names before a dot that belong to someone: what is not known there is unknown.
const RESERVED_PREFIXES: [&str; 2] = ["datafusion", "tarn"];

/// Custom settings of one session, whose names and values a client makes up.
const CUSTOM_SETTINGS_MAX: usize = 1000;

type Values = Arc<BTreeMap<String, String>>;

#[derive(Debug, Clone, Default)]
struct Levels {
    session: Values,
    local: Values,
}

#[derive(Debug, Default)]
struct State {
    /// What `RESET` goes back to: the server's values and those of the startup packet.
    start: Values,
    levels: Levels,
    /// What each open transaction and savepoint began with, innermost last.
    undo: Vec<(Option<String>, Levels)>,
    superuser: bool,
    /// What the client was last told.
    reported: BTreeMap<&'static str, String>,
    /// Counts changes.
    version: u64,
}

/// One setting with its value, for `SHOW ALL` and `pg_settings`.
#[derive(Debug, Clone)]
pub struct Setting {
    pub known: &'static Known,
    pub value: String,
    pub reset_value: String,
    /// The value as `SHOW` prints it.
    pub shown: String,
}

/// The settings of a session, shared with the functions that read and set them in queries.
#[derive(Debug, Clone, Default)]
pub struct Settings(Arc<Mutex<State>>);

impl Settings {
    /// Sets values that the server decides on, unchecked, and whether the session may set what only
    /// superusers may. `RESET` goes back to these values.
    pub fn start_with(&self, own: &[(&str, String)], superuser: bool) {
        let mut state = self.0.lock();
        state.superuser = superuser;
        for (name, value) in own {
            let key = name.to_lowercase();
            Arc::make_mut(&mut state.start).insert(key.clone(), value.clone());
            Arc::make_mut(&mut state.levels.session).insert(key, value.clone());
        }
        state.version += 1;
    }

    /// Sets what the startup packet asked for, which `RESET` then goes back to.
    pub fn set_at_start(&self, name: &str, value: &str) -> Result<()> {
        let mut state = self.0.lock();
        let (key, value) = state.checked(name, value, true)?;
        Arc::make_mut(&mut state.start).insert(key.clone(), value.clone());
        Arc::make_mut(&mut state.levels.session).insert(key, value);
        Ok(())
    }

    /// `SET name = values`.
    pub fn set(&self, name: &str, values: &[String], scope: SetScope) -> Result<()> {
        let known = known::find(name);
        let value = match values {
            [value] if !known.is_some_and(Known::is_list_of_names) => value.clone(),
            [value] if value.is_empty() => String::new(),
            _ if known.is_some_and(Known::is_list_of_names) => {
                values.iter().map(|value| quote_name(value)).collect::<Vec<_>>().join(", ")
            }
            _ if known.is_some_and(Known::is_list) => values.join(", "),
            _ => {
                let message = format!("SET {name} takes only one argument");
                return Err(Error::new(ErrorKind::InvalidParameter, message));
            }
        };
        self.set_raw(name, &value, scope)
    }

    /// `set_config(name, value, local)`: a list comes as one text.
    pub fn set_raw(&self, name: &str, value: &str, scope: SetScope) -> Result<()> {
        let mut state = self.0.lock();
        let (key, value) = state.checked(name, value, false)?;
        state.put(key, Some(value), scope);
        Ok(())
    }

    /// `SET name TO DEFAULT` and `RESET name`.
    pub fn reset(&self, name: &str, scope: SetScope) -> Result<()> {
        let mut state = self.0.lock();
        state.may_set(name, false)?;
        let key = name.to_lowercase();
        let value = state.start.get(&key).cloned();
        state.put(key, value, scope);
        Ok(())
    }

    pub fn reset_all(&self) {
        let mut state = self.0.lock();
        let kept = |key: &String| known::find(key).is_some_and(Known::is_kept_by_reset_all);
        let mut values: BTreeMap<String, String> = (*state.start).clone();
        for (key, value) in state.levels.session.iter().filter(|(key, _)| kept(key)) {
            values.insert(key.clone(), value.clone());
        }
        state.levels.session = Arc::new(values);
        Arc::make_mut(&mut state.levels.local).retain(|key, _| kept(key));
        state.version += 1;
    }

    /// The value as it is kept; `None` for a name that is not known.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.lock().get(name)
    }

    /// The value as `SHOW` prints it.
    pub fn show(&self, name: &str) -> Result<String> {
        let value = self.get(name).ok_or_else(|| unknown(name))?;
        Ok(known::find(name).map_or(value.clone(), |known| value::show(known, &value)))
    }

    /// All settings that `SHOW ALL` lists, by name.
    pub fn list(&self) -> Vec<Setting> {
        let state = self.0.lock();
        known::all()
            .filter(|known| !known.is_hidden())
            .map(|known| {
                let value = state.get(known.name).unwrap_or_default();
                let reset = state.start.get(&known.name.to_lowercase()).cloned();
                Setting {
                    known,
                    shown: value::show(known, &value),
                    value,
                    reset_value: reset.unwrap_or_else(|| known.boot.to_string()),
                }
            })
            .collect()
    }

    /// Begins a transaction, or with a name a savepoint in it.
    pub fn begin(&self, savepoint: Option<&str>) {
        let mut state = self.0.lock();
        let levels = state.levels.clone();
        state.undo.push((savepoint.map(str::to_string), levels));
    }

    /// Ends the transaction and keeps what was `SET`; what was `SET LOCAL` goes.
    pub fn commit(&self) {
        let mut state = self.0.lock();
        state.undo.clear();
        if !state.levels.local.is_empty() {
            state.levels.local = Values::default();
            state.version += 1;
        }
    }

    /// Ends the transaction and puts everything back.
    pub fn rollback(&self) {
        let mut state = self.0.lock();
        if let Some((_, levels)) = state.undo.first().cloned() {
            state.levels = levels;
        }
        state.levels.local = Values::default();
        state.undo.clear();
        state.version += 1;
    }

    /// Forgets the innermost savepoint of that name and those after it, keeping their changes.
    pub fn release(&self, savepoint: &str) {
        let mut state = self.0.lock();
        if let Some(at) = state.undo.iter().rposition(|(name, _)| name.as_deref() == Some(savepoint)) {
            state.undo.truncate(at);
        }
    }

    /// Goes back to the innermost savepoint of that name, which stays.
    pub fn rollback_to(&self, savepoint: &str) {
        let mut state = self.0.lock();
        if let Some(at) = state.undo.iter().rposition(|(name, _)| name.as_deref() == Some(savepoint)) {
            state.levels = state.undo[at].1.clone();
            state.undo.truncate(at + 1);
            state.version += 1;
        }
    }

    /// Counts the changes, so that one can see whether something did.
    pub fn version(&self) -> u64 {
        self.0.lock().version
    }

    /// The settings that the client has to be told, since they are not what it was told last.
    pub fn take_reports(&self) -> Vec<(&'static str, String)> {
        let mut state = self.0.lock();
        let mut reports = Vec::new();
        for known in known::reported() {
            let value = state.get(known.name).unwrap_or_default();
            if state.reported.get(known.name) != Some(&value) {
                state.reported.insert(known.name, value.clone());
                reports.push((known.name, value::show(known, &value)));
            }
        }
        reports
    }

    /// The session's time zone.
    pub fn zone(&self) -> Zone {
        zone::resolve(&self.get("timezone").unwrap_or_default())
    }

    /// The session's zone as Arrow and DataFusion name it.
    pub fn engine_zone(&self) -> String {
        zone::engine_name(&self.get("timezone").unwrap_or_default())
    }

    /// The schemas of `search_path`, with `$user` as it is written; `None` while it is as it was at
    /// the session's start.
    pub fn search_path(&self) -> Option<Vec<String>> {
        let state = self.0.lock();
        let path = state.get("search_path").unwrap_or_default();
        (state.start.get("search_path") != Some(&path)).then(|| split_names(&path))
    }

    /// A timeout in milliseconds; `None` where it is 0.
    pub fn timeout(&self, name: &str) -> Option<Duration> {
        let millis: u64 = self.get(name)?.parse().ok()?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "on")
    }
}

impl State {
    fn get(&self, name: &str) -> Option<String> {
        let key = name.to_lowercase();
        let set = self.levels.local.get(&key).or_else(|| self.levels.session.get(&key));
        set.cloned().or_else(|| known::find(&key).map(|known| known.boot.to_string()))
    }

    fn put(&mut self, key: String, value: Option<String>, scope: SetScope) {
        let level = match scope {
            SetScope::Local => &mut self.levels.local,
            SetScope::Session => {
                // A value for the session also ends one that was for the transaction.
                if self.levels.local.contains_key(&key) {
                    Arc::make_mut(&mut self.levels.local).remove(&key);
                }
                &mut self.levels.session
            }
        };
        let values = Arc::make_mut(level);
        match (value, scope) {
            (Some(value), _) => values.insert(key, value),
            // The default has to cover what the session has set.
            (None, SetScope::Local) => {
                let boot = known::find(&key).map(|known| known.boot.to_string()).unwrap_or_default();
                values.insert(key, boot)
            }
            (None, SetScope::Session) => values.remove(&key),
        };
        self.version += 1;
    }

    /// Whether the session may change the setting; `starting` where the connection begins.
    fn may_set(&self, name: &str, starting: bool) -> Result<Option<&'static Known>> {
        let Some(known) = known::find(name) else {
            return self.may_set_custom(name).map(|()| None);
        };
        let name = known.name;
        let refuse = |how: &str| {
            let message = format!("parameter \"{name}\" cannot be {how}");
            Err(Error::new(ErrorKind::UnchangeableSetting, message))
        };
        match known.context {
            Context::Internal => refuse("changed"),
            Context::Postmaster => refuse("changed without restarting the server"),
            Context::Sighup => refuse("changed now"),
            Context::Backend if !starting => refuse("set after connection start"),
            Context::Superuser if !self.superuser => {
                let message = format!("permission denied to set parameter \"{name}\"");
                Err(Error::new(ErrorKind::Permission, message))
            }
            _ => Ok(Some(known)),
        }
    }

    /// A name with a dot is the client's own.
    fn may_set_custom(&self, name: &str) -> Result<()> {
        let Some((prefix, _)) = name.split_once('.') else {
            return Err(unknown(name));
        };
        if RESERVED_PREFIXES.contains(&prefix.to_lowercase().as_str()) {
            return Err(unknown(name));
        }
        let valid = |part: &str| {
            let mut chars = part.chars();
            chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
                && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
        };
        if !name.split('.').all(valid) || name.len() > 200 {
            let message = format!("invalid configuration parameter name \"{name}\"");
            return Err(Error::new(ErrorKind::InvalidName, message));
        }
        let customs = self.levels.session.keys().chain(self.levels.local.keys());
        if customs.filter(|key| key.contains('.')).count() >= CUSTOM_SETTINGS_MAX {
            let message = format!("more than {CUSTOM_SETTINGS_MAX} custom settings in one session");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        Ok(())
    }

    fn checked(&self, name: &str, value: &str, starting: bool) -> Result<(String, String)> {
        let value = match self.may_set(name, starting)? {
            Some(known) if known.is_hidden() => self.checked_role(known, value)?,
            Some(known) => value::check(known, value)?,
            None => value.to_string(),
        };
        Ok((name.to_lowercase(), value))
    }

    /// A session stays who it is: there is no becoming another role.
    fn checked_role(&self, known: &Known, value: &str) -> Result<String> {
        let own = self.start.get("session_authorization").map(String::as_str).unwrap_or_default();
        if value == own || (known.name == "role" && value == "none") {
            return Ok(value.to_string());
        }
        let message = match known.name {
            "role" => format!("permission denied to set role \"{value}\""),
            _ => "permission denied to set session authorization".to_string(),
        };
        Err(Error::new(ErrorKind::Permission, message))
    }
}

/// A setting's name as `SHOW` heads its column.
pub fn display_name(name: &str) -> String {
    known::find(name).map_or_else(|| name.to_string(), |known| known.name.to_string())
}

fn unknown(name: &str) -> Error {
    let message = format!("unrecognized configuration parameter \"{name}\"");
    let error = Error::new(ErrorKind::UndefinedSetting, message);
    let names: Vec<String> = known::all().map(|known| known.name.to_string()).collect();
    match closest(name, &names) {
        Some(known) => error.with_hint(format!("Did you mean \"{known}\"?")),
        None => error,
    }
}

#[cfg(test)]
mod tests;
