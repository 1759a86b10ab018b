//! From the version that a read asks for to a snapshot and a schema.

use std::sync::Arc;

use crate::error::{Error, Result};

use super::scan_options::ReadPoint;
use super::snapshot::Snapshot;
use super::timeline::Timeline;

/// The snapshot of a read, and what else its version implies.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedPoint {
    /// `None` before the first commit.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Read with the schema of the snapshot, rather than with the current one.
    pub schema_of_snapshot: bool,
    /// Leave out files that were created before these milliseconds.
    pub created_since: Option<i64>,
}

impl ResolvedPoint {
    fn current(snapshot: Option<Arc<Snapshot>>) -> Self {
        Self { snapshot, schema_of_snapshot: false, created_since: None }
    }

    fn historical(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot: Some(snapshot), schema_of_snapshot: true, created_since: None }
    }
}

/// Looks a version up. Errors say which versions there are.
pub async fn resolve(table: &str, timeline: &Timeline, point: &ReadPoint) -> Result<ResolvedPoint> {
    Ok(match point {
        ReadPoint::Latest => ResolvedPoint::current(timeline.latest().await?),
        ReadPoint::Snapshot(id) => ResolvedPoint::historical(by_id(table, timeline, *id).await?),
        ReadPoint::Tag(name) => ResolvedPoint::historical(Arc::new(timeline.tag(name).await?.snapshot)),
        ReadPoint::Version(name) => ResolvedPoint::historical(by_name(table, timeline, name).await?),
        ReadPoint::Watermark(watermark) => {
            ResolvedPoint::historical(by_watermark(table, timeline, *watermark).await?)
        }
        ReadPoint::AtMillis(millis) => ResolvedPoint::historical(by_time(table, timeline, *millis).await?),
        ReadPoint::Compacted { full_every } => {
            ResolvedPoint::current(compacted(timeline, *full_every).await?)
        }
        ReadPoint::FilesCreatedSince(millis) => {
            ResolvedPoint { created_since: Some(*millis), ..ResolvedPoint::current(timeline.latest().await?) }
        }
        ReadPoint::CreatedSince(millis) => match timeline.first_since(*millis).await? {
            Some(snapshot) => ResolvedPoint::current(Some(snapshot)),
            None => ResolvedPoint {
                created_since: Some(*millis),
                ..ResolvedPoint::current(timeline.latest().await?)
            },
        },
        ReadPoint::Changes => {
            return Err(Error::unsupported(
                table,
                "reading changes through table options (use table_changes)",
            ));
        }
    })
}

async fn by_id(table: &str, timeline: &Timeline, id: i64) -> Result<Arc<Snapshot>> {
    if let Some(snapshot) = timeline.try_snapshot(id).await? {
        return Ok(snapshot);
    }
    let ids = timeline.snapshot_ids().await?;
    let hint = match (ids.first(), ids.last()) {
        (Some(first), Some(last)) => format!("it has snapshots {first} to {last}"),
        _ => "it has no snapshot yet".to_string(),
    };
    Err(Error::not_found(format!("snapshot {id} of table {table}"), hint))
}

/// A tag of that name, `watermark-N`, or a snapshot id.
async fn by_name(table: &str, timeline: &Timeline, name: &str) -> Result<Arc<Snapshot>> {
    // A name that cannot be a file's cannot be a tag's.
    if let Some(tag) = timeline.try_tag(name).await? {
        return Ok(Arc::new(tag.snapshot));
    }
    if let Some(watermark) = name.strip_prefix("watermark-").and_then(|text| text.parse().ok()) {
        return by_watermark(table, timeline, watermark).await;
    }
    match name.parse() {
        Ok(id) if name.bytes().all(|byte| byte.is_ascii_digit()) => by_id(table, timeline, id).await,
        _ => Err(Error::not_found(format!("version '{name}' of table {table}"), tags_hint(timeline).await?)),
    }
}

async fn tags_hint(timeline: &Timeline) -> Result<String> {
    let names = timeline.tag_names().await?;
    Ok(if names.is_empty() { "it has no tags".into() } else { format!("its tags are {}", names.join(", ")) })
}

async fn by_watermark(table: &str, timeline: &Timeline, watermark: i64) -> Result<Arc<Snapshot>> {
    let found = timeline.first_at_watermark(watermark).await?;
    found.ok_or_else(|| {
        Error::not_found(format!("a snapshot of table {table} with a watermark of {watermark}"), "")
    })
}

async fn by_time(table: &str, timeline: &Timeline, millis: i64) -> Result<Arc<Snapshot>> {
    if let Some(snapshot) = timeline.at_or_before(millis).await? {
        return Ok(snapshot);
    }
    let hint = match timeline.earliest().await? {
        Some(earliest) => format!("the earliest snapshot is of {}", earliest.time_millis),
        None => "it has no snapshot yet".to_string(),
    };
    Err(Error::not_found(format!("a snapshot of table {table} at or before timestamp {millis}"), hint))
}

/// The last snapshot made by a (full) compaction, otherwise the latest.
async fn compacted(timeline: &Timeline, full_every: Option<i64>) -> Result<Option<Arc<Snapshot>>> {
    let picked = |snapshot: &Snapshot| {
        let identifier = snapshot.commit_identifier;
        let full = |every: i64| identifier == i64::MAX || identifier.checked_rem(every) == Some(0);
        snapshot.commit_kind == super::snapshot::CommitKind::Compact && full_every.is_none_or(full)
    };
    match timeline.last_where(picked).await? {
        Some(snapshot) => Ok(Some(snapshot)),
        None => timeline.latest().await,
    }
}
