//! Manifests: data files added to and deleted from a table.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use object_store::path::Path;

use crate::datum::Datum;
use crate::error::Result;
use crate::stats::FileStats;
use crate::types::LogicalType;

use super::binary_row::BinaryRow;
use super::metadata_file::read_records;
use super::simple_stats::SimpleStats;
use crate::cache::Footprint;
use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

/// A decoded manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    pub entries: Vec<ManifestEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    Add,
    Delete,
}

/// A data file that a snapshot adds or deletes.
#[derive(Debug, Clone)]
pub struct ManifestEntry {
    pub kind: EntryKind,
    pub partition: Arc<Partition>,
    pub bucket: i32,
    /// Buckets of the partition when the file was written; -1 unaware or dynamic, -2 postponed.
    pub total_buckets: i32,
    pub file: Arc<DataFileMeta>,
}

/// A partition as the manifest stores it. Entries of one manifest share theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// The serialised row: partitions are equal where these bytes are.
    pub bytes: Box<[u8]>,
    /// One value for each partition key.
    pub values: Arc<Vec<Datum>>,
}

/// Who wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSource {
    Append,
    Compact,
}

/// What a manifest says of a data file. (paimon-format section 5)
#[derive(Debug)]
pub struct DataFileMeta {
    pub file_name: String,
    /// Bytes.
    pub file_size: u64,
    pub row_count: u64,
    /// Serialised rows over the physical key; empty rows in append tables.
    pub min_key: Box<[u8]>,
    pub max_key: Box<[u8]>,
    pub key_stats: SimpleStats,
    pub value_stats: SimpleStats,
    pub min_sequence: i64,
    pub max_sequence: i64,
    pub schema_id: i64,
    pub level: i32,
    /// Files beside it: file indexes and the like.
    pub extra_files: Vec<String>,
    /// Milliseconds of the writer's wall clock, in no known zone.
    pub creation_time_local_millis: Option<i64>,
    /// Rows that retract; `None` where the writer did not count.
    pub delete_row_count: Option<u64>,
    pub embedded_index: Option<Arc<Vec<u8>>>,
    pub source: Option<FileSource>,
    /// The columns that `value_stats` covers; all of the file's where `None`.
    pub value_stats_columns: Option<Arc<Vec<String>>>,
    /// The full path of a file outside the table's folder.
    pub external_path: Option<String>,
    pub first_row_id: Option<i64>,
    /// The columns that the file holds; all of its schema where `None`.
    pub write_columns: Option<Arc<Vec<String>>>,
    /// [`Self::value_stats`] decoded, once somebody asked.
    pub(super) decoded_stats: OnceLock<Arc<FileStats>>,
}

impl Manifest {
    /// Decodes a manifest of a table with partition columns of these types.
    pub fn decode(path: &Path, file: Bytes, partition_types: &[LogicalType]) -> Result<Self> {
        let mut decoder = Decoder { partition_types, partitions: HashMap::new(), columns: Vec::new() };
        let entries = read_records(path, &file, |record| decoder.entry(record))?;
        Ok(Self { entries })
    }
}

impl Footprint for Manifest {
    fn bytes(&self) -> u64 {
        let one = |entry: &ManifestEntry| size_of::<ManifestEntry>() + entry.file.bytes();
        self.entries.iter().map(one).sum::<usize>() as u64
    }
}

impl DataFileMeta {
    fn bytes(&self) -> usize {
        let index = self.embedded_index.as_ref().map_or(0, |index| index.len());
        let texts = self.file_name.len() + self.extra_files.iter().map(String::len).sum::<usize>();
        let rows = self.min_key.len() + self.max_key.len();
        size_of::<Self>() + index + texts + rows + self.key_stats.bytes() + 3 * self.value_stats.bytes()
    }
}

/// Shares what repeats from entry to entry.
struct Decoder<'t> {
    partition_types: &'t [LogicalType],
    partitions: HashMap<Box<[u8]>, Arc<Partition>>,
    columns: Vec<Arc<Vec<String>>>,
}

