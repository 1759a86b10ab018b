//! What changed from snapshot to snapshot.
//!
//! A snapshot's changes are the difference of its rows and its parent's: so deletes of any kind count for the
//! rows that they delete, and a row that was only copied to another file is no change. A row that went and one
//! that came with the same identifier fields are an update. Snapshots have random
//! numbers; which one comes after which is said by their parents.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::{Operation, SnapshotRef};
use parking_lot::Mutex;

use super::metadata::Metadata;
use super::schema::table_schema;
use super::table::IcebergTable;
use super::table_version::IcebergTableVersion;
use super::time_travel::{by_id, resolve};
use crate::changes::{ChangeLog, Commit};
use crate::error::{Error, Result};
use crate::follow::{Beginning, Follow, Place, RangeEnd};
use crate::schema::TableSchema;
use crate::table::TableVersion;
use crate::version::VersionSpec;
use crate::version_difference::{Told, VersionDifference};

/// The snapshots of a table by metadata that was its newest, which is read anew as snapshots are followed.
#[derive(Debug, Clone)]
pub struct Versions {
    table: IcebergTable,
    metadata: Arc<Mutex<Arc<Metadata>>>,
}

impl Versions {
    pub fn new(table: IcebergTable, metadata: Arc<Metadata>) -> Self {
        Self { table, metadata: Arc::new(Mutex::new(metadata)) }
    }

    fn metadata(&self) -> Arc<Metadata> {
        Arc::clone(&self.metadata.lock())
    }

    fn newest(&self) -> Place {
        self.metadata().table.current_snapshot().map_or(Place::BEGINNING, place_of)
    }

    fn snapshot(&self, id: i64) -> Result<SnapshotRef> {
        let (snapshot, _) = by_id(self.table.label(), &self.metadata(), id)?;
        snapshot.ok_or_else(|| Error::not_found(format!("snapshot {id} of table {}", self.table()), ""))
    }

    /// A snapshot and its ancestors that are left, the newest first.
    fn line(&self, newest: Option<SnapshotRef>) -> Vec<SnapshotRef> {
        let metadata = self.metadata();
        let (mut line, mut seen, mut next) = (Vec::new(), HashSet::new(), newest);
        while let Some(snapshot) = next.filter(|snapshot| seen.insert(snapshot.snapshot_id())) {
            let parent = snapshot.parent_snapshot_id();
            next = parent.and_then(|id| metadata.table.snapshot_by_id(id).cloned());
            line.push(snapshot);
        }
        line
    }

    /// The snapshots after a place up to another, the newest first.
    fn steps(&self, before: &Place, after: &Place) -> Result<Vec<SnapshotRef>> {
        if before.version == after.version {
            return Ok(Vec::new());
        }
        let table = self.table();
        let line = match after.version {
            0 => Vec::new(),
            id => self.line(Some(self.snapshot(id)?)),
        };
        let reached = line.iter().position(|snapshot| snapshot.snapshot_id() == before.version);
        let whole = line.last().is_some_and(|oldest| oldest.parent_snapshot_id().is_none());
        let steps = match (before.version, reached) {
            (0, _) if whole => line.len(),
            (0, _) if !line.is_empty() => {
                let hint = format!("earlier snapshots than {} are gone", id_of(line.last()));
                return Err(Error::not_found(format!("the beginning of table {table}"), hint));
            }
            (_, Some(steps)) => steps,
            (from, _) => {
                return Err(Error::invalid(format!(
                    "changes of table {table} are asked for from snapshot {from} to {}, which does not come \
                     after it: see its parents in {table}$snapshots",
                    after.version
                )));
            }
        };
        Ok(line.into_iter().take(steps).collect())
    }

    fn version(&self, place: &Place, schema: &TableSchema) -> Result<Arc<dyn TableVersion>> {
        let snapshot = match place.version {
            0 => None,
            id => Some(self.snapshot(id)?),
        };
        let (id, metadata) = (i32::try_from(schema.id).ok(), self.metadata());
        let schema = id.and_then(|id| metadata.table.schema_by_id(id).cloned()).ok_or_else(|| {
            let reason = format!("it has no schema {}", schema.id);
            Error::corrupt(format!("the metadata of table {}", self.table()), reason)
        })?;
        Ok(Arc::new(IcebergTableVersion::new(self.table.clone(), metadata, snapshot, schema)?))
    }

    fn current_schema(&self) -> Result<Arc<TableSchema>> {
        let metadata = self.metadata();
        let schema = table_schema(self.table.label(), &metadata.table, metadata.table.current_schema())?;
        Ok(Arc::new(schema))
    }

    /// The columns that are said to identify rows; none where one of them is within a row.
    fn identifiers(&self, schema: &TableSchema) -> Vec<usize> {
        let (id, metadata) = (i32::try_from(schema.id).ok(), self.metadata());
        let of = id.and_then(|id| metadata.table.schema_by_id(id));
        let place = |id: i32| schema.fields.iter().position(|field| field.id == id);
        let places: Option<Vec<usize>> =
            of.and_then(|schema| schema.identifier_field_ids().map(place).collect());
        places.unwrap_or_default()
    }

