//! Which changes the options of an incremental read ask for.
//!
//! The rules, and what is refused, are those of Paimon's `AbstractDataTableScan` and its starting
//! scanners. (paimon-format section 15)

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::paimon::options::Options;
use crate::paimon::scan_options::local_millis;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table::PaimonTable;
use crate::paimon::timeline::Timeline;

const BETWEEN: &str = "incremental-between";
const BETWEEN_TIMES: &str = "incremental-between-timestamp";
const TO_AUTO_TAG: &str = "incremental-to-auto-tag";
const MODE: &str = "incremental-between-scan-mode";

/// Changes between two versions, the first of which is not included.
#[derive(Debug, Clone)]
pub enum Range {
    Nothing,
    /// What the commits after `after` up to `to` wrote, as they wrote it.
    Commits {
        after: i64,
        to: i64,
        files: CommittedFiles,
    },
    /// How the rows at one end differ from those at the other.
    Difference {
        before: Arc<Snapshot>,
        after: Arc<Snapshot>,
    },
}

/// Which files of a commit tell of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommittedFiles {
    /// Data files, of commits that append.
    Data,
    /// Changelog files, of commits that do not overwrite.
    Changelog,
}

impl CommittedFiles {
    /// What a table's changelog producer makes the better choice.
    pub fn of_producer(options: &Options<'_>) -> Self {
        match options.text("changelog-producer").map(str::to_ascii_lowercase).as_deref() {
            None | Some("none") => Self::Data,
            Some(_) => Self::Changelog,
        }
    }
}

/// `incremental-between-scan-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Commits(CommittedFiles),
    Difference,
}

impl Mode {
    fn of(options: &Options<'_>) -> Result<Self> {
        match options.text(MODE).map(str::to_ascii_lowercase).as_deref() {
            None | Some("auto") => Ok(Self::Commits(CommittedFiles::of_producer(options))),
            Some("delta") => Ok(Self::Commits(CommittedFiles::Data)),
            Some("changelog") => Ok(Self::Commits(CommittedFiles::Changelog)),
            Some("diff") => Ok(Self::Difference),
            Some(other) => Err(options.bad_value(MODE, other, "auto, delta, changelog or diff")),
        }
    }
}

impl Range {
    pub async fn resolve(table: &PaimonTable, options: &Options<'_>) -> Result<Self> {
        let resolver = Resolver { table, options, timeline: table.timeline() };
        if let Some(text) = options.text(BETWEEN) {
            resolver.between(text).await
        } else if let Some(text) = options.text(BETWEEN_TIMES) {
            resolver.between_times(text).await
        } else if options.text(TO_AUTO_TAG).is_some() {
            Err(options.unsupported(format!("option '{TO_AUTO_TAG}' (name both tags in '{BETWEEN}')")))
        } else {
            resolver.latest_delta().await
        }
    }
}

struct Resolver<'a> {
    table: &'a PaimonTable,
    options: &'a Options<'a>,
    timeline: Timeline,
}

