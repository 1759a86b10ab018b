//! Checking and printing values: units, ranges, and the words that Postgres takes for a Boolean.

use std::time::Duration;

use super::known::{Kind, Known};
use super::zone;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of each unit of memory.
const MEMORY: [(&str, i64); 5] =
    [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)];

/// Microseconds of each unit of time.
const TIME: [(&str, i64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1000),
    ("us", 1),
];

/// Checks a value and brings it into the form in which it is kept: numbers in the setting's unit,
/// Booleans as `on` and `off`.
pub(super) fn check(known: &Known, value: &str) -> Result<String> {
    match &known.kind {
        Kind::Bool => match boolean(value) {
            Some(value) => Ok(if value { "on" } else { "off" }.to_string()),
            None => {
                let message = format!("parameter \"{}\" requires a Boolean value", known.name);
                Err(Error::new(ErrorKind::InvalidParameter, message))
            }
        },
        Kind::Integer { min, max } => integer(known, value, *min, *max),
        Kind::Real { min, max } => {
            let number = number_in_unit(known.unit, value).ok_or_else(|| invalid(known, value))?;
            if number < *min || number > *max {
                return Err(out_of_range(known, value, &min.to_string(), &max.to_string()));
            }
            Ok(number.to_string())
        }
        Kind::Enum(values) => enumerated(known, values, value),
        Kind::Text => text(known, value),
    }
}

fn invalid(known: &Known, value: &str) -> Error {
    let message = format!("invalid value for parameter \"{}\": \"{value}\"", known.name);
    Error::new(ErrorKind::InvalidParameter, message)
}

fn out_of_range(known: &Known, value: &str, min: &str, max: &str) -> Error {
    let unit = if known.unit.is_empty() { String::new() } else { format!(" {}", known.unit) };
    let name = known.name;
    let message =
        format!("{value}{unit} is outside the valid range for parameter \"{name}\" ({min} .. {max})");
    Error::new(ErrorKind::InvalidParameter, message)
}

/// `parse_bool`: any beginning of a word that is clear.
pub fn boolean(value: &str) -> Option<bool> {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    match value.as_str() {
        "" => None,
        "1" => Some(true),
        "0" => Some(false),
        _ if begins("true", 1) || begins("yes", 1) || begins("on", 2) => Some(true),
        _ if begins("false", 1) || begins("no", 1) || begins("off", 2) => Some(false),
        _ => None,
    }
}

fn integer(known: &Known, value: &str, min: i64, max: i64) -> Result<String> {
    let number = number_in_unit(known.unit, value).ok_or_else(|| invalid(known, value))?.round_ties_even();
    if number < min as f64 || number > max as f64 {
        return Err(out_of_range(known, &number.to_string(), &min.to_string(), &max.to_string()));
    }
    Ok((number as i64).to_string())
}

/// A time with a unit (`1s`, `500ms`); without one, in seconds.
pub fn duration(value: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(number_in_unit("s", value)?).ok()
}

/// A number with or without a unit, in this unit.
fn number_in_unit(base: &str, value: &str) -> Option<f64> {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().map(|number| number as f64);
    }
    let end = value
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '-' | '+'))))
        .map_or(value.len(), |(at, _)| at);
    let number: f64 = value[..end].parse().ok()?;
    let unit = value[end..].trim();
    if unit.is_empty() {
        return Some(number);
    }
    let (given, base) = (factor(unit)?, factor(base)?);
    (given.0 == base.0).then(|| number * given.1 as f64 / base.1 as f64)
}

/// Whether a unit is one of time, and how many of the least units it has. `8kB` counts blocks.
fn factor(unit: &str) -> Option<(bool, i64)> {
    let digits = unit.chars().take_while(char::is_ascii_digit).count();
    let count: i64 = if digits == 0 { 1 } else { unit[..digits].parse().ok()? };
    let find =
        |units: &[(&str, i64)]| units.iter().find(|(name, _)| *name == &unit[digits..]).map(|(_, n)| *n);
    match (find(&TIME), find(&MEMORY)) {
        (Some(micros), _) => Some((true, micros * count)),
        (None, Some(bytes)) => Some((false, bytes * count)),
        (None, None) => None,
    }
}

/// As `SHOW` prints it: in the largest unit that leaves no fraction.
pub(super) fn show(known: &Known, value: &str) -> String {
    let number = match known.kind {
        Kind::Integer { .. } => value.parse::<i64>().ok().filter(|number| *number > 0),
        _ => None,
    };
    let (Some(number), Some((time, base))) = (number, factor(known.unit)) else {
        return value.to_string();
    };
    let total = i128::from(number) * i128::from(base);
    let units: &[(&str, i64)] = if time { &TIME } else { &MEMORY };
    units
        .iter()
        .find(|(_, size)| total % i128::from(*size) == 0)
        .map_or_else(|| value.to_string(), |(unit, size)| format!("{}{unit}", total / i128::from(*size)))
}

