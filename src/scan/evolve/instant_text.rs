//! Dates, times and timestamps as the Java reader's `DateTimeUtils` prints and reads them.

use super::calendar::{civil_from_days, days_from_civil, days_in_month};
use super::instant::{Instant, MILLIS_PER_DAY};
use super::java_number::parse_integer;

/// Appends the last `digits` decimal digits of a number, digit by digit as Java does: a year above
/// 9999 loses its first digits, and a negative one prints the characters below `0`.
fn write_digits(value: i64, digits: u32, out: &mut String) {
    for place in (0..digits).rev() {
        let digit = (value / 10_i64.pow(place)) % 10;
        let character = u8::try_from(i64::from(b'0') + digit).unwrap_or(b'?');
        out.push(char::from(character));
    }
}

/// `yyyy-mm-dd`.
pub(super) fn write_date(days: i64, out: &mut String) {
    let (year, month, day) = civil_from_days(days);
    write_digits(year, 4, out);
    out.push('-');
    write_digits(month, 2, out);
    out.push('-');
    write_digits(day, 2, out);
}

fn write_time_of_day(second_of_day: i64, out: &mut String) {
    write_digits(second_of_day / 3600, 2, out);
    out.push(':');
    write_digits(second_of_day / 60 % 60, 2, out);
    out.push(':');
    write_digits(second_of_day % 60, 2, out);
}

/// `yyyy-mm-dd hh:mm:ss[.fraction]` with at least `precision` digits of fraction, and more where
/// the value has more.
pub(super) fn write_timestamp(instant: Instant, precision: u8, out: &mut String) {
    write_date(instant.millis.div_euclid(MILLIS_PER_DAY), out);
    out.push(' ');
    write_time_of_day(instant.millis.rem_euclid(MILLIS_PER_DAY) / 1000, out);
    let fraction = format!("{:09}", instant.nano_of_second());
    let needed = fraction.trim_end_matches('0').len().max(usize::from(precision.min(9)));
    if needed > 0 {
        out.push('.');
        out.push_str(&fraction[..needed]);
    }
}

