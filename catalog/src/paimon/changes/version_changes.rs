//! How the rows that a reader of the table sees differ between two snapshots.
//!
//! Both snapshots are read as tables, bucket by bucket, and compared: whatever the merge engine, the
//! deletion vectors or the changelog producer, the outcome is the difference of two queries. Buckets
//! with the same files and vectors on both sides are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::{ChangeLog, ChangeStep, ChangeWork, Images, LogColumn, LogLayout};
use crate::error::{Error, Result};
use crate::paimon::index_manifest::{DELETION_VECTORS, DeletionVectorRange, IndexEntry, IndexManifest};
use crate::paimon::live_files::FileIdentity;
use crate::paimon::manifest::{EntryKind, ManifestEntry};
use crate::paimon::plan::Merging;
use crate::paimon::snapshot::{CommitKind, Snapshot};
use crate::paimon::table_version::PaimonTableVersion;
use crate::schema::TableSchema;
use crate::table::ScanRequest;

use super::commits::commit_of;
use super::log::stored_kinds;

/// The changes of a snapshot as a log with their types.
#[derive(Debug, Clone)]
pub struct VersionChanges {
    /// Tells the schema and the rules under which both sides are read.
    version: PaimonTableVersion,
    /// `None` where the snapshot is the first, or the one before it is gone.
    before: Option<Arc<Snapshot>>,
    after: Arc<Snapshot>,
    span: Span,
    layout: LogLayout,
}

/// What lies between the two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// One commit, that of `after`.
    OneCommit,
    /// Any number of commits; nothing before is the table before its first.
    Commits,
}

/// The files and deletion vectors of a snapshot by partition and bucket.
#[derive(Default)]
struct Side {
    files: BTreeMap<Place, Vec<ManifestEntry>>,
    vectors: BTreeMap<Place, Vec<(String, DeletionVectorRange)>>,
}

type Place = (Box<[u8]>, i32);

impl VersionChanges {
    pub fn new(version: PaimonTableVersion, before: Option<Arc<Snapshot>>, after: Arc<Snapshot>) -> Self {
        let layout = LogLayout::new(vec![LogColumn::ChangeType("_change_type")]);
        Self { version, before, after, span: Span::OneCommit, layout }
    }

    /// The net difference between two snapshots with any number of commits between them; `before` is
    /// `None` for the table before its first commit.
    pub fn net(version: PaimonTableVersion, before: Option<Arc<Snapshot>>, after: Arc<Snapshot>) -> Self {
        Self { span: Span::Commits, ..Self::new(version, before, after) }
    }

    /// Whether rows outlive a compaction as they are: not where they are hidden until one has seen them, nor
    /// where it drops those that are too old.
    fn compaction_keeps_rows(&self) -> bool {
        let rules = self.version.rules();
        let expires = self.version.table_schema().option("record-level.expire-time").is_some();
        !expires && !rules.hides_level_zero && rules.bucket != -2
    }

    /// Whether the commit cannot have changed a row. Java takes timestamps before 1582 from one calendar to
    /// another when it reads ORC and writes them so: rows in ORC may come out of a compaction as others.
    async fn changes_nothing(&self) -> Result<bool> {
        if self.span == Span::Commits {
            return Ok(false);
        }
        match self.after.commit_kind {
            CommitKind::Analyze => Ok(true),
            CommitKind::Compact if self.compaction_keeps_rows() => {
                let reader = self.version.table().manifest_reader(&self.version.table_schema());
                let delta = reader.delta(&self.after).await?;
                Ok(!delta.iter().any(|entry| entry.file.file_name.ends_with(".orc")))
            }
            CommitKind::Compact | CommitKind::Append | CommitKind::Overwrite => Ok(false),
        }
    }

    async fn sides(&self) -> Result<(Side, Side)> {
        let reader = self.version.table().manifest_reader(&self.version.table_schema());
        let after =
            self.side(reader.live(&self.after).await?, reader.index_of(&self.after).await?.as_deref());
        let before = match &self.before {
            Some(before) => self.side(reader.live(before).await?, reader.index_of(before).await?.as_deref()),
            None if self.after.id == 1 || self.span == Span::Commits => Side::default(),
            None => {
                let (base, delta) = reader.live_base(&self.after).await?;
                let reads_old_files = delta.iter().any(|entry| entry.kind == EntryKind::Delete);
                if reads_old_files || self.after.index_manifest.is_some() {
                    return Err(self.before_is_gone().await?);
                }
                self.side(base, None)
            }
        };
        Ok((before, after))
    }

    async fn before_is_gone(&self) -> Result<Error> {
        let table = self.version.table();
        let earliest = table.timeline().earliest_id().await?.unwrap_or(self.after.id);
        Ok(Error::not_found(
            format!("snapshot {} of table {}", self.after.id - 1, table.label()),
            format!(
                "it has expired, and snapshot {} replaces files of it; the earliest is {earliest}",
                self.after.id
            ),
        ))
    }

