//! What changed in a range of versions, as one log: `table_changes(t, from, to)`.
//!
//! The range is (from, to]: the rows at `from` with these changes applied are the rows at `to`.

use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::{ChangeLog, ChangeStep, LogColumn, LogLayout};
use crate::error::{Error, Result};
use crate::follow::{Follow, Place, RangeEnd};
use crate::schema::TableSchema;
use crate::table::ScanRequest;

/// Which changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// One change for each key that differs between the ends.
    #[default]
    Net,
    /// What each version changed, one after the other.
    EachVersion,
}

/// The changes of a range: `_change_type`, `_commit_version`, `_commit_timestamp`, then the columns of
/// the table as of the range's end. Net changes carry the version and the time of that end.
#[derive(Debug)]
pub struct TableChanges {
    schema: Arc<TableSchema>,
    layout: LogLayout,
    parts: Vec<Arc<dyn ChangeLog>>,
    /// Columns of which one at least must differ for an update to be told; empty: any.
    value_changed: Vec<usize>,
    /// Columns by which rows of a table without a primary key make updates; empty: those that the format
    /// says identify rows.
    pairs: Vec<usize>,
}

impl TableChanges {
    /// Opens a range. `key` and `value_changed` are names of columns.
    pub async fn open(
        follow: &dyn Follow,
        (from, to): (&RangeEnd, &RangeEnd),
        granularity: Granularity,
        (key, value_changed): (&[String], &[String]),
    ) -> Result<Self> {
        let (before, after) = (follow.end(from).await?, follow.end(to).await?);
        let table = follow.table();
        follow.check_range(&before, &after).await?;
        let schema = follow.end_schema(to, &after).await?;
        if schema.primary_key.is_empty() && !value_changed.is_empty() {
            let message =
                format!("table {table} has no primary key: its rows come and go, and none is updated");
            return Err(Error::invalid(message));
        }
        if !schema.primary_key.is_empty() && !key.is_empty() {
            let message = format!("table {table} has a primary key: its rows are told apart by that one");
            return Err(Error::invalid(message));
        }
        let columns = |names: &[String]| -> Result<Vec<usize>> {
            let place = |name: &String| {
                let unknown = || Error::invalid(format!("table {table} has no column \"{name}\""));
                schema.index_of(name).ok_or_else(unknown)
            };
            names.iter().map(place).collect()
        };
        let (pairs, value_changed) = (columns(key)?, columns(value_changed)?);
        let parts = match granularity {
            _ if before.version == after.version => Vec::new(),
            Granularity::Net => vec![follow.difference(&before, &after, Arc::clone(&schema)).await?],
            Granularity::EachVersion => each_version(follow, before, &after, &schema).await?,
        };
        let layout = LogLayout::new(vec![
            LogColumn::ChangeType("_change_type"),
            LogColumn::CommitVersion("_commit_version"),
            LogColumn::CommitTimestamp("_commit_timestamp"),
        ]);
        Ok(Self { schema, layout, parts, value_changed, pairs })
    }
}

impl TableChanges {
    /// What of a filter both ends may be pruned by: the image of an update that does not pass it must
    /// still be seen for the other image to be known as one of an update, so that only columns of the
    /// key count. Rows without keys are whole on either side.
    fn sound(&self, request: &ScanRequest) -> ScanRequest {
        let key: Vec<i32> = match self.schema.primary_key.as_slice() {
            [] if self.pairs.is_empty() => return request.clone(),
            [] => self.pairs.iter().filter_map(|place| Some(self.schema.fields.get(*place)?.id)).collect(),
            key => key.iter().filter_map(|name| Some(self.schema.field(name)?.id)).collect(),
        };
        ScanRequest { predicate: request.predicate.over(&key) }
    }
}

async fn each_version(
    follow: &dyn Follow,
    mut before: Place,
    last: &Place,
    schema: &Arc<TableSchema>,
) -> Result<Vec<Arc<dyn ChangeLog>>> {
    let mut parts = Vec::new();
    for after in follow.between(&before, last).await? {
        parts.push(follow.changes(&before, &after, Arc::clone(schema)).await?);
        before = after;
    }
    Ok(parts)
}

#[async_trait]
impl ChangeLog for TableChanges {
    fn table_schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.schema)
    }

    fn layout(&self) -> &LogLayout {
        &self.layout
    }

    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>> {
        let request = self.sound(request);
        let mut steps = Vec::new();
        for part in &self.parts {
            steps.extend(part.steps(&request).await?);
        }
        let told =
            |step: ChangeStep| step.telling_updates_of(&self.value_changed).pairing_updates_by(&self.pairs);
        Ok(steps.into_iter().map(told).collect())
    }
}
