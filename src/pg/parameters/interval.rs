//! Interval parameters in text: `1 year 2 mons -3 days 04:05:06.7`, `5 minutes ago`, `P1Y2DT3H`.

use arrow::datatypes::IntervalMonthDayNano;

const NANOS_PER_SECOND: f64 = 1e9;
const NANOS_PER_DAY: f64 = 86_400.0 * NANOS_PER_SECOND;

/// What a unit counts, and how much of it.
#[derive(Clone, Copy)]
enum Unit {
    Months(f64),
    Days(f64),
    Nanos(f64),
}

/// An interval while its parts are added up.
#[derive(Default)]
struct Sum {
    months: f64,
    days: f64,
    nanos: f64,
}

/// `None` where the text is no interval, or one out of range.
pub(super) fn parse(text: &str) -> Option<IntervalMonthDayNano> {
    let text = text.trim();
    match text.strip_prefix(['P', 'p']) {
        Some(iso) => parse_iso(iso)?.finish(),
        None => parse_words(text)?.finish(),
    }
}

fn parse_words(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let text = text.strip_prefix('@').unwrap_or(text).to_lowercase();
    let mut words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let mut any = false;
    while let Some(word) = words.next() {
        if word == "ago" && any && words.next().is_none() {
            return Some(Sum { months: -sum.months, days: -sum.days, nanos: -sum.nanos });
        }
        any = true;
        if word.contains(':') {
            sum.nanos += clock(word)?;
            continue;
        }
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let value: f64 = number(digits)?;
        let attached = &word[digits.len()..];
        // A number without a unit is one of seconds, and the last.
        let name = if attached.is_empty() { words.next().unwrap_or("s") } else { attached };
        sum.add(value, unit(name)?);
    }
    any.then_some(sum)
}

/// A plain decimal: no exponents and no names of numbers, which `f64` would read.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

/// `[-]HH:MM[:SS[.fraction]]`.
fn clock(word: &str) -> Option<f64> {
    let (sign, rest) = match word.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, word.strip_prefix('+').unwrap_or(word)),
    };
    let parts: Vec<&str> = rest.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = number(seconds)?;
    if minutes > 59 || !(0.0..=60.0).contains(&seconds) {
        return None;
    }
    Some(sign * ((f64::from(hours) * 60.0 + f64::from(minutes)) * 60.0 + seconds) * NANOS_PER_SECOND)
}

/// The units of Postgres (`deltatktbl`), which takes their plurals and many short forms.
fn unit(name: &str) -> Option<Unit> {
    let second = |count: f64| Unit::Nanos(count * NANOS_PER_SECOND);
    Some(match name {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Unit::Nanos(1e3),
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Unit::Nanos(1e6),
        "s" | "sec" | "secs" | "second" | "seconds" => second(1.0),
        "m" | "min" | "mins" | "minute" | "minutes" => second(60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => second(3600.0),
        "d" | "day" | "days" => Unit::Days(1.0),
        "w" | "week" | "weeks" => Unit::Days(7.0),
        "mon" | "mons" | "month" | "months" => Unit::Months(1.0),
        "qtr" | "quarter" | "quarters" => Unit::Months(3.0),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12.0),
        "decade" | "decades" => Unit::Months(120.0),
        "c" | "cent" | "century" | "centuries" => Unit::Months(1200.0),
        _ => return None,
    })
}

/// What follows the P of ISO 8601: `1Y2M3W4DT5H6M7.8S`.
fn parse_iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let (mut rest, mut in_time, mut any) = (text, false, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't']) {
            (rest, in_time) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let value = number(&rest[..end])?;
        let unit = match (in_time, rest.as_bytes().get(end)?.to_ascii_uppercase()) {
            (false, b'Y') => Unit::Months(12.0),
            (false, b'M') => Unit::Months(1.0),
            (false, b'W') => Unit::Days(7.0),
            (false, b'D') => Unit::Days(1.0),
            (true, b'H') => Unit::Nanos(3600.0 * NANOS_PER_SECOND),
            (true, b'M') => Unit::Nanos(60.0 * NANOS_PER_SECOND),
            (true, b'S') => Unit::Nanos(NANOS_PER_SECOND),
            _ => return None,
        };
        sum.add(value, unit);
        rest = &rest[end + 1..];
        any = true;
    }
    any.then_some(sum)
}

impl Sum {
    /// Adds a count of a unit; what is left of a month becomes days of 30, what is left of a day time.
    fn add(&mut self, count: f64, unit: Unit) {
        match unit {
            Unit::Months(months) => {
                let total = count * months;
                self.months += total.trunc();
                self.add(total.fract() * 30.0, Unit::Days(1.0));
            }
            Unit::Days(days) => {
                let total = count * days;
                self.days += total.trunc();
                self.nanos += total.fract() * NANOS_PER_DAY;
            }
            Unit::Nanos(nanos) => self.nanos += count * nanos,
        }
    }

    /// The parts as integers, to the microsecond.
    fn finish(self) -> Option<IntervalMonthDayNano> {
        let fits = |value: f64, bound: f64| value.abs() < bound;
        let micros = (self.nanos / 1e3).round();
        let fitting = fits(self.months, 2f64.powi(31)) && fits(self.days, 2f64.powi(31));
        if !fitting || !fits(micros, 2f64.powi(63) / 1e3 - 1.0) {
            return None;
        }
        let nanos = (micros as i64).checked_mul(1000)?;
        Some(IntervalMonthDayNano::new(self.months as i32, self.days as i32, nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(i32, i32, i64)> {
        parse(text).map(|value| (value.months, value.days, value.nanoseconds / 1000))
    }

    /// Each was tried on PostgreSQL 15.
    #[test]
    fn intervals_come_in_words_and_in_iso() {
        for (text, wanted) in [
            ("1 year 2 mons 3 days 04:05:06.789", (14, 3, 14_706_789_000)),
            ("-1 mons +3 days -04:05:06", (-1, 3, -14_706_000_000)),
            ("1 day 2 hours", (0, 1, 7_200_000_000)),
            ("2 days, 5 seconds", (0, 2, 5_000_000)),
            ("1.5 months", (1, 15, 0)),
            ("1.5d", (0, 1, 43_200_000_000)),
            ("@ 5 minutes ago", (0, 0, -300_000_000)),
            ("1 week", (0, 7, 0)),
            ("30", (0, 0, 30_000_000)),
            ("0.1 s", (0, 0, 100_000)),
            ("P1Y2M3DT4H5M6.789S", (14, 3, 14_706_789_000)),
            ("PT0S", (0, 0, 0)),
            ("P2W", (0, 14, 0)),
        ] {
            assert_eq!(parts(text), Some(wanted), "{text}");
        }
        for wrong in [
            "",
            "x",
            "1 x",
            "day",
            "P",
            "PT",
            "P1H",
            "1:2:3:4",
            "1:99",
            "ago",
            "1e5 s",
            "9e99",
            "99999999999999 years",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
