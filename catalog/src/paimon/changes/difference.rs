//! How the rows of two snapshots differ, by Paimon's rules for `diff`: bucket by bucket, each side is
//! merged, level 0 included, and compared by key. Buckets with the same files on both sides are left out.

use std::collections::HashSet;
use std::sync::Arc;

use crate::changes::{ChangeStep, ChangeWork, Images};
use crate::error::{Error, Result};
use crate::paimon::live_files::{Buckets, FileIdentity, group};
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::plan::Merging;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table_version::PaimonTableVersion;
use crate::predicate::Predicate;
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
    if version.rules().data_evolution {
        return Err(Error::unsupported(
            label,
            "the difference of versions whose rows stand in several files",
        ));
    }
    let reader = version.table().manifest_reader(&version.table_schema());
    let (old, new) = futures::try_join!(reader.live(before), reader.live(after))?;
    if version.table_schema().primary_key.is_empty() {
        // What an append table lost is not told.
        let added = without(&new, &old);
        return Ok(vec![rows_of(version, request, &added, Some(after), stored_kinds(version)).await?]);
    }
    let (old, new) = (group(label, old.iter().collect())?, group(label, new.iter().collect())?);
    let key = crate::paimon::plan::key_positions(&version.table_schema());
    let mut steps = Vec::new();
    for place in places(&old, &new) {
        let files = |side: &Buckets<'_>| -> Vec<ManifestEntry> {
            side.get(&place).into_iter().flatten().map(|entry| (*entry).clone()).collect()
        };
        let (old, new) = (files(&old), files(&new));
        if without(&old, &new).is_empty() && without(&new, &old).is_empty() {
            continue;
        }
        let work = if old.is_empty() {
            let scan = version.plan_files(request, &new, Some(after), Merging::ByKey).await?;
            ChangeWork::Rows { scan, deleted: removed }
        } else {
            // What pruning leaves out on one side alone would look like a change.
            let all = ScanRequest { predicate: Predicate::True };
            ChangeWork::Difference {
                before: version.plan_files(&all, &old, Some(before), Merging::ByKey).await?,
                after: version.plan_files(&all, &new, Some(after), Merging::ByKey).await?,
                key: key.clone(),
                images: Images::After { removed },
            }
        };
        let kinds = stored_kinds(version);
        steps.push(ChangeStep { commit: Some(commit_of(after)), kinds, pairs_updates: false, work });
    }
    Ok(steps)
}

type Place<'a> = (crate::paimon::live_files::PartitionOrder<'a>, i32);

/// The buckets of either side.
fn places<'a>(old: &Buckets<'a>, new: &Buckets<'a>) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'a>> = old.keys().chain(new.keys()).copied().collect();
    places.sort();
    places.dedup();
    places
}

/// The files of one side that the other does not have.
fn without(files: &[ManifestEntry], others: &[ManifestEntry]) -> Vec<ManifestEntry> {
    let others: HashSet<FileIdentity<'_>> = others.iter().map(FileIdentity::of).collect();
    files.iter().filter(|entry| !others.contains(&FileIdentity::of(entry))).cloned().collect()
}
