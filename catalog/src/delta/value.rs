//! Values that the log writes as text: of partitions and in statistics.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::datum::Datum;
use crate::types::LogicalType;

/// A partition's value; `None` where the text is no value of the type. The empty text is null.
pub fn partition_value(text: Option<&str>, data_type: &LogicalType) -> Option<Datum> {
    match text {
        None | Some("") => Some(Datum::Null),
        Some(text) => parse(text, data_type),
    }
}

/// A value of an atomic type, as partitions and statistics write it; `None` where it is none.
pub fn parse(text: &str, data_type: &LogicalType) -> Option<Datum> {
    use LogicalType as T;
    Some(match data_type {
        T::Boolean => Datum::Boolean(text.parse().ok()?),
        T::TinyInt => Datum::Integer(text.parse::<i8>().ok()?.into()),
        T::SmallInt => Datum::Integer(text.parse::<i16>().ok()?.into()),
        T::Int => Datum::Integer(text.parse::<i32>().ok()?.into()),
        T::BigInt => Datum::Integer(text.parse().ok()?),
        T::Float => Datum::Float(text.parse().ok()?),
        T::Double => Datum::Double(text.parse().ok()?),
        T::Decimal { precision, scale } => Datum::Decimal(decimal(text, *precision, *scale)?),
        T::Char { length } => Datum::Text(format!("{text:<width$}", width = usize::try_from(*length).ok()?)),
        T::Varchar { .. } => Datum::Text(text.to_owned()),
        T::Binary { .. } | T::Varbinary { .. } => Datum::Bytes(text.as_bytes().to_vec()),
        T::Date => Datum::Integer(days(text)?),
        T::Timestamp { .. } | T::TimestampLtz { .. } => timestamp(text)?,
        _ => return None,
    })
}

fn days(text: &str) -> Option<i64> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// `2024-01-31 12:34:56.789`, with a T, a zone, or neither; without a zone it is UTC.
fn timestamp(text: &str) -> Option<Datum> {
    let moment = match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => moment.naive_utc(),
        Err(_) => {
            let text = text.replacen(' ', "T", 1);
            let moment = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f");
            // What was a date before its column was widened.
            let midnight = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
            moment.ok().or_else(midnight)?
        }
    }
    .and_utc();
    Some(Datum::Timestamp {
        millis: moment.timestamp_millis(),
        nanos_of_milli: i32::try_from(moment.timestamp_subsec_nanos() % 1_000_000).ok()?,
    })
}

/// The unscaled value of a decimal, in plain or scientific notation; `None` where it does not fit.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 76 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Zeros that the wanted scale asks for beyond those written, or digits too many.
    let written = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let shift = i32::from(scale).checked_sub(written)?;
    let digits = match usize::try_from(shift) {
        Ok(zeros) if zeros <= 76 => digits + &"0".repeat(zeros),
        Ok(_) => return None,
        Err(_) => {
            let dropped = usize::try_from(shift.unsigned_abs()).ok()?;
            let kept = digits.len().saturating_sub(dropped);
            let (kept, dropped) = digits.split_at(kept);
            if dropped.bytes().any(|digit| digit != b'0') {
                return None;
            }
            kept.to_owned()
        }
    };
    let digits = digits.trim_start_matches('0');
    if digits.len() > usize::from(precision) {
        return None;
    }
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_values_of_their_type() {
        let decimal = LogicalType::Decimal { precision: 10, scale: 2 };
        for (text, expected) in [
            ("-1.50", Some(-150)),
            ("12", Some(1200)),
            ("1.5E+2", Some(15_000)),
            ("1.500", Some(150)),
            ("1.505", None),
            ("0", Some(0)),
            ("99999999.99", Some(9_999_999_999)),
            ("100000000.00", None),
            ("", None),
            ("x", None),
            ("1e99999999", None),
        ] {
            assert_eq!(parse(text, &decimal), expected.map(Datum::Decimal), "{text}");
        }
        let instant = LogicalType::TimestampLtz { precision: 6 };
        let expected = Datum::Timestamp { millis: -3_600_000, nanos_of_milli: 0 };
        for text in ["1969-12-31T23:00:00.000000Z", "1969-12-31 23:00:00", "1970-01-01T00:00:00+01:00"] {
            assert_eq!(parse(text, &instant), Some(expected.clone()), "{text}");
        }
        let midnight = Datum::Timestamp { millis: 864_000_000, nanos_of_milli: 0 };
        assert_eq!(parse("1970-01-11", &LogicalType::Timestamp { precision: 6 }), Some(midnight));
        assert_eq!(parse("1970-01-11", &LogicalType::Date), Some(Datum::Integer(10)));
        let padded = Some(Datum::Text("é  ".to_owned()));
        assert_eq!(parse("é", &LogicalType::Char { length: 3 }), padded);
        assert_eq!(parse("128", &LogicalType::TinyInt), None);
        assert_eq!(parse("1.0E20", &LogicalType::Double), Some(Datum::Double(1e20)));
        assert_eq!(partition_value(Some(""), &LogicalType::STRING), Some(Datum::Null));
        assert_eq!(partition_value(None, &LogicalType::Int), Some(Datum::Null));
    }
}
