//! Entries of manifests, from their Avro records.
//!
//! The `iceberg` crate decodes them too, but refuses what Java writes and reads: void partition fields
//! with the name of their column, and schemas that name one decimal twice.

use std::collections::BTreeMap;

use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Data,
    PositionDeletes,
    EqualityDeletes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Existing,
    Added,
    Deleted,
}

/// A value of a partition, in the form in which Avro stores it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Raw {
    Null,
    Boolean(bool),
    Integer(i64),
    /// The bits of a double.
    Double(u64),
    Bytes(Vec<u8>),
    Text(String),
}

/// A data file or a delete file.
#[derive(Debug, Clone)]
pub struct DataFile {
    pub content: Content,
    pub path: String,
    /// `PARQUET`, `ORC`, `AVRO`, `PUFFIN`
    pub format: String,
    /// In the order of the partition spec's fields.
    pub partition: Vec<Raw>,
    pub rows: u64,
    /// Bytes.
    pub size: u64,
    /// Metrics by field id; bounds in Iceberg's single-value form.
    pub value_counts: BTreeMap<i32, u64>,
    pub null_counts: BTreeMap<i32, u64>,
    pub nan_counts: BTreeMap<i32, u64>,
    pub lower_bounds: BTreeMap<i32, Vec<u8>>,
    pub upper_bounds: BTreeMap<i32, Vec<u8>>,
    pub encrypted: bool,
    pub equality_ids: Vec<i32>,
    pub first_row_id: Option<i64>,
    pub referenced_data_file: Option<String>,
    pub content_offset: Option<u64>,
    pub content_size: Option<u64>,
}

/// An entry as its manifest has it.
#[derive(Debug, Clone)]
pub struct ManifestEntry {
    pub status: Status,
    pub snapshot_id: Option<i64>,
    pub sequence: Option<i64>,
    pub file_sequence: Option<i64>,
    pub file: DataFile,
}

impl ManifestEntry {
    pub fn read(record: &Record<'_>) -> Decoded<Self> {
        let status = match record.required("status", Value::int)? {
            0 => Status::Existing,
            1 => Status::Added,
            2 => Status::Deleted,
            other => return Err(Malformed::new(format!("{other} is no status of a file"))),
        };
        Ok(Self {
            status,
            snapshot_id: record.optional("snapshot_id", Value::long)?,
            sequence: record.optional("sequence_number", Value::long)?,
            file_sequence: record.optional("file_sequence_number", Value::long)?,
            file: record.required("data_file", |file| DataFile::read(file.record()?))?,
        })
    }
}

impl DataFile {
    fn read(record: &Record<'_>) -> Decoded<Self> {
        let content = match record.optional("content", Value::int)? {
            None | Some(0) => Content::Data,
            Some(1) => Content::PositionDeletes,
            Some(2) => Content::EqualityDeletes,
            Some(other) => return Err(Malformed::new(format!("{other} is no content of a file"))),
        };
        let text = |value: &Value<'_>| value.text().map(str::to_owned);
        let ids = |value: &Value<'_>| value.list()?.iter().map(Value::int).collect::<Decoded<Vec<_>>>();
        let counts = |name: &str| record.optional(name, |value| by_id(value, |count| count.long()));
        let known = |counts: Option<BTreeMap<i32, i64>>| {
            // Negative counts stand for unknown ones.
            let counts = counts.unwrap_or_default().into_iter();
            counts.filter_map(|(id, count)| Some((id, u64::try_from(count).ok()?))).collect()
        };
        let bounds = |name: &str| {
            let bounds = record.optional(name, |value| by_id(value, |bytes| Ok(bytes.bytes()?.to_vec())))?;
            Ok(bounds.unwrap_or_default())
        };
        let key = record.optional("key_metadata", |key| Ok(!key.bytes()?.is_empty()))?;
        Ok(Self {
            content,
            path: record.required("file_path", text)?,
            format: record.required("file_format", text)?.to_ascii_uppercase(),
            partition: record.required("partition", |value| {
                value.record()?.0.iter().map(|(_, value)| Raw::read(value)).collect()
            })?,
            rows: record.required("record_count", Value::count)?,
            size: record.required("file_size_in_bytes", Value::count)?,
            value_counts: known(counts("value_counts")?),
            null_counts: known(counts("null_value_counts")?),
            nan_counts: known(counts("nan_value_counts")?),
            lower_bounds: bounds("lower_bounds")?,
            upper_bounds: bounds("upper_bounds")?,
            encrypted: key.unwrap_or_default(),
            equality_ids: record.optional("equality_ids", ids)?.unwrap_or_default(),
            first_row_id: record.optional("first_row_id", Value::long)?,
            referenced_data_file: record.optional("referenced_data_file", text)?,
            content_offset: record.optional("content_offset", Value::count)?,
            content_size: record.optional("content_size_in_bytes", Value::count)?,
        })
    }
}

impl Raw {
    fn read(value: &Value<'_>) -> Decoded<Self> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Double(value) => Self::Double(value.to_bits()),
            Value::Bytes(value) => Self::Bytes(value.to_vec()),
            Value::Text(value) => Self::Text((*value).to_owned()),
            Value::List(_) | Value::Record(_) => {
                return Err(Malformed::new("a partition value is not atomic"));
            }
        })
    }
}

/// A map by field id: a list of keys and values.
fn by_id<T>(value: &Value<'_>, read: impl Fn(&Value<'_>) -> Decoded<T>) -> Decoded<BTreeMap<i32, T>> {
    let entries = value.list()?.iter().map(|entry| {
        let entry = entry.record()?;
        Ok((entry.required("key", Value::int)?, entry.required("value", &read)?))
    });
    entries.collect()
}
