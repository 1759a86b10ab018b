//! Record-level expiry: rows that are too old by a column of theirs (Java's `RecordLevelExpire`).
//!
//! Java applies it where files are compacted, not where they are read: a row that has expired stays
//! visible until a compaction drops it, and there is no promise about when.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{
    DataType, Decimal128Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType,
};
use tarn_catalog::schema::TableSchema;
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};

use super::options::Options;
use crate::wide_timestamp::is_wide;

const EXPIRE_TIME: &str = "record-level.expire-time";
const TIME_FIELD: &str = "record-level.time-field";
/// From here on a BIGINT time is in milliseconds, below in seconds.
const LEAST_MILLISECONDS: i64 = 1_000_000_000_000;

/// When the rows of a table expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordExpiry {
    column: usize,
    lifetime_seconds: i64,
}

impl RecordExpiry {
    /// `None` where the table's rows do not expire.
    pub fn try_new(table: &str, schema: &TableSchema) -> Result<Option<Self>> {
        let options = Options::new(table, &schema.options);
        let Some(lifetime) = options.text(EXPIRE_TIME) else { return Ok(None) };
        let lifetime_seconds = parse_seconds(lifetime).ok_or_else(|| {
            options.invalid(format!("option '{EXPIRE_TIME}' is '{lifetime}', not a duration such as '7 d'"))
        })?;
        let Some(name) = options.text(TIME_FIELD) else {
            return Err(options.invalid(format!("'{EXPIRE_TIME}' needs '{TIME_FIELD}' as well")));
        };
        let column = schema.index_of(name).ok_or_else(|| {
            options.invalid(format!("'{TIME_FIELD}' names the column {name}, which is not in the table"))
        })?;
        use LogicalType::*;
        match schema.fields[column].data_type {
            Int | BigInt | Timestamp { .. } | TimestampLtz { .. } => {
                Ok(Some(Self { column, lifetime_seconds }))
            }
            _ => {
                Err(options
                    .invalid(format!("'{TIME_FIELD}' must be INT, BIGINT or TIMESTAMP, {name} is not")))
            }
        }
    }

    /// The column that tells a row's time, as an index into the schema.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Which rows are still alive `now`, in seconds since 1970; rows without a time are.
    pub fn alive(&self, times: &ArrayRef, now: i64) -> Result<BooleanBuffer> {
        match times.data_type() {
            DataType::Int32 => Ok(self.mask::<Int32Type>(times, now, i64::from)),
            DataType::Int64 => Ok(self.mask::<Int64Type>(times, now, |time| {
                if time >= LEAST_MILLISECONDS { time / 1000 } else { time }
            })),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                Ok(self.mask::<TimestampMillisecondType>(times, now, |time| time / 1000))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Ok(self.mask::<TimestampMicrosecondType>(times, now, |time| time.div_euclid(1000) / 1000))
            }
            wide if is_wide(wide) => Ok(self.mask::<Decimal128Type>(times, now, |nanos| {
                // Java's milliseconds have 64 bits.
                nanos.div_euclid(1_000_000).clamp(i64::MIN.into(), i64::MAX.into()) as i64 / 1000
            })),
            other => Err(Error::invalid(format!("a column of type {other} does not tell when rows expire"))),
        }
    }

    fn mask<T: ArrowPrimitiveType>(
        &self,
        times: &ArrayRef,
        now: i64,
        seconds: impl Fn(T::Native) -> i64,
    ) -> BooleanBuffer {
        let times = times.as_primitive::<T>();
        let alive = |time: T::Native| now <= seconds(time).saturating_add(self.lifetime_seconds);
        BooleanBuffer::collect_bool(times.len(), |row| times.is_null(row) || alive(times.value(row)))
    }
}

