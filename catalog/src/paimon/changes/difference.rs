//! How the rows of two snapshots differ, by Paimon's rules for `diff`.
//!
//! Bucket by bucket, files that both snapshots have cancel each other; what is left of each side is
//! merged, level 0 included, and compared by key. So a file that came on top of unchanged files tells
//! all of its rows, changed or not. (Paimon's `SnapshotReaderImpl.readIncrementalDiff` and
//! `IncrementalDiffSplitRead`)

use std::collections::HashSet;
use std::sync::Arc;

use crate::changes::{ChangeStep, ChangeWork, Images};
use crate::error::{Error, Result};
use crate::paimon::live_files::{Buckets, FileIdentity, group};
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::plan::{Merging, key_positions, sections_of};
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table_version::PaimonTableVersion;
use crate::schema::TableSchema;
use crate::table::ScanRequest;

use super::commits::{commit_of, rows_of};
use super::log::stored_kinds;

/// The steps of a difference; `removed` says whether keys that are gone have a row.
pub async fn steps(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    (before, after): (&Arc<Snapshot>, &Arc<Snapshot>),
    removed: bool,
) -> Result<Vec<ChangeStep>> {
    let label = version.table().label();
    let schema = version.table_schema();
    if version.rules().data_evolution {
        return Err(Error::unsupported(
            label,
            "the difference of versions whose rows stand in several files",
        ));
    }
    let reader = version.table().manifest_reader(&schema);
    let (old, new) = futures::try_join!(reader.live(before), reader.live(after))?;
    let (gone, added) = (without(&old, &new), without(&new, &old));
    if schema.primary_key.is_empty() {
        // What an append table lost is not told.
        let added: Vec<ManifestEntry> = added.into_iter().cloned().collect();
        let scan = version.plan_files(request, &added, Some(after), Merging::None).await?;
        return Ok(vec![rows_of(version, scan, Some(commit_of(after)))]);
    }
    let comparison = Comparison { version, request, before, after, removed, key: key_positions(&schema) };
    let (gone, added) = (group(label, gone)?, group(label, added)?);
    let mut steps = Vec::new();
    for place in places(&gone, &added) {
        steps.extend(comparison.of_bucket(files_in(&gone, &place), files_in(&added, &place)).await?);
    }
    Ok(steps)
}

struct Comparison<'a> {
    version: &'a PaimonTableVersion,
    request: &'a ScanRequest,
    before: &'a Arc<Snapshot>,
    after: &'a Arc<Snapshot>,
    removed: bool,
    key: Vec<usize>,
}

impl Comparison<'_> {
    /// The steps of a bucket: one for each range of keys that no file reaches out of, so that each
    /// holds few rows and ranges that are only in one snapshot are compared with nothing.
    async fn of_bucket(
        &self,
        gone: Vec<&ManifestEntry>,
        added: Vec<&ManifestEntry>,
    ) -> Result<Vec<ChangeStep>> {
        let was_there: HashSet<FileIdentity<'_>> = gone.iter().copied().map(FileIdentity::of).collect();
        let all: Vec<&ManifestEntry> = gone.iter().chain(&added).copied().collect();
        let (mut fresh, mut works) = (Vec::new(), Vec::new());
        for section in sections_of(self.version.table(), &all).await? {
            let (gone, added): (Vec<&ManifestEntry>, Vec<&ManifestEntry>) =
                section.into_iter().partition(|entry| was_there.contains(&FileIdentity::of(entry)));
            if gone.is_empty() {
                fresh.extend(added.into_iter().cloned());
            } else if self.removed || !added.is_empty() {
                works.push(self.difference(&gone, &added).await?);
            }
        }
        if !fresh.is_empty() {
            let (version, snapshot) = (self.version, Some(self.after.as_ref()));
            let scan = version.plan_files(self.request, &fresh, snapshot, Merging::ByKey).await?;
            works.push(ChangeWork::Rows { scan, deleted: self.removed });
        }
        let step = |work| {
            let (commit, kinds) = (Some(commit_of(self.after)), stored_kinds(self.version));
            ChangeStep { commit, kinds, pairs_updates: false, work }
        };
        Ok(works.into_iter().map(step).collect())
    }

    async fn difference(&self, gone: &[&ManifestEntry], added: &[&ManifestEntry]) -> Result<ChangeWork> {
        // What pruning by other columns leaves out on one side alone would look like a change.
        let request = &ScanRequest { predicate: self.request.predicate.over(&key_ids(self.version)) };
        let plan = async |files: &[&ManifestEntry], snapshot: &Snapshot| {
            let files: Vec<ManifestEntry> = files.iter().copied().cloned().collect();
            self.version.plan_files(request, &files, Some(snapshot), Merging::ByKey).await
        };
        Ok(ChangeWork::Difference {
            before: plan(gone, self.before).await?,
            after: plan(added, self.after).await?,
            key: self.key.clone(),
            images: Images::After { removed: self.removed },
            pairs: Vec::new(),
            value_changed: Vec::new(),
        })
    }
}

/// The columns of the whole primary key, by field id.
fn key_ids(version: &PaimonTableVersion) -> Vec<i32> {
    let schema: Arc<TableSchema> = version.table_schema();
    schema.primary_key.iter().filter_map(|name| schema.field(name)).map(|field| field.id).collect()
}

type Place<'a> = (crate::paimon::live_files::PartitionOrder<'a>, i32);

/// The buckets of either side.
fn places<'a>(old: &Buckets<'a>, new: &Buckets<'a>) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'a>> = old.keys().chain(new.keys()).copied().collect();
    places.sort();
    places.dedup();
    places
}

fn files_in<'a>(side: &Buckets<'a>, place: &Place<'a>) -> Vec<&'a ManifestEntry> {
    side.get(place).into_iter().flatten().copied().collect()
}

/// The files of one side that the other does not have.
fn without<'a>(files: &'a [ManifestEntry], others: &[ManifestEntry]) -> Vec<&'a ManifestEntry> {
    let others: HashSet<FileIdentity<'_>> = others.iter().map(FileIdentity::of).collect();
    files.iter().filter(|entry| !others.contains(&FileIdentity::of(entry))).collect()
}
