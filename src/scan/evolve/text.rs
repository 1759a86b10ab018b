//! Values as text: the Java reader's casts to CHAR and VARCHAR, and lengths of text and bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewBuilder, StringViewBuilder};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType,
};
use tarn_catalog::types::{LogicalType, UNBOUNDED_LENGTH};

use super::decimal;
use super::error::{CastError, CastResult};
use super::instant::Instants;
use super::instant_text::{write_date, write_time, write_timestamp};
use super::java_number::{write_double, write_float};
use super::leaf::{mismatch, primitive};

/// Casts anything but text to text. The array is in Tarn's Arrow form, timestamps in any.
pub(super) fn cast_to_text(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    if !has_text_rule(from, to) {
        return Err(CastError::unsupported(from, to));
    }
    let fits = matches!(from, LogicalType::Boolean) || is_number(from);
    let mut builder = StringViewBuilder::with_capacity(array.len());
    let mut text = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        write_value(array, from, row, &mut text)?;
        if fits {
            fit_text(&mut text, to);
        }
        builder.append_value(&text);
    }
    Ok(Arc::new(builder.finish()))
}

fn is_number(ty: &LogicalType) -> bool {
    use LogicalType as T;
    matches!(ty, T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double | T::Decimal { .. })
}

/// Whether Java casts `from` to the text type `to`: dates and times only to STRING, nested values
/// where their parts can be text.
fn has_text_rule(from: &LogicalType, to: &LogicalType) -> bool {
    use LogicalType as T;
    match from {
        T::Boolean | T::Binary { .. } | T::Varbinary { .. } => true,
        T::Date | T::Time { .. } | T::Timestamp { .. } | T::TimestampLtz { .. } => *to == T::STRING,
        T::Array { element, .. } => is_text_part(element),
        T::Map { key, value, .. } => is_text_part(key) && is_text_part(value),
        T::Row { fields } => fields.iter().all(|field| is_text_part(&field.data_type)),
        other => is_number(other),
    }
}

fn is_text_part(part: &LogicalType) -> bool {
    matches!(part, LogicalType::Char { .. } | LogicalType::Varchar { .. })
        || has_text_rule(part, &LogicalType::STRING)
}

/// Writes the value of a row that is not NULL.
fn write_value(array: &ArrayRef, ty: &LogicalType, row: usize, out: &mut String) -> CastResult<()> {
    use LogicalType as T;
    match ty {
        T::Boolean => {
            let array = array.as_boolean_opt().ok_or_else(|| mismatch(array))?;
            out.push_str(if array.value(row) { "true" } else { "false" });
        }
        T::TinyInt => out.push_str(&primitive::<Int8Type>(array)?.value(row).to_string()),
        T::SmallInt => out.push_str(&primitive::<Int16Type>(array)?.value(row).to_string()),
        T::Int => out.push_str(&primitive::<Int32Type>(array)?.value(row).to_string()),
        T::BigInt => out.push_str(&primitive::<Int64Type>(array)?.value(row).to_string()),
        T::Float => write_float(primitive::<Float32Type>(array)?.value(row), out),
        T::Double => write_double(primitive::<Float64Type>(array)?.value(row), out),
        T::Decimal { scale, .. } => {
            decimal::write_plain(primitive::<Decimal128Type>(array)?.value(row), *scale, out);
        }
        T::Char { .. } | T::Varchar { .. } => {
            out.push_str(array.as_string_view_opt().ok_or_else(|| mismatch(array))?.value(row));
        }
        T::Binary { .. } | T::Varbinary { .. } => {
            let bytes = array.as_binary_view_opt().ok_or_else(|| mismatch(array))?.value(row);
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        T::Date => write_date(i64::from(primitive::<Date32Type>(array)?.value(row)), out),
        T::Time { precision } => {
            write_time(i64::from(primitive::<Time32MillisecondType>(array)?.value(row)), *precision, out);
        }
        T::Timestamp { precision } | T::TimestampLtz { precision } => {
            if let Some(instant) = Instants::try_new(array)?.get(row)? {
                write_timestamp(instant, *precision, out);
            }
        }
        T::Array { element, .. } => {
            let values = array.as_list_opt::<i32>().ok_or_else(|| mismatch(array))?.value(row);
            write_separated(values.len(), ('[', ']'), out, |index, out| {
                write_part(&values, element, index, out)
            })?;
        }
        T::Map { key, value, .. } => {
            let entries = array.as_map_opt().ok_or_else(|| mismatch(array))?.value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            write_separated(entries.len(), ('{', '}'), out, |index, out| {
                write_part(keys, key, index, out)?;
                out.push_str(" -> ");
                write_part(values, value, index, out)
            })?;
        }
        T::Row { fields } => {
            let columns = array.as_struct_opt().ok_or_else(|| mismatch(array))?.columns();
            write_separated(fields.len(), ('{', '}'), out, |index, out| {
                match (columns.get(index), fields.get(index)) {
                    (Some(column), Some(field)) => write_part(column, &field.data_type, row, out),
                    _ => Err(mismatch(array)),
                }
            })?;
        }
        T::Multiset { .. } | T::Vector { .. } | T::Variant | T::Blob | T::TimeMicros | T::Uuid => {
            return Err(CastError::unsupported(ty, &T::STRING));
        }
    }
    Ok(())
}

fn write_part(array: &ArrayRef, ty: &LogicalType, row: usize, out: &mut String) -> CastResult<()> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    write_value(array, ty, row, out)
}

