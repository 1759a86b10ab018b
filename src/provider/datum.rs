//! Values of metadata as DataFusion's scalars, and back.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::scalar::ScalarValue;
use tarn_catalog::datum::Datum;
use tarn_catalog::types::{LogicalType, WIDE_INSTANT, WIDE_TIMESTAMP};

use crate::wide_timestamp;

const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;
const MICROS_PER_MILLI: i64 = 1_000;

/// A scalar as a datum of a column of this type; `None` when the scalar is not of the column's type.
pub fn datum_of(value: &ScalarValue, column: &LogicalType) -> Option<Datum> {
    if value.is_null() {
        return Some(Datum::Null);
    }
    let column_type = column.arrow();
    Some(match (value, &column_type) {
        (ScalarValue::Boolean(Some(v)), DataType::Boolean) => Datum::Boolean(*v),
        (ScalarValue::Int8(Some(v)), DataType::Int8) => Datum::Integer((*v).into()),
        (ScalarValue::Int16(Some(v)), DataType::Int16) => Datum::Integer((*v).into()),
        (ScalarValue::Int32(Some(v)), DataType::Int32) => Datum::Integer((*v).into()),
        (ScalarValue::Int64(Some(v)), DataType::Int64) => Datum::Integer(*v),
        (ScalarValue::Date32(Some(v)), DataType::Date32) => Datum::Integer((*v).into()),
        (ScalarValue::Time32Millisecond(Some(v)), DataType::Time32(TimeUnit::Millisecond)) => {
            Datum::Integer((*v).into())
        }
        (ScalarValue::Time64Microsecond(Some(v)), DataType::Time64(TimeUnit::Microsecond)) => {
            Datum::Integer(*v)
        }
        (ScalarValue::Float32(Some(v)), DataType::Float32) => Datum::Float(*v),
        (ScalarValue::Float64(Some(v)), DataType::Float64) => Datum::Double(*v),
        (ScalarValue::Decimal128(Some(v), ..), &(WIDE_TIMESTAMP | WIDE_INSTANT))
            if value.data_type() == column_type =>
        {
            let per_milli = i128::from(NANOS_PER_MILLI);
            Datum::Timestamp {
                millis: i64::try_from(v.div_euclid(per_milli)).ok()?,
                nanos_of_milli: i32::try_from(v.rem_euclid(per_milli)).ok()?,
            }
        }
        (ScalarValue::Decimal128(Some(v), _, scale), DataType::Decimal128(_, wanted)) if scale == wanted => {
            Datum::Decimal(*v)
        }
        (
            ScalarValue::Utf8(Some(v)) | ScalarValue::Utf8View(Some(v)) | ScalarValue::LargeUtf8(Some(v)),
            DataType::Utf8View,
        ) => Datum::Text(v.clone()),
        (
            ScalarValue::Binary(Some(v))
            | ScalarValue::BinaryView(Some(v))
            | ScalarValue::LargeBinary(Some(v)),
            DataType::BinaryView,
        ) => Datum::Bytes(v.clone()),
        (ScalarValue::TimestampMillisecond(Some(v), _), DataType::Timestamp(TimeUnit::Millisecond, _)) => {
            Datum::Timestamp { millis: *v, nanos_of_milli: 0 }
        }
        (ScalarValue::TimestampMicrosecond(Some(v), _), DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            timestamp(*v)?
        }
        _ => return None,
    })
}

fn timestamp(micros: i64) -> Option<Datum> {
    let nanos = micros.rem_euclid(MICROS_PER_MILLI) * NANOS_PER_MICRO;
    let nanos_of_milli = i32::try_from(nanos).ok()?;
    Some(Datum::Timestamp { millis: micros.div_euclid(MICROS_PER_MILLI), nanos_of_milli })
}

/// A datum of a column of this type as a scalar of the column's Arrow type; `None` where the value
/// does not fit it.
pub fn scalar_of(datum: &Datum, column: &LogicalType) -> Option<ScalarValue> {
    let column_type = column.arrow();
    Some(match (datum, &column_type) {
        (Datum::Null, data_type) => ScalarValue::try_from(data_type).ok()?,
        (Datum::Boolean(v), DataType::Boolean) => ScalarValue::Boolean(Some(*v)),
        (Datum::Integer(v), DataType::Int8) => ScalarValue::Int8(Some(i8::try_from(*v).ok()?)),
        (Datum::Integer(v), DataType::Int16) => ScalarValue::Int16(Some(i16::try_from(*v).ok()?)),
        (Datum::Integer(v), DataType::Int32) => ScalarValue::Int32(Some(i32::try_from(*v).ok()?)),
        (Datum::Integer(v), DataType::Int64) => ScalarValue::Int64(Some(*v)),
        (Datum::Integer(v), DataType::Date32) => ScalarValue::Date32(Some(i32::try_from(*v).ok()?)),
        (Datum::Integer(v), DataType::Time32(TimeUnit::Millisecond)) => {
            ScalarValue::Time32Millisecond(Some(i32::try_from(*v).ok()?))
        }
        (Datum::Integer(v), DataType::Time64(TimeUnit::Microsecond)) => {
            ScalarValue::Time64Microsecond(Some(*v))
        }
        (Datum::Float(v), DataType::Float32) => ScalarValue::Float32(Some(*v)),
        (Datum::Double(v), DataType::Float64) => ScalarValue::Float64(Some(*v)),
        (Datum::Timestamp { millis, nanos_of_milli }, &(WIDE_TIMESTAMP | WIDE_INSTANT)) => {
            let nanos = i128::from(*millis) * i128::from(NANOS_PER_MILLI) + i128::from(*nanos_of_milli);
            wide_timestamp::scalar(nanos, &column_type)?
        }
        (Datum::Decimal(v), DataType::Decimal128(precision, scale)) => {
            ScalarValue::Decimal128(Some(*v), *precision, *scale)
        }
        (Datum::Text(v), DataType::Utf8View) => ScalarValue::Utf8View(Some(v.clone())),
        (Datum::Bytes(v), DataType::BinaryView) => ScalarValue::BinaryView(Some(v.clone())),
        (Datum::Timestamp { millis, nanos_of_milli }, DataType::Timestamp(unit, zone)) => {
            let nanos = i64::from(*nanos_of_milli);
            let zone = zone.clone();
            match unit {
                TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(*millis), zone),
                TimeUnit::Microsecond => {
                    let value = millis.checked_mul(MICROS_PER_MILLI)?.checked_add(nanos / NANOS_PER_MICRO)?;
                    ScalarValue::TimestampMicrosecond(Some(value), zone)
                }
                TimeUnit::Nanosecond | TimeUnit::Second => return None,
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_before_the_epoch_survive_the_round_trip() {
        for (precision, scalar) in [
            (3, ScalarValue::TimestampMillisecond(Some(-1), None)),
            (6, ScalarValue::TimestampMicrosecond(Some(-1), None)),
            (9, ScalarValue::Decimal128(Some(-62_135_596_800_000_000_001), 38, -99)),
        ] {
            let column = LogicalType::Timestamp { precision };
            let datum = datum_of(&scalar, &column);
            assert_eq!(datum.and_then(|datum| scalar_of(&datum, &column)), Some(scalar));
        }
    }

    #[test]
    fn a_scalar_of_another_type_is_no_datum_of_the_column() {
        assert_eq!(datum_of(&ScalarValue::Int64(Some(1)), &LogicalType::Int), None);
        assert_eq!(
            datum_of(
                &ScalarValue::Decimal128(Some(10), 10, 1),
                &LogicalType::Decimal { precision: 10, scale: 2 }
            ),
            None
        );
    }
}
