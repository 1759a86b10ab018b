//! Folder names of partitions.
//!
//! The folder is only a location: the truth about a partition is its row in the manifest. But the
//! location must be spelled exactly as the writer did. (paimon-format section 1)

use crate::datum::Datum;
use crate::types::LogicalType;

use super::datum_text::{cast_text, internal_text};
use crate::malformed::{Decoded, Malformed};

/// How the values of a table's partitions are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionNaming {
    /// `partition.default-name`: stands for null and for blank text.
    pub default_name: String,
    /// `partition.legacy-name`: Java's `toString` of the internal value rather than a cast to text.
    pub legacy: bool,
}

impl PartitionNaming {
    /// `k1=v1/k2=v2`; empty for a table without partitions.
    pub fn folder<'a>(
        &self,
        keys: impl IntoIterator<Item = (&'a str, &'a LogicalType)>,
        values: &[Datum],
    ) -> Decoded<String> {
        let part = |((name, data_type), value): ((&str, &LogicalType), &Datum)| {
            let text = self.text(value, data_type).map_err(|reason| reason.within(name))?;
            Ok(format!("{}={}", escape(name), escape(&text)))
        };
        let parts = keys.into_iter().zip(values).map(part).collect::<Decoded<Vec<_>>>()?;
        Ok(parts.join("/"))
    }

    /// The text of one value before it is escaped.
    pub fn text(&self, value: &Datum, data_type: &LogicalType) -> Decoded<String> {
        if value.is_null() {
            return Ok(self.default_name.clone());
        }
        let text = if self.legacy { internal_text(value, data_type) } else { cast_text(value, data_type) };
        let text = text.ok_or_else(|| Malformed::new(format!("{value:?} cannot name a partition")))?;
        Ok(if text.trim().is_empty() { self.default_name.clone() } else { text })
    }
}

/// Hive's rule: `%XX` for control characters and for what has a meaning in paths.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{}[]^".contains(c) {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn folder(legacy: bool, data_type: LogicalType, value: Datum) -> String {
        let naming = PartitionNaming { default_name: "__DEFAULT_PARTITION__".into(), legacy };
        naming.folder([("p q", &data_type)], &[value]).unwrap()
    }

    #[test]
    fn legacy_names_are_internal_values() {
        let timestamp = Datum::Timestamp { millis: 1_709_164_799_000, nanos_of_milli: 1_000 };
        let micros = LogicalType::Timestamp { precision: 6 };
        assert_eq!(folder(true, LogicalType::Date, Datum::Integer(19780)), "p q=19780");
        assert_eq!(folder(true, micros, timestamp), "p q=2024-02-28T23%3A59%3A59.000001");
        assert_eq!(folder(true, LogicalType::Double, Datum::Double(-2.0)), "p q=-2.0");
        assert_eq!(folder(true, LogicalType::STRING, Datum::Text("a/b=c%".into())), "p q=a%2Fb%3Dc%25");
        assert_eq!(folder(true, LogicalType::STRING, Datum::Text("  ".into())), "p q=__DEFAULT_PARTITION__");
        assert_eq!(folder(true, LogicalType::Int, Datum::Null), "p q=__DEFAULT_PARTITION__");
        let decimal = LogicalType::Decimal { precision: 5, scale: 2 };
        assert_eq!(folder(true, decimal, Datum::Decimal(25)), "p q=0.25");
    }

    #[test]
    fn other_names_are_casts_to_text() {
        let timestamp = Datum::Timestamp { millis: 1_709_164_799_120, nanos_of_milli: 0 };
        let millis = LogicalType::Timestamp { precision: 3 };
        assert_eq!(folder(false, LogicalType::Date, Datum::Integer(19780)), "p q=2024-02-27");
        assert_eq!(folder(false, millis, timestamp), "p q=2024-02-28 23%3A59%3A59.120");
        let time = LogicalType::Time { precision: 3 };
        assert_eq!(folder(false, time, Datum::Integer(3_723_040)), "p q=01%3A02%3A03.04");
    }
}
