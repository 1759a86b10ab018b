//! Dates, times, timestamps and intervals as Postgres prints and sends them.
//!
//! Units inside: days since 1970-01-01, microseconds since midnight or since 1970-01-01 00:00 UTC.
//! Calendars are computed here and not by chrono, whose years end before Arrow's do.

use std::io::Write;

use chrono::DateTime;

use crate::pg::error::{PgError, PgResult, state};
use crate::settings::Zone;

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Days from 1970-01-01 to Postgres's epoch, 2000-01-01.
const PG_EPOCH_DAYS: i32 = 10_957;
const PG_EPOCH_MICROS: i64 = PG_EPOCH_DAYS as i64 * MICROS_PER_DAY;

/// Months, days and microseconds, which Postgres keeps apart too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

/// The `IntervalStyle`s that Tarn writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntervalStyle {
    #[default]
    Postgres,
    Iso8601,
}

pub fn out_of_range(what: &str) -> PgError {
    PgError::error(state::DATETIME_OVERFLOW, format!("{what} out of range"))
}

/// Year, month and day of a day number (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

fn two_digits(value: u8, out: &mut Vec<u8>) {
    out.push(b'0' + value / 10);
    out.push(b'0' + value % 10);
}

/// `2024-02-29`; the year 0 and those before it are printed as years BC by [`write_era`].
fn write_day(days: i64, out: &mut Vec<u8>) -> bool {
    let (year, month, day) = civil(days);
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    if year <= 9999 {
        two_digits((year / 100) as u8, out);
        two_digits((year % 100) as u8, out);
    } else {
        let _infallible = write!(out, "{year}");
    }
    out.push(b'-');
    two_digits(month, out);
    out.push(b'-');
    two_digits(day, out);
    before_christ
}

fn write_era(before_christ: bool, out: &mut Vec<u8>) {
    if before_christ {
        out.extend_from_slice(b" BC");
    }
}

/// `12:34:56.789`, without the zeros at the end of a fraction.
fn write_clock(micros: i64, out: &mut Vec<u8>) {
    let seconds = micros / MICROS_PER_SECOND;
    two_digits((seconds / 3600) as u8, out);
    out.push(b':');
    two_digits((seconds / 60 % 60) as u8, out);
    out.push(b':');
    two_digits((seconds % 60) as u8, out);
    write_fraction(micros % MICROS_PER_SECOND, out);
}

fn write_fraction(mut micros: i64, out: &mut Vec<u8>) {
    if micros == 0 {
        return;
    }
    out.push(b'.');
    let mut unit = MICROS_PER_SECOND / 10;
    while micros > 0 {
        out.push(b'0' + (micros / unit) as u8);
        micros %= unit;
        unit /= 10;
    }
}

pub fn write_date(days: i64, out: &mut Vec<u8>) {
    let before_christ = write_day(days, out);
    write_era(before_christ, out);
}

pub fn write_time(micros: i64, out: &mut Vec<u8>) {
    write_clock(micros, out);
}

/// A timestamp without zone; `separator` is a space, or `T` in JSON.
pub fn write_timestamp(micros: i64, separator: u8, out: &mut Vec<u8>) {
    let before_christ = write_local(micros, separator, out);
    write_era(before_christ, out);
}

fn write_local(micros: i64, separator: u8, out: &mut Vec<u8>) -> bool {
    let before_christ = write_day(micros.div_euclid(MICROS_PER_DAY), out);
    out.push(separator);
    write_clock(micros.rem_euclid(MICROS_PER_DAY), out);
    before_christ
}

/// A timestamp with zone, in the session's zone: `2024-07-01 12:00:00+02`. JSON has the minutes of
/// the offset too: `2024-07-01T12:00:00+02:00`.
pub fn write_timestamptz(micros: i64, zone: &Zone, json: bool, out: &mut Vec<u8>) -> PgResult<()> {
    let offset = offset_seconds(micros, zone)?;
    let shift = i64::from(offset) * MICROS_PER_SECOND;
    let local = micros.checked_add(shift).ok_or_else(|| out_of_range("timestamp"))?;
    let before_christ = write_local(local, if json { b'T' } else { b' ' }, out);
    out.push(if offset < 0 { b'-' } else { b'+' });
    let offset = offset.unsigned_abs();
    two_digits((offset / 3600) as u8, out);
    if json || offset % 3600 != 0 {
        out.push(b':');
        two_digits((offset / 60 % 60) as u8, out);
    }
    if offset % 60 != 0 {
        out.push(b':');
        two_digits((offset % 60) as u8, out);
    }
    write_era(before_christ, out);
    Ok(())
}

