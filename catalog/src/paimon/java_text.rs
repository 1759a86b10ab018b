//! Texts as Java's `toString` makes them, which Paimon uses in folder names.

use chrono::{DateTime, NaiveDateTime, Timelike};

/// `LocalDateTime.toString`: seconds only where they or the fraction are not zero, fractions in
/// three, six or nine digits.
pub fn local_date_time(millis: i64, nanos_of_milli: i32) -> Option<String> {
    let time = date_time(millis, nanos_of_milli)?;
    let mut text = time.format("%Y-%m-%dT%H:%M").to_string();
    let nanos = time.nanosecond();
    if time.second() != 0 || nanos != 0 {
        text.push_str(&time.format(":%S").to_string());
    }
    match nanos {
        0 => {}
        nanos if nanos % 1_000_000 == 0 => text.push_str(&format!(".{:03}", nanos / 1_000_000)),
        nanos if nanos % 1_000 == 0 => text.push_str(&format!(".{:06}", nanos / 1_000)),
        nanos => text.push_str(&format!(".{nanos:09}")),
    }
    Some(text)
}

pub fn date_time(millis: i64, nanos_of_milli: i32) -> Option<NaiveDateTime> {
    let nanos_of_milli = chrono::TimeDelta::nanoseconds(nanos_of_milli.into());
    DateTime::from_timestamp_millis(millis)?.naive_utc().checked_add_signed(nanos_of_milli)
}

/// A decimal with all digits of its scale, without exponent (`BigDecimal.toPlainString`).
pub fn decimal(unscaled: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    match digits.split_at(digits.len() - scale) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_leave_out_what_is_zero() {
        assert_eq!(local_date_time(0, 0).unwrap(), "1970-01-01T00:00");
        assert_eq!(local_date_time(61_000, 0).unwrap(), "1970-01-01T00:01:01");
        assert_eq!(local_date_time(-1, 0).unwrap(), "1969-12-31T23:59:59.999");
        assert_eq!(local_date_time(0, 1_000).unwrap(), "1970-01-01T00:00:00.000001");
        assert_eq!(local_date_time(5, 7).unwrap(), "1970-01-01T00:00:00.005000007");
    }

    #[test]
    fn decimals_keep_their_scale() {
        assert_eq!(decimal(-1234, 2), "-12.34");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(7, 0), "7");
    }
}
