//! Statistics files: what ANALYZE found out about a table, column by column.
//!
//! A JSON object with the snapshot and schema that were analysed, counts of merged rows and their
//! bytes, and for each column counts and bounds, bounds as texts. (paimon-format section 14)

use std::collections::BTreeMap;

use object_store::path::Path;
use serde::Deserialize;

use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::schema::TableSchema;

use super::datum_text::parse_serialized;
use super::json::Members;

/// A `stat-*` file. Later snapshots inherit it while their schema stays the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// The snapshot that was analysed.
    pub snapshot_id: i64,
    pub schema_id: i64,
    /// Rows after merging.
    pub merged_record_count: Option<i64>,
    /// Bytes of those rows.
    pub merged_record_size: Option<i64>,
    /// By column name.
    #[serde(default)]
    pub col_stats: Members<ColumnStatistics>,
}

/// Statistics of one column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnStatistics {
    pub col_id: i32,
    pub distinct_count: Option<i64>,
    /// Smallest and largest value, as text.
    pub min: Option<String>,
    pub max: Option<String>,
    pub null_count: Option<i64>,
    /// Bytes of a value, on average and at most.
    pub avg_len: Option<i64>,
    pub max_len: Option<i64>,
}

/// What is known of a table as a whole, for the optimizer. Estimates: they are of the snapshot that was
/// analysed, which may be older than the one that is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableEstimates {
    pub rows: Option<u64>,
    /// Bytes of all rows.
    pub size: Option<u64>,
    /// By field id of the schema that is read.
    pub columns: BTreeMap<i32, ColumnEstimates>,
}

/// What is known of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnEstimates {
    pub distinct_count: Option<u64>,
    pub null_count: Option<u64>,
    pub min: Option<Datum>,
    pub max: Option<Datum>,
    /// Bytes of a value, on average and at most.
    pub average_size: Option<u64>,
    pub max_size: Option<u64>,
}

impl Statistics {
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))
    }

    /// The statistics under the schema that is read. Columns that were dropped since, and bounds of
    /// columns whose type has changed since, are left out.
    pub fn estimates(&self, analysed: &TableSchema, read: &TableSchema) -> TableEstimates {
        let column = |(_, stats): &(String, ColumnStatistics)| {
            let by_id = |schema: &'_ TableSchema| {
                schema
                    .fields
                    .iter()
                    .find(|field| field.id == stats.col_id)
                    .map(|field| field.data_type.clone())
            };
            let wanted = by_id(read)?;
            let same_type = by_id(analysed).is_some_and(|data_type| data_type == wanted);
            let bound = |text: &Option<String>| {
                text.as_deref().filter(|_| same_type).and_then(|text| parse_serialized(text, &wanted))
            };
            let column = ColumnEstimates {
                distinct_count: count(stats.distinct_count),
                null_count: count(stats.null_count),
                min: bound(&stats.min),
                max: bound(&stats.max),
                average_size: count(stats.avg_len),
                max_size: count(stats.max_len),
            };
            Some((stats.col_id, column))
        };
        TableEstimates {
            rows: count(self.merged_record_count),
            size: count(self.merged_record_size),
            columns: self.col_stats.0.iter().filter_map(column).collect(),
        }
    }
}

/// Negative counts stand for unknown ones.
fn count(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::schema::SchemaField;
    use crate::types::LogicalType;

    fn schema(types: &[(i32, LogicalType)]) -> TableSchema {
        let field = |(id, data_type): &(i32, LogicalType)| SchemaField {
            id: *id,
            name: format!("c{id}"),
            data_type: data_type.clone(),
            nullable: true,
            description: None,
            default_value: None,
        };
        TableSchema {
            id: 0,
            fields: types.iter().map(field).collect(),
            partition_keys: Vec::new(),
            primary_key: Vec::new(),
            options: BTreeMap::new(),
            comment: None,
        }
    }

    #[test]
    fn statistics_are_by_field_and_of_its_type() {
        let file: Statistics = serde_json::from_str(
            r#"{"snapshotId": 4, "schemaId": 0, "mergedRecordCount": 20, "mergedRecordSize": 1000, "colStats": {
                "k": {"colId": 1, "distinctCount": 20, "min": "-5", "max": "7", "nullCount": 0, "avgLen": 8},
                "s": {"colId": 2, "min": "a", "nullCount": -1},
                "d": {"colId": 3, "min": "1.5"}}}"#,
        )
        .unwrap();
        let analysed = schema(&[(1, LogicalType::Int), (2, LogicalType::STRING), (3, LogicalType::Double)]);
        let read = schema(&[(1, LogicalType::BigInt), (2, LogicalType::STRING)]);
        let statistics = file.estimates(&analysed, &read);
        assert_eq!((statistics.rows, statistics.size), (Some(20), Some(1000)));
        assert_eq!(statistics.columns.keys().copied().collect::<Vec<_>>(), [1, 2]);
        let key = &statistics.columns[&1];
        assert_eq!((key.distinct_count, key.null_count, key.average_size), (Some(20), Some(0), Some(8)));
        assert_eq!((&key.min, &key.max), (&None, &None), "bounds of the former type");
        let text = &statistics.columns[&2];
        assert_eq!((text.null_count, text.min.clone()), (None, Some(Datum::Text("a".into()))));
    }
}
