//! What single commits wrote, row by row, as they wrote it.

use crate::changes::{ChangeStep, ChangeWork, Commit, RowKinds};
use crate::error::{Error, Result};
use crate::paimon::manifest::{EntryKind, ManifestEntry};
use crate::paimon::plan::Merging;
use crate::paimon::snapshot::{CommitKind, Snapshot};
use crate::paimon::table_version::PaimonTableVersion;
use crate::table::ScanRequest;

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

/// The rows of these files as they stand. Their deletion vectors are those of `snapshot`.
pub async fn rows_of(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    entries: &[ManifestEntry],
    snapshot: Option<&Snapshot>,
    kinds: RowKinds,
) -> Result<ChangeStep> {
    let scan = version.plan_files(request, entries, snapshot, Merging::None).await?;
    let commit = snapshot.map(commit_of);
    Ok(ChangeStep { commit, kinds, pairs_updates: true, work: ChangeWork::Rows { scan, deleted: true } })
}

pub fn commit_of(snapshot: &Snapshot) -> Commit {
    Commit { version: snapshot.id, millis: snapshot.time_millis }
}
