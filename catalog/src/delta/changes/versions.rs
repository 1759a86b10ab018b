//! The versions of a table, and what each changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::feed::ChangeFeed;
use crate::changes::{ChangeLog, Commit};
use crate::delta::action::{Line, Lines};
use crate::delta::log::Log;
use crate::delta::schema::{Columns, columns, refuse_other_columns};
use crate::delta::snapshot::Snapshot;
use crate::delta::table::DeltaTable;
use crate::delta::table_version::DeltaTableVersion;
use crate::delta::time_travel::{commit_times, resolve};
use crate::error::{Error, Result};
use crate::follow::{Beginning, Follow, Place, RangeEnd};
use crate::schema::TableSchema;
use crate::table::TableVersion;
use crate::version::VersionSpec;
use crate::version_difference::{Told, VersionDifference};

/// Stands before version 0, the first one.
const BEFORE_FIRST: i64 = -1;
const CHANGE_DATA_FEED: &str = "delta.enableChangeDataFeed";

/// A table whose newest version was chosen.
#[derive(Debug, Clone)]
pub struct Versions {
    table: DeltaTable,
    log: Arc<Log>,
    newest: Arc<Snapshot>,
}

impl Versions {
    pub fn new(table: DeltaTable, log: Arc<Log>, newest: Arc<Snapshot>) -> Self {
        Self { table, log, newest }
    }

    async fn times(&self) -> Result<BTreeMap<i64, i64>> {
        commit_times(self.table.files(), &self.log, &self.newest).await
    }

    /// A version that can be had.
    async fn place(&self, version: i64) -> Result<Place> {
        self.log.start_of(version)?;
        let millis = self.times().await?.get(&version).copied();
        Ok(Place { version, millis, identity: None })
    }

    /// Before the first version, which must still be there for its rows to be told from what is gone.
    fn beginning(&self) -> Result<Place> {
        match self.log.earliest() {
            Some(0) => Ok(Place { version: BEFORE_FIRST, millis: None, identity: None }),
            earliest => {
                let hint = match earliest {
                    Some(earliest) => format!("the earliest version that is left is {earliest}"),
                    None => "its log is not complete".to_owned(),
                };
                Err(Error::not_found(format!("the beginning of table {}", self.table.label()), hint))
            }
        }
    }

    async fn snapshot(&self, version: i64) -> Result<Arc<Snapshot>> {
        match version == self.newest.version {
            true => Ok(Arc::clone(&self.newest)),
            false => Ok(Arc::new(self.table.snapshot(&self.log, version).await?)),
        }
    }

    /// The columns of a schema that this gave out: they are numbered by their version.
    async fn columns(&self, schema: &TableSchema) -> Result<Columns> {
        columns(self.table.label(), &*self.snapshot(schema.id).await?)
    }

    /// A version's rows as rows of these columns.
    fn version(&self, snapshot: Arc<Snapshot>, columns: &Columns) -> Result<Arc<dyn TableVersion>> {
        refuse_other_columns(self.table.label(), &snapshot, columns)?;
        let (table, log) = (self.table.clone(), Arc::clone(&self.log));
        Ok(Arc::new(DeltaTableVersion::under(table, log, snapshot, columns.clone())))
    }

    async fn compared(
        &self,
        before: &Place,
        after: Arc<Snapshot>,
        columns: &Columns,
        (commit, told): (Commit, Told),
    ) -> Result<Arc<dyn ChangeLog>> {
        let earlier = match before.version {
            BEFORE_FIRST => None,
            version => Some(self.version(self.snapshot(version).await?, columns)?),
        };
        let after = self.version(after, columns)?;
        Ok(Arc::new(VersionDifference::new(earlier, after, commit, told)))
    }

    fn not_followed(&self) -> Error {
        Error::unsupported(self.table.label().as_ref(), "SUBSCRIBE to a table of Delta Lake")
    }
}

