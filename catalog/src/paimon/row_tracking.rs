//! `t$row_tracking`: the rows of a table that tracks them, each with its id and the number of its write.
//! (paimon-format section 13)

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;

use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::split::{RowColumn, TableScan};
use crate::table::{ScanRequest, Table, TableVersion};
use crate::types::LogicalType;
use crate::version::ReadOptions;

use super::table::PaimonTable;
use super::table_version::PaimonTableVersion;

/// The name after the `$`.
pub const ROW_TRACKING: &str = "row_tracking";

const COLUMNS: [(&str, RowColumn); 2] =
    [("_ROW_ID", RowColumn::Id), ("_SEQUENCE_NUMBER", RowColumn::Sequence)];

/// A table, read with what it tracks of its rows.
#[derive(Debug)]
pub struct RowTrackingTable(PaimonTable);

impl RowTrackingTable {
    pub fn new(table: PaimonTable) -> Self {
        Self(table)
    }
}

#[async_trait]
impl Table for RowTrackingTable {
    fn name(&self) -> &str {
        self.0.label()
    }

    fn format(&self) -> &'static str {
        self.0.format()
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        self.0.store()
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        let version = self.0.version(read).await?;
        if !version.rules().row_tracking {
            let reason = format!(
                "table {} has no $row_tracking: it does not set 'row-tracking.enabled'",
                self.0.label()
            );
            return Err(Error::invalid(reason));
        }
        Ok(Arc::new(RowTrackingVersion::of(version)))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A version with the two columns behind the table's own.
#[derive(Debug)]
struct RowTrackingVersion {
    version: PaimonTableVersion,
    schema: Arc<TableSchema>,
}

impl RowTrackingVersion {
    fn of(version: PaimonTableVersion) -> Self {
        let mut schema = version.table_schema().as_ref().clone();
        schema.fields.extend(COLUMNS.map(|(name, column)| SchemaField {
            id: column.field_id(),
            name: name.to_owned(),
            data_type: LogicalType::BigInt,
            nullable: false,
            description: None,
            default_value: None,
        }));
        Self { version, schema: Arc::new(schema) }
    }
}

#[async_trait]
impl TableVersion for RowTrackingVersion {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.schema)
    }

    fn snapshot_id(&self) -> Option<i64> {
        self.version.snapshot_id()
    }

    fn exact_row_count(&self) -> Option<u64> {
        self.version.exact_row_count()
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        // Statistics know nothing of the two columns.
        let own: Vec<i32> = self.version.table_schema().fields.iter().map(|field| field.id).collect();
        let request = ScanRequest { predicate: request.predicate.over(&own) };
        let scan = self.version.plan(&request).await?;
        Ok(TableScan { schema: Arc::clone(&self.schema), ..scan })
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
