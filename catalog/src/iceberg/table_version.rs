//! An Iceberg table at a version.

use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::{FormatVersion, SchemaRef, SnapshotRef};

use super::changes::Versions;
use super::metadata::Metadata;
use super::plan::{PlanInput, plan};
use super::schema::table_schema;
use super::table::IcebergTable;
use crate::error::Result;
use crate::follow::Follow;
use crate::schema::TableSchema;
use crate::split::{PruningCounts, TableScan};
use crate::table::{ScanRequest, TableVersion};

/// A snapshot under a schema.
#[derive(Debug, Clone)]
pub struct IcebergTableVersion {
    table: IcebergTable,
    metadata: Arc<Metadata>,
    /// `None` before the first commit.
    snapshot: Option<SnapshotRef>,
    schema: SchemaRef,
    table_schema: Arc<TableSchema>,
}

impl IcebergTableVersion {
    pub(super) fn new(
        table: IcebergTable,
        metadata: Arc<Metadata>,
        snapshot: Option<SnapshotRef>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let table_schema = Arc::new(table_schema(table.label(), &metadata.table, &schema)?);
        Ok(Self { table, metadata, snapshot, schema, table_schema })
    }

    pub fn format_version(&self) -> FormatVersion {
        self.metadata.table.format_version()
    }
}

#[async_trait]
impl TableVersion for IcebergTableVersion {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.table_schema)
    }

    fn snapshot_id(&self) -> Option<i64> {
        self.snapshot.as_ref().map(|snapshot| snapshot.snapshot_id())
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(TableScan {
                table: self.table.label().to_string(),
                snapshot_id: None,
                schema: Arc::clone(&self.table_schema),
                file_schemas: Vec::new(),
                deletes: Vec::new(),
                splits: Vec::new(),
                pruning: PruningCounts::default(),
            });
        };
        let input = PlanInput {
            table: &self.table,
            metadata: &self.metadata,
            schema: &self.schema,
            table_schema: &self.table_schema,
        };
        plan(input, snapshot, request).await
    }

    fn follow(&self) -> Option<Arc<dyn Follow>> {
        Some(Arc::new(Versions::new(self.table.clone(), Arc::clone(&self.metadata))))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
