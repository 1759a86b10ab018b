//! Errors as Postgres clients know them: SQLSTATE, severity and the fields of ErrorResponse.
//!
//! Codes: PostgreSQL 15, appendix A. Fields: section 55.8, "Error and Notice Message Fields".

use pgwire::messages::response::{ErrorResponse, NoticeResponse};

use crate::error::{Error, ErrorKind};

pub type PgResult<T> = std::result::Result<T, PgError>;

/// A five-character SQLSTATE.
pub type SqlState = &'static str;

/// The SQLSTATEs that the server itself decides on.
pub mod state {
    use super::SqlState;

    pub const PROTOCOL_VIOLATION: SqlState = "08P01";
    pub const FEATURE_NOT_SUPPORTED: SqlState = "0A000";
    pub const CARDINALITY_VIOLATION: SqlState = "21000";
    pub const NUMERIC_OUT_OF_RANGE: SqlState = "22003";
    pub const INVALID_DATETIME_FORMAT: SqlState = "22007";
    pub const DATETIME_OVERFLOW: SqlState = "22008";
    pub const DIVISION_BY_ZERO: SqlState = "22012";
    pub const CHARACTER_NOT_IN_REPERTOIRE: SqlState = "22021";
    pub const INVALID_PARAMETER_VALUE: SqlState = "22023";
    pub const INVALID_TEXT_REPRESENTATION: SqlState = "22P02";
    pub const INVALID_BINARY_REPRESENTATION: SqlState = "22P03";
    pub const ACTIVE_TRANSACTION: SqlState = "25001";
    pub const READ_ONLY_TRANSACTION: SqlState = "25006";
    pub const NO_ACTIVE_TRANSACTION: SqlState = "25P01";
    pub const IN_FAILED_TRANSACTION: SqlState = "25P02";
    pub const IDLE_IN_TRANSACTION_TIMEOUT: SqlState = "25P03";
    pub const INVALID_STATEMENT_NAME: SqlState = "26000";
    pub const INVALID_AUTHORIZATION: SqlState = "28000";
    pub const INVALID_PASSWORD: SqlState = "28P01";
    pub const INVALID_CURSOR_NAME: SqlState = "34000";
    pub const INVALID_SAVEPOINT: SqlState = "3B001";
    pub const INVALID_CATALOG_NAME: SqlState = "3D000";
    pub const INVALID_SCHEMA_NAME: SqlState = "3F000";
    pub const INSUFFICIENT_PRIVILEGE: SqlState = "42501";
    pub const SYNTAX_ERROR: SqlState = "42601";
    pub const INVALID_NAME: SqlState = "42602";
    pub const AMBIGUOUS_COLUMN: SqlState = "42702";
    pub const UNDEFINED_COLUMN: SqlState = "42703";
    pub const UNDEFINED_OBJECT: SqlState = "42704";
    pub const DUPLICATE_ALIAS: SqlState = "42712";
    pub const GROUPING_ERROR: SqlState = "42803";
    pub const DATATYPE_MISMATCH: SqlState = "42804";
    pub const WRONG_OBJECT_TYPE: SqlState = "42809";
    pub const UNDEFINED_FUNCTION: SqlState = "42883";
    pub const UNDEFINED_TABLE: SqlState = "42P01";
    pub const UNDEFINED_PARAMETER: SqlState = "42P02";
    pub const DUPLICATE_TABLE: SqlState = "42P07";
    pub const DUPLICATE_CURSOR: SqlState = "42P03";
    pub const DUPLICATE_PREPARED_STATEMENT: SqlState = "42P05";
    pub const INDETERMINATE_DATATYPE: SqlState = "42P18";
    pub const OUT_OF_MEMORY: SqlState = "53200";
    pub const TOO_MANY_CONNECTIONS: SqlState = "53300";
    pub const CONFIGURATION_LIMIT_EXCEEDED: SqlState = "53400";
    pub const PROGRAM_LIMIT_EXCEEDED: SqlState = "54000";
    pub const STATEMENT_TOO_COMPLEX: SqlState = "54001";
    pub const OBJECT_NOT_IN_PREREQUISITE_STATE: SqlState = "55000";
    pub const CANT_CHANGE_RUNTIME_PARAM: SqlState = "55P02";
    pub const QUERY_CANCELED: SqlState = "57014";
    pub const ADMIN_SHUTDOWN: SqlState = "57P01";
    pub const IDLE_SESSION_TIMEOUT: SqlState = "57P05";
    pub const IO_ERROR: SqlState = "58030";
    pub const INTERNAL_ERROR: SqlState = "XX000";
    pub const DATA_CORRUPTED: SqlState = "XX001";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Warning,
    /// The statement failed.
    Error,
    /// The session ends.
    Fatal,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// An error or a notice for the client.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct PgError {
    pub severity: Severity,
    pub code: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Characters from the start of the query string, counted from 1.
    pub position: Option<usize>,
}

