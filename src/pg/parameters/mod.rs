//! Values of parameters, from text or binary, by the types that were announced.
//!
//! A value arrives as the Arrow type that [`arrow_type`](super::types::arrow_type) has for its OID;
//! a numeric has the precision and scale of its own digits.

mod array;
mod binary;
mod decimal;
mod interval;
mod text;

use arrow::datatypes::{DataType, Field};
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::encode::Format;
use super::error::{PgError, PgResult, state};
use super::types::{arrow_type, element_of, wire_type};
use crate::settings::Zone;

/// A literal of type `numeric`: a decimal of as many digits as it is written with.
pub(crate) fn decimal_of_text(text: &str) -> crate::error::Result<ScalarValue> {
    Ok(decimal::from_text(text)?)
}

/// A literal of an array, of the type that a field says.
pub(crate) fn array_of_text(text: &str, field: &Field) -> crate::error::Result<ScalarValue> {
    let element = element_of(&wire_type(field).kind);
    let element = element.ok_or_else(|| {
        PgError::unsupported(format!("literals of type {} are not supported", field.data_type()))
    })?;
    Ok(array::from_text(text, &element, &Zone::of_engine("UTC"))?)
}

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

/// A value of an expression as a parameter of a type: a text is read as that type reads it.
pub fn of_value(value: ScalarValue, oid: u32, zone: &Zone) -> PgResult<ScalarValue> {
    let wanted = arrow_type(oid);
    match (value.try_as_str().flatten(), wanted) {
        (Some(text), Some(wanted)) if !matches!(wanted, DataType::Utf8) => {
            decode(Some(text.as_bytes()), oid, Format::Text, zone)
        }
        // A numeric keeps the digits that it has.
        (None, Some(DataType::Decimal128(..))) if value.data_type().is_decimal() => Ok(value),
        (None, Some(wanted)) => Ok(value.cast_to(&wanted)?),
        _ => Ok(value),
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
