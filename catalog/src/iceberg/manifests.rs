//! The files of a snapshot: data files and delete files with their sequence numbers.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use iceberg::spec::{ManifestContentType, ManifestFile, ManifestList, Snapshot};
use object_store::path::Path;

use super::data_file::{DataFile, ManifestEntry, Status};
use super::guard;
use super::metadata::Metadata;
use super::table::IcebergTable;
use crate::avro;
use crate::cache::Footprint;
use crate::error::{Error, Result};
use crate::value::Record;

/// Manifests that are read at a time.
const CONCURRENT_READS: usize = 16;

/// A manifest as it is cached.
#[derive(Debug)]
struct CachedManifest {
    entries: Vec<ManifestEntry>,
    bytes: u64,
}

impl Footprint for CachedManifest {
    fn bytes(&self) -> u64 {
        self.bytes.saturating_mul(4)
    }
}

#[derive(Debug)]
struct CachedList {
    list: ManifestList,
    bytes: u64,
}

impl Footprint for CachedList {
    fn bytes(&self) -> u64 {
        self.bytes.saturating_mul(2)
    }
}

/// An entry of a manifest, with what it inherits from the list.
#[derive(Debug, Clone)]
pub struct Entry {
    pub file: DataFile,
    pub status: Status,
    /// Orders data and the deletes that apply to it.
    pub sequence: i64,
    /// Of the commit that added the file; `None` where its manifest does not say.
    pub file_sequence: Option<i64>,
    /// The snapshot that added or deleted the file.
    pub snapshot_id: i64,
    pub spec_id: i32,
}

/// The manifests of a snapshot.
pub async fn manifest_list(
    table: &IcebergTable,
    metadata: &Metadata,
    snapshot: &Snapshot,
) -> Result<Vec<ManifestFile>> {
    let path = table.path(metadata, snapshot.manifest_list())?;
    let version = metadata.table.format_version();
    let decode = move |path: &Path, bytes: bytes::Bytes| {
        let list = guard::decode(path, || ManifestList::parse_with_version(&bytes, version))?;
        Ok(CachedList { list, bytes: bytes.len() as u64 })
    };
    let list: Arc<CachedList> = table.files().immutable(&path, None, decode).await?;
    for manifest in list.list.entries() {
        if manifest.key_metadata.as_ref().is_some_and(|key| !key.is_empty()) {
            return Err(Error::unsupported(table.label().as_ref(), "encrypted manifests"));
        }
    }
    Ok(list.list.entries().to_vec())
}

/// All entries of these manifests, deleted ones included.
pub async fn entries(
    table: &IcebergTable,
    metadata: &Metadata,
    manifests: &[ManifestFile],
) -> Result<Vec<Entry>> {
    let reads: Vec<_> = manifests.iter().map(|manifest| read(table, metadata, manifest)).collect();
    let read: Vec<Vec<Entry>> = stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

async fn read(table: &IcebergTable, metadata: &Metadata, listed: &ManifestFile) -> Result<Vec<Entry>> {
    let path = table.path(metadata, &listed.manifest_path)?;
    let size = u64::try_from(listed.manifest_length).ok();
    let decode = |path: &Path, bytes: bytes::Bytes| {
        let mut entries = Vec::new();
        let visit = |record: &Record<'_>| {
            entries.push(ManifestEntry::read(record)?);
            Ok(())
        };
        avro::for_each_record(&bytes, visit).map_err(|reason| reason.of_file(path))?;
        Ok(CachedManifest { entries, bytes: bytes.len() as u64 })
    };
    let cached: Arc<CachedManifest> = table.files().immutable(&path, size, decode).await?;
    let mut row_ids = RowIds { next: listed.first_row_id.and_then(|id| i64::try_from(id).ok()) };
    let entries = cached.entries.iter().map(|entry| {
        let file = &entry.file;
        if file.encrypted {
            return Err(Error::unsupported(table.label().as_ref(), "encrypted files"));
        }
        // Only what a manifest's own snapshot added may leave its number to the list.
        let inherits = entry.status == Status::Added || listed.sequence_number == 0;
        let sequence = entry.sequence.or(inherits.then_some(listed.sequence_number));
        let sequence = sequence
            .ok_or_else(|| Error::corrupt(path.as_ref(), format!("{} has no sequence number", file.path)))?;
        let mut file = file.clone();
        file.first_row_id = row_ids.of(entry);
        Ok(Entry {
            file,
            status: entry.status,
            sequence,
            file_sequence: entry.file_sequence.or(inherits.then_some(listed.sequence_number)),
            snapshot_id: entry.snapshot_id.unwrap_or(listed.added_snapshot_id),
            spec_id: listed.partition_spec_id,
        })
    });
    entries.collect()
}

/// Gives the rows of a manifest's files their ids: files that have none of their own share out those that
/// the list gives the manifest, in order. Without such ids rows have none.
struct RowIds {
    next: Option<i64>,
}

impl RowIds {
    fn of(&mut self, entry: &ManifestEntry) -> Option<i64> {
        let next = self.next?;
        if entry.status == Status::Deleted || entry.file.first_row_id.is_some() {
            return entry.file.first_row_id;
        }
        self.next = i64::try_from(entry.file.rows).ok().and_then(|rows| next.checked_add(rows));
        Some(next)
    }
}

/// The live files of a snapshot: data files, and delete files.
pub async fn live(
    table: &IcebergTable,
    metadata: &Metadata,
    snapshot: &Snapshot,
) -> Result<(Vec<Entry>, Vec<Entry>)> {
    let manifests = manifest_list(table, metadata, snapshot).await?;
    let (data, deletes): (Vec<ManifestFile>, Vec<ManifestFile>) =
        manifests.into_iter().partition(|manifest| manifest.content == ManifestContentType::Data);
    let (data, deletes) =
        futures::try_join!(entries(table, metadata, &data), entries(table, metadata, &deletes))?;
    let is_live = |entry: &Entry| entry.status != Status::Deleted;
    Ok((data.into_iter().filter(is_live).collect(), deletes.into_iter().filter(is_live).collect()))
}
