//! Time zones as `SET TimeZone` takes them: a name of the tz database in any case, hours east of UTC
//! as a number, or POSIX's offset, which counts west: `UTC+2` and `+02:00` are `-02`.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};

/// Postgres takes offsets up to a week; the tz database knows none over 26 hours.
const HOURS_MAX: f64 = 26.0;

/// A zone's name as `SHOW TimeZone` prints it; `None` where there is no such zone.
pub fn canonical(value: &str) -> Option<String> {
    let value = value.trim();
    if let Some(seconds) = hours_east(value) {
        return Some(posix_name(seconds));
    }
    if posix_offset(value).is_some() {
        return Some(value.to_string());
    }
    if value.eq_ignore_ascii_case("utc") {
        return Some("UTC".to_string());
    }
    let known = |name: &&chrono_tz::Tz| name.name().eq_ignore_ascii_case(value);
    chrono_tz::TZ_VARIANTS.iter().find(known).map(|zone| zone.name().to_string())
}

/// A zone in which timestamps are read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    Named(chrono_tz::Tz),
    Fixed(FixedOffset),
}

impl Zone {
    /// The zone that [`engine_name`] names; UTC behind any other name.
    pub fn of_engine(name: &str) -> Self {
        match name.parse::<FixedOffset>() {
            Ok(offset) => Self::Fixed(offset),
            Err(_) => name.parse().map_or(Self::Fixed(Utc.fix()), Self::Named),
        }
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_seconds(&self, instant: &DateTime<Utc>) -> i32 {
        match self {
            Self::Named(zone) => zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc(),
            Self::Fixed(offset) => offset.local_minus_utc(),
        }
    }

    /// Reads a timestamp, which is one of this zone where it names none.
    pub fn parse(&self, text: &str) -> Option<DateTime<Utc>> {
        let text = &with_seconds(text);
        match self {
            Self::Named(zone) => string_to_datetime(zone, text).ok().map(|time| time.to_utc()),
            Self::Fixed(offset) => string_to_datetime(offset, text).ok().map(|time| time.to_utc()),
        }
    }
}

/// A timestamp whose time may be written as hours and minutes alone, with seconds.
pub fn with_seconds(text: &str) -> String {
    let Some(start) = text.find([' ', 'T']).map(|at| at + 1) else { return text.to_owned() };
    let (date, time) = text.split_at(start);
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(time.len());
    let (clock, rest) = time.split_at(end);
    match clock.split(':').collect::<Vec<_>>().as_slice() {
        [hours, minutes] if !hours.is_empty() && minutes.len() == 2 && !rest.starts_with('.') => {
            format!("{date}{clock}:00{rest}")
        }
        _ => text.to_owned(),
    }
}

/// The zone behind a name that [`canonical`] gave; UTC behind any other.
pub fn resolve(name: &str) -> Zone {
    if let Some(offset) = posix_offset(name).and_then(FixedOffset::east_opt) {
        return Zone::Fixed(offset);
    }
    name.parse().map_or(Zone::Fixed(Utc.fix()), Zone::Named)
}

/// The same zone as Arrow writes it: `Europe/Berlin`, `+02:00`.
pub fn engine_name(name: &str) -> String {
    match posix_offset(name) {
        Some(seconds) => {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
        None => name.to_string(),
    }
}

/// `2`, `-3.5`: hours east of UTC.
fn hours_east(value: &str) -> Option<i32> {
    let plain = value.strip_prefix('-').unwrap_or(value);
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let hours: f64 = value.parse().ok()?;
    (hours.abs() <= HOURS_MAX).then(|| (hours * 60.0).round() as i32 * 60)
}

/// `UTC+2`, `+02:00`, `<+02>-02`: hours west of UTC after a name that says nothing.
fn posix_offset(value: &str) -> Option<i32> {
    if let Some(seconds) = posix_name_seconds(value) {
        return Some(seconds);
    }
    let offset = value.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let name = &value[..value.len() - offset.len()];
    if !(name.is_empty() || name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("gmt")) {
        return None;
    }
    west(offset).map(|seconds| -seconds)
}

/// Seconds of `+02`, `-02:30`.
fn west(offset: &str) -> Option<i32> {
    let (sign, rest) = match offset.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, offset.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let valid = (0..=HOURS_MAX as i32).contains(&hours) && (0..60).contains(&minutes);
    valid.then_some(sign * (hours * 3600 + minutes * 60))
}

/// `<+02>-02`, the name that Postgres gives to an offset.
fn posix_name(east: i32) -> String {
    let minutes = east.unsigned_abs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let digits = if minutes == 0 { format!("{hours:02}") } else { format!("{hours:02}:{minutes:02}") };
    let (east_sign, west_sign) = if east >= 0 { ('+', '-') } else { ('-', '+') };
    format!("<{east_sign}{digits}>{west_sign}{digits}")
}

/// Seconds east of a name of that form.
fn posix_name_seconds(name: &str) -> Option<i32> {
    let (_, offset) = name.strip_prefix('<')?.split_once('>')?;
    west(offset).map(|seconds| -seconds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Each was tried on PostgreSQL 15.
    #[test]
    fn offsets_have_the_signs_of_postgres() {
        for (value, name, arrow, offset) in [
            ("2", "<+02>-02", "+02:00", "+02:00"),
            ("-3.5", "<-03:30>+03:30", "-03:30", "-03:30"),
            ("UTC+2", "UTC+2", "-02:00", "-02:00"),
            ("+02:00", "+02:00", "-02:00", "-02:00"),
            ("<+02>-02", "<+02>-02", "+02:00", "+02:00"),
            ("utc", "UTC", "UTC", "+00:00"),
            ("america/new_york", "America/New_York", "America/New_York", "-05:00"),
            ("0", "<+00>-00", "+00:00", "+00:00"),
        ] {
            assert_eq!(canonical(value).as_deref(), Some(name), "{value}");
            assert_eq!(engine_name(name), arrow);
            let noon = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
            let shown = format!(
                "{}",
                noon.with_timezone(&FixedOffset::east_opt(resolve(name).offset_seconds(&noon)).unwrap())
                    .format("%:z")
            );
            assert_eq!(shown, offset, "{value}");
        }
        for value in ["Mars/Phobos", "", "30", "UTC+99", "<>", "+1:99"] {
            assert_eq!(canonical(value), None, "{value}");
        }
    }
}
