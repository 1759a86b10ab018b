//! The rows of a snapshot under the kinds that Paimon's readers give them.
//!
//! Where Java reads files without merging, all rows are insertions; where it merges, a row has the kind
//! of the version that made it. Which is which follows from how Java packs files into splits.

use crate::changes::{ChangeStep, ChangeWork, RowKinds};
use crate::error::Result;
use crate::paimon::live_files::group;
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::plan::Merging;
use crate::paimon::rules::POSTPONED;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table_version::PaimonTableVersion;
use crate::table::ScanRequest;

use super::commits::commit_of;
use super::log::stored_kinds;
use super::splits;

/// The rows of these files of a snapshot; with `keep_deleted` every row has the kind of the version that
/// made it, and keys that are gone have a row.
pub async fn steps(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    snapshot: &Snapshot,
    files: &[ManifestEntry],
    keep_deleted: bool,
) -> Result<Vec<ChangeStep>> {
    let mut parts = Parts::default();
    if version.table_schema().primary_key.is_empty() {
        parts.raw.extend(files.iter().cloned());
    } else {
        for ((_, number), bucket) in group(version.table().label(), files.iter().collect())? {
            let postponed = number == POSTPONED;
            parts.add_bucket(version, &bucket, postponed, keep_deleted).await?;
        }
    }
    let works = [
        (parts.raw, RowKinds::Insertions, Merging::ByKey),
        (parts.merged, stored_kinds(version), Merging::ByKey),
        (parts.raw_postponed, RowKinds::Insertions, Merging::None),
        (parts.postponed, stored_kinds(version), Merging::None),
    ];
    let mut steps = Vec::new();
    for (files, kinds, merging) in works {
        if !files.is_empty() {
            let scan = version.plan_files(request, &files, Some(snapshot), merging).await?;
            let deleted = keep_deleted || merging == Merging::None;
            let work = ChangeWork::Rows { scan, deleted };
            let commit = Some(commit_of(snapshot));
            steps.push(ChangeStep { commit, kinds, pairs_updates: false, work });
        }
    }
    Ok(steps)
}

/// Files by how they are read.
#[derive(Default)]
struct Parts {
    /// All rows are insertions.
    raw: Vec<ManifestEntry>,
    merged: Vec<ManifestEntry>,
    /// Rows that wait to be placed are not merged: their files are in the order of writing.
    raw_postponed: Vec<ManifestEntry>,
    postponed: Vec<ManifestEntry>,
}

impl Parts {
    async fn add_bucket(
        &mut self,
        version: &PaimonTableVersion,
        bucket: &[&ManifestEntry],
        postponed: bool,
        keep_deleted: bool,
    ) -> Result<()> {
        let (mut raw, mut merged) = (Vec::new(), Vec::new());
        if keep_deleted {
            merged.extend(bucket.iter().map(|entry| (*entry).clone()));
        } else {
            for split in splits::of_bucket(version, bucket).await? {
                let files = if split.raw { &mut raw } else { &mut merged };
                files.extend(split.files.into_iter().cloned());
            }
        }
        let parts = match postponed {
            true => [&mut self.raw_postponed, &mut self.postponed],
            false => [&mut self.raw, &mut self.merged],
        };
        parts.into_iter().zip([raw, merged]).for_each(|(part, files)| part.extend(files));
        Ok(())
    }
}
