//! Index manifests: deletion vectors, hash indexes and global indexes of a snapshot.

use bytes::Bytes;
use object_store::path::Path;

use crate::error::Result;

use super::manifest::EntryKind;
use super::metadata_file::read_records;
use crate::cache::Footprint;
use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

pub const DELETION_VECTORS: &str = "DELETION_VECTORS";
pub const HASH: &str = "HASH";

/// A decoded index manifest. It is written whole at each change, so all entries add.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndexManifest(pub Vec<IndexEntry>);

/// One index file.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    pub kind: EntryKind,
    /// The serialised partition row.
    pub partition: Box<[u8]>,
    pub bucket: i32,
    /// [`DELETION_VECTORS`], [`HASH`] or the name of a global index.
    pub index_type: String,
    pub file_name: String,
    pub file_size: u64,
    pub row_count: u64,
    pub deletion_vectors: Vec<DeletionVectorRange>,
    pub external_path: Option<String>,
    pub global: Option<GlobalIndexMeta>,
}

/// Where the deletion vector of one data file lies in an index file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionVectorRange {
    pub data_file: String,
    /// Of the record's size field.
    pub offset: i32,
    /// As stored: without size and checksum for 32-bit vectors, with them for 64-bit vectors.
    pub length: i32,
    pub cardinality: Option<u64>,
}

/// What a global index covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalIndexMeta {
    pub row_range_start: i64,
    pub row_range_end: i64,
    pub index_field_id: i32,
    /// Further columns of the index.
    pub extra_field_ids: Vec<i32>,
}

impl IndexManifest {
    pub fn decode(path: &Path, file: Bytes) -> Result<Self> {
        read_records(path, &file, entry).map(Self)
    }
}

impl Footprint for IndexManifest {
    fn bytes(&self) -> u64 {
        let range = |range: &DeletionVectorRange| size_of::<DeletionVectorRange>() + range.data_file.len();
        let one = |entry: &IndexEntry| {
            size_of::<IndexEntry>()
                + entry.file_name.len()
                + entry.deletion_vectors.iter().map(range).sum::<usize>()
        };
        self.0.iter().map(one).sum::<usize>() as u64
    }
}

fn entry(record: &Record<'_>) -> Decoded<IndexEntry> {
    let kind = match record.required("_KIND", Value::long)? {
        0 => EntryKind::Add,
        1 => EntryKind::Delete,
        other => return Err(Malformed::new(format!("entry kind {other} is unknown"))),
    };
    Ok(IndexEntry {
        kind,
        partition: record.required("_PARTITION", Value::bytes)?.into(),
        bucket: record.required("_BUCKET", Value::int)?,
        index_type: record.required("_INDEX_TYPE", Value::text)?.to_string(),
        file_name: record.required("_FILE_NAME", Value::text)?.to_string(),
        file_size: record.required("_FILE_SIZE", Value::count)?,
        row_count: record.required("_ROW_COUNT", Value::count)?,
        deletion_vectors: record.optional("_DELETIONS_VECTORS_RANGES", ranges)?.unwrap_or_default(),
        external_path: record.optional("_EXTERNAL_PATH", |value| Ok(value.text()?.to_string()))?,
        global: record.optional("_GLOBAL_INDEX", global_index)?,
    })
}

fn ranges(value: &Value<'_>) -> Decoded<Vec<DeletionVectorRange>> {
    let present = value.list()?.iter().filter(|item| **item != Value::Null);
    present.map(|item| range(item.record()?)).collect()
}

fn range(record: &Record<'_>) -> Decoded<DeletionVectorRange> {
    Ok(DeletionVectorRange {
        data_file: record.required("f0", Value::text)?.to_string(),
        offset: record.required("f1", Value::int)?,
        length: record.required("f2", Value::int)?,
        cardinality: record.optional("_CARDINALITY", Value::count)?,
    })
}

fn ints(value: &Value<'_>) -> Decoded<Vec<i32>> {
    value.list()?.iter().map(Value::int).collect()
}

fn global_index(value: &Value<'_>) -> Decoded<GlobalIndexMeta> {
    let record = value.record()?;
    Ok(GlobalIndexMeta {
        row_range_start: record.required("_ROW_RANGE_START", Value::long)?,
        row_range_end: record.required("_ROW_RANGE_END", Value::long)?,
        index_field_id: record.required("_INDEX_FIELD_ID", Value::int)?,
        extra_field_ids: record.optional("_EXTRA_FIELD_IDS", ints)?.unwrap_or_default(),
    })
}
