//! Manifest lists: which manifests a snapshot consists of, and what each may hold.

use bytes::Bytes;
use object_store::path::Path;

use crate::error::Result;

use super::metadata_file::read_records;
use super::simple_stats::SimpleStats;
use crate::cache::Footprint;
use crate::malformed::Decoded;
use crate::value::{Record, Value};

/// One manifest of a manifest list.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestFileMeta {
    pub file_name: String,
    /// Bytes.
    pub file_size: u64,
    pub added_files: u64,
    pub deleted_files: u64,
    /// Bounds of the partition columns over all entries.
    pub partition_stats: SimpleStats,
    pub schema_id: i64,
    /// Smallest and largest bucket, where the writer stored them; levels and row ids likewise.
    pub buckets: Option<(i32, i32)>,
    pub levels: Option<(i32, i32)>,
    pub row_ids: Option<(i64, i64)>,
}

/// A decoded manifest list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManifestList(pub Vec<ManifestFileMeta>);

impl ManifestList {
    pub fn decode(path: &Path, file: Bytes) -> Result<Self> {
        read_records(path, &file, manifest_file).map(Self)
    }
}

impl Footprint for ManifestList {
    fn bytes(&self) -> u64 {
        let one = |meta: &ManifestFileMeta| {
            size_of::<ManifestFileMeta>() + meta.file_name.len() + meta.partition_stats.bytes()
        };
        self.0.iter().map(one).sum::<usize>() as u64
    }
}

fn manifest_file(record: &Record<'_>) -> Decoded<ManifestFileMeta> {
    let int = |name| record.optional(name, Value::int);
    let long = |name| record.optional(name, Value::long);
    Ok(ManifestFileMeta {
        file_name: record.required("_FILE_NAME", Value::text)?.to_string(),
        file_size: record.required("_FILE_SIZE", Value::count)?,
        added_files: record.required("_NUM_ADDED_FILES", Value::count)?,
        deleted_files: record.required("_NUM_DELETED_FILES", Value::count)?,
        partition_stats: record.required("_PARTITION_STATS", SimpleStats::decode)?,
        schema_id: record.required("_SCHEMA_ID", Value::long)?,
        buckets: int("_MIN_BUCKET")?.zip(int("_MAX_BUCKET")?),
        levels: int("_MIN_LEVEL")?.zip(int("_MAX_LEVEL")?),
        row_ids: long("_MIN_ROW_ID")?.zip(long("_MAX_ROW_ID")?),
    })
}