    fn side(&self, entries: Vec<ManifestEntry>, index: Option<&IndexManifest>) -> Side {
        let hides = self.version.rules().hides_level_zero;
        let mut side = Side::default();
        for entry in entries.into_iter().filter(|entry| !hides || entry.file.level > 0) {
            let place = (entry.partition.bytes.clone(), entry.bucket);
            side.files.entry(place).or_default().push(entry);
        }
        let live = |entry: &&IndexEntry| entry.index_type == DELETION_VECTORS && entry.kind == EntryKind::Add;
        for entry in index.into_iter().flat_map(|index| &index.0).filter(live) {
            let vectors = side.vectors.entry((entry.partition.clone(), entry.bucket)).or_default();
            vectors
                .extend(entry.deletion_vectors.iter().map(|range| (entry.file_name.clone(), range.clone())));
        }
        side
    }

    async fn step(
        &self,
        request: &ScanRequest,
        old: &[ManifestEntry],
        new: &[ManifestEntry],
    ) -> Result<ChangeStep> {
        let schema = self.version.table_schema();
        let key = schema.primary_key.iter().filter_map(|name| schema.index_of(name)).collect();
        let before = self.before.as_deref();
        // A filter may leave out files of one side alone: their rows do not pass it on either.
        let work = ChangeWork::Difference {
            before: self.version.plan_files(request, old, before, Merging::ByKey).await?,
            after: self.version.plan_files(request, new, Some(&self.after), Merging::ByKey).await?,
            key,
            images: Images::Both,
            pairs: Vec::new(),
            value_changed: Vec::new(),
        };
        let commit = Some(commit_of(&self.after));
        Ok(ChangeStep { commit, kinds: stored_kinds(&self.version), pairs_updates: true, work })
    }

    /// Whether a key stays in its bucket: an overwrite may change the number of buckets or assign keys
    /// anew, and keys without the partition's columns move between partitions.
    fn keys_stay(&self, before: &Side, after: &Side) -> bool {
        let schema = self.version.table_schema();
        if schema.primary_key.is_empty() {
            // Rows are counted, and an overwrite may write the same rows into another bucket.
            return self.span == Span::OneCommit && self.after.commit_kind == CommitKind::Append;
        }
        if schema.partition_keys.iter().any(|column| !schema.primary_key.contains(column)) {
            return false;
        }
        match self.span {
            Span::OneCommit => self.after.commit_kind != CommitKind::Overwrite,
            Span::Commits => {
                let entries = || before.files.values().chain(after.files.values()).flatten();
                let buckets = entries().next().map(|entry| entry.total_buckets);
                self.version.rules().bucket > 0 && entries().all(|entry| Some(entry.total_buckets) == buckets)
            }
        }
    }
}

impl Side {
    fn files(&self, place: &Place) -> &[ManifestEntry] {
        self.files.get(place).map_or(&[], Vec::as_slice)
    }

    fn vectors(&self, place: &Place) -> BTreeMap<&str, (&str, i32)> {
        let vectors = self.vectors.get(place).into_iter().flatten();
        vectors.map(|(file, range)| (range.data_file.as_str(), (file.as_str(), range.offset))).collect()
    }
}

/// The files of a bucket in which its two sides differ. An append table's files stand for themselves;
/// the versions of a key may lie in any file of its bucket, and so may the columns of a row.
fn differing(
    place: &Place,
    before: &Side,
    after: &Side,
    together: bool,
) -> (Vec<ManifestEntry>, Vec<ManifestEntry>) {
    let (old, new) = (before.files(place), after.files(place));
    let (old_vectors, new_vectors) = (before.vectors(place), after.vectors(place));
    let vector_stays = |entry: &ManifestEntry| {
        let name = entry.file.file_name.as_str();
        old_vectors.get(name) == new_vectors.get(name)
    };
    let without = |files: &[ManifestEntry], others: &[ManifestEntry]| -> Vec<ManifestEntry> {
        let others: std::collections::HashSet<FileIdentity<'_>> =
            others.iter().map(FileIdentity::of).collect();
        let same = |entry: &&ManifestEntry| others.contains(&FileIdentity::of(entry)) && vector_stays(entry);
        files.iter().filter(|entry| !same(entry)).cloned().collect()
    };
    let (gone, come) = (without(old, new), without(new, old));
    match together && !(gone.is_empty() && come.is_empty()) {
        true => (old.to_vec(), new.to_vec()),
        false => (gone, come),
    }
}

#[async_trait]
impl ChangeLog for VersionChanges {
    fn table_schema(&self) -> Arc<TableSchema> {
        self.version.table_schema()
    }

    fn layout(&self) -> &LogLayout {
        &self.layout
    }

    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>> {
        if self.changes_nothing().await? {
            return Ok(Vec::new());
        }
        let (before, after) = self.sides().await?;
        let keyed = !self.version.table_schema().primary_key.is_empty();
        // A new file may hold columns of rows that are there already.
        let together = keyed || self.version.rules().data_evolution;
        let places: BTreeSet<&Place> = before.files.keys().chain(after.files.keys()).collect();
        let parts = places.into_iter().map(|place| differing(place, &before, &after, together));
        let parts: Vec<_> = parts.filter(|(old, new)| !(old.is_empty() && new.is_empty())).collect();
        if self.keys_stay(&before, &after) {
            let mut steps = Vec::with_capacity(parts.len());
            for (old, new) in &parts {
                steps.push(self.step(request, old, new).await?);
            }
            return Ok(steps);
        }
        let (old, new): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let (old, new) = (old.concat(), new.concat());
        match old.is_empty() && new.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(vec![self.step(request, &old, &new).await?]),
        }
    }
}
