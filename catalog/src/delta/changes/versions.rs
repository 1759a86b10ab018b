//! The versions of a table, and what each changed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

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

/// Snapshots that are kept: those of the versions that are compared.
const RECENT: usize = 2;

/// A table whose newest version was chosen.
#[derive(Debug, Clone)]
pub struct Versions {
    table: DeltaTable,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen of the table. It grows as new versions are followed.
#[derive(Debug, Clone)]
struct Seen {
    log: Arc<Log>,
    newest: Arc<Snapshot>,
    recent: VecDeque<Arc<Snapshot>>,
    /// Columns that were given out last.
    columns: Option<Columns>,
}

impl Versions {
    pub fn new(table: DeltaTable, log: Arc<Log>, newest: Arc<Snapshot>) -> Self {
        let seen = Seen { log, newest, recent: VecDeque::new(), columns: None };
        Self { table, seen: Arc::new(Mutex::new(seen)) }
    }

    fn log(&self) -> Arc<Log> {
        Arc::clone(&self.seen.lock().log)
    }

    fn newest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.seen.lock().newest)
    }

    /// Whether the log has grown by this version, which is then seen with all that follow it.
    async fn has_come(&self, version: i64) -> Result<bool> {
        if !self.table.files().exists(&self.log().commit_path(version)).await? {
            return Ok(false);
        }
        let log = self.table.log().await?;
        let newest = self.table.snapshot(&log, log.latest()?).await?;
        let mut seen = self.seen.lock();
        (seen.log, seen.newest) = (Arc::new(log), Arc::new(newest));
        Ok(true)
    }

    async fn times(&self) -> Result<BTreeMap<i64, i64>> {
        commit_times(self.table.files(), &self.log(), &self.newest()).await
    }

    /// A version that can be had.
    async fn place(&self, version: i64) -> Result<Place> {
        self.log().start_of(version)?;
        let millis = self.times().await?.get(&version).copied();
        Ok(Place { version, millis, identity: None })
    }

    /// Before the first version, which must still be there for its rows to be told from what is gone.
    fn beginning(&self) -> Result<Place> {
        match self.log().earliest() {
            Some(0) => Ok(self.before_first()),
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
        let known = {
            let seen = self.seen.lock();
            let mut known = seen.recent.iter().chain([&seen.newest]);
            known.find(|known| known.version == version).cloned()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let snapshot = Arc::new(self.table.snapshot(&self.log(), version).await?);
        let mut seen = self.seen.lock();
        seen.recent.push_back(Arc::clone(&snapshot));
        if seen.recent.len() > RECENT {
            seen.recent.pop_front();
        }
        Ok(snapshot)
    }

    /// The columns of a schema that this gave out: they are numbered by their version.
    async fn columns(&self, schema: &TableSchema) -> Result<Columns> {
        let known = self.seen.lock().columns.clone().filter(|known| known.file.id == schema.id);
        match known {
            Some(known) => Ok(known),
            None => self.columns_of(&*self.snapshot(schema.id).await?),
        }
    }

    fn columns_of(&self, snapshot: &Snapshot) -> Result<Columns> {
        let columns = columns(self.table.label(), snapshot)?;
        self.seen.lock().columns = Some(columns.clone());
        Ok(columns)
    }

    /// A version's rows as rows of these columns.
    fn version(&self, snapshot: Arc<Snapshot>, columns: &Columns) -> Result<Arc<dyn TableVersion>> {
        refuse_other_columns(self.table.label(), &snapshot, columns)?;
        let (table, log) = (self.table.clone(), self.log());
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

    /// What the table is before its first version: its columns, and no file.
    fn empty(&self, columns: Columns) -> Arc<dyn TableVersion> {
        let snapshot =
            Snapshot { version: BEFORE_FIRST, files: Vec::new(), ..self.newest().as_ref().clone() };
        Arc::new(DeltaTableVersion::under(self.table.clone(), self.log(), Arc::new(snapshot), columns))
    }

    async fn resolved(&self, spec: &VersionSpec) -> Result<Place> {
        let (label, files) = (self.table.label(), self.table.files());
        let version = resolve(label, files, &self.log(), &self.newest(), spec).await?;
        self.place(version).await
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

    fn before_first(&self) -> Place {
        Place { version: BEFORE_FIRST, millis: None, identity: None }
    }

    async fn begin(&self, version: &VersionSpec, _beginning: Beginning) -> Result<Place> {
        match version {
            VersionSpec::Snapshot(BEFORE_FIRST) => self.beginning(),
            version => self.resolved(version).await,
        }
    }

    async fn earliest(&self) -> Result<Place> {
        match self.log().earliest() {
            Some(version) => self.place(version).await,
            None => self.beginning(),
        }
    }

    async fn consumer(&self, _name: &str) -> Result<Place> {
        Err(Error::unsupported(self.table.label().as_ref(), "consumers, which Delta Lake does not have"))
    }

    async fn after(&self, place: &Place) -> Result<Option<Place>> {
        let next = place.version.saturating_add(1);
        match next <= self.newest().version || self.has_come(next).await? {
            true => self.place(next).await.map(Some),
            false => Ok(None),
        }
    }

    async fn schema(&self, place: &Place) -> Result<Arc<TableSchema>> {
        Ok(columns(self.table.label(), &*self.snapshot(place.version).await?)?.table)
    }

    async fn first_schema(&self, place: &Place, beginning: Beginning) -> Result<Arc<TableSchema>> {
        let (newest, next) = (self.newest(), place.version.saturating_add(1));
        let first = match place.version == BEFORE_FIRST || beginning == Beginning::Changes {
            true => next,
            false => place.version,
        };
        match first >= newest.version {
            true => Ok(self.columns_of(&newest)?.table),
            false => Ok(self.columns_of(&*self.snapshot(first).await?)?.table),
        }
    }

    async fn rows(&self, place: &Place, schema: Arc<TableSchema>) -> Result<Arc<dyn TableVersion>> {
        let columns = self.columns(&schema).await?;
        if place.version == BEFORE_FIRST {
            return Ok(self.empty(columns));
        }
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
        let lines = self.log().commit(self.table.files(), after.version).await?;
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
        self.resolved(spec).await
    }

    async fn end_schema(&self, end: &RangeEnd, place: &Place) -> Result<Arc<TableSchema>> {
        match (end, place.version) {
            (RangeEnd::Latest(_) | RangeEnd::At(VersionSpec::Latest), _) | (_, BEFORE_FIRST) => {
                Ok(columns(self.table.label(), &self.newest())?.table)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
    use url::Url;

    use super::*;
    use crate::cache::MetadataCache;
    use crate::files::MetadataFiles;
    use crate::follow::same_columns;
    use crate::location::LakePlace;
    use crate::table::{ScanRequest, Table};
    use crate::version::ReadOptions;

    const FIRST: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"metadata\":{}}]}","partitionColumns":[],"configuration":{}}}"#;
    const SECOND: &str = r#"{"add":{"path":"a.parquet","partitionValues":{},"size":1,"modificationTime":0,"dataChange":true}}"#;

    async fn commit(store: &Arc<dyn ObjectStore>, version: i64, text: &'static str) {
        let path = Path::from(format!("t/_delta_log/{version:020}.json"));
        store.put(&path, PutPayload::from_static(text.as_bytes())).await.unwrap();
    }

    /// Whoever follows a table sees what is committed after it was opened.
    #[tokio::test]
    async fn versions_come_one_by_one() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        commit(&store, 0, FIRST).await;
        let files = MetadataFiles::new(Arc::clone(&store), Arc::new(MetadataCache::new(1 << 20)).scope());
        let place = LakePlace::new(Path::default(), Url::parse("memory:///").unwrap(), None);
        let table = DeltaTable::new("db.t", files, Path::from("t"), Arc::new(place));
        let follow = table.at(&ReadOptions::default()).await.unwrap().follow().unwrap();
        let start = follow.begin(&VersionSpec::Latest, Beginning::Changes).await.unwrap();
        let schema = follow.first_schema(&start, Beginning::Changes).await.unwrap();
        assert_eq!((start.version, follow.after(&start).await.unwrap()), (0, None));
        commit(&store, 1, SECOND).await;
        let next = follow.after(&start).await.unwrap().unwrap();
        assert_eq!(next.version, 1);
        assert!(same_columns(&schema, &follow.schema(&next).await.unwrap()));
        let changes = follow.changes(&start, &next, Arc::clone(&schema)).await.unwrap();
        assert_eq!(changes.steps(&ScanRequest::default()).await.unwrap().len(), 1);
        assert_eq!(follow.after(&next).await.unwrap(), None);
        let empty = follow.rows(&follow.before_first(), schema).await.unwrap();
        assert_eq!(empty.exact_row_count(), Some(0));
    }
}
