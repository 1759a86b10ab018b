//! Arrow values as the text that Postgres would send: what `.slt` files hold.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use chrono::{DateTime, NaiveDate};
use tarn_catalog::types::{WIDE_INSTANT, WIDE_TIMESTAMP};

/// A value as text, `None` for NULL; `Err` for a type that `.slt` files have to cast.
pub fn text_of(array: &ArrayRef, row: usize) -> Result<Option<String>, String> {
    if array.is_null(row) {
        return Ok(None);
    }
    let text = match array.data_type() {
        DataType::Null => return Ok(None),
        DataType::Boolean => if array.as_boolean().value(row) { "t" } else { "f" }.to_owned(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        &WIDE_TIMESTAMP => wide_timestamp(array, row)?,
        &WIDE_INSTANT => wide_timestamp(array, row)? + "+00",
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => NaiveDate::from_epoch_days(array.as_primitive::<Date32Type>().value(row))
            .ok_or("a date out of range")?
            .to_string(),
        DataType::Time32(_) | DataType::Time64(_) => time_of_day(day_nanos(array, row)),
        DataType::Timestamp(unit, zone) => {
            timestamp(array, row, *unit)? + if zone.is_some() { "+00" } else { "" }
        }
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row))?,
        other => return Err(format!("{other} has no text form in the tests: cast it")),
    };
    Ok(Some(text))
}

/// The shortest digits that give the same float, with an exponent where Postgres has one.
pub fn float<T: Into<f64> + std::fmt::Display + std::fmt::LowerExp + Copy>(value: T) -> String {
    let wide: f64 = value.into();
    if wide.is_nan() {
        return "NaN".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let digits_max = if size_of::<T>() == 4 { 6 } else { 15 };
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..digits_max).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

pub fn bytes(value: &[u8]) -> String {
    value.iter().fold("\\x".to_owned(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Postgres keeps microseconds, so that is all that shows.
pub fn time_of_day(nanos: i64) -> String {
    let seconds = nanos / 1_000_000_000;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    clock + &fraction(nanos % 1_000_000_000 / 1_000)
}

/// Microseconds of a second without trailing zeros.
pub fn fraction(micros: i64) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}").trim_end_matches('0').to_owned() }
}

fn day_nanos(array: &ArrayRef, row: usize) -> i64 {
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            i64::from(array.as_primitive::<Time32SecondType>().value(row)) * 1_000_000_000
        }
        DataType::Time32(_) => {
            i64::from(array.as_primitive::<Time32MillisecondType>().value(row)) * 1_000_000
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            array.as_primitive::<Time64MicrosecondType>().value(row) * 1_000
        }
        _ => array.as_primitive::<Time64NanosecondType>().value(row),
    }
}

fn wide_timestamp(array: &ArrayRef, row: usize) -> Result<String, String> {
    let nanos = array.as_primitive::<Decimal128Type>().value(row);
    let micros = i64::try_from(nanos.div_euclid(1_000)).map_err(|error| error.to_string())?;
    let moment = DateTime::from_timestamp_micros(micros).ok_or("a timestamp out of range")?;
    Ok(moment.format("%Y-%m-%d %H:%M:%S").to_string() + &fraction(micros.rem_euclid(1_000_000)))
}

fn timestamp(array: &ArrayRef, row: usize, unit: TimeUnit) -> Result<String, String> {
    let (value, per_second) = match unit {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1),
        TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000),
        TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000),
        TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000_000),
    };
    let moment =
        DateTime::from_timestamp(value.div_euclid(per_second), 0).ok_or("a timestamp out of range")?;
    let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    Ok(moment.format("%Y-%m-%d %H:%M:%S").to_string() + &fraction(nanos / 1_000))
}

fn list(items: &ArrayRef) -> Result<String, String> {
    let nested =
        matches!(items.data_type(), DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    let mut parts = Vec::with_capacity(items.len());
    for position in 0..items.len() {
        parts.push(match text_of(items, position)? {
            None => "NULL".to_owned(),
            Some(text) if nested => text,
            Some(text) => quoted(text),
        });
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

/// An array's element as Postgres writes it: quoted where it could be mistaken.
pub fn quoted(text: String) -> String {
    let special = |c: char| c.is_whitespace() || "{},\"\\".contains(c);
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
