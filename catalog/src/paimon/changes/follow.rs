//! A streaming read: the rows at its start, then what each commit wrote, up to the newest.
//!
//! (paimon-format section 15; Paimon's `DataTableStreamScan` and its scanners)

use std::sync::Arc;

use crate::changes::ChangeStep;
use crate::error::{Error, Result};
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::options::Options;
use crate::paimon::rules::top_level;
use crate::paimon::scan_options::ReadPoint;
use crate::paimon::snapshot::{CommitKind, Snapshot};
use crate::paimon::table_version::PaimonTableVersion;
use crate::paimon::timeline::Timeline;
use crate::table::ScanRequest;

use super::commits::{self, Runs, check_added, commit_of};
use super::range::CommittedFiles;
use super::snapshot_rows;

/// Where a streaming read begins, and what it sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    at: StartPoint,
    /// What commits tell of their changes.
    files: CommittedFiles,
    /// Levels whose rows the first look gives: the rest comes with later commits.
    first_levels: Levels,
    /// Rows wait in postponed buckets, and nothing else will tell of them.
    sees_postponed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartPoint {
    /// With all rows of the newest snapshot.
    LatestFull,
    /// After the newest snapshot.
    Latest,
    /// With what this snapshot changed.
    From(i64),
    /// With all rows of this snapshot.
    FromFull(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Levels {
    All,
    AboveZero,
    Only(i32),
}

impl Levels {
    fn has(self, level: i32) -> bool {
        match self {
            Self::All => true,
            Self::AboveZero => level > 0,
            Self::Only(only) => level == only,
        }
    }
}

impl Start {
    pub fn resolve(options: &Options<'_>, point: &ReadPoint) -> Result<Self> {
        for name in ["consumer-id", "scan.bounded.watermark", "streaming.read.snapshot.delay"] {
            if options.text(name).is_some() {
                return Err(options.unsupported(format!("option '{name}' of a streaming read")));
            }
        }
        for name in ["streaming-read-overwrite", "streaming-read-append-overwrite"] {
            if options.flag(name, false)? {
                return Err(options.unsupported(format!("option '{name}'")));
            }
        }
        let mode = options.text("scan.mode").map(str::to_ascii_lowercase);
        let at = match (point, mode.as_deref()) {
            (ReadPoint::Latest, Some("latest")) => StartPoint::Latest,
            (ReadPoint::Latest, _) => StartPoint::LatestFull,
            (ReadPoint::Snapshot(id), Some("from-snapshot-full")) => StartPoint::FromFull(*id),
            (ReadPoint::Snapshot(id), _) => StartPoint::From(*id),
            _ => return Err(options.unsupported("a streaming read from there")),
        };
        let files = CommittedFiles::of_producer(options);
        // What compaction has not seen yet will be in a changelog that it is to write.
        let first_levels = match options.text("changelog-producer").map(str::to_ascii_lowercase).as_deref() {
            Some("lookup") => Levels::AboveZero,
            Some("full-compaction") => Levels::Only(top_level(options)?),
            _ => Levels::All,
        };
        Ok(Self { at, files, first_levels, sees_postponed: files == CommittedFiles::Data })
    }
}

/// What is shown of the rows.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The first look has rows for keys that are gone.
    pub deleted: bool,
    pub runs: Runs,
}

/// The first look, then every commit that there is.
pub async fn steps(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    start: &Start,
    shown: Shown,
) -> Result<Vec<ChangeStep>> {
    let version = &if start.sees_postponed { version.clone().with_postponed() } else { version.clone() };
    let timeline = version.table().timeline();
    let (first, mut next) = match start.at {
        StartPoint::LatestFull => (timeline.latest().await?, None),
        StartPoint::Latest => (None, timeline.latest_id().await?.map(|id| id + 1)),
        StartPoint::From(id) => (None, Some(available(version, &timeline, id).await?)),
        StartPoint::FromFull(id) => {
            let earliest = timeline.earliest_id().await?.unwrap_or(id);
            (timeline.try_snapshot(id.max(earliest)).await?, None)
        }
    };
    let mut steps = Vec::new();
    if let Some(snapshot) = first {
        steps.extend(first_look(version, request, start, &snapshot, shown).await?);
        next = Some(snapshot.id + 1);
    }
    let Some(mut next) = next else { return Ok(steps) };
    while let Some(snapshot) = commit(version, &timeline, next).await? {
        steps.extend(follow_one(version, request, start, &snapshot, shown).await?);
        next += 1;
    }
    Ok(steps)
}

/// The rows of a snapshot on the levels that the first look sees.
async fn first_look(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    start: &Start,
    snapshot: &Snapshot,
    shown: Shown,
) -> Result<Vec<ChangeStep>> {
    let schema = version.table_schema();
    let levels = if schema.primary_key.is_empty() { Levels::All } else { start.first_levels };
    let mut files = version.table().manifest_reader(&schema).live(snapshot).await?;
    files.retain(|entry| levels.has(entry.file.level));
    snapshot_rows::steps(version, request, snapshot, &files, shown.deleted).await
}

/// What one commit wrote.
async fn follow_one(
    version: &PaimonTableVersion,
    request: &ScanRequest,
    start: &Start,
    snapshot: &Snapshot,
    shown: Shown,
) -> Result<Vec<ChangeStep>> {
    let reader = version.table().manifest_reader(&version.table_schema());
    let entries: Vec<ManifestEntry> = match start.files {
        CommittedFiles::Data if snapshot.commit_kind == CommitKind::Append => reader.delta(snapshot).await?,
        CommittedFiles::Data => return Ok(Vec::new()),
        CommittedFiles::Changelog => reader.changelog(snapshot).await?,
    };
    check_added(version.table().label(), snapshot, &entries)?;
    commits::steps(version, request, &entries, shown.runs, Some(commit_of(snapshot))).await
}

/// The snapshot to begin with: one that expired is made up for by the earliest that is left.
async fn available(version: &PaimonTableVersion, timeline: &Timeline, id: i64) -> Result<i64> {
    if keeps_changelogs(version)? && timeline.try_changelog(id).await?.is_some() {
        return Ok(id);
    }
    Ok(timeline.earliest_id().await?.map_or(id, |earliest| earliest.max(id)))
}

/// A commit: of a snapshot, or of a changelog that outlived its snapshot; `None` where it is yet to come.
async fn commit(version: &PaimonTableVersion, timeline: &Timeline, id: i64) -> Result<Option<Arc<Snapshot>>> {
    if let Some(snapshot) = timeline.try_snapshot(id).await? {
        return Ok(Some(snapshot));
    }
    if keeps_changelogs(version)? {
        if let Some(changelog) = timeline.try_changelog(id).await? {
            return Ok(Some(changelog));
        }
    }
    match timeline.earliest_id().await? {
        Some(earliest) if id < earliest => Err(Error::not_found(
            format!("snapshot {id} of table {}", version.table().label()),
            format!("it has expired; the earliest is {earliest}"),
        )),
        _ => Ok(None),
    }
}

/// Whether changelogs live longer than their snapshots.
fn keeps_changelogs(version: &PaimonTableVersion) -> Result<bool> {
    let schema = version.table_schema();
    let options = Options::new(version.table().label(), &schema.options);
    let given = |name: &str| options.text(name).is_some();
    Ok(given("changelog.num-retained.min")
        || given("changelog.num-retained.max")
        || given("changelog.time-retained"))
}
