//! Metadata files: everything about a table but its files.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use iceberg::spec::TableMetadata;
use object_store::path::Path;
use serde::Deserialize;

use crate::cache::Footprint;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;

pub const METADATA_SUFFIX: &str = ".metadata.json";
const COMPRESSED_SUFFIX: &str = ".metadata.json.gz";
/// Names the file of the newest metadata, or its number.
const VERSION_HINT: &str = "version-hint.text";
const FORMAT_VERSION_MAX: u64 = 3;
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
/// Bytes that a metadata file may have once decompressed.
const METADATA_BYTES_MAX: u64 = 1 << 30;

/// A decoded metadata file.
#[derive(Debug)]
pub struct Metadata {
    pub table: TableMetadata,
    /// Branches and tags by name.
    pub refs: BTreeMap<String, Reference>,
    bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reference {
    pub snapshot_id: i64,
    /// `branch` or `tag`
    #[serde(rename = "type")]
    pub kind: String,
    pub max_ref_age_ms: Option<i64>,
    pub min_snapshots_to_keep: Option<i32>,
    pub max_snapshot_age_ms: Option<i64>,
}

impl Footprint for Metadata {
    fn bytes(&self) -> u64 {
        self.bytes.saturating_mul(3)
    }
}

/// What is read of the file before the rest is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    format_version: u64,
    #[serde(default)]
    refs: BTreeMap<String, Reference>,
}

impl Metadata {
    /// Reads the newest metadata file of the table in `root`.
    pub async fn newest(label: &str, files: &MetadataFiles, root: &Path) -> Result<std::sync::Arc<Self>> {
        let folder = root.clone().join("metadata");
        let names = files.file_names(&folder).await?;
        let name = match newest_of(&names).as_slice() {
            [] => {
                let hint = format!("{folder} holds no *{METADATA_SUFFIX} file");
                return Err(Error::not_found(format!("table {label}"), hint));
            }
            [name] => *name,
            several => chosen(label, files, &folder, several).await?,
        };
        let table = label.to_owned();
        let decode = move |path: &Path, bytes: bytes::Bytes| Self::decode(&table, path, &bytes);
        files.current(&folder.join(name), decode).await
    }

    fn decode(label: &str, path: &Path, bytes: &[u8]) -> Result<Self> {
        let corrupt = |reason: String| Error::corrupt(path.as_ref(), reason);
        let mut plain = Vec::new();
        let text = if bytes.starts_with(GZIP_MAGIC) {
            let mut reader = GzDecoder::new(bytes).take(METADATA_BYTES_MAX);
            reader.read_to_end(&mut plain).map_err(|error| corrupt(error.to_string()))?;
            plain.as_slice()
        } else {
            bytes
        };
        let head: Head = serde_json::from_slice(text).map_err(|error| corrupt(error.to_string()))?;
        if !(1..=FORMAT_VERSION_MAX).contains(&head.format_version) {
            return Err(Error::unsupported(
                label,
                format!("Iceberg's format version {}", head.format_version),
            ));
        }
        let decoded = std::panic::catch_unwind(|| serde_json::from_slice::<TableMetadata>(text));
        let table = match decoded {
            Ok(Ok(table)) => table,
            Ok(Err(error)) => return Err(corrupt(error.to_string())),
            Err(_) => return Err(corrupt("its decoder gave up".to_owned())),
        };
        Ok(Self { table, refs: head.refs, bytes: text.len() as u64 })
    }
}

/// The files of the highest number. There are several where a commit failed after its file was written.
fn newest_of(names: &[String]) -> Vec<&str> {
    let newest = names.iter().filter_map(|name| number_of(name)).max();
    names.iter().map(String::as_str).filter(|name| newest.is_some() && number_of(name) == newest).collect()
}

/// The one of several files that the hint names: only a catalog knows otherwise which of them counts.
async fn chosen<'a>(label: &str, files: &MetadataFiles, folder: &Path, names: &[&'a str]) -> Result<&'a str> {
    let hint = files.try_read(&folder.clone().join(VERSION_HINT)).await?;
    let hint = hint.as_deref().map(String::from_utf8_lossy);
    let hinted = |name: &&&str| {
        let stem = |hint: &str| name.strip_prefix(hint).is_some_and(|rest| rest.starts_with('.'));
        hint.as_deref().map(str::trim).is_some_and(|hint| stem(hint) || **name == hint)
    };
    names.iter().find(hinted).copied().ok_or_else(|| {
        Error::invalid(format!(
            "table {label}: its newest metadata may be any of {}: remove those that no catalog names",
            names.join(", ")
        ))
    })
}

/// The number in `v3.metadata.json`, `v3.gz.metadata.json` or `00003-UUID.metadata.json`.
fn number_of(name: &str) -> Option<u64> {
    let stem = name.strip_suffix(METADATA_SUFFIX).or_else(|| name.strip_suffix(COMPRESSED_SUFFIX))?;
    let stem = stem.strip_suffix(".gz").unwrap_or(stem);
    match stem.strip_prefix('v') {
        Some(number) => number.parse().ok(),
        None => stem.split_once('-')?.0.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_order_of_metadata_files() {
        for (name, number) in [
            ("v10.metadata.json", Some(10)),
            ("v2.gz.metadata.json", Some(2)),
            ("00011-ac3fd0c2-5b76.metadata.json", Some(11)),
            ("00011-ac3fd0c2-5b76.gz.metadata.json", Some(11)),
            ("v3.metadata.json.gz", Some(3)),
            ("version-hint.text", None),
            ("snap-1-2.avro", None),
            ("vx.metadata.json", None),
        ] {
            assert_eq!(number_of(name), number, "{name}");
        }
    }

    #[test]
    fn the_newest_file_may_not_be_the_only_one() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(newest_of(&names(&["v9.metadata.json", "v10.metadata.json", "x"])), ["v10.metadata.json"]);
        let two = names(&["00001-a.metadata.json", "00002-b.metadata.json", "00002-c.metadata.json"]);
        assert_eq!(newest_of(&two), ["00002-b.metadata.json", "00002-c.metadata.json"]);
        assert!(newest_of(&names(&["version-hint.text"])).is_empty());
    }
}
