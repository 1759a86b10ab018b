//! Times as system tables show them.

use chrono::{DateTime, Local, NaiveDateTime, TimeDelta};

/// An instant on the wall clock of this machine, which is how Paimon shows instants.
pub fn local_time(epoch_millis: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp_millis(epoch_millis)?.with_timezone(&Local).naive_local())
}

/// A wall-clock time that is stored as milliseconds.
pub fn wall_clock(millis: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp_millis(millis)?.naive_utc())
}

/// The instant, in milliseconds since the epoch, of a wall-clock time of this machine.
pub fn epoch_millis(wall_clock_millis: i64) -> Option<i64> {
    Some(wall_clock(wall_clock_millis)?.and_local_timezone(Local).earliest()?.timestamp_millis())
}

/// Java's `Duration.toString`: hours, minutes and seconds as in `PT8H6M12.345S`.
pub fn duration_text(nanos: i128) -> String {
    const SECOND: i128 = 1_000_000_000;
    if nanos == 0 {
        return "PT0S".into();
    }
    let (hours, minutes) = (nanos / (3600 * SECOND), nanos / (60 * SECOND) % 60);
    let mut text = String::from("PT");
    if hours != 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes != 0 {
        text.push_str(&format!("{minutes}M"));
    }
    let (seconds, fraction) = (nanos / SECOND % 60, (nanos % SECOND).unsigned_abs());
    if seconds != 0 || fraction != 0 {
        let sign = if nanos < 0 { "-" } else { "" };
        let fraction = format!(".{fraction:09}");
        text.push_str(&format!(
            "{sign}{}{}S",
            seconds.abs(),
            fraction.trim_end_matches('0').trim_end_matches('.')
        ));
    }
    text
}

/// Parts of a second beyond the millisecond, cut off: times of system tables have none.
pub fn to_millis(time: NaiveDateTime) -> NaiveDateTime {
    let beyond = TimeDelta::nanoseconds(i64::from(time.and_utc().timestamp_subsec_nanos() % 1_000_000));
    time.checked_sub_signed(beyond).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_java() {
        let millis = |millis: i128| duration_text(millis * 1_000_000);
        assert_eq!(millis(0), "PT0S");
        assert_eq!(millis(315_360_000_000), "PT87600H");
        assert_eq!(millis(29_172_345), "PT8H6M12.345S");
        assert_eq!(millis(5_000), "PT5S");
        assert_eq!(millis(-1_500), "PT-1.5S");
        assert_eq!(millis(-90_000), "PT-1M-30S");
        assert_eq!(duration_text(1), "PT0.000000001S");
    }
}
