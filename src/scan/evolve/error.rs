//! Why a stored value cannot take the type that the table has now.

use std::sync::Arc;

use tarn_catalog::Error;
use tarn_catalog::types::LogicalType;

use super::type_name::TypeName;

pub type CastResult<T> = Result<T, CastError>;

/// A conversion that cannot be done, before it is known which column of which file it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CastError {
    /// No rule leads from the one type to the other.
    #[error("there is no cast from {from} to {to}")]
    Unsupported { from: String, to: String },

    /// A rule exists, and this value breaks it.
    #[error("cannot read {value} as {to}: {reason}")]
    Value { value: String, to: String, reason: String },

    /// The file does not hold what its schema says.
    #[error("{0}")]
    Physical(String),

    /// The file uses a form of the type that Tarn cannot read.
    #[error("{0} is not supported")]
    Form(String),
}

impl CastError {
    pub(super) fn unsupported(from: &LogicalType, to: &LogicalType) -> Self {
        Self::Unsupported { from: TypeName(from).to_string(), to: TypeName(to).to_string() }
    }

    pub(super) fn value(value: impl Into<String>, to: &LogicalType, reason: impl Into<String>) -> Self {
        Self::Value { value: value.into(), to: TypeName(to).to_string(), reason: reason.into() }
    }
}

/// Where a column comes from, for errors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `database.table`.
    pub table: Arc<str>,
    /// The data file, where one is being read.
    pub file: Option<Arc<str>>,
}

impl Origin {
    pub fn new(table: impl Into<Arc<str>>, file: Option<&str>) -> Self {
        Self { table: table.into(), file: file.map(Arc::from) }
    }

    /// What is being read: the file, or the table where the file is not known.
    fn place(&self) -> &str {
        self.file.as_deref().unwrap_or(&self.table)
    }

    /// Says which file cannot be read as a whole.
    pub fn error_of_file(&self, error: &CastError) -> Error {
        Error::unsupported(&*self.table, format!("{}: {error}", self.place()))
    }

    /// Says which column of which file could not be converted.
    pub fn error(&self, column: &str, error: CastError) -> Error {
        match error {
            CastError::Unsupported { from, to } => Error::unsupported(
                &*self.table,
                format!("reading column {column}, written as {from}, as {to}"),
            ),
            CastError::Form(form) => Error::unsupported(&*self.table, format!("column {column}: {form}")),
            CastError::Value { .. } => {
                Error::invalid(format!("column {column} of {}: {error}", self.place()))
            }
            CastError::Physical(reason) => Error::corrupt(self.place(), format!("column {column}: {reason}")),
        }
    }
}
