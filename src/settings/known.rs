//! The settings that there are: those of PostgreSQL 15, so that whatever a client sets or asks for is
//! known or refused as Postgres does. Few of them have an effect here; docs say which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("known.tsv");

/// Settings whose changes are told to the client (`GUC_REPORT`), in the order of Postgres's startup.
const REPORTED: [&str; 13] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

/// Settings that `SHOW ALL` and `RESET ALL` leave out (`GUC_NO_SHOW_ALL`, `GUC_NO_RESET_ALL`).
const HIDDEN: [&str; 3] = ["is_superuser", "role", "session_authorization"];
const KEPT_BY_RESET_ALL: [&str; 6] = [
    "is_superuser",
    "role",
    "session_authorization",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
];

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Bool,
    Integer { min: i64, max: i64 },
    Real { min: f64, max: f64 },
    Text,
    Enum(Vec<&'static str>),
}

/// Who can change a setting, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Never.
    Internal,
    /// When the server starts.
    Postmaster,
    /// In the server's configuration.
    Sighup,
    /// When the connection starts.
    Backend,
    Superuser,
    User,
}

impl Context {
    fn parse(text: &str) -> Self {
        match text {
            "internal" => Self::Internal,
            "postmaster" => Self::Postmaster,
            "sighup" => Self::Sighup,
            "backend" | "superuser-backend" => Self::Backend,
            "superuser" => Self::Superuser,
            _ => Self::User,
        }
    }

    /// As `pg_settings.context` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Postmaster => "postmaster",
            Self::Sighup => "sighup",
            Self::Backend => "backend",
            Self::Superuser => "superuser",
            Self::User => "user",
        }
    }
}

/// What is known of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub name: &'static str,
    pub kind: Kind,
    pub context: Context,
    /// The unit of numbers, as `ms` or `8kB`; empty for none.
    pub unit: &'static str,
    /// The value at the start, numbers in their unit.
    pub boot: &'static str,
    pub category: &'static str,
    pub description: &'static str,
}

impl Known {
    fn parse(line: &'static str) -> Option<Self> {
        let mut parts = line.split('\t');
        let mut next = || parts.next();
        let (name, kind, context, unit) = (next()?, next()?, next()?, next()?);
        let (min, max, values, boot) = (next()?, next()?, next()?, next()?);
        let (category, description) = (next()?, next()?);
        let kind = match kind {
            "bool" => Kind::Bool,
            "integer" => Kind::Integer { min: min.parse().ok()?, max: max.parse().ok()? },
            "real" => Kind::Real { min: min.parse().ok()?, max: max.parse().ok()? },
            "enum" => Kind::Enum(values.split(',').collect()),
            _ => Kind::Text,
        };
        Some(Self { name, kind, context: Context::parse(context), unit, boot, category, description })
    }

    /// As `pg_settings.vartype` has it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Bool => "bool",
            Kind::Integer { .. } => "integer",
            Kind::Real { .. } => "real",
            Kind::Text => "string",
            Kind::Enum(_) => "enum",
        }
    }

    pub fn is_reported(&self) -> bool {
        REPORTED.contains(&self.name)
    }

    pub fn is_hidden(&self) -> bool {
        HIDDEN.contains(&self.name)
    }

    pub fn is_kept_by_reset_all(&self) -> bool {
        KEPT_BY_RESET_ALL.contains(&self.name)
    }

    /// Whether the value is a list of names, each quoted where it needs it (`GUC_LIST_QUOTE`).
    pub fn is_list_of_names(&self) -> bool {
        matches!(
            self.name,
            "search_path"
                | "temp_tablespaces"
                | "session_preload_libraries"
                | "local_preload_libraries"
                | "shared_preload_libraries"
        )
    }

    /// Whether `SET` takes several values.
    pub fn is_list(&self) -> bool {
        self.is_list_of_names() || self.name == "DateStyle"
    }
}

static KNOWN: LazyLock<BTreeMap<String, Known>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(Known::parse).map(|known| (known.name.to_lowercase(), known)).collect()
});

/// A setting by its name in any case.
pub fn find(name: &str) -> Option<&'static Known> {
    KNOWN.get(&name.to_lowercase())
}

/// All settings by name.
pub fn all() -> impl Iterator<Item = &'static Known> {
    KNOWN.values()
}

/// The settings that a client is told about, in their order.
pub fn reported() -> impl Iterator<Item = &'static Known> {
    REPORTED.into_iter().filter_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_setting() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(KNOWN.len(), lines);
        assert!(lines > 350);
        assert_eq!(reported().count(), REPORTED.len());
        assert!(KEPT_BY_RESET_ALL.into_iter().all(|name| find(name).is_some()));
    }
}
