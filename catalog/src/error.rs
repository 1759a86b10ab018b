//! Errors that say what is wrong, where, and what to do.

use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A database, table, snapshot, tag, branch or system table that is not there.
    #[error("{what} does not exist{}", hint_suffix(hint))]
    NotFound { what: String, hint: String },

    /// The table uses a feature, option, type or merge rule that Tarn does not implement.
    /// Reading on could give wrong rows, so nothing is read.
    #[error("table {table}: {feature} is not supported by Tarn yet; nothing was read")]
    Unsupported { table: String, feature: String },

    /// A file of the lake that cannot be what its format says.
    #[error("{path} is corrupt or not what it should be: {reason}")]
    Corrupt { path: String, reason: String },

    /// What the caller asked makes no sense for this table: a bad option value, an impossible version.
    #[error("{message}")]
    Invalid { message: String },

    /// The object store failed, or a file named by metadata is missing.
    #[error("cannot read {path}: {source}")]
    Storage { path: String, source: Arc<object_store::Error> },
}

fn hint_suffix(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!(" ({hint})") }
}

impl Error {
    pub fn not_found(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::NotFound { what: what.into(), hint: hint.into() }
    }

    pub fn unsupported(table: impl Into<String>, feature: impl Into<String>) -> Self {
        Self::Unsupported { table: table.into(), feature: feature.into() }
    }

    pub fn corrupt(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.into(), reason: reason.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    pub fn storage(path: impl Into<String>, source: object_store::Error) -> Self {
        Self::Storage { path: path.into(), source: Arc::new(source) }
    }

    /// Whether the object store said that the file is not there.
    pub fn is_missing_file(&self) -> bool {
        matches!(self, Self::Storage { source, .. } if matches!(**source, object_store::Error::NotFound { .. }))
    }
}
