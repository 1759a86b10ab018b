//! Parameters in binary, in the forms of Postgres's `*_recv` functions.

use arrow::datatypes::IntervalMonthDayNano;
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::{decimal, invalid_binary, out_of_range, text};
use crate::pg::encode::{days_from_binary, micros_from_binary};
use crate::pg::error::PgResult;

pub(super) fn decode(bytes: &[u8], kind: &Type) -> PgResult<ScalarValue> {
    Ok(match *kind {
        Type::BOOL => match fixed::<1>(bytes, kind)? {
            [0] => ScalarValue::Boolean(Some(false)),
            _ => ScalarValue::Boolean(Some(true)),
        },
        Type::INT2 => ScalarValue::Int16(Some(i16::from_be_bytes(fixed(bytes, kind)?))),
        Type::INT4 => ScalarValue::Int32(Some(i32::from_be_bytes(fixed(bytes, kind)?))),
        Type::INT8 => ScalarValue::Int64(Some(i64::from_be_bytes(fixed(bytes, kind)?))),
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::XID => {
            ScalarValue::Int64(Some(u32::from_be_bytes(fixed(bytes, kind)?).into()))
        }
        Type::FLOAT4 => ScalarValue::Float32(Some(f32::from_be_bytes(fixed(bytes, kind)?))),
        Type::FLOAT8 => ScalarValue::Float64(Some(f64::from_be_bytes(fixed(bytes, kind)?))),
        Type::NUMERIC => decimal::from_binary(bytes)?,
        Type::BYTEA => ScalarValue::Binary(Some(bytes.to_vec())),
        Type::DATE => ScalarValue::Date32(Some(days_from_binary(fixed(bytes, kind)?)?)),
        Type::TIME => ScalarValue::Time64Microsecond(Some(i64::from_be_bytes(fixed(bytes, kind)?))),
        Type::TIMESTAMP => {
            ScalarValue::TimestampMicrosecond(Some(micros_from_binary(fixed(bytes, kind)?)?), None)
        }
        Type::TIMESTAMPTZ => {
            let micros = micros_from_binary(fixed(bytes, kind)?)?;
            ScalarValue::TimestampMicrosecond(Some(micros), Some("+00:00".into()))
        }
        Type::INTERVAL => interval(fixed(bytes, kind)?, kind)?,
        Type::UUID => {
            let uuid = uuid::Uuid::from_bytes(fixed(bytes, kind)?);
            ScalarValue::Utf8(Some(uuid.hyphenated().to_string()))
        }
        Type::JSONB => match bytes {
            [1, json @ ..] => ScalarValue::Utf8(Some(text::utf8(json)?.to_string())),
            _ => return Err(invalid_binary(kind)),
        },
        _ => ScalarValue::Utf8(Some(text::utf8(bytes)?.to_string())),
    })
}

fn fixed<const N: usize>(bytes: &[u8], kind: &Type) -> PgResult<[u8; N]> {
    bytes.try_into().map_err(|_| invalid_binary(kind))
}

/// Microseconds, days and months.
fn interval(bytes: [u8; 16], kind: &Type) -> PgResult<ScalarValue> {
    let [a, b, c, d, e, f, g, h, days @ .., i, j, k, l] = bytes;
    let micros = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let nanos = micros.checked_mul(1000).ok_or_else(|| out_of_range(kind, &format!("{micros} us")))?;
    let months = i32::from_be_bytes([i, j, k, l]);
    let value = IntervalMonthDayNano::new(months, i32::from_be_bytes(days), nanos);
    Ok(ScalarValue::IntervalMonthDayNano(Some(value)))
}