impl Resolver<'_> {
    async fn between(&self, text: &str) -> Result<Range> {
        let (start, end) = self.two_parts(BETWEEN, text)?;
        let tags = (self.timeline.try_tag(start).await?, self.timeline.try_tag(end).await?);
        if let (Some(start_tag), Some(end_tag)) = tags {
            let (before, after) = (start_tag.snapshot, end_tag.snapshot);
            if self.options.flag("incremental-between-tag-to-snapshot", false)? {
                return match Mode::of(self.options)? {
                    Mode::Commits(files) => self.commits(before.id, after.id, files).await,
                    Mode::Difference => {
                        Err(self.options.unsupported("'incremental-between-tag-to-snapshot' in mode diff"))
                    }
                };
            }
            self.check_order(before.id, after.id)?;
            if before.id == after.id {
                return Ok(Range::Nothing);
            }
            return self.difference(Arc::new(before), Arc::new(after)).await;
        }
        let number = |part: &str| part.parse::<i64>();
        let (Ok(start), Ok(end)) = (number(start), number(end)) else {
            let names = self.timeline.tag_names().await?.join(", ");
            return Err(Error::not_found(
                format!("range '{text}' of table {}", self.table.label()),
                format!("name two snapshot ids or two tags; its tags: {names}"),
            ));
        };
        self.check_order(start, end)?;
        if start == end || self.timeline.earliest().await?.is_none() {
            return Ok(Range::Nothing);
        }
        match Mode::of(self.options)? {
            Mode::Commits(files) => self.commits(start, end, files).await,
            Mode::Difference => self.difference(self.snapshot(start).await?, self.snapshot(end).await?).await,
        }
    }

    async fn between_times(&self, text: &str) -> Result<Range> {
        let (start, end) = self.two_parts(BETWEEN_TIMES, text)?;
        let number = |part: &str| part.parse::<i64>().ok();
        let numbers = number(start).zip(number(end));
        let times = || local_millis(start).zip(local_millis(end));
        let (start, end) = numbers
            .or_else(times)
            .ok_or_else(|| self.options.bad_value(BETWEEN_TIMES, text, "two timestamps"))?;
        let (Some(earliest), Some(latest)) = (self.timeline.earliest().await?, self.timeline.latest().await?)
        else {
            return Ok(Range::Nothing);
        };
        self.check_order(start, end)?;
        if start == end || start > latest.time_millis || end < earliest.time_millis {
            return Ok(Range::Nothing);
        }
        let before = self.timeline.at_or_before(start).await?;
        let after = self.timeline.at_or_before(end).await?.unwrap_or(latest);
        match Mode::of(self.options)? {
            Mode::Commits(files) => {
                let start = before.map_or(earliest.id - 1, |snapshot| snapshot.id);
                self.commits(start, after.id, files).await
            }
            Mode::Difference => self.difference(before.unwrap_or(earliest), after).await,
        }
    }

    /// `scan.mode = latest-delta`.
    async fn latest_delta(&self) -> Result<Range> {
        match self.timeline.latest_id().await? {
            Some(latest) => self.commits(latest - 1, latest, CommittedFiles::Data).await,
            None => Ok(Range::Nothing),
        }
    }

    /// Commits that must all still be there.
    async fn commits(&self, after: i64, to: i64, files: CommittedFiles) -> Result<Range> {
        let ends = (self.timeline.earliest_id().await?, self.timeline.latest_id().await?);
        let (Some(earliest), Some(latest)) = ends else {
            return Ok(Range::Nothing);
        };
        self.check_order(after, to)?;
        if after < earliest - 1 || to > latest {
            return Err(Error::not_found(
                format!("part of the range ({after}, {to}] of table {}", self.table.label()),
                format!("it has snapshots {earliest} to {latest}"),
            ));
        }
        Ok(Range::Commits { after, to, files })
    }

    async fn difference(&self, before: Arc<Snapshot>, after: Arc<Snapshot>) -> Result<Range> {
        let schemas = self.table.schemas();
        let (old, new) = (schemas.get(before.schema_id).await?, schemas.get(after.schema_id).await?);
        let buckets =
            |schema: &crate::schema::TableSchema| schema.option("bucket").unwrap_or("-1").to_string();
        let (old, new) = (buckets(&old.table), buckets(&new.table));
        if old != new {
            return Err(Error::invalid(format!(
                "table {} had {old} buckets at snapshot {} and has {new} at snapshot {}: mode diff compares \
                 bucket by bucket (table_changes can compare them)",
                self.table.label(),
                before.id,
                after.id
            )));
        }
        Ok(Range::Difference { before, after })
    }

    async fn snapshot(&self, id: i64) -> Result<Arc<Snapshot>> {
        match self.timeline.try_snapshot(id).await? {
            Some(snapshot) => Ok(snapshot),
            None => {
                let ids = self.timeline.snapshot_ids().await?;
                let hint = match (ids.first(), ids.last()) {
                    (Some(first), Some(last)) => format!("it has snapshots {first} to {last}"),
                    _ => "it has no snapshot yet".to_string(),
                };
                Err(Error::not_found(format!("snapshot {id} of table {}", self.table.label()), hint))
            }
        }
    }

    fn two_parts<'t>(&self, option: &str, text: &'t str) -> Result<(&'t str, &'t str)> {
        match text.split(',').collect::<Vec<_>>().as_slice() {
            [start, end] => Ok((start.trim(), end.trim())),
            _ => Err(self.options.bad_value(option, text, "two versions with a comma between")),
        }
    }

    fn check_order(&self, start: i64, end: i64) -> Result<()> {
        if start <= end {
            return Ok(());
        }
        let message =
            format!("changes of table {} are asked for from {start} back to {end}", self.table.label());
        Err(Error::invalid(message))
    }
}