impl PgError {
    pub fn error(code: SqlState, message: impl Into<String>) -> Self {
        Self::with_severity(Severity::Error, code, message)
    }

    pub fn fatal(code: SqlState, message: impl Into<String>) -> Self {
        Self::with_severity(Severity::Fatal, code, message)
    }

    pub fn warning(code: SqlState, message: impl Into<String>) -> Self {
        Self::with_severity(Severity::Warning, code, message)
    }

    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::error(state::FEATURE_NOT_SUPPORTED, message)
    }

    pub fn protocol(message: impl Into<String>) -> Self {
        Self::error(state::PROTOCOL_VIOLATION, message)
    }

    fn with_severity(severity: Severity, code: SqlState, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { severity, code, message, detail: None, hint: None, position: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn is_fatal(&self) -> bool {
        self.severity == Severity::Fatal
    }

    /// The message fields, in the order that Postgres sends them.
    fn fields(&self) -> Vec<(u8, String)> {
        let severity = self.severity.name().to_string();
        let mut fields = vec![(b'S', severity.clone()), (b'V', severity), (b'C', self.code.to_string())];
        fields.push((b'M', without_nul(&self.message)));
        fields.extend(self.detail.as_deref().map(|detail| (b'D', without_nul(detail))));
        fields.extend(self.hint.as_deref().map(|hint| (b'H', without_nul(hint))));
        fields.extend(self.position.map(|position| (b'P', position.to_string())));
        fields
    }

    pub fn to_error_response(&self) -> ErrorResponse {
        ErrorResponse::new(self.fields())
    }

    pub fn to_notice_response(&self) -> NoticeResponse {
        NoticeResponse::new(self.fields())
    }
}

/// Fields end at a zero byte, so that one inside would forge the fields after it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// The SQLSTATE of an engine's error.
pub fn sql_state(kind: ErrorKind) -> SqlState {
    match kind {
        ErrorKind::Syntax => state::SYNTAX_ERROR,
        ErrorKind::StatementTooComplex => state::STATEMENT_TOO_COMPLEX,
        ErrorKind::UndefinedTable => state::UNDEFINED_TABLE,
        ErrorKind::UndefinedColumn => state::UNDEFINED_COLUMN,
        ErrorKind::UndefinedParameter => state::UNDEFINED_PARAMETER,
        ErrorKind::UndefinedFunction => state::UNDEFINED_FUNCTION,
        ErrorKind::UndefinedDatabase => state::INVALID_CATALOG_NAME,
        ErrorKind::UndefinedSchema => state::INVALID_SCHEMA_NAME,
        ErrorKind::UndefinedVersion | ErrorKind::UndefinedSetting | ErrorKind::UndefinedObject => {
            state::UNDEFINED_OBJECT
        }
        ErrorKind::UnchangeableSetting => state::CANT_CHANGE_RUNTIME_PARAM,
        ErrorKind::AmbiguousColumn => state::AMBIGUOUS_COLUMN,
        ErrorKind::DuplicateName => state::DUPLICATE_ALIAS,
        ErrorKind::DuplicateTable => state::DUPLICATE_TABLE,
        ErrorKind::Grouping => state::GROUPING_ERROR,
        ErrorKind::WrongObjectType => state::WRONG_OBJECT_TYPE,
        ErrorKind::IndeterminateDatatype => state::INDETERMINATE_DATATYPE,
        ErrorKind::CardinalityViolation => state::CARDINALITY_VIOLATION,
        ErrorKind::InvalidDatetime => state::INVALID_DATETIME_FORMAT,
        ErrorKind::DatetimeOutOfRange => state::DATETIME_OVERFLOW,
        ErrorKind::InvalidName => state::INVALID_NAME,
        ErrorKind::LimitExceeded => state::PROGRAM_LIMIT_EXCEEDED,
        ErrorKind::InvalidState => state::OBJECT_NOT_IN_PREREQUISITE_STATE,
        ErrorKind::DatatypeMismatch => state::DATATYPE_MISMATCH,
        ErrorKind::DivisionByZero => state::DIVISION_BY_ZERO,
        ErrorKind::NumericOutOfRange => state::NUMERIC_OUT_OF_RANGE,
        ErrorKind::InvalidText => state::INVALID_TEXT_REPRESENTATION,
        ErrorKind::InvalidParameter => state::INVALID_PARAMETER_VALUE,
        ErrorKind::Unsupported | ErrorKind::UnsupportedTable => state::FEATURE_NOT_SUPPORTED,
        ErrorKind::ReadOnly => state::READ_ONLY_TRANSACTION,
        ErrorKind::Permission => state::INSUFFICIENT_PRIVILEGE,
        ErrorKind::OutOfMemory => state::OUT_OF_MEMORY,
        ErrorKind::Cancelled | ErrorKind::Timeout => state::QUERY_CANCELED,
        ErrorKind::CorruptLake => state::DATA_CORRUPTED,
        ErrorKind::Storage => state::IO_ERROR,
        ErrorKind::Internal => state::INTERNAL_ERROR,
    }
}

impl From<Error> for PgError {
    fn from(error: Error) -> Self {
        Self {
            severity: Severity::Error,
            code: sql_state(error.kind),
            message: error.message,
            detail: error.detail,
            hint: error.hint,
            position: error.position,
        }
    }
}

/// For values that cannot be written, in fronts other than this one.
impl From<PgError> for Error {
    fn from(error: PgError) -> Self {
        let kind = match error.code {
            state::FEATURE_NOT_SUPPORTED => ErrorKind::Unsupported,
            state::PROGRAM_LIMIT_EXCEEDED => ErrorKind::LimitExceeded,
            state::NUMERIC_OUT_OF_RANGE => ErrorKind::NumericOutOfRange,
            state::DATETIME_OVERFLOW => ErrorKind::DatetimeOutOfRange,
            state::INVALID_TEXT_REPRESENTATION => ErrorKind::InvalidText,
            _ => ErrorKind::Internal,
        };
        Self { detail: error.detail, hint: error.hint, ..Self::new(kind, error.message) }
    }
}

impl From<datafusion::error::DataFusionError> for PgError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Error::from(error).into()
    }
}

impl From<arrow::error::ArrowError> for PgError {
    fn from(error: arrow::error::ArrowError) -> Self {
        datafusion::error::DataFusionError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_byte_in_a_message_cannot_forge_a_field() {
        let error = PgError::error(state::SYNTAX_ERROR, "near \"\0C00000\"").detail("x\0y");
        assert!(error.fields().iter().all(|(_, value)| !value.contains('\0')));
    }

    #[test]
    fn fields_come_in_the_order_of_postgres() {
        let error = Error { position: Some(8), ..Error::new(ErrorKind::Syntax, "m").with_hint("h") };
        let fields = PgError::from(error).fields();
        let codes: Vec<u8> = fields.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, b"SVCMHP");
        assert_eq!(fields[2].1, "42601");
    }
}
