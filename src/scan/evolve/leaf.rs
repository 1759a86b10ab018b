//! Casts between types that are not nested, one value at a time.
//!
//! The rules, and which pairs have one, are those of the Java reader's `CastExecutors`: numbers narrow by
//! wrapping, floating point saturates, decimals round half up and overflow to NULL, text is cut or
//! padded to its length and refused where it cannot be read, timestamps lose digits toward 1970. A
//! session's time zone is UTC, so TIMESTAMP and TIMESTAMP WITH LOCAL TIME ZONE hold the same numbers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType,
};
use tarn_catalog::types::LogicalType;

use super::error::{CastError, CastResult};
use super::instant::{Instant, Instants, MILLIS_PER_DAY, timestamps};
use super::java_number::JavaNumber;
use super::{decimal, parse, text};

/// Casts an array of type `from`, in Tarn's Arrow form of it (timestamps: in any), to `to`.
pub(super) fn cast_leaf(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    use LogicalType as T;
    match (from, to) {
        (T::Char { .. } | T::Varchar { .. }, _) => parse::cast_text(array, from, to),
        (_, T::Char { .. } | T::Varchar { .. }) => text::cast_to_text(array, from, to),
        (T::Binary { .. } | T::Varbinary { .. }, T::Binary { .. } | T::Varbinary { .. }) => {
            text::cast_binary(array, to)
        }
        (T::Boolean, _) => cast_boolean(array, from, to),
        (T::TinyInt, _) => cast_integer::<Int8Type>(array, from, to),
        (T::SmallInt, _) => cast_integer::<Int16Type>(array, from, to),
        (T::Int, _) => cast_integer::<Int32Type>(array, from, to),
        (T::BigInt, _) => cast_integer::<Int64Type>(array, from, to),
        (T::Float, _) => cast_floating::<Float32Type>(array, from, to),
        (T::Double, _) => cast_floating::<Float64Type>(array, from, to),
        (T::Decimal { precision, scale }, _) => cast_decimal(array, *precision, *scale, to)
            .unwrap_or_else(|| Err(CastError::unsupported(from, to))),
        (T::Date | T::Time { .. }, T::Timestamp { .. } | T::TimestampLtz { .. }) => {
            cast_day_or_time(array, from, to)
        }
        (T::Timestamp { .. } | T::TimestampLtz { .. }, _) => cast_timestamp(array, from, to),
        _ => Err(CastError::unsupported(from, to)),
    }
}

/// The array as the primitive type that its logical type has in Tarn.
pub(super) fn primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> CastResult<&PrimitiveArray<T>> {
    array.as_primitive_opt::<T>().ok_or_else(|| mismatch(array))
}

pub(super) fn mismatch(array: &dyn Array) -> CastError {
    CastError::Physical(format!("it is unexpectedly stored as {}", array.data_type()))
}

/// Numbers to the number types that are no decimals; `None` for any other target.
fn numbers<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, to: &LogicalType) -> Option<ArrayRef>
where
    T::Native: JavaNumber,
{
    Some(match to {
        LogicalType::TinyInt => Arc::new(array.unary::<_, Int8Type>(JavaNumber::byte)),
        LogicalType::SmallInt => Arc::new(array.unary::<_, Int16Type>(JavaNumber::short)),
        LogicalType::Int => Arc::new(array.unary::<_, Int32Type>(JavaNumber::int)),
        LogicalType::BigInt => Arc::new(array.unary::<_, Int64Type>(JavaNumber::long)),
        LogicalType::Float => Arc::new(array.unary::<_, Float32Type>(JavaNumber::float)),
        LogicalType::Double => Arc::new(array.unary::<_, Float64Type>(JavaNumber::double)),
        _ => return None,
    })
}

/// Builds decimals; values for which `convert` gives `None` are NULL.
fn decimals<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    (precision, scale): (u8, i8),
    convert: impl Fn(T::Native) -> Option<i128>,
) -> CastResult<ArrayRef> {
    labelled(array.unary_opt::<_, Decimal128Type>(convert), precision, scale)
}

pub(super) fn labelled(
    array: PrimitiveArray<Decimal128Type>,
    precision: u8,
    scale: i8,
) -> CastResult<ArrayRef> {
    let array = array
        .with_precision_and_scale(precision, scale)
        .map_err(|error| CastError::Physical(error.to_string()))?;
    Ok(Arc::new(array))
}

fn cast_boolean(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    let booleans = array.as_boolean_opt().ok_or_else(|| mismatch(array))?;
    let ones: PrimitiveArray<Int8Type> = booleans.iter().map(|value| value.map(i8::from)).collect();
    match to {
        LogicalType::Decimal { precision, scale } => decimals(&ones, (*precision, *scale), |value| {
            decimal::rescale(i128::from(value), 0, *scale, *precision)
        }),
        _ => numbers(&ones, to).ok_or_else(|| CastError::unsupported(from, to)),
    }
}