fn enumerated(known: &Known, values: &[&str], value: &str) -> Result<String> {
    if let Some(found) = values.iter().find(|candidate| candidate.eq_ignore_ascii_case(value)) {
        if known.name == "IntervalStyle" && matches!(*found, "sql_standard" | "postgres_verbose") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("IntervalStyle \"{found}\" is not supported"),
            )
            .with_hint("postgres and iso_8601 are."));
        }
        return Ok((*found).to_string());
    }
    // Enums with on and off take other words for them too.
    let word = boolean(value).map(|on| if on { "on" } else { "off" });
    match word.filter(|word| values.contains(word)) {
        Some(word) => Ok(word.to_string()),
        None => Err(invalid(known, value).with_hint(format!("Available values: {}.", values.join(", ")))),
    }
}

fn text(known: &Known, value: &str) -> Result<String> {
    match known.name {
        "TimeZone" | "log_timezone" => zone::canonical(value).ok_or_else(|| invalid(known, value)),
        "DateStyle" => date_style(known, value),
        "client_encoding" => client_encoding(known, value),
        "application_name" | "cluster_name" => {
            Ok(value.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(63).collect())
        }
        _ => Ok(value.to_string()),
    }
}

/// Values are only sent as UTF-8. To SQL_ASCII Postgres sends what it has, without converting.
fn client_encoding(known: &Known, value: &str) -> Result<String> {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "utf8" | "unicode" => Ok("UTF8".to_string()),
        "sqlascii" => Ok("SQL_ASCII".to_string()),
        _ => Err(invalid(known, value).with_hint("Tarn sends UTF8 only.")),
    }
}

/// The output style must be ISO; the order of day and month is kept for input.
fn date_style(known: &Known, value: &str) -> Result<String> {
    let mut order = "MDY";
    for word in value.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        match word.as_str() {
            "iso" | "default" => {}
            "ymd" => order = "YMD",
            "dmy" | "euro" | "european" | "euros" => order = "DMY",
            "mdy" | "us" | "noneuro" | "noneuropean" => order = "MDY",
            "sql" | "postgres" | "german" => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("DateStyle \"{word}\" is not supported"),
                )
                .with_hint("Dates are written in ISO style."));
            }
            _ => return Err(invalid(known, value).with_detail(format!("Unrecognized key word: \"{word}\"."))),
        }
    }
    Ok(format!("ISO, {order}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::settings::known::find;

    fn set_and_show(name: &str, value: &str) -> String {
        let known = find(name).unwrap();
        show(known, &check(known, value).unwrap())
    }

    /// Each pair was tried on PostgreSQL 15.
    #[test]
    fn values_print_as_in_postgres() {
        for (name, value, shown) in [
            ("statement_timeout", "5000", "5s"),
            ("statement_timeout", "1500ms", "1500ms"),
            ("statement_timeout", "90min", "90min"),
            ("statement_timeout", "0", "0"),
            ("work_mem", "4096", "4MB"),
            ("work_mem", "1GB", "1GB"),
            ("shared_buffers", "16384", "128MB"),
            ("jit", "NO", "off"),
            ("jit", "t", "on"),
            ("DateStyle", "iso", "ISO, MDY"),
            ("DateStyle", "ISO, DMY", "ISO, DMY"),
            ("client_encoding", "utf-8", "UTF8"),
            ("bytea_output", "ESCAPE", "escape"),
            ("extra_float_digits", "3", "3"),
            ("TimeZone", "europe/berlin", "Europe/Berlin"),
            ("random_page_cost", "1.5", "1.5"),
            ("synchronous_commit", "true", "on"),
        ] {
            assert_eq!(set_and_show(name, value), shown, "{name} = {value}");
        }
    }

    #[test]
    fn bad_values_are_refused_in_the_words_of_postgres() {
        for (name, value, message) in [
            ("jit", "maybe", "parameter \"jit\" requires a Boolean value"),
            ("statement_timeout", "fast", "invalid value for parameter \"statement_timeout\": \"fast\""),
            ("statement_timeout", "5kB", "invalid value for parameter \"statement_timeout\": \"5kB\""),
            (
                "extra_float_digits",
                "4",
                "4 is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)",
            ),
            ("bytea_output", "x", "invalid value for parameter \"bytea_output\": \"x\""),
            ("TimeZone", "Mars/Phobos", "invalid value for parameter \"TimeZone\": \"Mars/Phobos\""),
            ("client_encoding", "LATIN1", "invalid value for parameter \"client_encoding\": \"LATIN1\""),
        ] {
            let error = check(find(name).unwrap(), value).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::InvalidParameter, message));
        }
        assert_eq!(check(find("DateStyle").unwrap(), "German").unwrap_err().kind, ErrorKind::Unsupported);
    }
}
