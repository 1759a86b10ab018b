//! Table statistics that `ANALYZE` wrote. (paimon-format section 14)

use std::collections::BTreeMap;

use object_store::path::Path;
use serde::Deserialize;

use crate::error::{Error, Result};

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
    #[serde(default)]
    pub col_stats: BTreeMap<String, ColumnStatistics>,
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
    pub avg_len: Option<i64>,
    pub max_len: Option<i64>,
}

impl Statistics {
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))
    }
}