    fn compared(&self, before: &Place, after: &Place, schema: &TableSchema) -> Result<Arc<dyn ChangeLog>> {
        let before = self.version(before, schema)?;
        let commit = Commit { version: after.version, millis: after.millis.unwrap_or_default() };
        let after = self.version(after, schema)?;
        let difference = VersionDifference::new(Some(before), after, commit, Told::Differing);
        Ok(Arc::new(difference.pairing_updates_by(self.identifiers(schema))))
    }
}

fn place_of(snapshot: &SnapshotRef) -> Place {
    Place { version: snapshot.snapshot_id(), millis: Some(snapshot.timestamp_ms()), identity: None }
}

fn id_of(snapshot: Option<&SnapshotRef>) -> i64 {
    snapshot.map_or(0, |snapshot| snapshot.snapshot_id())
}

#[async_trait]
impl Follow for Versions {
    fn table(&self) -> &str {
        self.table.label()
    }

    /// Snapshots have random numbers.
    fn counts_up(&self) -> bool {
        false
    }

    async fn begin(&self, version: &VersionSpec, _beginning: Beginning) -> Result<Place> {
        let place = match version {
            VersionSpec::Snapshot(0) => Place::BEGINNING,
            version => {
                let (snapshot, _) = resolve(self.table.label(), &self.metadata(), version)?;
                snapshot.as_ref().map_or(Place::BEGINNING, place_of)
            }
        };
        self.steps(&place, &self.newest())?;
        Ok(place)
    }

    async fn earliest(&self) -> Result<Place> {
        let line = self.line(self.metadata().table.current_snapshot().cloned());
        Ok(line.last().map_or(Place::BEGINNING, place_of))
    }

    async fn consumer(&self, _name: &str) -> Result<Place> {
        Err(Error::unsupported(self.table.label().as_ref(), "consumers, which Iceberg does not have"))
    }

    async fn after(&self, place: &Place) -> Result<Option<Place>> {
        if let Some(next) = self.steps(place, &self.newest())?.last() {
            return Ok(Some(place_of(next)));
        }
        let metadata = self.table.metadata().await?;
        *self.metadata.lock() = metadata;
        Ok(self.steps(place, &self.newest())?.last().map(place_of))
    }

    async fn schema(&self, place: &Place) -> Result<Arc<TableSchema>> {
        let metadata = self.metadata();
        let (_, schema) = by_id(self.table.label(), &metadata, place.version)?;
        Ok(Arc::new(table_schema(self.table.label(), &metadata.table, &schema)?))
    }

    async fn first_schema(&self, place: &Place, beginning: Beginning) -> Result<Arc<TableSchema>> {
        let steps = self.steps(place, &self.newest())?;
        match steps.last() {
            None => self.current_schema(),
            Some(next) if place.version == 0 || beginning == Beginning::Changes => {
                self.schema(&place_of(next)).await
            }
            Some(_) => self.schema(place).await,
        }
    }

    async fn rows(&self, place: &Place, schema: Arc<TableSchema>) -> Result<Arc<dyn TableVersion>> {
        self.version(place, &schema)
    }

    async fn changes(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        let moved = self.snapshot(after.version)?.summary().operation == Operation::Replace;
        // Files were rewritten without a change of rows: the version is compared with itself.
        self.compared(if moved { after } else { before }, after, &schema)
    }

    async fn end(&self, end: &RangeEnd) -> Result<Place> {
        let spec = match end {
            RangeEnd::Earliest => return self.earliest().await,
            RangeEnd::Latest(0) | RangeEnd::At(VersionSpec::Snapshot(0)) => return Ok(Place::BEGINNING),
            RangeEnd::Latest(id) => return Ok(place_of(&self.snapshot(*id)?)),
            RangeEnd::At(spec) => spec,
        };
        let metadata = self.metadata();
        let first = metadata.table.history().first().map(|entry| entry.timestamp_ms());
        match spec {
            VersionSpec::AsOfMillis(millis) if first.is_none_or(|first| *millis < first) => {
                Ok(Place::BEGINNING)
            }
            _ => {
                let (snapshot, _) = resolve(self.table.label(), &metadata, spec)?;
                Ok(snapshot.as_ref().map_or(Place::BEGINNING, place_of))
            }
        }
    }

    async fn end_schema(&self, end: &RangeEnd, place: &Place) -> Result<Arc<TableSchema>> {
        match (end, place.version) {
            (RangeEnd::Latest(_) | RangeEnd::At(VersionSpec::Latest), _) | (_, 0) => self.current_schema(),
            _ => self.schema(place).await,
        }
    }

    async fn check_range(&self, before: &Place, after: &Place) -> Result<()> {
        self.steps(before, after).map(|_| ())
    }

    async fn between(&self, before: &Place, after: &Place) -> Result<Vec<Place>> {
        Ok(self.steps(before, after)?.iter().rev().map(place_of).collect())
    }

    async fn difference(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        self.compared(before, after, &schema)
    }
}