/// `hh:mm:ss[.fraction]` of a time in milliseconds: at most `precision` digits, trailing zeros
/// left out after the first digit.
pub(super) fn write_time(millis: i64, precision: u8, out: &mut String) {
    let millis = millis.rem_euclid(MILLIS_PER_DAY);
    write_time_of_day(millis / 1000, out);
    if precision > 0 {
        let fraction = format!("{:03}", millis % 1000);
        let needed = fraction.trim_end_matches('0').len().max(1).min(usize::from(precision));
        out.push('.');
        out.push_str(&fraction[..needed]);
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits with an optional minus sign.
fn is_number(text: &str) -> bool {
    is_digits(text.strip_prefix('-').unwrap_or(text))
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// A part of a date or time: digits alone, within an `int`.
fn part(text: &str, what: &'static str) -> Result<i64, &'static str> {
    let text = trim(text);
    match text.parse::<i32>() {
        Ok(value) if is_digits(text) => Ok(i64::from(value)),
        _ => Err(what),
    }
}

/// Days since 1970: a number alone is that many days; `y`, `y-m` and `y-m-d` are dates, and what
/// follows a space is ignored.
pub(super) fn parse_date(text: &str) -> Result<i32, &'static str> {
    const BAD: &str = "it is not a date";
    if is_number(text) {
        return i32::try_from(parse_integer(text)?).map_err(|_| "the number overflows");
    }
    let text = match text.find(' ') {
        Some(space) if space > 0 => &text[..space],
        _ => text,
    };
    let mut parts = text.splitn(3, '-').map(|text| part(text, BAD));
    let year = parts.next().ok_or(BAD)??;
    let month = parts.next().unwrap_or(Ok(1))?;
    let day = parts.next().unwrap_or(Ok(1))?;
    let exists = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day);
    if !exists {
        return Err("there is no such day");
    }
    i32::try_from(days_from_civil(year, month, day)).map_err(|_| BAD)
}

/// Milliseconds of the day: a number alone is that many; otherwise `h[:m[:s[.fraction]]]` with an
/// optional zone offset `±h[:m]`, which Java adds as it stands.
pub(super) fn parse_time(text: &str) -> Result<i32, &'static str> {
    const BAD: &str = "it is not a time";
    let millis = if is_number(text) {
        parse_integer(text)?
    } else {
        let (clock, zone) = match text.find('-').or_else(|| text.find('+')) {
            Some(sign) => (&text[..sign], Some(&text[sign..])),
            None => (text, None),
        };
        clock_millis(clock, BAD)? + zone.map_or(Ok(0), |zone| offset_millis(zone, BAD))?
    };
    let in_day = (0..MILLIS_PER_DAY).contains(&millis);
    if in_day { i32::try_from(millis).map_err(|_| BAD) } else { Err("it is outside the day") }
}

fn clock_millis(clock: &str, bad: &'static str) -> Result<i64, &'static str> {
    let mut parts = clock.splitn(3, ':');
    let hour = part(parts.next().unwrap_or_default(), bad)?;
    let minute = parts.next().map_or(Ok(0), |minute| part(minute, bad))?;
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second = part(second, bad)?;
    Ok(((hour * 60 + minute) * 60 + second) * 1000 + fraction_millis(trim(fraction)))
}

fn offset_millis(zone: &str, bad: &'static str) -> Result<i64, &'static str> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    Ok(sign * (part(hours, bad)? * 60 + part(minutes, bad)?) * 60_000)
}

/// Three digits, rounded by the fourth; anything that is no digit counts as zero.
fn fraction_millis(fraction: &str) -> i64 {
    let digit = |index: usize| match fraction.as_bytes().get(index) {
        Some(byte @ b'0'..=b'9') => i64::from(byte - b'0'),
        _ => 0,
    };
    let rounds_up = fraction.as_bytes().get(3).is_some_and(|&byte| byte >= b'5');
    digit(0) * 100 + digit(1) * 10 + digit(2) + i64::from(rounds_up)
}

/// A timestamp without zone: a number alone counts units of the type's precision (0, 3, 6 or 9);
/// otherwise as [`parse_timestamp_text`].
pub(super) fn parse_timestamp(text: &str, precision: u8) -> Result<Instant, &'static str> {
    if !is_number(text) {
        return parse_timestamp_text(text, precision);
    }
    let count = i128::from(parse_integer(text)?);
    let nanos_per_unit = match precision {
        0 => 1_000_000_000,
        3 => 1_000_000,
        6 => 1000,
        9 => 1,
        _ => return Err("a number is a timestamp of 0, 3, 6 or 9 digits only"),
    };
    Instant::from_nanos(count * nanos_per_unit).ok_or("it is out of range")
}

/// `yyyy-m-d[ h:m:s[.fraction]]`, or with `T` and optional seconds; digits beyond `precision` are
/// dropped. A day from 29 on that its month does not have is its last day, and `24:00:00` is the
/// next midnight, as Java's lenient ("smart") resolver takes them.
pub(super) fn parse_timestamp_text(text: &str, precision: u8) -> Result<Instant, &'static str> {
    const BAD: &str = "it is not a timestamp";
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next().unwrap_or_default(), 4, 4).ok_or(BAD)?;
    let month = parts.next().and_then(|month| digits(month, 1, 2)).ok_or(BAD)?;
    let day = parts.next().and_then(|day| digits(day, 1, 2)).ok_or(BAD)?;
    let exists = parts.next().is_none() && year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !exists {
        return Err(BAD);
    }
    let days = days_from_civil(year, month, day.min(days_in_month(year, month)));
    let nano_of_day = time.map_or(Some(0), nano_of_day).ok_or(BAD)?;
    let unit = 10_i64.pow(9 - u32::from(precision.min(9)));
    let nano_of_day = nano_of_day / unit * unit;
    let nanos = i128::from(days) * i128::from(MILLIS_PER_DAY) * 1_000_000 + i128::from(nano_of_day);
    Instant::from_nanos(nanos).ok_or(BAD)
}

