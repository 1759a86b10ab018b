//! A Paimon table at a version.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::schema::TableSchema;
use crate::split::{PruningCounts, TableScan};
use crate::table::{ScanRequest, TableVersion};

use super::plan::{PlanInput, plan};
use super::rules::ReadRules;
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

    pub fn rules(&self) -> &ReadRules {
        &self.rules
    }

    /// `None` before the first commit.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.point.snapshot.as_ref()
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
        let Some(snapshot) = &self.point.snapshot else {
            return Ok(self.empty_scan());
        };
        let input = PlanInput {
            table: &self.table,
            schema: &self.schema,
            rules: &self.rules,
            snapshot,
            created_since: self.point.created_since,
        };
        plan(input, request).await
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
