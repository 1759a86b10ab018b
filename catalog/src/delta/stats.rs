//! Statistics of a file: JSON text by physical column names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::value;
use crate::datum::Datum;
use crate::pruning::{Nulls, Range};
use crate::types::LogicalType;

/// Numbers are read from their own text, so that no digit of a decimal is lost.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats<'a> {
    pub num_records: Option<u64>,
    #[serde(borrow, default)]
    min_values: BTreeMap<String, &'a RawValue>,
    #[serde(borrow, default)]
    max_values: BTreeMap<String, &'a RawValue>,
    #[serde(borrow, default)]
    null_count: BTreeMap<String, &'a RawValue>,
}

impl<'a> Stats<'a> {
    /// `None` where there are none, or none that can be read: they only prune.
    pub fn parse(text: Option<&'a str>) -> Option<Self> {
        serde_json::from_str(text?).ok()
    }

    /// What is known of a column.
    pub fn range(&self, physical_name: &str, data_type: &LogicalType) -> Range {
        let nulls = match (
            self.null_count.get(physical_name).and_then(|count| count.get().parse::<u64>().ok()),
            self.num_records,
        ) {
            (None, _) | (Some(_), None) => Nulls::Unknown,
            (Some(0), _) => Nulls::None,
            (Some(nulls), Some(rows)) if nulls >= rows => Nulls::All,
            _ => Nulls::Some,
        };
        let bound = |values: &BTreeMap<String, &RawValue>| {
            values.get(physical_name).and_then(|raw| datum(raw, data_type)).unwrap_or(Datum::Null)
        };
        Range { min: bound(&self.min_values), max: padded(bound(&self.max_values)), nulls }
    }
}

fn datum(raw: &RawValue, data_type: &LogicalType) -> Option<Datum> {
    let text = raw.get();
    if text.starts_with('"') {
        return value::parse(&serde_json::from_str::<String>(text).ok()?, data_type);
    }
    value::parse(text, data_type)
}

/// An upper bound that holds: timestamps are cut to milliseconds, and writers differ in whether NaN, which
/// is greater than any number, counts.
fn padded(max: Datum) -> Datum {
    match max {
        Datum::Timestamp { millis, .. } => match millis.checked_add(1) {
            Some(millis) => Datum::Timestamp { millis, nanos_of_milli: 0 },
            None => Datum::Null,
        },
        Datum::Float(_) | Datum::Double(_) => Datum::Null,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn bounds_hold_what_they_bound() {
        let text = r#"{"numRecords":3,"minValues":{"a":-5,"d":"-Infinity","t":"2024-01-01T00:00:00.123Z",
            "m":12345678901234567890.12},"maxValues":{"a":7,"d":3.5,"t":"2024-01-01T00:00:00.123Z"},
            "nullCount":{"a":0,"d":1,"t":3,"st":{"x":0}}}"#;
        let stats = Stats::parse(Some(text)).unwrap();
        let a = stats.range("a", &LogicalType::Int);
        assert_eq!((a.min, a.max, a.nulls), (Datum::Integer(-5), Datum::Integer(7), Nulls::None));
        let d = stats.range("d", &LogicalType::Double);
        assert_eq!((d.min, d.max), (Datum::Double(f64::NEG_INFINITY), Datum::Null));
        let t = stats.range("t", &LogicalType::TimestampLtz { precision: 6 });
        assert_eq!(t.max, Datum::Timestamp { millis: 1_704_067_200_124, nanos_of_milli: 0 });
        assert_eq!(t.nulls, Nulls::All);
        let m = stats.range("m", &LogicalType::Decimal { precision: 38, scale: 2 });
        assert_eq!(m.min, Datum::Decimal(1_234_567_890_123_456_789_012));
        assert_eq!(stats.range("st", &LogicalType::Int), Range::UNKNOWN);
        assert!(Stats::parse(Some("{")).is_none());
    }
}
