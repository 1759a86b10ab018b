//! Parameters in text, in the forms that Postgres's input functions take.

use std::str::FromStr;

use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::{Date32Type, Time64MicrosecondType};
use chrono::Utc;
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::{decimal, interval, invalid_text, out_of_range};
use crate::pg::error::{PgError, PgResult, state};
use crate::pg::frontend;
use crate::pg::types::uuid_of;
use crate::settings::{Zone, boolean, with_seconds};

/// Text from a client: UTF-8, and without the zero byte that no Postgres text can have.
pub(super) fn utf8(bytes: &[u8]) -> PgResult<&str> {
    if bytes.contains(&0) {
        let message = "invalid byte sequence for encoding \"UTF8\": 0x00";
        return Err(PgError::error(state::CHARACTER_NOT_IN_REPERTOIRE, message));
    }
    frontend::utf8(bytes)
}

pub(super) fn decode(text: &str, kind: &Type, zone: &Zone) -> PgResult<ScalarValue> {
    let trimmed = text.trim();
    Ok(match *kind {
        Type::BOOL => ScalarValue::Boolean(Some(boolean(trimmed).ok_or_else(|| invalid_text(kind, text))?)),
        Type::INT2 => ScalarValue::Int16(Some(integer(text, kind)?)),
        Type::INT4 => ScalarValue::Int32(Some(integer(text, kind)?)),
        Type::INT8 => ScalarValue::Int64(Some(integer(text, kind)?)),
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::XID => {
            ScalarValue::Int64(Some(integer::<u32>(text, kind)?.into()))
        }
        Type::FLOAT4 => ScalarValue::Float32(Some(float(text, kind)?)),
        Type::FLOAT8 => ScalarValue::Float64(Some(float(text, kind)?)),
        Type::NUMERIC => decimal::from_text(trimmed)?,
        Type::BYTEA => ScalarValue::Binary(Some(bytes(text, kind)?)),
        Type::DATE => ScalarValue::Date32(Some(date(trimmed).ok_or_else(|| invalid_date(kind, text))?)),
        Type::TIME => {
            let micros = Time64MicrosecondType::parse(trimmed).ok_or_else(|| invalid_date(kind, text))?;
            ScalarValue::Time64Microsecond(Some(micros))
        }
        Type::TIMESTAMP => {
            let time = string_to_datetime(&Utc, &with_seconds(without_zone(trimmed)));
            let time = time.map_err(|_| invalid_date(kind, text))?;
            ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), None)
        }
        Type::TIMESTAMPTZ => {
            let time = zone.parse(trimmed).ok_or_else(|| invalid_date(kind, text))?;
            ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), Some("+00:00".into()))
        }
        Type::INTERVAL => {
            let value = interval::parse(trimmed).ok_or_else(|| invalid_date(kind, text))?;
            ScalarValue::IntervalMonthDayNano(Some(value))
        }
        Type::UUID => {
            let uuid = uuid_of(trimmed).ok_or_else(|| invalid_text(kind, text))?;
            ScalarValue::Utf8(Some(uuid.hyphenated().to_string()))
        }
        _ => ScalarValue::Utf8(Some(text.to_string())),
    })
}

fn invalid_date(kind: &Type, text: &str) -> PgError {
    PgError { code: state::INVALID_DATETIME_FORMAT, ..invalid_text(kind, text) }
}

/// An integer; digits that are too many are out of range, everything else is no integer.
fn integer<T: FromStr>(text: &str, kind: &Type) -> PgResult<T> {
    let trimmed = text.trim();
    trimmed.parse().map_err(|_| {
        let digits = trimmed.trim_start_matches(['-', '+']);
        let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_integer { out_of_range(kind, text) } else { invalid_text(kind, text) }
    })
}

/// A float; one that is finite in text must stay so.
fn float<T: FromStr + Into<f64> + Copy>(text: &str, kind: &Type) -> PgResult<T> {
    let value: T = text.trim().parse().map_err(|_| invalid_text(kind, text))?;
    let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
    if has_digits && !value.into().is_finite() {
        return Err(out_of_range(kind, text));
    }
    Ok(value)
}

/// `\x00ff`, or printable bytes with `\\` and octal digits for the others.
fn bytes(text: &str, kind: &Type) -> PgResult<Vec<u8>> {
    let invalid = || invalid_text(kind, text);
    if let Some(hex) = text.strip_prefix("\\x") {
        let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return digits
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2))
            .map(|pair| u8::from_str_radix(pair?, 16).ok())
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(invalid);
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => return Err(invalid()),
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    Ok(bytes)
}

/// A date; a time of day after it is cut off.
fn date(text: &str) -> Option<i32> {
    let day = text.split([' ', 'T']).next()?;
    Date32Type::parse(day)
}

/// A timestamp without zone ignores one in its text, as in Postgres.
fn without_zone(text: &str) -> &str {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text).trim_end();
    // The date has signs too; a zone comes after the time.
    let time = text.find([' ', 'T']).map_or(text.len(), |at| at + 1);
    match text[time..].find(['+', '-']) {
        Some(at) => text[..time + at].trim_end(),
        None => text,
    }
}
