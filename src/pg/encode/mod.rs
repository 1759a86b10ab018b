//! From Arrow arrays to the values of DataRow and COPY.
//!
//! A column is taken apart once a batch: [`Column::new`] finds the concrete array behind it and the
//! form that its Postgres type has, so that a cell costs one virtual call and no downcast. Rows are
//! then written one after the other into one buffer.

mod build;
mod datetime;
mod float;
mod indirect;
mod json;
mod list;
mod nested;
mod numeric;
mod padded;
mod scalar;
mod temporal;

pub mod copy;
mod row;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use pgwire::api::Type;

pub use datetime::{IntervalStyle, days_from_binary, micros_from_binary};
#[cfg(test)]
pub use numeric::write_binary as numeric_binary;
pub use row::{Format, RowEncoder};

use padded::Padded;

use super::error::{PgError, PgResult, state};
use super::types::{TYPMOD_HEADER, WireType};
use crate::settings::{Settings, Zone};

/// The session's settings that decide how values print.
#[derive(Debug, Clone)]
pub struct Style {
    pub zone: Zone,
    pub extra_float_digits: i32,
    /// `bytea_output = escape`.
    pub bytea_escape: bool,
    pub interval: IntervalStyle,
}

impl Style {
    pub fn of(settings: &Settings) -> Self {
        let get = |name: &str| settings.get(name).unwrap_or_default();
        Self {
            zone: settings.zone(),
            extra_float_digits: get("extra_float_digits").parse().unwrap_or(1),
            bytea_escape: get("bytea_output") == "escape",
            interval: match get("intervalstyle").as_str() {
                "iso_8601" => IntervalStyle::Iso8601,
                _ => IntervalStyle::Postgres,
            },
        }
    }
}

/// What the text of a type can contain, which spares looking for characters to escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    /// Digits, signs, `NaN`.
    Number,
    Boolean,
    /// No character that arrays, JSON or COPY would have to escape.
    Safe,
    Any,
}

/// The values of one column of a batch. Rows that are NULL are not asked for.
trait Values: Send + Sync {
    /// Writes the text form.
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()>;

    /// Writes the binary form with its length in front.
    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()>;

    fn text_kind(&self) -> TextKind;

    /// Writes the value as part of a JSON document, as `to_json` does.
    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let start = out.len();
        self.text(row, style, out)?;
        json::quote_from(self.text_kind(), start, out);
        Ok(())
    }
}

/// One column of a batch, ready to be written.
pub struct Column {
    nulls: Option<NullBuffer>,
    values: Box<dyn Values>,
}

impl Column {
    /// Fails where the array's type cannot be sent as the type that was announced.
    pub fn new(array: &ArrayRef, wire: &WireType) -> PgResult<Self> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let values = build::values(array, &wire.kind)?;
        let values = match usize::try_from(wire.typmod - TYPMOD_HEADER) {
            Ok(length) if wire.kind == Type::BPCHAR => Box::new(Padded { texts: values, length }),
            _ => values,
        };
        Ok(Self { nulls, values })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Writes the text of a value that is not NULL.
    pub(crate) fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.text(row, style, out)
    }

    /// Writes a value, or JSON's null.
    pub(crate) fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        self.values.json(row, style, out)
    }

    /// Writes a value in binary with its length, or the length of a NULL.
    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        if self.is_null(row) {
            out.extend_from_slice(&(-1i32).to_be_bytes());
            return Ok(());
        }
        self.values.binary(row, style, out)
    }
}

/// Writes what `write` writes with its length in front.
fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> PgResult<()>) -> PgResult<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let length = length_of(out.len() - start - 4)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// A length as the protocol has it.
fn length_of(bytes: usize) -> PgResult<i32> {
    i32::try_from(bytes)
        .map_err(|_| PgError::error(state::PROGRAM_LIMIT_EXCEEDED, "a value or row is longer than 2 GB"))
}

#[cfg(test)]
mod tests;
