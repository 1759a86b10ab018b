//! Dates, times, timestamps and intervals of every Arrow unit.

use arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::*;

use super::datetime::{
    Interval, MICROS_PER_DAY, MICROS_PER_SECOND, date_binary, interval_binary, out_of_range,
    timestamp_binary, write_date, write_interval, write_time, write_timestamp, write_timestamptz,
};
use super::{Style, TextKind, Values};
use crate::pg::error::PgResult;

fn write_fixed(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Dates that count days or, as Date64, milliseconds.
pub(super) struct Date<T: ArrowPrimitiveType> {
    array: PrimitiveArray<T>,
    units_per_day: i64,
}

impl<T: ArrowPrimitiveType> Date<T> {
    pub fn new(array: &ArrayRef, units_per_day: i64) -> Self {
        Self { array: array.as_primitive::<T>().clone(), units_per_day }
    }
}

impl<T: ArrowPrimitiveType> Date<T>
where
    T::Native: Into<i64>,
{
    fn days(&self, row: usize) -> i64 {
        self.array.value(row).into().div_euclid(self.units_per_day)
    }
}

impl<T: ArrowPrimitiveType> Values for Date<T>
where
    T::Native: Into<i64>,
{
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_date(self.days(row), out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_fixed(&date_binary(self.days(row))?, out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Safe
    }
}

/// How many units of an Arrow type make a second.
pub(super) trait Unit {
    const PER_SECOND: i64;
}

macro_rules! units {
    ($($per_second:literal: $($name:ty),*;)*) => {
        $($(impl Unit for $name {
            const PER_SECOND: i64 = $per_second;
        })*)*
    };
}

units! {
    1: TimestampSecondType, Time32SecondType, DurationSecondType;
    1_000: TimestampMillisecondType, Time32MillisecondType, DurationMillisecondType;
    1_000_000: TimestampMicrosecondType, Time64MicrosecondType, DurationMicrosecondType;
    1_000_000_000: TimestampNanosecondType, Time64NanosecondType, DurationNanosecondType;
}

/// Microseconds of a value; finer parts are cut off towards the past.
fn micros<U: Unit>(value: i64, what: &str) -> PgResult<i64> {
    if U::PER_SECOND > MICROS_PER_SECOND {
        return Ok(value.div_euclid(U::PER_SECOND / MICROS_PER_SECOND));
    }
    value.checked_mul(MICROS_PER_SECOND / U::PER_SECOND).ok_or_else(|| out_of_range(what))
}

/// Times of day.
pub(super) struct Time<T: ArrowPrimitiveType>(PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Time<T> {
    pub fn new(array: &ArrayRef) -> Self {
        Self(array.as_primitive::<T>().clone())
    }
}

impl<T: ArrowPrimitiveType + Unit> Time<T>
where
    T::Native: Into<i64>,
{
    fn micros(&self, row: usize) -> PgResult<i64> {
        let micros = micros::<T>(self.0.value(row).into(), "time")?;
        if (0..=MICROS_PER_DAY).contains(&micros) { Ok(micros) } else { Err(out_of_range("time")) }
    }
}

impl<T: ArrowPrimitiveType + Unit> Values for Time<T>
where
    T::Native: Into<i64>,
{
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_time(self.micros(row)?, out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_fixed(&self.micros(row)?.to_be_bytes(), out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Safe
    }
}

/// Timestamps; with a zone they print in the session's.
pub(super) struct Timestamp<T: ArrowPrimitiveType> {
    array: PrimitiveArray<T>,
    zoned: bool,
}

impl<T: ArrowPrimitiveType> Timestamp<T> {
    pub fn new(array: &ArrayRef, zoned: bool) -> Self {
        Self { array: array.as_primitive::<T>().clone(), zoned }
    }
}

impl<T: ArrowPrimitiveType<Native = i64> + Unit> Timestamp<T> {
    fn micros(&self, row: usize) -> PgResult<i64> {
        micros::<T>(self.array.value(row), "timestamp")
    }

    fn write(&self, row: usize, style: &Style, json: bool, out: &mut Vec<u8>) -> PgResult<()> {
        let micros = self.micros(row)?;
        if self.zoned {
            return write_timestamptz(micros, &style.zone, json, out);
        }
        write_timestamp(micros, if json { b'T' } else { b' ' }, out);
        Ok(())
    }
}

impl<T: ArrowPrimitiveType<Native = i64> + Unit> Values for Timestamp<T> {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.write(row, style, false, out)
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_fixed(&timestamp_binary(self.micros(row)?)?, out);
        Ok(())
    }

    /// There is a space in it, which arrays quote.
    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.push(b'"');
        self.write(row, style, true, out)?;
        out.push(b'"');
        Ok(())
    }
}

/// An Arrow interval in the parts that Postgres has.
trait ToInterval {
    fn interval(self) -> Interval;
}

impl ToInterval for i32 {
    fn interval(self) -> Interval {
        Interval { months: self, ..Interval::default() }
    }
}

impl ToInterval for IntervalDayTime {
    fn interval(self) -> Interval {
        let micros = i64::from(self.milliseconds) * 1000;
        Interval { months: 0, days: self.days, micros }
    }
}

impl ToInterval for IntervalMonthDayNano {
    fn interval(self) -> Interval {
        Interval { months: self.months, days: self.days, micros: self.nanoseconds / 1000 }
    }
}

pub(super) struct Intervals<T: ArrowPrimitiveType>(PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Intervals<T> {
    pub fn new(array: &ArrayRef) -> Self {
        Self(array.as_primitive::<T>().clone())
    }
}

impl<T: ArrowPrimitiveType> Values for Intervals<T>
where
    T::Native: ToInterval,
{
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_interval(self.0.value(row).interval(), style.interval, out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_fixed(&interval_binary(self.0.value(row).interval()), out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}

/// Durations, which go out as intervals of days and time, as the difference of two timestamps does.
pub(super) struct Elapsed<T: ArrowPrimitiveType>(PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Elapsed<T> {
    pub fn new(array: &ArrayRef) -> Self {
        Self(array.as_primitive::<T>().clone())
    }
}

impl<T: ArrowPrimitiveType<Native = i64> + Unit> Elapsed<T> {
    fn interval(&self, row: usize) -> PgResult<Interval> {
        let micros = micros::<T>(self.0.value(row), "interval")?;
        let days = i32::try_from(micros / MICROS_PER_DAY).map_err(|_| out_of_range("interval"))?;
        Ok(Interval { months: 0, days, micros: micros % MICROS_PER_DAY })
    }
}

impl<T: ArrowPrimitiveType<Native = i64> + Unit> Values for Elapsed<T> {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_interval(self.interval(row)?, style.interval, out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_fixed(&interval_binary(self.interval(row)?), out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}
