//! What can go wrong while versions are merged, before it is known for which table and column.

use arrow::error::ArrowError;
use tarn_catalog::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The rule does not allow what the rows ask for.
    Refused(String),
    /// A stored value is not what its column's rule says.
    Corrupt(String),
}

impl Fault {
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    pub(super) fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt(message.into())
    }

    /// Says of which table, and of which column and function where it is one's.
    pub(super) fn at(self, table: &str, place: &str) -> Error {
        match self {
            Self::Refused(reason) => Error::invalid(format!("table {table}, {place}: {reason}")),
            Self::Corrupt(reason) => Error::corrupt(format!("table {table}, {place}"), reason),
        }
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Refused(error.to_string())
    }
}
