//! The rows of a snapshot under the kinds that Paimon's readers give them.
//!
//! Where Java reads files without merging, all rows are insertions; where it merges, a row has the kind
//! of the version that made it. Which is which follows from how Java packs files into splits
//! (`MergeTreeSplitGenerator`).

use crate::changes::{ChangeStep, ChangeWork, Commit, RowKinds};
use crate::error::Result;
use crate::merge_rule::MergeEngine;
use crate::paimon::live_files::group;
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::options::Options;
use crate::paimon::plan::{Merging, sections_of};
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table_version::PaimonTableVersion;
use crate::table::ScanRequest;

use super::log::stored_kinds;

/// Bytes of a split, and what opening a file is taken to cost.
const SPLIT_BYTES: u64 = 128 << 20;
const OPEN_BYTES: u64 = 4 << 20;

pub async fn steps(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    snapshot: &Snapshot,
    files: &[ManifestEntry],
    commit: Option<Commit>,
) -> Result<Vec<ChangeStep>> {
    let (mut raw, mut merged) = (Vec::new(), Vec::new());
    if version.table_schema().primary_key.is_empty() {
        raw.extend(files.iter().cloned());
    } else {
        for bucket in group(version.table().label(), files.iter().collect())?.into_values() {
            divide(version, &bucket, &mut raw, &mut merged).await?;
        }
    }
    let mut steps = Vec::new();
    for (files, kinds) in [(raw, RowKinds::Insertions), (merged, stored_kinds(version))] {
        if !files.is_empty() {
            let scan = version.plan_files(request, &files, Some(snapshot), Merging::ByKey).await?;
            let work = ChangeWork::Rows { scan, deleted: false };
            steps.push(ChangeStep { commit, kinds, pairs_updates: false, work });
        }
    }
    Ok(steps)
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
