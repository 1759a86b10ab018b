//! Points in time as the Java reader holds them: milliseconds and the nanoseconds within one.
//!
//! Arrow's 64-bit nanoseconds reach from 1677 to 2262 only, and lakes hold wider ones (years 1 and
//! 9999 as bounds). Readers therefore give columns of more than six digits as [`DECIMAL_NANOS`] where
//! they can, and Tarn hands them out as wide timestamps; see [`super::represent`].

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, PrimitiveArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use std::sync::Arc;

use tarn_catalog::types::{LogicalType, WIDE_INSTANT, WIDE_TIMESTAMP};

use super::error::{CastError, CastResult};
use super::instant_text::write_timestamp;

/// Nanoseconds since 1970 as a decimal of seconds: how readers of files give timestamps that Arrow's own
/// type may not hold.
pub const DECIMAL_NANOS: DataType = DataType::Decimal128(38, 9);

pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// `millis * 1,000,000 + nanos` nanoseconds since 1970-01-01 00:00, with `0 <= nanos < 1,000,000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    pub millis: i64,
    pub nanos: i32,
}

impl Instant {
    pub fn from_millis(millis: i64) -> Self {
        Self { millis, nanos: 0 }
    }

    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let per_milli = i128::from(NANOS_PER_MILLI);
        let millis = i64::try_from(nanos.div_euclid(per_milli)).ok()?;
        let nanos = i32::try_from(nanos.rem_euclid(per_milli)).ok()?;
        Some(Self { millis, nanos })
    }

    /// Nanoseconds within the second.
    pub fn nano_of_second(self) -> i64 {
        self.millis.rem_euclid(1000) * NANOS_PER_MILLI + i64::from(self.nanos)
    }

    /// `DateTimeUtils.truncate`: drops digits beyond `precision`. Up to milliseconds it truncates
    /// toward 1970, below them toward the past, as Java does.
    pub fn truncate(self, precision: u8) -> Self {
        let precision = u32::from(precision.min(9));
        let keeps_all = self.nano_of_second() % 10_i64.pow(9 - precision) == 0;
        if keeps_all {
            self
        } else if precision <= 3 {
            let unit = 10_i64.pow(3 - precision);
            Self::from_millis(self.millis / unit * unit)
        } else {
            let unit = 10_i32.pow(9 - precision);
            Self { millis: self.millis, nanos: self.nanos / unit * unit }
        }
    }

    /// Nanoseconds since 1970.
    pub fn in_nanos(self) -> i128 {
        i128::from(self.millis) * i128::from(NANOS_PER_MILLI) + i128::from(self.nanos)
    }

    pub fn in_unit(self, unit: TimeUnit) -> Option<i64> {
        match unit {
            TimeUnit::Second => Some(self.millis.div_euclid(1000)),
            TimeUnit::Millisecond => Some(self.millis),
            TimeUnit::Microsecond => self.millis.checked_mul(1000)?.checked_add(i64::from(self.nanos / 1000)),
            // Computed wide: the product alone may overflow where the sum does not.
            TimeUnit::Nanosecond => i64::try_from(self.in_nanos()).ok(),
        }
    }
}

/// A timestamp array of any unit, or a wide one, read value by value.
pub(super) enum Instants<'a> {
    Seconds(&'a TimestampSecondArray),
    Millis(&'a TimestampMillisecondArray),
    Micros(&'a TimestampMicrosecondArray),
    Nanos(&'a TimestampNanosecondArray),
    Wide(&'a Decimal128Array),
}

impl<'a> Instants<'a> {
    pub fn try_new(array: &'a dyn Array) -> CastResult<Self> {
        let known = match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                array.as_primitive_opt::<TimestampSecondType>().map(Self::Seconds)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                array.as_primitive_opt::<TimestampMillisecondType>().map(Self::Millis)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                array.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Micros)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                array.as_primitive_opt::<TimestampNanosecondType>().map(Self::Nanos)
            }
            &DECIMAL_NANOS | &WIDE_TIMESTAMP | &WIDE_INSTANT => {
                array.as_primitive_opt::<Decimal128Type>().map(Self::Wide)
            }
            _ => None,
        };
        known.ok_or_else(|| CastError::Physical(format!("{} holds no timestamps", array.data_type())))
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Seconds(array) => array,
            Self::Millis(array) => array,
            Self::Micros(array) => array,
            Self::Nanos(array) => array,
            Self::Wide(array) => array,
        }
    }

    pub fn len(&self) -> usize {
        self.array().len()
    }

    /// The value of a row; `None` for NULL.
    pub fn get(&self, row: usize) -> CastResult<Option<Instant>> {
        if self.array().is_null(row) {
            return Ok(None);
        }
        let nanos = match self {
            Self::Seconds(array) => i128::from(array.value(row)) * 1_000_000_000,
            Self::Millis(array) => return Ok(Some(Instant::from_millis(array.value(row)))),
            Self::Micros(array) => i128::from(array.value(row)) * 1000,
            Self::Nanos(array) => i128::from(array.value(row)),
            Self::Wide(array) => array.value(row),
        };
        Instant::from_nanos(nanos)
            .map(Some)
            .ok_or_else(|| CastError::Physical(format!("a timestamp is {nanos} nanoseconds from 1970")))
    }

    /// Maps every value to a native of another type.
    pub fn map<T: ArrowPrimitiveType>(
        &self,
        convert: impl Fn(Instant) -> CastResult<T::Native>,
    ) -> CastResult<PrimitiveArray<T>> {
        (0..self.len()).map(|row| self.get(row)?.map(&convert).transpose()).collect()
    }

    /// Maps every value to another instant and gives the array of a timestamp type.
    pub fn to_type(&self, to: &LogicalType, convert: impl Fn(Instant) -> Instant) -> CastResult<ArrayRef> {
        timestamps(to, (0..self.len()).map(|row| Ok(self.get(row)?.map(&convert))))
    }
}

