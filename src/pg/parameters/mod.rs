//! Values of parameters, from text or binary, by the types that were announced.
//!
//! A value arrives as the Arrow type that [`arrow_type`](super::types::arrow_type) has for its OID;
//! a numeric has the precision and scale of its own digits.

mod array;
mod binary;
mod decimal;
mod interval;
mod text;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::encode::Format;
use super::error::{PgError, PgResult, state};
use super::types::{arrow_type, element_of};
use crate::settings::Zone;

/// Reads one parameter; `None` is NULL.
pub fn decode(value: Option<&[u8]>, oid: u32, format: Format, zone: &Zone) -> PgResult<ScalarValue> {
    let kind = Type::from_oid(oid).unwrap_or(Type::TEXT);
    let Some(bytes) = value else {
        let data_type = arrow_type(oid).unwrap_or(DataType::Utf8);
        return Ok(ScalarValue::try_from(&data_type)?);
    };
    match (element_of(&kind), format) {
        (Some(element), Format::Text) => array::from_text(text::utf8(bytes)?, &element, zone),
        (Some(element), Format::Binary) => array::from_binary(bytes, &element),
        (None, Format::Text) => text::decode(text::utf8(bytes)?, &kind, zone),
        (None, Format::Binary) => binary::decode(bytes, &kind),
    }
}

/// `invalid input syntax for type integer: "x"`.
fn invalid_text(kind: &Type, text: &str) -> PgError {
    let message = format!("invalid input syntax for type {}: \"{text}\"", sql_name(kind));
    PgError::error(state::INVALID_TEXT_REPRESENTATION, message)
}

fn out_of_range(kind: &Type, text: &str) -> PgError {
    let message = format!("value \"{text}\" is out of range for type {}", sql_name(kind));
    PgError::error(state::NUMERIC_OUT_OF_RANGE, message)
}

fn invalid_binary(kind: &Type) -> PgError {
    let message = format!("incorrect binary data format for type {}", sql_name(kind));
    PgError::error(state::INVALID_BINARY_REPRESENTATION, message)
}

/// A type's name in SQL, as messages have it.
fn sql_name(kind: &Type) -> &str {
    match *kind {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        _ => kind.name(),
    }
}

#[cfg(test)]
mod tests;
