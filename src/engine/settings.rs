//! A session's settings, by Postgres's names: what `SET`, `SHOW` and `RESET` work on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::missing::closest;
use crate::error::{Error, ErrorKind, Result};

/// A setting that Tarn knows.
struct Known {
    name: &'static str,
    default: &'static str,
    accepts: Accepts,
}

/// What a setting can be set to.
#[derive(Clone, Copy)]
enum Accepts {
    /// Any text.
    Text,
    /// `on`, `off` and their like.
    Boolean,
    /// A whole number from and to.
    Number(i64, i64),
    /// Milliseconds, or a number with a unit.
    Duration,
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
    /// A name of the time zone database or an offset.
    TimeZone,
    /// Nothing: it tells what is.
    ReadOnly,
}

const ISOLATION: Accepts =
    Accepts::OneOf(&["read uncommitted", "read committed", "repeatable read", "serializable"]);

/// Names as `SHOW` prints them. Settings that Postgres has and Tarn has no use for are kept, so that
/// clients which set them on connecting can connect.
const KNOWN: [Known; 40] = {
    const fn known(name: &'static str, default: &'static str, accepts: Accepts) -> Known {
        Known { name, default, accepts }
    }
    [
        known("application_name", "", Accepts::Text),
        known("bytea_output", "hex", Accepts::OneOf(&["hex", "escape"])),
        known("client_encoding", "UTF8", Accepts::OneOf(&["UTF8", "utf-8", "unicode"])),
        known("client_min_messages", "notice", Accepts::Text),
        known("DateStyle", "ISO, MDY", Accepts::Text),
        known("default_transaction_isolation", "repeatable read", ISOLATION),
        known("default_transaction_read_only", "on", Accepts::OneOf(&["on", "true", "1", "yes"])),
        known("enable_hashagg", "on", Accepts::Boolean),
        known("enable_hashjoin", "on", Accepts::Boolean),
        known("enable_mergejoin", "on", Accepts::Boolean),
        known("enable_nestloop", "on", Accepts::Boolean),
        known("enable_seqscan", "on", Accepts::Boolean),
        known("extra_float_digits", "1", Accepts::Number(-15, 3)),
        known("geqo", "on", Accepts::Boolean),
        known("idle_in_transaction_session_timeout", "0", Accepts::Duration),
        known("idle_session_timeout", "0", Accepts::Duration),
        known("integer_datetimes", "on", Accepts::ReadOnly),
        known("IntervalStyle", "postgres", Accepts::OneOf(&["postgres"])),
        known("is_superuser", "off", Accepts::ReadOnly),
        known("jit", "off", Accepts::Boolean),
        known("lc_collate", "C", Accepts::ReadOnly),
        known("lc_ctype", "C.UTF-8", Accepts::ReadOnly),
        known("lc_messages", "C", Accepts::Text),
        known("lc_monetary", "C", Accepts::Text),
        known("lock_timeout", "0", Accepts::Duration),
        known("max_identifier_length", "63", Accepts::ReadOnly),
        known("max_index_keys", "32", Accepts::ReadOnly),
        known("row_security", "on", Accepts::Boolean),
        known("search_path", "", Accepts::Text),
        known("server_encoding", "UTF8", Accepts::ReadOnly),
        known("server_version", "15.18", Accepts::ReadOnly),
        known("server_version_num", "150018", Accepts::ReadOnly),
        known("session_authorization", "tarn", Accepts::ReadOnly),
        known("standard_conforming_strings", "on", Accepts::OneOf(&["on", "true", "1", "yes"])),
        known("statement_timeout", "0", Accepts::Duration),
        known("TimeZone", "UTC", Accepts::TimeZone),
        known("transaction_isolation", "repeatable read", ISOLATION),
        known("transaction_read_only", "on", Accepts::OneOf(&["on", "true", "1", "yes"])),
        known("work_mem", "4MB", Accepts::Text),
        known("xmloption", "content", Accepts::Text),
    ]
};

/// Values that differ from the defaults, by name in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    changed: BTreeMap<String, String>,
    /// Defaults of this session, which differ from everybody's (`search_path`).
    defaults: BTreeMap<String, String>,
}

impl Settings {
    /// The value of a setting; an error for a name that is none.
    pub fn get(&self, name: &str) -> Result<String> {
        let key = name.to_lowercase();
        if let Some(value) = self.changed.get(&key).or_else(|| self.defaults.get(&key)) {
            return Ok(value.clone());
        }
        find(&key).map(|known| known.default.to_owned())
    }

    /// Checks and keeps a value. A name with a dot in it may be anything, as in Postgres.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let key = name.to_lowercase();
        let value = match find(&key) {
            Ok(known) => accepted(known, value)?,
            Err(_) if key.contains('.') => value.to_owned(),
            Err(error) => return Err(error),
        };
        self.changed.insert(key, value);
        Ok(())
    }

    /// Sets what `RESET` returns to.
    pub fn set_default(&mut self, name: &str, value: &str) {
        self.defaults.insert(name.to_lowercase(), value.to_owned());
    }

    pub fn reset(&mut self, name: &str) -> Result<()> {
        let key = name.to_lowercase();
        if self.changed.remove(&key).is_none() && !key.contains('.') {
            find(&key)?;
        }
        Ok(())
    }

    pub fn reset_all(&mut self) {
        self.changed.clear();
    }

    /// Whether a setting was given a value other than its default.
    pub fn changed(&self, name: &str) -> Option<&str> {
        self.changed.get(&name.to_lowercase()).map(String::as_str)
    }

    /// All settings with their values, in the order of their names.
    pub fn all(&self) -> Vec<(String, String)> {
        let known = KNOWN.iter().map(|known| known.name.to_owned());
        let custom = self.changed.keys().filter(|key| find(key).is_err()).cloned();
        let mut names: Vec<String> = known.chain(custom).collect();
        names.sort_by_key(|name| name.to_lowercase());
        names.into_iter().filter_map(|name| self.get(&name).ok().map(|value| (name, value))).collect()
    }

    /// How long a statement may run; `None` is without end.
    pub fn statement_timeout(&self) -> Option<Duration> {
        let millis = self.get("statement_timeout").ok().and_then(|value| duration_millis(&value))?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }
}

