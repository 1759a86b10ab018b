//! The errors that a statement can end with, sorted as a client needs them.

use datafusion::error::DataFusionError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was: decides the SQLSTATE on the wire and the hint in the REPL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Syntax,
    UndefinedTable,
    UndefinedColumn,
    UndefinedFunction,
    UndefinedDatabase,
    UndefinedSchema,
    UndefinedVersion,
    UndefinedSetting,
    AmbiguousColumn,
    DatatypeMismatch,
    DivisionByZero,
    NumericOutOfRange,
    InvalidText,
    InvalidParameter,
    /// A feature of SQL or of a table that Tarn does not implement.
    Unsupported,
    /// The table uses what Tarn cannot read right, so it read nothing.
    UnsupportedTable,
    ReadOnly,
    Permission,
    OutOfMemory,
    Cancelled,
    Timeout,
    CorruptLake,
    Storage,
    Internal,
}

/// A failure with its kind, a message for people, and where in the statement it arose.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Characters from the start of the statement, counted from 1.
    pub position: Option<usize>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None, hint: None, position: None }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<tarn_catalog::Error> for Error {
    fn from(error: tarn_catalog::Error) -> Self {
        use tarn_catalog::Error as Catalog;
        let kind = match &error {
            Catalog::NotFound { .. } => ErrorKind::UndefinedVersion,
            Catalog::Unsupported { .. } => ErrorKind::UnsupportedTable,
            Catalog::Corrupt { .. } => ErrorKind::CorruptLake,
            Catalog::Invalid { .. } => ErrorKind::InvalidParameter,
            Catalog::Storage { .. } => ErrorKind::Storage,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        let root = error.find_root();
        if let DataFusionError::External(inner) = root {
            if let Some(error) = inner.downcast_ref::<Error>() {
                return error.clone();
            }
            if let Some(error) = inner.downcast_ref::<tarn_catalog::Error>() {
                return error.clone().into();
            }
        }
        let kind = match root {
            DataFusionError::SQL(..) => ErrorKind::Syntax,
            DataFusionError::NotImplemented(_) => ErrorKind::Unsupported,
            DataFusionError::ResourcesExhausted(_) => ErrorKind::OutOfMemory,
            DataFusionError::ObjectStore(_) => ErrorKind::Storage,
            DataFusionError::ParquetError(_) => ErrorKind::CorruptLake,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, root.strip_backtrace())
    }
}
