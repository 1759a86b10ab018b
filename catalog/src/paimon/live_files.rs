//! The files that make up a snapshot: what its manifests add, less what they delete.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;

use crate::error::{Error, Result};
use crate::types::LogicalType;

use super::index_manifest::IndexManifest;
use super::layout::TableLayout;
use super::manifest::{DataFileMeta, EntryKind, Manifest, ManifestEntry};
use super::manifest_list::{ManifestFileMeta, ManifestList};
use super::snapshot::Snapshot;
use crate::files::MetadataFiles;

/// Manifests that are read at a time.
const CONCURRENT_READS: usize = 16;

/// Reads manifests of one table.
#[derive(Debug, Clone)]
pub struct ManifestReader {
    files: MetadataFiles,
    layout: TableLayout,
    partition_types: Arc<[LogicalType]>,
}

impl ManifestReader {
    pub fn new(files: MetadataFiles, layout: TableLayout, partition_types: Arc<[LogicalType]>) -> Self {
        Self { files, layout, partition_types }
    }

    /// A manifest list, and its size if the snapshot recorded it.
    pub async fn list(&self, name: &str, size: Option<i64>) -> Result<Arc<ManifestList>> {
        let path = self.layout.manifest(name)?;
        let size = size.and_then(|size| u64::try_from(size).ok());
        self.files.immutable(&path, size, ManifestList::decode).await
    }

    pub async fn manifest(&self, meta: &ManifestFileMeta) -> Result<Arc<Manifest>> {
        let path = self.layout.manifest(&meta.file_name)?;
        let types = Arc::clone(&self.partition_types);
        let decode = move |path: &Path, file| Manifest::decode(path, file, &types);
        self.files.immutable(&path, Some(meta.file_size), decode).await
    }

    pub async fn index(&self, name: &str) -> Result<Arc<IndexManifest>> {
        let path = self.layout.manifest(name)?;
        self.files.immutable(&path, None, IndexManifest::decode).await
    }

    /// All manifests of a snapshot, oldest first.
    pub async fn manifests_of(&self, snapshot: &Snapshot) -> Result<Vec<ManifestFileMeta>> {
        let (base, delta) = futures::try_join!(
            self.list(&snapshot.base_manifest_list, snapshot.base_manifest_list_size),
            self.list(&snapshot.delta_manifest_list, snapshot.delta_manifest_list_size)
        )?;
        Ok(base.0.iter().chain(&delta.0).cloned().collect())
    }

    /// The live files of a snapshot.
    pub async fn live(&self, snapshot: &Snapshot) -> Result<Vec<ManifestEntry>> {
        let manifests = self.read_all(&self.manifests_of(snapshot).await?).await?;
        Ok(live_entries(&manifests, |_| true).into_iter().cloned().collect())
    }

    /// The files that were live before a snapshot, and what the snapshot itself added and deleted.
    pub async fn live_base(&self, snapshot: &Snapshot) -> Result<(Vec<ManifestEntry>, Vec<ManifestEntry>)> {
        let base = self.list(&snapshot.base_manifest_list, snapshot.base_manifest_list_size).await?;
        let manifests = self.read_all(&base.0).await?;
        let base = live_entries(&manifests, |_| true).into_iter().cloned().collect();
        Ok((base, self.delta(snapshot).await?))
    }

    /// What a snapshot itself added and deleted, in the order of its manifests.
    pub async fn delta(&self, snapshot: &Snapshot) -> Result<Vec<ManifestEntry>> {
        self.entries_of(&snapshot.delta_manifest_list, snapshot.delta_manifest_list_size).await
    }

    /// The changelog files of a snapshot; none where it wrote no changelog.
    pub async fn changelog(&self, snapshot: &Snapshot) -> Result<Vec<ManifestEntry>> {
        match &snapshot.changelog_manifest_list {
            Some(list) => self.entries_of(list, snapshot.changelog_manifest_list_size).await,
            None => Ok(Vec::new()),
        }
    }

    /// The index files of a snapshot.
    pub async fn index_of(&self, snapshot: &Snapshot) -> Result<Option<Arc<IndexManifest>>> {
        match &snapshot.index_manifest {
            Some(name) => self.index(name).await.map(Some),
            None => Ok(None),
        }
    }

    async fn entries_of(&self, list: &str, size: Option<i64>) -> Result<Vec<ManifestEntry>> {
        let manifests = self.read_all(&self.list(list, size).await?.0).await?;
        Ok(manifests.iter().flat_map(|manifest| &manifest.entries).cloned().collect())
    }