/// Seconds east of UTC at an instant.
fn offset_seconds(micros: i64, zone: &Zone) -> PgResult<i32> {
    let instant = DateTime::from_timestamp_micros(micros).ok_or_else(|| out_of_range("timestamp"))?;
    Ok(zone.offset_seconds(&instant))
}

pub fn write_interval(interval: Interval, style: IntervalStyle, out: &mut Vec<u8>) {
    match style {
        IntervalStyle::Postgres => write_interval_postgres(interval, out),
        IntervalStyle::Iso8601 => write_interval_iso(interval, out),
    }
}

/// `1 year 2 mons -3 days +04:05:06`: a sign is written again where it turns (`EncodeInterval`).
fn write_interval_postgres(interval: Interval, out: &mut Vec<u8>) {
    let (mut first, mut after_negative) = (true, false);
    for (value, unit) in
        [(interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day")]
    {
        if value == 0 {
            continue;
        }
        let space = if first { "" } else { " " };
        let sign = if after_negative && value > 0 { "+" } else { "" };
        let plural = if value == 1 { "" } else { "s" };
        let _infallible = write!(out, "{space}{sign}{value} {unit}{plural}");
        first = false;
        after_negative = value < 0;
    }
    if !first && interval.micros == 0 {
        return;
    }
    if !first {
        out.push(b' ');
    }
    if interval.micros < 0 {
        out.push(b'-');
    } else if after_negative {
        out.push(b'+');
    }
    let micros = interval.micros.unsigned_abs();
    let seconds = micros / MICROS_PER_SECOND.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _infallible = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    write_fraction((micros % MICROS_PER_SECOND.unsigned_abs()).cast_signed(), out);
}

/// `P1Y2M-3DT4H5M6.789S`.
fn write_interval_iso(interval: Interval, out: &mut Vec<u8>) {
    if interval == Interval::default() {
        out.extend_from_slice(b"PT0S");
        return;
    }
    out.push(b'P');
    let part = |value: i64, unit: char, out: &mut Vec<u8>| {
        if value != 0 {
            let _infallible = write!(out, "{value}{unit}");
        }
    };
    part(i64::from(interval.months / 12), 'Y', out);
    part(i64::from(interval.months % 12), 'M', out);
    part(i64::from(interval.days), 'D', out);
    if interval.micros == 0 {
        return;
    }
    out.push(b'T');
    let seconds = interval.micros / MICROS_PER_SECOND;
    part(seconds / 3600, 'H', out);
    part(seconds / 60 % 60, 'M', out);
    let rest = interval.micros % (60 * MICROS_PER_SECOND);
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        let rest = rest.unsigned_abs();
        let _infallible = write!(out, "{sign}{}", rest / MICROS_PER_SECOND.unsigned_abs());
        write_fraction((rest % MICROS_PER_SECOND.unsigned_abs()).cast_signed(), out);
        out.push(b'S');
    }
}

/// `date_send`: days since 2000-01-01.
pub fn date_binary(days: i64) -> PgResult<[u8; 4]> {
    let days = i32::try_from(days - i64::from(PG_EPOCH_DAYS)).map_err(|_| out_of_range("date"))?;
    Ok(days.to_be_bytes())
}

/// `timestamp_send`, `timestamptz_send`: microseconds since 2000-01-01.
pub fn timestamp_binary(micros: i64) -> PgResult<[u8; 8]> {
    let micros = micros.checked_sub(PG_EPOCH_MICROS).ok_or_else(|| out_of_range("timestamp"))?;
    Ok(micros.to_be_bytes())
}

/// `interval_send`.
pub fn interval_binary(interval: Interval) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&interval.micros.to_be_bytes());
    bytes[8..12].copy_from_slice(&interval.days.to_be_bytes());
    bytes[12..].copy_from_slice(&interval.months.to_be_bytes());
    bytes
}