/// The name of a setting as `SHOW` prints it.
pub(super) fn display_name(name: &str) -> String {
    find(&name.to_lowercase()).map_or_else(|_| name.to_lowercase(), |known| known.name.to_owned())
}

fn find(key: &str) -> Result<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(key)).ok_or_else(|| {
        let message = format!("unrecognized configuration parameter \"{key}\"");
        let error = Error::new(ErrorKind::UndefinedSetting, message);
        let names: Vec<String> = KNOWN.iter().map(|known| known.name.to_owned()).collect();
        match closest(key, &names) {
            Some(name) => error.with_hint(format!("Did you mean \"{name}\"?")),
            None => error,
        }
    })
}

fn accepted(known: &Known, value: &str) -> Result<String> {
    let invalid = || {
        let message = format!("invalid value for parameter \"{}\": \"{value}\"", known.name);
        Error::new(ErrorKind::InvalidParameter, message)
    };
    match known.accepts {
        Accepts::Text => Ok(value.to_owned()),
        Accepts::ReadOnly => {
            let message = format!("parameter \"{}\" cannot be changed", known.name);
            Err(Error::new(ErrorKind::InvalidState, message))
        }
        Accepts::Boolean => match value.to_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".to_owned()),
            "off" | "false" | "no" | "0" => Ok("off".to_owned()),
            _ => Err(invalid()),
        },
        Accepts::Number(from, to) => match value.parse::<i64>() {
            Ok(number) if (from..=to).contains(&number) => Ok(number.to_string()),
            _ => Err(invalid()),
        },
        Accepts::Duration => duration_millis(value).map(|_| value.to_owned()).ok_or_else(invalid),
        Accepts::OneOf(values) => {
            let accepted = values.iter().any(|known| known.eq_ignore_ascii_case(value));
            if accepted {
                Ok(value.to_owned())
            } else {
                Err(invalid().with_hint(format!("Tarn takes: {}.", values.join(", "))))
            }
        }
        Accepts::TimeZone => time_zone(value).ok_or_else(invalid),
    }
}

/// A duration as Postgres reads it: a number of milliseconds, or with a unit.
fn duration_millis(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(digits)?;
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A time zone under its own name: names of the database in any case, `+02`, `-3.5`, `+05:30`.
fn time_zone(value: &str) -> Option<String> {
    let value = value.trim();
    if value.eq_ignore_ascii_case("local") || value.eq_ignore_ascii_case("default") {
        return Some("UTC".to_owned());
    }
    let named = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(value));
    if let Some(zone) = named {
        return Some(zone.name().to_owned());
    }
    let (sign, rest) = match value.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', value.strip_prefix('+').unwrap_or(value)),
    };
    let minutes: u32 = match rest.split_once(':') {
        Some((hours, minutes)) => {
            hours.parse::<u32>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?
        }
        None => {
            let hours: f64 = rest.parse().ok()?;
            let minutes = hours * 60.0;
            if !(0.0..=1080.0).contains(&minutes) || minutes.fract() != 0.0 {
                return None;
            }
            minutes as u32
        }
    };
    (minutes <= 18 * 60).then(|| format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn settings_are_checked_kept_and_reset() {
        let mut settings = Settings::default();
        settings.set("timezone", "europe/berlin").unwrap();
        assert_eq!(settings.get("TimeZone").unwrap(), "Europe/Berlin");
        settings.set("TIMEZONE", "-3.5").unwrap();
        assert_eq!(settings.get("TimeZone").unwrap(), "-03:30");
        settings.reset("TimeZone").unwrap();
        assert_eq!(settings.get("TimeZone").unwrap(), "UTC");
        assert!(settings.set("TimeZone", "Mars/Base").is_err());
        assert!(settings.set("server_version", "16").is_err());
        settings.set("my.own", "x").unwrap();
        assert!(settings.all().contains(&("my.own".to_owned(), "x".to_owned())));
    }

    #[test]
    fn unknown_settings_are_errors_with_a_hint() {
        let error = Settings::default().get("statment_timeout").unwrap_err();
        assert_eq!(error.kind, ErrorKind::UndefinedSetting);
        assert_eq!(error.hint.as_deref(), Some("Did you mean \"statement_timeout\"?"));
    }

    #[test]
    fn timeouts_take_units() {
        let mut settings = Settings::default();
        assert_eq!(settings.statement_timeout(), None);
        settings.set("statement_timeout", "2s").unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(2)));
        settings.set("statement_timeout", "1500").unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_millis(1500)));
        assert!(settings.set("statement_timeout", "soon").is_err());
    }
}