/// A commit that only moved rows changes nothing; where it did both, it cannot be told by its files which
/// rows moved.
fn told_by(commit: &Lines, snapshot: &Snapshot) -> Option<Told> {
    let moves = |line: &Line| {
        let added = line.add.as_ref().map(|add| add.data_change);
        added.or_else(|| line.remove.as_ref().map(|remove| remove.data_change))
    };
    let changes: Vec<bool> = commit.lines.iter().filter_map(moves).collect();
    let has_feed = snapshot.option(CHANGE_DATA_FEED) == Some("true");
    match (changes.contains(&true), changes.contains(&false)) {
        (false, _) => None,
        (true, false) if has_feed => Some(Told::AsWritten),
        (true, _) => Some(Told::Differing),
    }
}

fn commit_of(place: &Place) -> Commit {
    Commit { version: place.version, millis: place.millis.unwrap_or_default() }
}

#[async_trait]
impl Follow for Versions {
    fn table(&self) -> &str {
        self.table.label()
    }

    async fn begin(&self, _version: &VersionSpec, _beginning: Beginning) -> Result<Place> {
        Err(self.not_followed())
    }

    async fn earliest(&self) -> Result<Place> {
        match self.log.earliest() {
            Some(version) => self.place(version).await,
            None => self.beginning(),
        }
    }

    async fn consumer(&self, _name: &str) -> Result<Place> {
        Err(self.not_followed())
    }

    async fn after(&self, place: &Place) -> Result<Option<Place>> {
        match place.version < self.newest.version {
            true => self.place(place.version.saturating_add(1)).await.map(Some),
            false => Ok(None),
        }
    }

    async fn schema(&self, place: &Place) -> Result<Arc<TableSchema>> {
        Ok(columns(self.table.label(), &*self.snapshot(place.version).await?)?.table)
    }

    async fn first_schema(&self, _place: &Place, _beginning: Beginning) -> Result<Arc<TableSchema>> {
        Err(self.not_followed())
    }

    async fn rows(&self, place: &Place, schema: Arc<TableSchema>) -> Result<Arc<dyn TableVersion>> {
        let columns = self.columns(&schema).await?;
        self.version(self.snapshot(place.version).await?, &columns)
    }

    async fn changes(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        let columns = self.columns(&schema).await?;
        let snapshot = self.snapshot(after.version).await?;
        let lines = self.log.commit(self.table.files(), after.version).await?;
        let commit = commit_of(after);
        let feed: Vec<_> = lines.lines.iter().filter_map(|line| line.cdc.as_ref()).collect();
        let told = told_by(&lines, &snapshot);
        if !feed.is_empty() || told.is_none() {
            // What a commit's own change files hold is all that it changed.
            refuse_other_columns(self.table.label(), &snapshot, &columns)?;
            return Ok(Arc::new(ChangeFeed::new(self.table.clone(), columns, &feed, commit)));
        }
        self.compared(before, snapshot, &columns, (commit, told.unwrap_or(Told::Differing))).await
    }

    async fn end(&self, end: &RangeEnd) -> Result<Place> {
        let spec = match end {
            RangeEnd::Earliest => return self.earliest().await,
            RangeEnd::Latest(version) => return self.place(*version).await,
            RangeEnd::At(spec) => spec,
        };
        let precedes_all = match spec {
            VersionSpec::Snapshot(version) => *version == BEFORE_FIRST,
            VersionSpec::AsOfMillis(millis) => {
                let times = self.times().await?;
                times.first_key_value().is_some_and(|(_, first)| millis < first)
            }
            VersionSpec::Latest | VersionSpec::Named(_) => false,
        };
        if precedes_all {
            return self.beginning();
        }
        let (label, files) = (self.table.label(), self.table.files());
        self.place(resolve(label, files, &self.log, &self.newest, spec).await?).await
    }

    async fn end_schema(&self, end: &RangeEnd, place: &Place) -> Result<Arc<TableSchema>> {
        match (end, place.version) {
            (RangeEnd::Latest(_) | RangeEnd::At(VersionSpec::Latest), _) | (_, BEFORE_FIRST) => {
                Ok(columns(self.table.label(), &self.newest)?.table)
            }
            _ => self.schema(place).await,
        }
    }

    async fn difference(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        let columns = self.columns(&schema).await?;
        let snapshot = self.snapshot(after.version).await?;
        self.compared(before, snapshot, &columns, (commit_of(after), Told::Differing)).await
    }
}
