//! Lines of commits and checkpoints.

use std::collections::BTreeMap;

use object_store::path::Path;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::cache::Footprint;
use crate::error::{Error, Result};

/// One line: an object with one member, which names the action. Actions that do not say what a table's
/// rows are (transactions of writers, domain metadata) are passed over.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub add: Option<Add>,
    pub remove: Option<Remove>,
    pub cdc: Option<ChangeFile>,
    pub meta_data: Option<Metadata>,
    pub protocol: Option<Protocol>,
    pub commit_info: Option<CommitInfo>,
    pub sidecar: Option<Sidecar>,
}

/// A data file that becomes part of the table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// Relative to the table's folder or full; percent-encoded.
    pub path: String,
    /// By physical column name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since the epoch.
    pub modification_time: Option<i64>,
    #[serde(default = "yes")]
    pub data_change: bool,
    /// JSON text.
    pub stats: Option<String>,
    pub deletion_vector: Option<DeletionVector>,
    pub base_row_id: Option<i64>,
    pub default_row_commit_version: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    pub path: String,
    #[serde(default = "yes")]
    pub data_change: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub partition_values: BTreeMap<String, Option<String>>,
    pub size: Option<u64>,
    pub stats: Option<String>,
    pub deletion_vector: Option<DeletionVector>,
}

/// A file of the change data feed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeFile {
    pub path: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub partition_values: BTreeMap<String, Option<String>>,
    pub size: u64,
}

/// Where a data file's deletion vector is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionVector {
    /// `u`: a file of the table by its UUID, `p`: a file by its full path, `i`: within the action.
    pub storage_type: String,
    pub path_or_inline_dv: String,
    /// Where the record begins in the file.
    pub offset: Option<u64>,
    /// Bytes of the bitmap, without its frame.
    pub size_in_bytes: u64,
    pub cardinality: u64,
}

impl DeletionVector {
    /// What tells two vectors of one file apart.
    pub fn id(&self) -> String {
        let at = self.offset.map(|offset| format!("@{offset}")).unwrap_or_default();
        format!("{}{}{at}", self.storage_type, self.path_or_inline_dv)
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub format: Option<Format>,
    /// The schema as JSON text.
    pub schema_string: String,
    /// Logical names.
    #[serde(default, deserialize_with = "null_as_default")]
    pub partition_columns: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub configuration: BTreeMap<String, String>,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Format {
    pub provider: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    pub min_reader_version: i32,
    pub reader_features: Option<Vec<String>>,
    pub writer_features: Option<Vec<String>>,
}

/// What the writer says of its commit. Only the timestamp has a meaning to readers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitInfo {
    pub in_commit_timestamp: Option<i64>,
    pub timestamp: Option<i64>,
    pub operation: Option<String>,
    pub operation_parameters: Option<Value>,
    pub operation_metrics: Option<Value>,
    pub user_name: Option<String>,
    pub user_metadata: Option<String>,
    pub read_version: Option<i64>,
    pub isolation_level: Option<String>,
    pub is_blind_append: Option<bool>,
    pub engine_info: Option<String>,
}

/// A file of a checkpoint's actions, in the log's folder of sidecars unless its path is full.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sidecar {
    pub path: String,
    pub size_in_bytes: u64,
}

fn yes() -> bool {
    true
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The lines of a commit or a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    pub lines: Vec<Line>,
    bytes: u64,
}

impl Lines {
    /// Lines that were read from a file of so many bytes.
    pub fn new(lines: Vec<Line>, bytes: usize) -> Self {
        Self { lines, bytes: bytes as u64 }
    }

    /// Lines of JSON.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let texts = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let lines = texts.map(|line| {
            serde_json::from_slice(line)
                .map_err(|error| Error::corrupt(path.as_ref(), format!("an action cannot be read: {error}")))
        });
        Ok(Self::new(lines.collect::<Result<_>>()?, bytes.len()))
    }
}

impl Footprint for Lines {
    fn bytes(&self) -> u64 {
        self.bytes.saturating_mul(2)
    }
}
