//! Values as text: as Java's `toString` prints Paimon's internal values, and as Paimon casts them.
//!
//! The two differ for dates (`19780`, `2024-02-27`) and for times and timestamps.

use chrono::{Local, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};

use crate::datum::Datum;
use crate::types::LogicalType;

use super::{java_float, java_text};

/// The text of a value's internal form, `null` for null. Java prints the address of byte arrays; their
/// digits stand here.
pub fn java_text(value: &Datum, data_type: &LogicalType) -> String {
    match value {
        Datum::Null => "null".into(),
        Datum::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        value => internal_text(value, data_type).unwrap_or_else(|| "null".into()),
    }
}

/// [`java_text`] of values that have one; `None` for null and for bytes.
pub fn internal_text(value: &Datum, data_type: &LogicalType) -> Option<String> {
    match value {
        Datum::Timestamp { millis, nanos_of_milli } => java_text::local_date_time(*millis, *nanos_of_milli),
        value => plain_text(value, data_type),
    }
}

/// The value cast to text; `None` for null and for bytes that are no text.
pub fn cast_text(value: &Datum, data_type: &LogicalType) -> Option<String> {
    match (value, data_type) {
        (Datum::Integer(days), LogicalType::Date) => {
            let date = NaiveDate::default().checked_add_signed(TimeDelta::try_days(*days)?)?;
            Some(date.format("%Y-%m-%d").to_string())
        }
        (Datum::Integer(millis), LogicalType::Time { precision }) => time_text(*millis, *precision),
        (Datum::Timestamp { millis, nanos_of_milli }, LogicalType::Timestamp { precision }) => {
            timestamp_text(*millis, *nanos_of_milli, *precision)
        }
        (Datum::Timestamp { millis, nanos_of_milli }, LogicalType::TimestampLtz { precision }) => {
            // Paimon casts in the zone of its machine, which nothing records: assume ours.
            let utc = Utc.timestamp_millis_opt(*millis).single()?;
            let local = utc.with_timezone(&Local).naive_local().and_utc().timestamp_millis();
            timestamp_text(local, *nanos_of_milli, *precision)
        }
        (Datum::Bytes(bytes), _) => String::from_utf8(bytes.clone()).ok(),
        (value, data_type) => plain_text(value, data_type),
    }
}

/// What both texts have in common.
fn plain_text(value: &Datum, data_type: &LogicalType) -> Option<String> {
    Some(match (value, data_type) {
        (Datum::Boolean(value), _) => value.to_string(),
        (Datum::Integer(value), _) => value.to_string(),
        (Datum::Float(value), _) => java_float::float(*value),
        (Datum::Double(value), _) => java_float::double(*value),
        (Datum::Decimal(value), LogicalType::Decimal { scale, .. }) => java_text::decimal(*value, *scale),
        (Datum::Text(value), _) => value.clone(),
        _ => return None,
    })
}

/// `yyyy-MM-dd HH:mm:ss.f`: at least `precision` digits of fraction, more only where not zero.
fn timestamp_text(millis: i64, nanos_of_milli: i32, precision: u8) -> Option<String> {
    let time = java_text::date_time(millis, nanos_of_milli)?;
    let mut fraction = format!("{:09}", time.nanosecond());
    while fraction.len() > usize::from(precision) && fraction.ends_with('0') {
        fraction.pop();
    }
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{}{dot}{fraction}", time.format("%Y-%m-%d %H:%M:%S")))
}

/// `HH:mm:ss.f`: up to `precision` digits of fraction, at least one.
fn time_text(millis: i64, precision: u8) -> Option<String> {
    let time = java_text::date_time(millis.rem_euclid(86_400_000), 0)?;
    let text = time.format("%H:%M:%S").to_string();
    if precision == 0 {
        return Some(text);
    }
    let milli = time.nanosecond() / 1_000_000;
    let mut fraction = format!("{milli:03}");
    fraction.truncate(usize::from(precision));
    while fraction.len() > 1 && fraction.ends_with('0') {
        fraction.pop();
    }
    Some(format!("{text}.{fraction}"))
}

