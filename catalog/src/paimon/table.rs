//! A Paimon table on one branch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use url::Url;

use crate::error::{Error, Result};
use crate::row_tracking::{ROW_TRACKING, RowTrackingTable};
use crate::schema::TableSchema;
use crate::system::SystemTable;
use crate::table::{Table, TableVersion};
use crate::types::LogicalType;
use crate::version::ReadOptions;

use super::changes::{LogTable, LogView};
use super::consumer::Consumer;
use super::joined_branches::JoinedBranches;
use super::layout::{BRANCH_PREFIX, CONSUMER_PREFIX, TableLayout};
use super::live_files::ManifestReader;
use super::names::MAIN_BRANCH;
use super::option_names;
use super::options::Options;
use super::read_optimized::{READ_OPTIMIZED, ReadOptimizedTable};
use super::rules::{OtherBranch, ReadRules};
use super::scan_options::read_point;
use super::schema::{PaimonSchema, partition_fields};
use super::schemas::Schemas;
use super::snapshot::Snapshot;
use super::statistics::Statistics;
use super::table_version::PaimonTableVersion;
use super::time_travel::resolve;
use super::timeline::Timeline;
use crate::files::MetadataFiles;

/// Schemas that are fetched at a time.
const CONCURRENT_READS: usize = 16;

/// A table, or a branch of one. Opening it reads nothing.
#[derive(Debug, Clone)]
pub struct PaimonTable {
    label: Arc<str>,
    files: MetadataFiles,
    layout: TableLayout,
    store_url: Option<Arc<Url>>,
}

impl PaimonTable {
    /// `label` is `database.table`, for errors; `store_url` is what the root of the store is called
    /// in full paths, which external data files have.
    pub fn new(label: &str, files: MetadataFiles, layout: TableLayout, store_url: Option<Arc<Url>>) -> Self {
        Self { label: label.into(), files, layout, store_url }
    }

    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn layout(&self) -> &TableLayout {
        &self.layout
    }

    pub fn files(&self) -> &MetadataFiles {
        &self.files
    }

    pub fn store_url(&self) -> Option<&Url> {
        self.store_url.as_deref()
    }