/// Java's `TimeUtils.parseDuration`, in whole seconds: a number and a unit, milliseconds where there is
/// none.
fn parse_seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let per_second = |units: i64| Some(number / units);
    match unit.trim().to_lowercase().as_str() {
        "d" | "day" | "days" => number.checked_mul(86_400),
        "h" | "hour" | "hours" => number.checked_mul(3_600),
        "m" | "min" | "minute" | "mins" | "minutes" => number.checked_mul(60),
        "s" | "sec" | "second" | "secs" | "seconds" => Some(number),
        "" | "ms" | "milli" | "millisecond" | "millis" | "milliseconds" => per_second(1_000),
        "µs" | "micro" | "microsecond" | "micros" | "microseconds" => per_second(1_000_000),
        "ns" | "nano" | "nanosecond" | "nanos" | "nanoseconds" => per_second(1_000_000_000),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{
        Date32Array, Decimal128Array, Int32Array, Int64Array, TimestampMicrosecondArray,
        TimestampMillisecondArray,
    };
    use tarn_catalog::schema::SchemaField;
    use tarn_catalog::types::WIDE_TIMESTAMP;

    use super::*;

    fn schema(data_type: LogicalType, options: &[(&str, &str)]) -> TableSchema {
        let field = |name: &str, data_type| SchemaField {
            id: 0,
            name: name.to_owned(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        };
        TableSchema {
            id: 0,
            fields: vec![field("k", LogicalType::Int), field("ts", data_type)],
            partition_keys: Vec::new(),
            primary_key: vec!["k".to_owned()],
            options: options
                .iter()
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect::<BTreeMap<_, _>>(),
            comment: None,
        }
    }

    fn expiry(lifetime: &str) -> RecordExpiry {
        let schema = schema(LogicalType::BigInt, &[(EXPIRE_TIME, lifetime), (TIME_FIELD, "ts")]);
        RecordExpiry::try_new("db.t", &schema).unwrap().unwrap()
    }

    fn alive(times: impl Array + 'static, now: i64) -> Vec<bool> {
        let times: ArrayRef = Arc::new(times);
        expiry("10 s").alive(&times, now).unwrap().iter().collect()
    }

    #[test]
    fn a_row_lives_through_the_last_second() {
        let times = vec![Some(100), Some(99), None, Some(i64::MAX - 1)];
        assert_eq!(alive(Int64Array::from(times), 110), [true, false, true, true]);
        assert_eq!(alive(Int32Array::from(vec![100, 99]), 110), [true, false]);
    }

    #[test]
    fn long_times_are_milliseconds() {
        let times = vec![1_000_000_000_000, 999_999_999_999];
        assert_eq!(alive(Int64Array::from(times), 1_000_000_010), [true, true]);
        assert_eq!(alive(Int64Array::from(vec![1_000_000_000_999]), 1_000_000_011), [false]);
    }

    #[test]
    fn timestamps_lose_their_fraction_towards_zero() {
        assert_eq!(alive(TimestampMillisecondArray::from(vec![1_999, -1_999]), 10), [true, false]);
        assert_eq!(alive(TimestampMicrosecondArray::from(vec![-1, -1_000_000]), 10), [true, false]);
        let nanos = |nanos: i128| Decimal128Array::from(vec![nanos]).with_data_type(WIDE_TIMESTAMP);
        assert_eq!(alive(nanos(1_999_999_999), 11), [true]);
        assert_eq!(alive(nanos(253_402_300_799_999_999_999), 11), [true]);
        assert_eq!(alive(nanos(i128::MIN), 11), [false]);
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![1]));
        assert!(expiry("10 s").alive(&dates, 0).is_err());
    }

    #[test]
    fn durations_are_read_as_java_reads_them() {
        let cases =
            [("7 d", 604_800), ("2h", 7_200), ("3 MIN", 180), ("1500", 1), ("1999ms", 1), ("5 seconds", 5)];
        for (text, seconds) in cases {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for text in ["", "d", "1 week", "-1 s", "1.5 h", "99999999999999999999 s", "9223372036854775807 d"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn what_java_refuses_is_refused() {
        let both = [(EXPIRE_TIME, "1 d"), (TIME_FIELD, "ts")];
        assert!(RecordExpiry::try_new("t", &schema(LogicalType::BigInt, &[])).unwrap().is_none());
        assert!(RecordExpiry::try_new("t", &schema(LogicalType::BigInt, &both[..1])).is_err());
        assert!(RecordExpiry::try_new("t", &schema(LogicalType::STRING, &both)).is_err());
        let missing = [(EXPIRE_TIME, "1 d"), (TIME_FIELD, "nope")];
        assert!(RecordExpiry::try_new("t", &schema(LogicalType::BigInt, &missing)).is_err());
        let unclear = [(EXPIRE_TIME, "soon"), (TIME_FIELD, "ts")];
        assert!(RecordExpiry::try_new("t", &schema(LogicalType::BigInt, &unclear)).is_err());
    }
}
