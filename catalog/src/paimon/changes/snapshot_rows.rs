//! The rows of a snapshot under the kinds that Paimon's readers give them.
//!
//! Where Java reads files without merging, all rows are insertions; where it merges, a row has the kind
//! of the version that made it. Which is which follows from how Java packs files into splits
//! (`MergeTreeSplitGenerator`).

use crate::changes::{ChangeStep, ChangeWork, RowKinds};
use crate::error::Result;
use crate::merge_rule::MergeEngine;
use crate::paimon::live_files::group;
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::options::Options;
use crate::paimon::plan::{Merging, sections_of};
use crate::paimon::rules::POSTPONED;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table_version::PaimonTableVersion;
use crate::table::ScanRequest;

use super::commits::commit_of;
use super::log::stored_kinds;

/// Bytes of a split, and what opening a file is taken to cost.
const SPLIT_BYTES: u64 = 128 << 20;
const OPEN_BYTES: u64 = 4 << 20;

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
        match keep_deleted {
            true => merged.extend(bucket.iter().map(|entry| (*entry).clone())),
            false => divide(version, bucket, &mut raw, &mut merged).await?,
        }
        let parts = match postponed {
            true => [&mut self.raw_postponed, &mut self.postponed],
            false => [&mut self.raw, &mut self.merged],
        };
        parts.into_iter().zip([raw, merged]).for_each(|(part, files)| part.extend(files));
        Ok(())
    }
}

/// Divides the files of a bucket into those that are read as they are and those that are merged.
async fn divide(
    version: &PaimonTableVersion,
    bucket: &[&ManifestEntry],
    raw: &mut Vec<ManifestEntry>,
    merged: &mut Vec<ManifestEntry>,
) -> Result<()> {
    let rules = version.rules();
    let retracts_nothing = |entry: &ManifestEntry| entry.file.delete_row_count == Some(0);
    let one_level = bucket.iter().all(|entry| Some(entry.file.level) == bucket.first().map(|e| e.file.level));
    let unmerged = bucket.iter().all(|entry| entry.file.level != 0 && retracts_nothing(entry))
        && (rules.deletion_vectors || rules.merge_engine == MergeEngine::FirstRow || one_level);
    if unmerged {
        raw.extend(bucket.iter().map(|entry| (*entry).clone()));
        return Ok(());
    }
    let schema = version.table_schema();
    let options = Options::new(version.table().label(), &schema.options);
    let sections = sections_of(version.table(), bucket).await?;
    for split in pack(sections, &options)? {
        match split.as_slice() {
            [one] if retracts_nothing(one) => raw.push((*one).clone()),
            several => merged.extend(several.iter().map(|entry| (*entry).clone())),
        }
    }
    Ok(())
}

/// Packs sections into splits, in order.
fn pack<'a>(
    sections: Vec<Vec<&'a ManifestEntry>>,
    options: &Options<'_>,
) -> Result<Vec<Vec<&'a ManifestEntry>>> {
    for name in ["source.split.target-size", "source.split.open-file-cost"] {
        if options.text(name).is_some() {
            return Err(options.unsupported(format!("row kinds of a streaming read under option '{name}'")));
        }
    }
    let (mut splits, mut current, mut bytes) = (Vec::new(), Vec::new(), 0);
    for section in sections {
        let size: u64 = section.iter().map(|entry| entry.file.file_size).sum();
        let weight = size.max(OPEN_BYTES);
        if bytes + weight > SPLIT_BYTES && !current.is_empty() {
            splits.push(std::mem::take(&mut current));
            bytes = 0;
        }
        bytes += weight;
        current.extend(section);
    }
    splits.extend((!current.is_empty()).then_some(current));
    Ok(splits)
}
