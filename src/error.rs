//! The errors that a statement can end with, sorted as a client needs them.

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was: decides the SQLSTATE on the wire and the hint in the REPL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Syntax,
    /// The statement nests too deeply or is too large to be worked on.
    StatementTooComplex,
    UndefinedTable,
    UndefinedColumn,
    UndefinedFunction,
    /// `$1` in a statement that was given no parameters.
    UndefinedParameter,
    UndefinedDatabase,
    UndefinedSchema,
    UndefinedVersion,
    UndefinedSetting,
    /// A type, a role or another thing that has no kind of its own here.
    UndefinedObject,
    /// A setting that cannot be changed, or not now.
    UnchangeableSetting,
    AmbiguousColumn,
    /// A table or alias that stands twice in FROM, a column or a common table expression defined twice.
    DuplicateName,
    /// A table that is there already.
    DuplicateTable,
    /// A column that must be in GROUP BY or in an aggregate; an aggregate where none may stand.
    Grouping,
    /// The right name of a wrong kind of thing: a version of a view.
    WrongObjectType,
    DatatypeMismatch,
    /// A parameter whose type nothing tells.
    IndeterminateDatatype,
    /// A subquery that is an expression gave more than one row.
    CardinalityViolation,
    DivisionByZero,
    NumericOutOfRange,
    InvalidText,
    /// A text that is no date or time.
    InvalidDatetime,
    /// A text that is written like a date or time and is none: the thirteenth month.
    DatetimeOutOfRange,
    InvalidParameter,
    /// A name that is not written as one can be.
    InvalidName,
    /// More than a session, a statement or a value may have.
    LimitExceeded,
    /// A feature of SQL or of a table that Tarn does not implement.
    Unsupported,
    /// A statement of a session in the wrong state (no such cursor, not in a transaction, plan changed).
    InvalidState,
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

    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says where in the statement it arose, unless that is known already.
    pub fn at(mut self, position: Option<usize>) -> Self {
        self.position = self.position.or(position);
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
