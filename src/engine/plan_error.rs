//! Errors of planning, with the place in the statement.

use datafusion::common::{SchemaError, Span};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::datafusion_error::convert;
use crate::error::Error;
use crate::sql::Statement;

/// The error as a client sees it.
pub(super) fn explain(error: DataFusionError, statement: &Statement) -> Error {
    let position =
        span(&error).and_then(|span| statement.position(Location::new(span.start.line, span.start.column)));
    convert(&error).at(position)
}

/// The innermost span that DataFusion knows.
fn span(error: &DataFusionError) -> Option<Span> {
    match error {
        DataFusionError::Context(_, inner) => span(inner),
        DataFusionError::Shared(inner) => span(inner),
        DataFusionError::Collection(errors) => errors.first().and_then(span),
        DataFusionError::Diagnostic(diagnostic, inner) => span(inner).or(diagnostic.span),
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, .. } | SchemaError::AmbiguousReference { field } => {
                field.spans().first()
            }
            _ => None,
        },
        _ => None,
    }
}