/// The time part with its leading space or `T`.
fn nano_of_day(time: &str) -> Option<i64> {
    let needs_seconds = time.starts_with(' ');
    let mut parts = time.get(1..)?.split(':');
    let hour = digits(parts.next()?, 1, 2)?;
    let minute = digits(parts.next()?, 1, 2)?;
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None if needs_seconds => return None,
        None => ("0", ""),
    };
    let second = digits(second, 1, 2)?;
    let fraction_digits = u32::try_from(fraction.len()).ok().filter(|&digits| digits <= 9)?;
    let nanos =
        if fraction.is_empty() { 0 } else { digits(fraction, 1, 9)? * 10_i64.pow(9 - fraction_digits) };
    let midnight_after = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    let valid = parts.next().is_none() && minute < 60 && second < 60 && (hour < 24 || midnight_after);
    valid.then_some(((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanos)
}

fn digits(text: &str, shortest: usize, longest: usize) -> Option<i64> {
    let plausible = (shortest..=longest).contains(&text.len()) && is_digits(text);
    plausible.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn timestamp(text: &str, precision: u8) -> String {
        let mut out = String::new();
        write_timestamp(parse_timestamp(text, precision).unwrap(), precision, &mut out);
        out
    }

    #[test]
    fn timestamps_are_read_and_printed_as_java_does() {
        for (text, precision, printed) in [
            ("2024-02-29 01:02:03", 0, "2024-02-29 01:02:03"),
            ("2024-2-9 1:2:3.5", 6, "2024-02-09 01:02:03.500000"),
            ("2024-02-09", 3, "2024-02-09 00:00:00.000"),
            ("2024-02-30 10:00:00", 0, "2024-02-29 10:00:00"),
            ("2023-12-31 24:00:00", 0, "2024-01-01 00:00:00"),
            ("1969-12-31 23:59:59.999999999", 6, "1969-12-31 23:59:59.999999"),
            ("0001-01-01 00:00:00.000000001", 9, "0001-01-01 00:00:00.000000001"),
            ("2024-02-09T10:11", 0, "2024-02-09 10:11:00"),
            ("2024-02-09 10:11:12.", 0, "2024-02-09 10:11:12"),
            ("1500", 3, "1970-01-01 00:00:01.500"),
            ("1500", 0, "1970-01-01 00:25:00"),
        ] {
            assert_eq!(timestamp(text, precision), printed, "{text}");
        }
        for text in [
            "",
            "2024-02",
            "2024-02-09 10:11",
            "24-02-09",
            "2024-13-01",
            "2024-01-32",
            "2024-01-01 24:00:01",
            "2024-01-01 10:60:00",
            "2024-01-01 10:00:00.1234567890",
            "0000-01-01",
            " 2024-01-01",
            "2024-01-01x",
        ] {
            assert!(parse_timestamp(text, 6).is_err(), "{text}");
        }
        assert!(parse_timestamp("5", 4).is_err());
    }

    #[test]
    fn dates_are_read_as_java_does() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1970-1-2", 1),
            ("1971-02", 396),
            ("19782", 19_782),
            ("2024-02-29 23:00:00", 19_782),
            ("1969-12-31", -1),
            (" 1970-01-01", 0),
            ("0-1-1", -719_528),
            ("-7", -7),
        ] {
            assert_eq!(parse_date(text), Ok(days), "{text}");
        }
        for text in ["", "x", "2023-02-29", "2024-00-01", "-x", "10000-01-01", "2024-01-01-01"] {
            assert!(parse_date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_read_and_printed_as_java_does() {
        for (text, millis) in [
            ("12:34:56", 45_296_000),
            ("12:34:56.7", 45_296_700),
            ("12:34:56.7895", 45_296_790),
            ("1:2", 3_720_000),
            ("86399999", 86_399_999),
            ("10:00:00+02:30", 45_000_000),
            ("10:00:00-1", 32_400_000),
        ] {
            assert_eq!(parse_time(text), Ok(millis), "{text}");
        }
        for text in ["", "x", "1:x", "25:00:00", "86400000", "00:00:00-1"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        for (millis, precision, printed) in [
            (45_296_789, 3, "12:34:56.789"),
            (45_296_700, 3, "12:34:56.7"),
            (45_296_000, 3, "12:34:56.0"),
            (45_296_789, 2, "12:34:56.78"),
            (45_296_789, 0, "12:34:56"),
        ] {
            let mut out = String::new();
            write_time(millis, precision, &mut out);
            assert_eq!(out, printed);
        }
    }

    #[test]
    fn fractions_keep_at_least_the_precision() {
        for (nanos, precision, fraction) in
            [(0, 0, ""), (0, 3, ".000"), (120_000_000, 0, ".12"), (120_000_000, 6, ".120000")]
        {
            let mut out = String::new();
            write_timestamp(Instant::from_nanos(nanos).unwrap(), precision, &mut out);
            assert_eq!(out, format!("1970-01-01 00:00:00{fraction}"));
        }
    }
}
