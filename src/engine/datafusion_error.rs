//! What DataFusion says, in Postgres's words and sorted by kind.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use super::known_messages::{bare, from_text};
use crate::error::{Error, ErrorKind};

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        convert(&error)
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        from_arrow(&error)
    }
}

pub(crate) fn convert(error: &DataFusionError) -> Error {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => convert(inner),
        DataFusionError::Shared(inner) => convert(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => convert(first),
            None => Error::new(ErrorKind::Internal, "an error without a text"),
        },
        DataFusionError::External(inner) => from_any(inner.as_ref()),
        DataFusionError::ArrowError(inner, _) => from_arrow(inner),
        DataFusionError::SchemaError(inner, _) => from_schema(inner),
        DataFusionError::SQL(inner, _) => Error::new(ErrorKind::Syntax, inner.to_string()),
        DataFusionError::Plan(message) => from_text(message, ErrorKind::InvalidParameter),
        DataFusionError::Execution(message) => from_text(message, ErrorKind::InvalidParameter),
        DataFusionError::Configuration(message) => Error::new(ErrorKind::InvalidParameter, bare(message)),
        DataFusionError::NotImplemented(message) => from_text(message, ErrorKind::Unsupported),
        DataFusionError::ResourcesExhausted(message) => {
            Error::new(ErrorKind::OutOfMemory, format!("out of memory: {message}"))
                .with_hint("Raise the memory limit of the program, or make the query hold fewer rows.")
        }
        DataFusionError::ObjectStore(inner) => Error::new(ErrorKind::Storage, inner.to_string()),
        DataFusionError::IoError(inner) => Error::new(ErrorKind::Storage, inner.to_string()),
        DataFusionError::ParquetError(inner) => Error::new(ErrorKind::CorruptLake, inner.to_string()),
        DataFusionError::ExecutionJoin(_) => Error::new(
            ErrorKind::Internal,
            "the statement ran into a bug in Tarn; other sessions are not affected",
        ),
        DataFusionError::Internal(message)
        | DataFusionError::Substrait(message)
        | DataFusionError::Ffi(message) => from_text(message, ErrorKind::Internal),
    }
}

fn from_any(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Error {
    if let Some(known) = error.downcast_ref::<Error>() {
        return known.clone();
    }
    if let Some(known) = error.downcast_ref::<tarn_catalog::Error>() {
        return known.clone().into();
    }
    if let Some(known) = error.downcast_ref::<DataFusionError>() {
        return convert(known);
    }
    if let Some(known) = error.downcast_ref::<ArrowError>() {
        return from_arrow(known);
    }
    Error::new(ErrorKind::Internal, error.to_string())
}

fn from_arrow(error: &ArrowError) -> Error {
    let kind = match error {
        ArrowError::ExternalError(inner) => return from_any(inner.as_ref()),
        ArrowError::DivideByZero => return Error::new(ErrorKind::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => {
            return Error::new(ErrorKind::NumericOutOfRange, "value out of range")
                .with_detail(message.clone());
        }
        ArrowError::CastError(message) | ArrowError::ParseError(message) => {
            return from_text(message, ErrorKind::InvalidText);
        }
        ArrowError::ParquetError(_) | ArrowError::AvroError(_) | ArrowError::IpcError(_) => {
            ErrorKind::CorruptLake
        }
        ArrowError::IoError(..) => ErrorKind::Storage,
        ArrowError::MemoryError(_) => ErrorKind::OutOfMemory,
        ArrowError::NotYetImplemented(_) => ErrorKind::Unsupported,
        ArrowError::ComputeError(message) | ArrowError::InvalidArgumentError(message) => {
            return from_text(message, ErrorKind::InvalidParameter);
        }
        _ => ErrorKind::Internal,
    };
    Error::new(kind, error.to_string())
}

fn from_schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => undefined_column(field, valid_fields),
        SchemaError::AmbiguousReference { field } => Error::new(
            ErrorKind::AmbiguousColumn,
            format!("column reference \"{}\" is ambiguous", field.name),
        ),
        SchemaError::DuplicateQualifiedField { qualifier, name } => Error::new(
            ErrorKind::DuplicateName,
            format!("table name \"{qualifier}\" specified more than once: both have a column \"{name}\""),
        )
        .with_hint("Give one of them an alias."),
        SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(ErrorKind::DuplicateName, format!("column name \"{name}\" specified more than once"))
        }
    }
}

fn undefined_column(field: &Column, valid: &[Column]) -> Error {
    if let Some(relation) = &field.relation
        && !valid.is_empty()
        && !valid.iter().any(|known| known.relation.as_ref().is_some_and(|r| r.table() == relation.table()))
    {
        return Error::new(
            ErrorKind::UndefinedTable,
            format!("missing FROM-clause entry for table \"{relation}\""),
        );
    }
    let message = match &field.relation {
        Some(relation) => format!("column {relation}.{} does not exist", field.name),
        None => format!("column \"{}\" does not exist", field.name),
    };
    let error = Error::new(ErrorKind::UndefinedColumn, message);
    let elsewhere = valid.iter().find(|known| known.name == field.name);
    if let Some(relation) = elsewhere.and_then(|known| known.relation.as_ref()) {
        return error.with_hint(format!("Table \"{relation}\" has a column of this name."));
    }
    let names: Vec<String> = valid.iter().map(|known| known.name.clone()).collect();
    match super::missing::closest(&field.name, &names) {
        Some(known) if known.to_lowercase() == field.name.to_lowercase() => error.with_hint(format!(
            "The column is called \"{known}\": names without quotes are read in lower case."
        )),
        Some(known) => error.with_hint(format!("Did you mean \"{known}\"?")),
        None => error,
    }
}