fn cast_integer<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    from: &LogicalType,
    to: &LogicalType,
) -> CastResult<ArrayRef>
where
    T::Native: JavaNumber,
{
    let array = primitive::<T>(array)?;
    match to {
        LogicalType::Boolean => {
            Ok(Arc::new(array.iter().map(|value| Some(value?.long() != 0)).collect::<BooleanArray>()))
        }
        LogicalType::Decimal { precision, scale } => decimals(array, (*precision, *scale), |value| {
            decimal::rescale(i128::from(value.long()), 0, *scale, *precision)
        }),
        // Seconds since 1970, multiplied with Java's silent overflow.
        LogicalType::Timestamp { .. } | LogicalType::TimestampLtz { .. }
            if matches!(from, LogicalType::Int | LogicalType::BigInt) =>
        {
            let instant = |seconds: T::Native| Instant::from_millis(seconds.long().wrapping_mul(1000));
            timestamps(to, array.iter().map(|value| Ok(value.map(instant))))
        }
        _ => numbers(array, to).ok_or_else(|| CastError::unsupported(from, to)),
    }
}

fn cast_floating<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    from: &LogicalType,
    to: &LogicalType,
) -> CastResult<ArrayRef>
where
    T::Native: JavaNumber,
{
    let array = primitive::<T>(array)?;
    let LogicalType::Decimal { precision, scale } = to else {
        return numbers(array, to).ok_or_else(|| CastError::unsupported(from, to));
    };
    // `BigDecimal.valueOf(double)` goes through the number's text.
    let mut text = String::new();
    let unscaled = array
        .iter()
        .map(|value| {
            let Some(value) = value else { return Ok(None) };
            text.clear();
            super::java_number::write_double(value.double(), &mut text);
            decimal::parse(&text, *precision, *scale).map_err(|reason| CastError::value(&*text, to, reason))
        })
        .collect::<CastResult<PrimitiveArray<Decimal128Type>>>()?;
    labelled(unscaled, *precision, *scale)
}

/// `None` where no rule leads to `to`.
fn cast_decimal(
    array: &ArrayRef,
    precision: u8,
    scale: i8,
    to: &LogicalType,
) -> Option<CastResult<ArrayRef>> {
    let array = match primitive::<Decimal128Type>(array) {
        Ok(array) => array,
        Err(error) => return Some(Err(error)),
    };
    let number = match to {
        LogicalType::Decimal { precision: to_precision, scale: to_scale } => {
            return Some(decimals(array, (*to_precision, *to_scale), |value| {
                decimal::rescale(value, scale, *to_scale, *to_precision)
            }));
        }
        LogicalType::Float | LogicalType::Double => {
            let doubles = array.unary::<_, Float64Type>(|value| decimal::to_double(value, precision, scale));
            numbers(&doubles, to)
        }
        _ => numbers(&array.unary::<_, Int64Type>(|value| decimal::to_long(value, scale)), to),
    };
    number.map(Ok)
}

fn cast_day_or_time(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    match from {
        LogicalType::Date => {
            let days = primitive::<Date32Type>(array)?;
            let instant = |days: i32| Instant::from_millis(i64::from(days) * MILLIS_PER_DAY);
            timestamps(to, days.iter().map(|value| Ok(value.map(instant))))
        }
        _ => {
            let times = primitive::<Time32MillisecondType>(array)?;
            let instant = |millis: i32| Instant::from_millis(i64::from(millis));
            timestamps(to, times.iter().map(|value| Ok(value.map(instant))))
        }
    }
}

fn cast_timestamp(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    let instants = Instants::try_new(array)?;
    match to {
        LogicalType::Timestamp { precision } | LogicalType::TimestampLtz { precision } => {
            instants.to_type(to, |instant| instant.truncate(*precision))
        }
        LogicalType::Date => {
            // Without a zone, Java 2.0 divides and so rounds days before 1970 up; with one it asks
            // the calendar.
            let floors = matches!(from, LogicalType::TimestampLtz { .. });
            let days = instants.map::<Date32Type>(|instant| {
                let days = if floors {
                    instant.millis.div_euclid(MILLIS_PER_DAY)
                } else {
                    instant.millis / MILLIS_PER_DAY
                };
                Ok(days as i32)
            })?;
            Ok(Arc::new(days))
        }
        LogicalType::Time { .. } => {
            let times = instants.map::<Time32MillisecondType>(|instant| {
                Ok(instant.millis.rem_euclid(MILLIS_PER_DAY) as i32)
            })?;
            Ok(Arc::new(times))
        }
        LogicalType::BigInt => Ok(Arc::new(instants.map::<Int64Type>(|instant| Ok(instant.millis / 1000))?)),
        LogicalType::Int => {
            Ok(Arc::new(instants.map::<Int32Type>(|instant| Ok((instant.millis / 1000) as i32))?))
        }
        _ => Err(CastError::unsupported(from, to)),
    }
}