/// The inverses, for parameters.
pub fn days_from_binary(bytes: [u8; 4]) -> PgResult<i32> {
    i32::from_be_bytes(bytes).checked_add(PG_EPOCH_DAYS).ok_or_else(|| out_of_range("date"))
}

pub fn micros_from_binary(bytes: [u8; 8]) -> PgResult<i64> {
    i64::from_be_bytes(bytes).checked_add(PG_EPOCH_MICROS).ok_or_else(|| out_of_range("timestamp"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn zone_of(name: &str) -> Zone {
        match name {
            "-08:00" => Zone::Fixed(chrono::FixedOffset::west_opt(8 * 3600).unwrap()),
            name => Zone::Named(name.parse().unwrap()),
        }
    }

    #[test]
    fn dates_before_christ_and_far_ahead() {
        for (days, wanted) in [
            (0, "1970-01-01"),
            (19_782, "2024-02-29"),
            (-719_162, "0001-01-01"),
            (-719_163, "0001-12-31 BC"),
            (-719_528, "0001-01-01 BC"),
            (2_932_897, "10000-01-01"),
            (-2_440_588, "4714-11-24 BC"),
        ] {
            assert_eq!(text(|out| write_date(days, out)), wanted);
        }
    }

    #[test]
    fn fractions_lose_their_zeros() {
        assert_eq!(text(|out| write_timestamp(1_704_067_200_120_000, b' ', out)), "2024-01-01 00:00:00.12");
        assert_eq!(text(|out| write_timestamp(-1, b'T', out)), "1969-12-31T23:59:59.999999");
        assert_eq!(text(|out| write_time(MICROS_PER_DAY - 1_000_000, out)), "23:59:59");
    }

    #[test]
    fn offsets_are_as_long_as_they_must_be() {
        let shown = |micros: i64, zone: &str| {
            text(|out| write_timestamptz(micros, &zone_of(zone), false, out).unwrap())
        };
        assert_eq!(shown(0, "UTC"), "1970-01-01 00:00:00+00");
        assert_eq!(shown(1_719_828_000_000_000, "Europe/Berlin"), "2024-07-01 12:00:00+02");
        assert_eq!(shown(0, "Asia/Kolkata"), "1970-01-01 05:30:00+05:30");
        assert_eq!(shown(-3_000_000_000_000_000, "Europe/Paris"), "1874-12-07 18:49:21+00:09:21");
        assert_eq!(shown(0, "-08:00"), "1969-12-31 16:00:00-08");
    }

    /// Each was printed by PostgreSQL 15.
    #[test]
    fn intervals_repeat_a_sign_that_turns() {
        let interval = |months, days, micros| Interval { months, days, micros };
        for (interval, postgres, iso) in [
            (interval(0, 0, 0), "00:00:00", "PT0S"),
            (interval(14, 3, 14_706_789_000), "1 year 2 mons 3 days 04:05:06.789", "P1Y2M3DT4H5M6.789S"),
            (interval(-1, 3, -14_706_000_000), "-1 mons +3 days -04:05:06", "P-1M3DT-4H-5M-6S"),
            (interval(-13, 0, 0), "-1 years -1 mons", "P-1Y-1M"),
            (interval(0, -1, 500_000), "-1 days +00:00:00.5", "P-1DT0.5S"),
            (interval(0, 1, 0), "1 day", "P1D"),
            (interval(0, 0, -500_000), "-00:00:00.5", "PT-0.5S"),
            (interval(0, 0, 360_000_000_000), "100:00:00", "PT100H"),
        ] {
            assert_eq!(text(|out| write_interval(interval, IntervalStyle::Postgres, out)), postgres);
            assert_eq!(text(|out| write_interval(interval, IntervalStyle::Iso8601, out)), iso);
        }
    }

    #[test]
    fn what_binary_cannot_hold_is_an_error() {
        assert_eq!(date_binary(10_957).unwrap(), [0; 4]);
        assert_eq!(timestamp_binary(946_684_800_000_000).unwrap(), [0; 8]);
        assert_eq!(timestamp_binary(i64::MIN).unwrap_err().code, "22008");
        assert_eq!(date_binary(i64::from(i32::MIN)).unwrap_err().code, "22008");
    }
}
