//! What single commits wrote, row by row, as they wrote it.

use std::collections::{BTreeMap, HashMap};

use crate::changes::{ChangeStep, ChangeWork, Commit};
use crate::error::{Error, Result};
use crate::paimon::live_files::{Buckets, PartitionOrder};
use crate::paimon::manifest::{EntryKind, ManifestEntry};
use crate::paimon::plan::Merging;
use crate::paimon::snapshot::{CommitKind, Snapshot};
use crate::paimon::table_version::PaimonTableVersion;
use crate::split::{SplitUnit, TableScan};
use crate::table::ScanRequest;

use super::log::stored_kinds;
use super::range::CommittedFiles;
use super::splits;

/// The files of one commit that tell of its changes.
pub async fn files_of(
    version: &PaimonTableVersion,
    snapshot: &Snapshot,
    files: CommittedFiles,
) -> Result<Vec<ManifestEntry>> {
    let reader = version.table().manifest_reader(&version.table_schema());
    match files {
        CommittedFiles::Data if snapshot.commit_kind == CommitKind::Append => reader.delta(snapshot).await,
        CommittedFiles::Changelog if snapshot.commit_kind != CommitKind::Overwrite => {
            reader.changelog(snapshot).await
        }
        _ => Ok(Vec::new()),
    }
}

/// An appending commit cannot take files away.
pub fn check_added(table: &str, snapshot: &Snapshot, entries: &[ManifestEntry]) -> Result<()> {
    match entries.iter().find(|entry| entry.kind == EntryKind::Delete) {
        None => Ok(()),
        Some(entry) => Err(Error::invalid(format!(
            "snapshot {} of table {table} removes file {}, so its changes cannot be read from the files that it \
             adds",
            snapshot.id, entry.file.file_name
        ))),
    }
}

/// In which runs the rows of files follow each other, where it counts because each row of kind
/// update-before and the row after it become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// It does not count.
    Any,
    /// The files of a split, as Java packs them for a batch read.
    OfSplits,
    /// The files of a bucket, in the order of the manifests: Java's splits of a streaming read.
    OfBuckets,
}

/// The rows of files of commits as they stand. No deletion vector speaks of them, as in Paimon: a commit wrote
/// what it wrote.
pub async fn steps(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    entries: &[ManifestEntry],
    runs: Runs,
    commit: Option<Commit>,
) -> Result<Vec<ChangeStep>> {
    let keyed = !version.table_schema().primary_key.is_empty();
    if runs == Runs::Any || !keyed {
        let scan = version.plan_files(request, entries, None, Merging::None).await?;
        return Ok(vec![rows_of(version, scan, commit)]);
    }
    let mut buckets: Buckets<'_> = BTreeMap::new();
    for entry in entries {
        buckets.entry((PartitionOrder(&entry.partition), entry.bucket)).or_default().push(entry);
    }
    let mut steps = Vec::new();
    for bucket in buckets.into_values() {
        let runs: Vec<Vec<&ManifestEntry>> = match runs {
            Runs::OfSplits => {
                splits::of_bucket(version, &bucket).await?.into_iter().map(|split| split.files).collect()
            }
            Runs::Any | Runs::OfBuckets => vec![bucket],
        };
        for run in runs {
            let files: Vec<ManifestEntry> = run.into_iter().cloned().collect();
            let mut scan = version.plan_files(request, &files, None, Merging::None).await?;
            put_in_order(&mut scan, &files);
            steps.push(rows_of(version, scan, commit));
        }
    }
    Ok(steps)
}

/// The rows of a scan as they stand, of this commit where they are of one.
pub fn rows_of(version: &PaimonTableVersion, scan: TableScan, commit: Option<Commit>) -> ChangeStep {
    let work = ChangeWork::Rows { scan, deleted: true };
    ChangeStep { commit, kinds: stored_kinds(version), pairs_updates: true, work }
}

/// Planning sorts files; here they come in the order of these.
fn put_in_order(scan: &mut TableScan, files: &[ManifestEntry]) {
    let places: HashMap<&str, usize> =
        files.iter().enumerate().map(|(place, entry)| (entry.file.file_name.as_str(), place)).collect();
    for split in &mut scan.splits {
        if let SplitUnit::Files(files) = &mut split.unit {
            files.sort_by_key(|file| file.path.filename().and_then(|name| places.get(name)).copied());
        }
    }
}

pub fn commit_of(snapshot: &Snapshot) -> Commit {
    Commit { version: snapshot.id, millis: snapshot.time_millis }
}
