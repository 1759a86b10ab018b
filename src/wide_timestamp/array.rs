//! Arrays between the wide and Arrow's own forms.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Decimal128Array, PrimitiveArray, make_array};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowTimestampType, DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use chrono::DateTime;
use datafusion::common::internal_datafusion_err;
use datafusion::error::{DataFusionError, Result};

use super::is_wide;
use crate::error::{Error, ErrorKind};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND;

/// The array with its wide timestamps, at every depth, as another type has them: timestamps of any unit or
/// dates, which drop what they cannot say as Arrow's casts do. A value out of the type's range is an error.
pub(super) fn narrow(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    if is_wide(array.data_type()) {
        return narrow_scalars(nanos_of(array)?, to);
    }
    let data = array.to_data();
    let parts = data.child_data().iter().zip(children(to));
    let parts = parts.map(|(part, to)| Ok(narrow(&make_array(part.clone()), to)?.to_data()));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    Ok(make_array(data.into_builder().data_type(to.clone()).child_data(parts).build()?))
}

fn children(data_type: &DataType) -> Vec<&DataType> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => vec![field.data_type()],
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        _ => Vec::new(),
    }
}

fn nanos_of(array: &ArrayRef) -> Result<&Decimal128Array> {
    let nanos = array.as_primitive_opt::<Decimal128Type>();
    nanos.ok_or_else(|| internal_datafusion_err!("{} holds no wide timestamps", array.data_type()))
}

fn narrow_scalars(nanos: &Decimal128Array, to: &DataType) -> Result<ArrayRef> {
    let zone = match to {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    Ok(match to {
        DataType::Timestamp(TimeUnit::Second, _) => {
            Arc::new(in_unit::<TimestampSecondType>(nanos, NANOS_PER_SECOND)?.with_timezone_opt(zone))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            Arc::new(in_unit::<TimestampMillisecondType>(nanos, 1_000_000)?.with_timezone_opt(zone))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Arc::new(in_unit::<TimestampMicrosecondType>(nanos, 1_000)?.with_timezone_opt(zone))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Arc::new(in_unit::<TimestampNanosecondType>(nanos, 1)?.with_timezone_opt(zone))
        }
        DataType::Date32 => {
            let day =
                |nanos: i128| i32::try_from(nanos.div_euclid(NANOS_PER_DAY)).map_err(|_| out_of_range(nanos));
            Arc::new(nanos.try_unary::<_, Date32Type, _>(day)? as Date32Array)
        }
        other => return Err(internal_datafusion_err!("wide timestamps are not narrowed to {other}")),
    })
}

/// Digits below the unit are cut off toward 1970, as Arrow's own casts cut them.
fn in_unit<T: ArrowTimestampType>(nanos: &Decimal128Array, per_unit: i128) -> Result<PrimitiveArray<T>> {
    nanos.try_unary(|nanos| i64::try_from(nanos / per_unit).map_err(|_| out_of_range(nanos)))
}

fn out_of_range(nanos: i128) -> DataFusionError {
    let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).ok();
    let rest = u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).ok();
    let moment = seconds.zip(rest).and_then(|(seconds, rest)| DateTime::from_timestamp(seconds, rest));
    let text = match moment {
        Some(moment) => moment.format("%Y-%m-%d %H:%M:%S%.9f").to_string(),
        None => format!("{nanos} ns since 1970"),
    };
    let message = format!(
        "timestamp out of range: {text} has nanoseconds and is not between 1677-09-21 and 2262-04-11"
    );
    let error = Error::new(ErrorKind::Unsupported, message).with_hint(
        "Such values can be read, compared, sorted and grouped by; for functions, cast them to TIMESTAMP(6) first.",
    );
    DataFusionError::External(Box::new(error))
}

/// Timestamps of any unit in 128 bits.
pub(super) fn widen(array: &ArrayRef, wide: &DataType) -> Result<ArrayRef> {
    if is_wide(array.data_type()) {
        return Ok(Arc::new(nanos_of(array)?.clone().with_data_type(wide.clone())));
    }
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return Err(internal_datafusion_err!("{} is no timestamp to widen", array.data_type()));
    };
    let per_unit = match unit {
        TimeUnit::Second => NANOS_PER_SECOND,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    let units = cast(array, &DataType::Int64)?;
    let units = units.as_primitive::<Int64Type>();
    let nanos = units.unary::<_, Decimal128Type>(|units| i128::from(units) * per_unit);
    Ok(Arc::new(nanos.with_data_type(wide.clone())))
}

/// Wide timestamps in microseconds, which is all that the wire shows; finer parts are cut off towards the past.
pub(crate) fn in_micros(array: &ArrayRef) -> Option<PrimitiveArray<TimestampMicrosecondType>> {
    let nanos = array.as_primitive_opt::<Decimal128Type>()?;
    let micros = |nanos: i128| {
        i64::try_from(nanos.div_euclid(1_000)).map_err(|e| ArrowError::CastError(e.to_string()))
    };
    nanos.try_unary(micros).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{ListArray, StructArray, TimestampMicrosecondArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;
    use tarn_catalog::types::WIDE_TIMESTAMP;

    use super::super::narrow_type;
    use super::*;

    const YEAR_9999: i128 = 253_402_300_799_999_999_999;

    fn wide(nanos: &[Option<i128>]) -> ArrayRef {
        Arc::new(Decimal128Array::from(nanos.to_vec()).with_data_type(WIDE_TIMESTAMP))
    }

    #[test]
    fn values_narrow_to_what_holds_them() {
        let array = wide(&[Some(-1), None, Some(YEAR_9999)]);
        let micros = narrow(&array, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        assert_eq!((micros.value(0), micros.is_null(1), micros.value(2)), (0, true, 253_402_300_799_999_999));
        let days = narrow(&array, &DataType::Date32).unwrap();
        assert_eq!(days.as_primitive::<Date32Type>().value(0), -1);
        let error = narrow(&array, &DataType::Timestamp(TimeUnit::Nanosecond, None)).unwrap_err();
        assert!(error.to_string().contains("9999-12-31 23:59:59.999999999"), "{error}");
        let fits = narrow(&array.slice(0, 2), &DataType::Timestamp(TimeUnit::Nanosecond, None)).unwrap();
        assert_eq!(fits.as_primitive::<TimestampNanosecondType>().value(0), -1);
    }

    #[test]
    fn nested_values_narrow_too() {
        let field = Arc::new(Field::new("element", WIDE_TIMESTAMP, true));
        let values = wide(&[Some(5), Some(7), Some(9)]);
        let list: ArrayRef =
            Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([1, 2]), values, None));
        let row = StructArray::try_from(vec![("x", list)]).unwrap();
        let row: ArrayRef = Arc::new(row.slice(1, 1));
        let narrowed = narrow(&row, &narrow_type(row.data_type())).unwrap();
        let list = narrowed.as_struct().column(0).as_list::<i32>().value(0);
        assert_eq!(list.as_primitive::<TimestampNanosecondType>().values(), &[7, 9]);
    }

    #[test]
    fn every_unit_widens() {
        let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(i64::MAX), None]));
        let widened = widen(&micros, &WIDE_TIMESTAMP).unwrap();
        assert_eq!(widened.data_type(), &WIDE_TIMESTAMP);
        assert_eq!(widened.as_primitive::<Decimal128Type>().value(0), i128::from(i64::MAX) * 1000);
        assert!(widened.is_null(1));
        assert_eq!(in_micros(&wide(&[Some(-1)])).unwrap().value(0), -1);
    }
}