    /// Snapshots, tags and changelogs of this branch.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(Arc::clone(&self.label), self.files.clone(), self.layout.clone())
    }

    /// Schemas of this branch.
    pub fn schemas(&self) -> Schemas {
        Schemas::new(Arc::clone(&self.label), self.files.clone(), self.layout.clone())
    }

    /// The current schema.
    pub async fn latest_schema(&self) -> Result<Arc<PaimonSchema>> {
        let latest = self.schemas().latest().await?;
        latest
            .ok_or_else(|| Error::not_found(format!("table {}", self.label), "its folder has no schema file"))
    }

    /// The same table on another branch, `None` being the main one.
    pub fn on_branch(&self, branch: Option<&str>) -> Result<Self> {
        Ok(Self { layout: self.layout.with_branch(branch)?, ..self.clone() })
    }

    /// Names of the branches, without the main one, sorted.
    pub async fn branch_names(&self) -> Result<Vec<String>> {
        let folders = self.files.folder_names(&self.layout.branches()).await?;
        Ok(folders.iter().filter_map(|name| name.strip_prefix(BRANCH_PREFIX)).map(str::to_string).collect())
    }

    /// All consumers, by id.
    pub async fn consumers(&self) -> Result<Vec<Consumer>> {
        let mut consumers = Vec::new();
        for name in self.files.file_names(&self.layout.consumers()).await? {
            if let Some(id) = name.strip_prefix(CONSUMER_PREFIX) {
                let path = self.layout.consumer(id)?;
                let bytes = self.files.try_read(&path).await?;
                consumers.extend(bytes.map(|bytes| Consumer::parse(id, &path, &bytes)).transpose()?);
            }
        }
        Ok(consumers)
    }

    /// The statistics that a snapshot carries, if it was analysed or inherits them.
    pub async fn statistics(&self, snapshot: &Snapshot) -> Result<Option<Statistics>> {
        let Some(name) = &snapshot.statistics else {
            return Ok(None);
        };
        let path = self.layout.statistics(name)?;
        Statistics::parse(&path, &self.files.read(&path).await?).map(Some)
    }

    /// Reads manifests; the schema tells the types of the partition columns.
    pub fn manifest_reader(&self, schema: &TableSchema) -> ManifestReader {
        let types: Arc<[LogicalType]> =
            partition_fields(schema).into_iter().map(|field| field.data_type.clone()).collect();
        ManifestReader::new(self.files.clone(), self.layout.clone(), types)
    }

    /// Schemas by id.
    pub async fn table_schemas(&self, ids: &BTreeSet<i64>) -> Result<BTreeMap<i64, Arc<TableSchema>>> {
        let ids: Vec<i64> = ids.iter().copied().collect();
        let read = |id: i64| {
            let schemas = self.schemas();
            async move { Ok((id, Arc::clone(&schemas.get(id).await?.table))) }
        };
        stream::iter(ids.into_iter().map(read)).buffered(CONCURRENT_READS).try_collect().await
    }

    /// The table's rows as a system table of this name shows them (`t$ro`).
    pub fn view(&self, system: &str) -> Result<Arc<dyn Table>> {
        match system {
            READ_OPTIMIZED => Ok(Arc::new(ReadOptimizedTable::new(self.clone()))),
            ROW_TRACKING => Ok(Arc::new(RowTrackingTable::new(self.clone()))),
            other if let Some(view) = LogView::named(other) => {
                Ok(Arc::new(LogTable::new(self.clone(), view)))
            }
            other => Err(Error::unsupported(self.label(), format!("system table ${other}"))),
        }
    }

    /// Chooses a version of this branch, refusing tables whose reads join another one.
    pub async fn version(&self, read: &ReadOptions) -> Result<PaimonTableVersion> {
        let version = self.own_version(read).await?;
        self.refuse_joined(version.rules()).await?;
        Ok(version)
    }

    /// Refuses a table whose reads join another branch.
    pub async fn refuse_joined(&self, rules: &ReadRules) -> Result<()> {
        match self.joined_branch(rules).await? {
            None => Ok(()),
            Some((_, joined)) => {
                let feature =
                    format!("this way of reading a table that is joined with branch '{}'", joined.name());
                Err(Error::unsupported(self.label(), feature))
            }
        }
    }

    /// Chooses a version of this branch alone, whatever other branch the table's reads join.
    pub async fn own_version(&self, read: &ReadOptions) -> Result<PaimonTableVersion> {
        let latest = self.latest_schema().await?;
        let options = option_names::merge(&self.label, &latest.table.options, &read.options)?;
        let point = read_point(&read.version, &Options::new(&self.label, &options), &read.options)?;
        let resolved = resolve(&self.label, &self.timeline(), &point).await?;
        let schema = match &resolved.snapshot {
            Some(snapshot) if resolved.schema_of_snapshot => self.schemas().get(snapshot.schema_id).await?,
            _ => latest,
        };
        // Options are those of today, whatever the schema, as in Paimon.
        let schema = schema.with_options(options);
        let rules = ReadRules::new(&self.label, &schema)?;
        Ok(PaimonTableVersion::new(self.clone(), schema, rules, resolved))
    }

    /// The branch that reads of this one join. One that does not exist is none, as in Paimon.
    async fn joined_branch(&self, rules: &ReadRules) -> Result<Option<(Self, OtherBranch)>> {
        let Some(joined) = &rules.other_branch else {
            return Ok(None);
        };
        let other = self.on_branch(Some(joined.name()).filter(|name| *name != MAIN_BRANCH))?;
        let exists = other.layout != self.layout && !other.schemas().ids().await?.is_empty();
        Ok(exists.then(|| (other, joined.clone())))
    }
}

#[async_trait]
impl Table for PaimonTable {
    fn name(&self) -> &str {
        &self.label
    }

    fn format(&self) -> &'static str {
        "paimon"
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(self.files.store())
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        if let Some(log) = super::changes::open(self, read, LogView::Table).await? {
            return Ok(log);
        }
        let own = self.own_version(read).await?;
        match self.joined_branch(own.rules()).await? {
            None => Ok(Arc::new(own)),
            Some((other, joined)) => Ok(Arc::new(JoinedBranches::open(own, &other, &joined, read).await?)),
        }
    }

    fn system_tables(&self) -> &'static [&'static str] {
        super::system::NAMES
    }

    async fn system_table(&self, name: &str, read: &ReadOptions) -> Result<Option<Arc<dyn SystemTable>>> {
        Ok(super::system::open(self, name, read))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
