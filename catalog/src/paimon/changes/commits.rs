//! What single commits wrote, row by row, as they wrote it.

use crate::changes::{ChangeStep, ChangeWork, Commit};
use crate::error::{Error, Result};
use crate::paimon::manifest::{EntryKind, ManifestEntry};
use crate::paimon::plan::Merging;
use crate::paimon::snapshot::{CommitKind, Snapshot};
use crate::paimon::table_version::PaimonTableVersion;
use crate::split::TableScan;
use crate::table::ScanRequest;

use super::log::stored_kinds;
use super::range::CommittedFiles;

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

/// Plans files of commits, each row for itself. No deletion vector speaks of them, as in Paimon: a commit
/// wrote what it wrote.
pub async fn plan(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    entries: &[ManifestEntry],
) -> Result<TableScan> {
    version.plan_files(request, entries, None, Merging::None).await
}

/// The rows of a scan as they stand, of this commit where they are of one.
pub fn rows_of(version: &PaimonTableVersion, scan: TableScan, snapshot: Option<&Snapshot>) -> ChangeStep {
    let work = ChangeWork::Rows { scan, deleted: true };
    ChangeStep { commit: snapshot.map(commit_of), kinds: stored_kinds(version), pairs_updates: true, work }
}

pub fn commit_of(snapshot: &Snapshot) -> Commit {
    Commit { version: snapshot.id, millis: snapshot.time_millis }
}