fn write_separated(
    parts: usize,
    (open, close): (char, char),
    out: &mut String,
    mut write: impl FnMut(usize, &mut String) -> CastResult<()>,
) -> CastResult<()> {
    out.push(open);
    for index in 0..parts {
        if index > 0 {
            out.push_str(", ");
        }
        write(index, out)?;
    }
    out.push(close);
    Ok(())
}

/// Cuts text to the length of its type in characters, and pads CHAR with spaces to it.
pub(super) fn fit_text(text: &mut String, to: &LogicalType) {
    let (length, pads) = match to {
        LogicalType::Char { length } => (*length, true),
        LogicalType::Varchar { length } if *length < UNBOUNDED_LENGTH => (*length, false),
        _ => return,
    };
    let length = length as usize;
    if let Some((end, _)) = text.char_indices().nth(length) {
        text.truncate(end);
    } else if pads {
        let missing = length - text.chars().count();
        text.extend(std::iter::repeat_n(' ', missing));
    }
}

/// Cuts bytes to the length of their type, and pads BINARY with zeros to it.
pub(super) fn cast_binary(array: &ArrayRef, to: &LogicalType) -> CastResult<ArrayRef> {
    let array = array.as_binary_view_opt().ok_or_else(|| mismatch(array))?;
    fit_bytes(array.iter(), to)
}

pub(super) fn fit_bytes<'a>(
    values: impl Iterator<Item = Option<&'a [u8]>>,
    to: &LogicalType,
) -> CastResult<ArrayRef> {
    let (length, pads) = match to {
        LogicalType::Binary { length } => (*length as usize, true),
        LogicalType::Varbinary { length } => (*length as usize, false),
        _ => return Err(CastError::Physical("bytes were cast to what holds none".to_owned())),
    };
    let mut builder = BinaryViewBuilder::new();
    let mut padded = Vec::new();
    for value in values {
        let Some(bytes) = value else {
            builder.append_null();
            continue;
        };
        if pads && bytes.len() < length {
            padded.clear();
            padded.extend_from_slice(bytes);
            padded.resize(length, 0);
            builder.append_value(&padded);
        } else {
            builder.append_value(&bytes[..bytes.len().min(length)]);
        }
    }
    Ok(Arc::new(builder.finish()))
}