/// Reads a value that Paimon's serialisers have written as text (bounds in statistics files): numbers
/// as Java prints them, dates as days, timestamps as `yyyy-MM-dd HH:mm:ss.f`.
pub fn parse_serialized(text: &str, data_type: &LogicalType) -> Option<Datum> {
    use LogicalType as T;
    Some(match data_type {
        T::Boolean => Datum::Boolean(text.parse().ok()?),
        T::TinyInt => Datum::Integer(text.parse::<i8>().ok()?.into()),
        T::SmallInt => Datum::Integer(text.parse::<i16>().ok()?.into()),
        T::Int | T::Date | T::Time { .. } => Datum::Integer(text.parse::<i32>().ok()?.into()),
        T::BigInt => Datum::Integer(text.parse().ok()?),
        T::Float => Datum::Float(text.parse().ok()?),
        T::Double => Datum::Double(text.parse().ok()?),
        T::Decimal { scale, .. } => Datum::Decimal(parse_decimal(text, *scale)?),
        T::Char { .. } | T::Varchar { .. } => Datum::Text(text.to_string()),
        T::Timestamp { .. } | T::TimestampLtz { .. } => {
            let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?.and_utc();
            let nanos_of_milli = time.timestamp_subsec_nanos() % 1_000_000;
            Datum::Timestamp {
                millis: time.timestamp_millis(),
                nanos_of_milli: i32::try_from(nanos_of_milli).ok()?,
            }
        }
        _ => return None,
    })
}

/// A decimal with exactly `scale` digits of fraction, as unscaled value.
fn parse_decimal(text: &str, scale: i8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != usize::try_from(scale).ok()? || !digits {
        return None;
    }
    format!("{whole}{fraction}").parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DECIMAL: LogicalType = LogicalType::Decimal { precision: 10, scale: 2 };
    const MICROS: LogicalType = LogicalType::Timestamp { precision: 6 };

    #[test]
    fn internal_values_and_casts_differ_for_times() {
        let instant = Datum::Timestamp { millis: 1_709_164_799_120, nanos_of_milli: 0 };
        assert_eq!(java_text(&instant, &MICROS), "2024-02-28T23:59:59.120");
        assert_eq!(cast_text(&instant, &MICROS).unwrap(), "2024-02-28 23:59:59.120000");
        let millis = LogicalType::Timestamp { precision: 3 };
        assert_eq!(cast_text(&instant, &millis).unwrap(), "2024-02-28 23:59:59.120");
        assert_eq!(java_text(&Datum::Integer(19780), &LogicalType::Date), "19780");
        assert_eq!(cast_text(&Datum::Integer(19780), &LogicalType::Date).unwrap(), "2024-02-27");
        let time = LogicalType::Time { precision: 3 };
        assert_eq!(cast_text(&Datum::Integer(3_723_040), &time).unwrap(), "01:02:03.04");
        assert_eq!(java_text(&Datum::Null, &time), "null");
        assert_eq!(java_text(&Datum::Bytes(vec![0, 255]), &LogicalType::BYTES), "00ff");
    }

    #[test]
    fn serialized_values_read_back() {
        for (value, data_type, text) in [
            (Datum::Boolean(true), LogicalType::Boolean, "true"),
            (Datum::Integer(-128), LogicalType::TinyInt, "-128"),
            (Datum::Integer(19780), LogicalType::Date, "19780"),
            (Datum::Double(1.5e300), LogicalType::Double, "1.5E300"),
            (Datum::Float(f32::NEG_INFINITY), LogicalType::Float, "-Infinity"),
            (Datum::Decimal(-5), DECIMAL, "-0.05"),
            (Datum::Text("é".into()), LogicalType::STRING, "é"),
        ] {
            assert_eq!(java_text(&value, &data_type), text);
            assert_eq!(parse_serialized(text, &data_type), Some(value), "{text}");
        }
        let instant = Datum::Timestamp { millis: -1, nanos_of_milli: 5000 };
        let text = cast_text(&instant, &MICROS).unwrap();
        assert_eq!(parse_serialized(&text, &MICROS), Some(instant));
        for (text, data_type) in [("128", LogicalType::TinyInt), ("1.5", DECIMAL), ("x", LogicalType::Double)]
        {
            assert_eq!(parse_serialized(text, &data_type), None);
        }
    }
}
