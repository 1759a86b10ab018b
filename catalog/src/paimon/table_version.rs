//! A Paimon table at a version.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::follow::Follow;
use crate::schema::TableSchema;
use crate::split::{PruningCounts, TableScan};
use crate::table::{ScanRequest, TableVersion};

use super::changes::Versions;
use super::manifest::ManifestEntry;
use super::options::Options;
use super::plan::{Merging, PlanInput, plan_files, plan_snapshot};
use super::rules::{ReadRules, top_level};
use super::snapshot::Snapshot;
use super::table::PaimonTable;
use super::time_travel::ResolvedPoint;

/// A snapshot under a schema.
#[derive(Debug, Clone)]
pub struct PaimonTableVersion {
    table: PaimonTable,
    schema: Arc<TableSchema>,
    rules: ReadRules,
    point: ResolvedPoint,
}

impl PaimonTableVersion {
    pub(super) fn new(
        table: PaimonTable,
        schema: Arc<TableSchema>,
        rules: ReadRules,
        point: ResolvedPoint,
    ) -> Self {
        Self { table, schema, rules, point }
    }

    pub fn table(&self) -> &PaimonTable {
        &self.table
    }

    /// The schema of the rows.
    pub fn table_schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.schema)
    }

    pub fn rules(&self) -> &ReadRules {
        &self.rules
    }

    /// Leave out files that were created before these milliseconds.
    pub fn created_since(&self) -> Option<i64> {
        self.point.created_since
    }

    /// `None` before the first commit.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.point.snapshot.as_ref()
    }

    /// The same version, of which only the top level is read; an append table has no levels.
    pub(super) fn of_top_level(mut self) -> Result<Self> {
        if !self.schema.primary_key.is_empty() {
            let options = Options::new(self.table.label(), &self.schema.options);
            self.rules.only_level = Some(top_level(&options)?);
        }
        Ok(self)
    }

    /// The same version, with the rows that wait to be placed in a bucket.
    pub(super) fn with_postponed(mut self) -> Self {
        self.rules.hides_postponed = false;
        self
    }

    /// Plans a read of those files of the version that `keep` wants; it must not tell the addition of a
    /// file from its deletion.
    pub async fn plan_where(
        &self,
        request: &ScanRequest,
        keep: &(dyn Fn(&ManifestEntry) -> bool + Sync),
    ) -> Result<TableScan> {
        match self.snapshot() {
            Some(snapshot) => plan_snapshot(self.input(Merging::ByKey), request, snapshot, keep).await,
            None => Ok(self.empty_scan()),
        }
    }

    /// Plans a read of given files under this version's schema, of whichever level; their deletion
    /// vectors are those of `snapshot`.
    pub async fn plan_files(
        &self,
        request: &ScanRequest,
        entries: &[ManifestEntry],
        snapshot: Option<&Snapshot>,
        merging: Merging,
    ) -> Result<TableScan> {
        plan_files(self.input(merging), request, snapshot, entries).await
    }

    fn input(&self, merging: Merging) -> PlanInput<'_> {
        PlanInput {
            table: &self.table,
            schema: &self.schema,
            rules: &self.rules,
            created_since: self.point.created_since,
            merging,
        }
    }

    fn empty_scan(&self) -> TableScan {
        TableScan {
            table: self.table.label().to_string(),
            snapshot_id: None,
            schema: Arc::clone(&self.schema),
            file_schemas: Vec::new(),
            deletes: Vec::new(),
            splits: Vec::new(),
            pruning: PruningCounts::default(),
        }
    }
}

#[async_trait]
impl TableVersion for PaimonTableVersion {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.schema)
    }

    fn snapshot_id(&self) -> Option<i64> {
        self.point.snapshot.as_ref().map(|snapshot| snapshot.id)
    }

    /// Append tables know their rows, unless some are deleted by vectors or files share their rows.
    fn exact_row_count(&self) -> Option<u64> {
        let Some(snapshot) = &self.point.snapshot else {
            return Some(0);
        };
        let every_row_counts = self.schema.primary_key.is_empty()
            && snapshot.index_manifest.is_none()
            && !self.rules.data_evolution
            && self.rules.only_bucket.is_none()
            && self.point.created_since.is_none();
        snapshot.total_record_count.filter(|_| every_row_counts).and_then(|count| u64::try_from(count).ok())
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        self.plan_where(request, &|_| true).await
    }

    fn follow(&self) -> Option<Arc<dyn Follow>> {
        let rules = &self.rules;
        let whole =
            rules.only_level.is_none() && rules.only_bucket.is_none() && self.point.created_since.is_none();
        (whole && rules.other_branch.is_none()).then(|| Versions::of(self.table.clone()))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