/// Builds the array of a timestamp type.
pub(super) fn timestamps(
    to: &LogicalType,
    values: impl Iterator<Item = CastResult<Option<Instant>>>,
) -> CastResult<ArrayRef> {
    let (unit, zone) = match to.arrow() {
        DataType::Timestamp(unit, zone) => (unit, zone),
        wide @ (WIDE_TIMESTAMP | WIDE_INSTANT) => {
            let nanos = values.map(|value| Ok(value?.map(Instant::in_nanos)));
            let array: Decimal128Array = nanos.collect::<CastResult<_>>()?;
            return Ok(Arc::new(array.with_data_type(wide)));
        }
        _ => return Err(CastError::Physical("a timestamp was cast to what is none".to_owned())),
    };
    let natives = values.map(|value| value?.map(|instant| native(instant, unit, to)).transpose());
    Ok(match unit {
        TimeUnit::Second => {
            let array: TimestampSecondArray = natives.collect::<CastResult<_>>()?;
            Arc::new(array.with_timezone_opt(zone))
        }
        TimeUnit::Millisecond => {
            let array: TimestampMillisecondArray = natives.collect::<CastResult<_>>()?;
            Arc::new(array.with_timezone_opt(zone))
        }
        TimeUnit::Microsecond => {
            let array: TimestampMicrosecondArray = natives.collect::<CastResult<_>>()?;
            Arc::new(array.with_timezone_opt(zone))
        }
        TimeUnit::Nanosecond => {
            let array: TimestampNanosecondArray = natives.collect::<CastResult<_>>()?;
            Arc::new(array.with_timezone_opt(zone))
        }
    })
}

fn native(instant: Instant, unit: TimeUnit, to: &LogicalType) -> CastResult<i64> {
    instant.in_unit(unit).ok_or_else(|| {
        let mut text = String::new();
        write_timestamp(instant, 9, &mut text);
        CastError::value(text, to, "it is out of range")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn instant(millis: i64, nanos: i32) -> Instant {
        Instant { millis, nanos }
    }

    /// `DateTimeUtils.truncate` of Java.
    #[test]
    fn truncation_is_toward_1970_down_to_milliseconds() {
        for (from, precision, to) in [
            (instant(1999, 999_999), 0, instant(1000, 0)),
            (instant(-500, 0), 0, instant(0, 0)),
            (instant(-1500, 0), 0, instant(-1000, 0)),
            (instant(-1001, 5), 2, instant(-1000, 0)),
            (instant(-1, 999_999), 3, instant(-1, 0)),
            (instant(-1, 123_456), 6, instant(-1, 123_000)),
            (instant(-2000, 0), 0, instant(-2000, 0)),
            (instant(7, 123_400), 7, instant(7, 123_400)),
            (instant(7, 123_456), 9, instant(7, 123_456)),
        ] {
            assert_eq!(from.truncate(precision), to, "{from:?} to {precision}");
        }
    }

    #[test]
    fn every_unit_reads_the_same_instant() {
        let seconds = TimestampSecondArray::from(vec![-1]);
        let micros = TimestampMicrosecondArray::from(vec![-1]);
        let nanos = TimestampNanosecondArray::from(vec![-1]);
        let wide = Decimal128Array::from(vec![-1_i128]).with_precision_and_scale(38, 9).unwrap();
        assert_eq!(Instants::try_new(&seconds).unwrap().get(0), Ok(Some(instant(-1000, 0))));
        assert_eq!(Instants::try_new(&micros).unwrap().get(0), Ok(Some(instant(-1, 999_000))));
        assert_eq!(Instants::try_new(&nanos).unwrap().get(0), Ok(Some(instant(-1, 999_999))));
        assert_eq!(Instants::try_new(&wide).unwrap().get(0), Ok(Some(instant(-1, 999_999))));
    }

    #[test]
    fn what_a_unit_cannot_hold_is_an_error_or_a_wide_timestamp() {
        let millis = TimestampMillisecondArray::from(vec![i64::MAX]);
        let (six, nine) =
            (LogicalType::Timestamp { precision: 6 }, LogicalType::TimestampLtz { precision: 9 });
        let error = Instants::try_new(&millis).unwrap().to_type(&six, |value| value).unwrap_err();
        assert!(error.to_string().contains("out of range"), "{error}");
        let wide = Instants::try_new(&millis).unwrap().to_type(&nine, |value| value).unwrap();
        assert_eq!(wide.data_type(), &WIDE_INSTANT);
        assert_eq!(wide.as_primitive::<Decimal128Type>().value(0), i128::from(i64::MAX) * 1_000_000);
        let largest = Instant::from_nanos(i128::from(i64::MAX)).unwrap();
        let smallest = Instant::from_nanos(i128::from(i64::MIN)).unwrap();
        assert_eq!(largest.in_unit(TimeUnit::Nanosecond), Some(i64::MAX));
        assert_eq!(smallest.in_unit(TimeUnit::Nanosecond), Some(i64::MIN));
    }
}