/// Column lists that are remembered for sharing; tables have few different ones.
const SHARED_COLUMN_LISTS: usize = 16;

impl Decoder<'_> {
    fn entry(&mut self, record: &Record<'_>) -> Decoded<ManifestEntry> {
        let kind = match record.required("_KIND", Value::long)? {
            0 => EntryKind::Add,
            1 => EntryKind::Delete,
            other => return Err(Malformed::new(format!("entry kind {other} is unknown"))),
        };
        Ok(ManifestEntry {
            kind,
            partition: self.partition(record.required("_PARTITION", Value::bytes)?)?,
            bucket: record.required("_BUCKET", Value::int)?,
            total_buckets: record.required("_TOTAL_BUCKETS", Value::int)?,
            file: record.required("_FILE", |file| self.file(file.record()?))?.into(),
        })
    }

    fn partition(&mut self, bytes: &[u8]) -> Decoded<Arc<Partition>> {
        if let Some(known) = self.partitions.get(bytes) {
            return Ok(Arc::clone(known));
        }
        let values = BinaryRow::parse(bytes).and_then(|row| row.values(self.partition_types));
        let values = Arc::new(values.map_err(|reason| reason.within("_PARTITION"))?);
        let partition = Arc::new(Partition { bytes: bytes.into(), values });
        self.partitions.insert(bytes.into(), Arc::clone(&partition));
        Ok(partition)
    }

    fn file(&mut self, file: &Record<'_>) -> Decoded<DataFileMeta> {
        let source = match file.optional("_FILE_SOURCE", Value::long)? {
            None => None,
            Some(0) => Some(FileSource::Append),
            Some(1) => Some(FileSource::Compact),
            Some(other) => return Err(Malformed::new(format!("file source {other} is unknown"))),
        };
        let index = file.optional("_EMBEDDED_FILE_INDEX", |value| Ok(Arc::new(value.bytes()?.to_vec())))?;
        Ok(DataFileMeta {
            file_name: file.required("_FILE_NAME", Value::text)?.to_string(),
            file_size: file.required("_FILE_SIZE", Value::count)?,
            row_count: file.required("_ROW_COUNT", Value::count)?,
            min_key: file.required("_MIN_KEY", Value::bytes)?.into(),
            max_key: file.required("_MAX_KEY", Value::bytes)?.into(),
            key_stats: file.required("_KEY_STATS", SimpleStats::decode)?,
            value_stats: file.required("_VALUE_STATS", SimpleStats::decode)?,
            min_sequence: file.required("_MIN_SEQUENCE_NUMBER", Value::long)?,
            max_sequence: file.required("_MAX_SEQUENCE_NUMBER", Value::long)?,
            schema_id: file.required("_SCHEMA_ID", Value::long)?,
            level: file.required("_LEVEL", Value::int)?,
            extra_files: file.optional("_EXTRA_FILES", Value::texts)?.unwrap_or_default(),
            creation_time_local_millis: file.optional("_CREATION_TIME", Value::long)?,
            delete_row_count: file.optional("_DELETE_ROW_COUNT", Value::count)?,
            embedded_index: index,
            source,
            value_stats_columns: file.optional("_VALUE_STATS_COLS", |value| self.columns(value))?,
            external_path: file.optional("_EXTERNAL_PATH", |value| Ok(value.text()?.to_string()))?,
            first_row_id: file.optional("_FIRST_ROW_ID", Value::long)?,
            write_columns: file.optional("_WRITE_COLS", |value| self.columns(value))?,
            decoded_stats: OnceLock::new(),
        })
    }

    fn columns(&mut self, value: &Value<'_>) -> Decoded<Arc<Vec<String>>> {
        let names = value.texts()?;
        if let Some(known) = self.columns.iter().find(|known| ***known == names) {
            return Ok(Arc::clone(known));
        }
        let names = Arc::new(names);
        if self.columns.len() < SHARED_COLUMN_LISTS {
            self.columns.push(Arc::clone(&names));
        }
        Ok(names)
    }
}