    /// Decodes manifests, several at a time; in the order given.
    pub async fn read_all(&self, metas: &[ManifestFileMeta]) -> Result<Vec<Arc<Manifest>>> {
        let metas = metas.to_vec();
        let reads = metas.into_iter().map(|meta| async move { self.manifest(&meta).await });
        stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await
    }
}

/// What makes a file of a snapshot the same file: the level too, since an upgrade deletes a file at
/// one level and adds it at another.
#[derive(PartialEq, Eq, Hash)]
pub struct FileIdentity<'a> {
    partition: &'a [u8],
    bucket: i32,
    level: i32,
    file_name: &'a str,
    extra_files: &'a [String],
    embedded_index: Option<&'a [u8]>,
    external_path: Option<&'a str>,
}

impl<'a> FileIdentity<'a> {
    pub fn of(entry: &'a ManifestEntry) -> Self {
        let file: &DataFileMeta = &entry.file;
        Self {
            partition: &entry.partition.bytes,
            bucket: entry.bucket,
            level: file.level,
            file_name: &file.file_name,
            extra_files: &file.extra_files,
            embedded_index: file.embedded_index.as_ref().map(|index| index.as_slice()),
            external_path: file.external_path.as_deref(),
        }
    }
}

/// The entries that are added and not deleted, among those that `keep` wants. `keep` must not tell
/// the addition of a file from its deletion.
pub fn live_entries<'a>(
    manifests: impl IntoIterator<Item = &'a Arc<Manifest>> + Clone,
    mut keep: impl FnMut(&ManifestEntry) -> bool,
) -> Vec<&'a ManifestEntry> {
    let entries = || manifests.clone().into_iter().flat_map(|manifest| &manifest.entries);
    let mut deleted: HashSet<FileIdentity<'_>> = HashSet::new();
    for entry in entries() {
        if entry.kind == EntryKind::Delete && keep(entry) {
            deleted.insert(FileIdentity::of(entry));
        }
    }
    let mut live: Vec<&ManifestEntry> = Vec::new();
    for entry in entries() {
        let added = entry.kind == EntryKind::Add && keep(entry);
        if added && (deleted.is_empty() || !deleted.contains(&FileIdentity::of(entry))) {
            live.push(entry);
        }
    }
    live
}

/// Live files by partition and bucket, both in ascending order.
pub type Buckets<'a> = BTreeMap<(PartitionOrder<'a>, i32), Vec<&'a ManifestEntry>>;

/// Groups entries. A file that is added twice would be read twice, so that is an error.
pub fn group<'a>(table: &str, entries: Vec<&'a ManifestEntry>) -> Result<Buckets<'a>> {
    let mut buckets: Buckets<'a> = BTreeMap::new();
    for entry in entries {
        buckets.entry((PartitionOrder(&entry.partition), entry.bucket)).or_default().push(entry);
    }
    for files in buckets.values_mut() {
        files.sort_by(|a, b| a.file.file_name.cmp(&b.file.file_name));
        if let Some([twice, _]) =
            files.array_windows::<2>().find(|[a, b]| a.file.file_name == b.file.file_name)
        {
            let name = &twice.file.file_name;
            return Err(Error::corrupt(
                format!("the manifests of table {table}"),
                format!("file {name} is added twice"),
            ));
        }
    }
    Ok(buckets)
}

/// Orders partitions by their values, nulls first.
#[derive(Debug, Clone, Copy)]
pub struct PartitionOrder<'a>(pub &'a Arc<super::manifest::Partition>);

impl Ord for PartitionOrder<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let pairs = self.0.values.iter().zip(other.0.values.iter());
        let by_value = pairs.map(|(a, b)| compare_nulls_first(a, b)).find(|order| order.is_ne());
        by_value.unwrap_or(std::cmp::Ordering::Equal).then_with(|| self.0.bytes.cmp(&other.0.bytes))
    }
}

impl PartialOrd for PartitionOrder<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PartitionOrder<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PartitionOrder<'_> {}

/// Values of one column; values of different types count as equal.
fn compare_nulls_first(a: &crate::datum::Datum, b: &crate::datum::Datum) -> std::cmp::Ordering {
    match (a.is_null(), b.is_null()) {
        (false, false) => a.compare(b).unwrap_or(std::cmp::Ordering::Equal),
        (a_null, b_null) => b_null.cmp(&a_null),
    }
}
