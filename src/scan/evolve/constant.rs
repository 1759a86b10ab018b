//! Values of metadata as scalars in Tarn's Arrow form.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use tarn_catalog::datum::Datum;
use tarn_catalog::types::{LogicalType, WIDE_INSTANT, WIDE_TIMESTAMP};

use super::error::{CastError, CastResult};
use super::instant::Instant;
use crate::wide_timestamp;

/// The scalar of a value that metadata stores for a column of this type.
pub fn datum_to_scalar(datum: &Datum, ty: &LogicalType) -> CastResult<ScalarValue> {
    let target = ty.arrow();
    let bad = || CastError::Physical(format!("metadata stores {datum:?} for a column of {target}"));
    let scalar = match (datum, &target) {
        (Datum::Null, _) => return ScalarValue::try_from(&target).map_err(|_| bad()),
        (Datum::Boolean(value), DataType::Boolean) => ScalarValue::Boolean(Some(*value)),
        (Datum::Integer(value), _) => integer(*value, &target).ok_or_else(bad)?,
        (Datum::Float(value), DataType::Float32) => ScalarValue::Float32(Some(*value)),
        (Datum::Double(value), DataType::Float64) => ScalarValue::Float64(Some(*value)),
        (Datum::Timestamp { millis, nanos_of_milli }, &(WIDE_TIMESTAMP | WIDE_INSTANT)) => {
            let instant = Instant { millis: *millis, nanos: *nanos_of_milli };
            wide_timestamp::scalar(instant.in_nanos(), &target).ok_or_else(bad)?
        }
        (Datum::Decimal(value), DataType::Decimal128(precision, scale)) => {
            ScalarValue::Decimal128(Some(*value), *precision, *scale)
        }
        (Datum::Text(value), DataType::Utf8View) => ScalarValue::Utf8View(Some(value.clone())),
        (Datum::Bytes(value), DataType::BinaryView) => ScalarValue::BinaryView(Some(value.clone())),
        (Datum::Timestamp { millis, nanos_of_milli }, DataType::Timestamp(unit, zone)) => {
            let instant = Instant { millis: *millis, nanos: *nanos_of_milli };
            timestamp(instant, *unit, zone.clone()).ok_or_else(bad)?
        }
        _ => return Err(bad()),
    };
    Ok(scalar)
}

fn integer(value: i64, target: &DataType) -> Option<ScalarValue> {
    Some(match target {
        DataType::Int8 => ScalarValue::Int8(Some(value.try_into().ok()?)),
        DataType::Int16 => ScalarValue::Int16(Some(value.try_into().ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(value.try_into().ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(value)),
        DataType::Date32 => ScalarValue::Date32(Some(value.try_into().ok()?)),
        DataType::Time32(TimeUnit::Millisecond) => {
            ScalarValue::Time32Millisecond(Some(value.try_into().ok()?))
        }
        DataType::Time64(TimeUnit::Microsecond) => ScalarValue::Time64Microsecond(Some(value)),
        _ => return None,
    })
}

fn timestamp(instant: Instant, unit: TimeUnit, zone: Option<Arc<str>>) -> Option<ScalarValue> {
    let value = Some(instant.in_unit(unit)?);
    Some(match unit {
        TimeUnit::Second => ScalarValue::TimestampSecond(value, zone),
        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(value, zone),
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(value, zone),
        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(value, zone),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn scalars_have_the_type_of_their_column() {
        for (datum, ty) in [
            (Datum::Null, LogicalType::Int),
            (Datum::Integer(5), LogicalType::TinyInt),
            (Datum::Integer(19_782), LogicalType::Date),
            (Datum::Decimal(12345), LogicalType::Decimal { precision: 10, scale: 2 }),
            (Datum::Text("a".to_owned()), LogicalType::STRING),
            (Datum::Timestamp { millis: -1, nanos_of_milli: 5 }, LogicalType::Timestamp { precision: 9 }),
        ] {
            assert_eq!(datum_to_scalar(&datum, &ty).unwrap().data_type(), ty.arrow());
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert!(datum_to_scalar(&Datum::Text("1".to_owned()), &LogicalType::Int).is_err());
        assert!(datum_to_scalar(&Datum::Integer(300), &LogicalType::TinyInt).is_err());
    }
}
