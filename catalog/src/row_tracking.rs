//! `t$row_tracking`: the rows of a table that tracks them, each with its id and the number of its write.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;

use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::split::{RowColumn, TableScan};
use crate::table::{ScanRequest, Table, TableVersion};
use crate::types::LogicalType;
use crate::version::ReadOptions;

/// The name after the `$`.
pub const ROW_TRACKING: &str = "row_tracking";

/// A table that can tell its rows apart.
#[async_trait]
pub trait TracksRows: Table {
    /// The names of the columns that tell a row's id and the number of its write.
    const COLUMNS: [(&str, RowColumn); 2];

    /// A version, refused where it does not track rows, and whether each of its rows has an id.
    async fn tracked(&self, read: &ReadOptions) -> Result<(Arc<dyn TableVersion>, bool)>;
}

/// A table, read with what it tracks of its rows.
#[derive(Debug)]
pub struct RowTrackingTable<T>(T);

impl<T> RowTrackingTable<T> {
    pub fn new(table: T) -> Self {
        Self(table)
    }
}

#[async_trait]
impl<T: TracksRows + 'static> Table for RowTrackingTable<T> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn format(&self) -> &'static str {
        self.0.format()
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        self.0.store()
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        let (version, complete) = self.0.tracked(read).await?;
        Ok(Arc::new(RowTrackingVersion::new(self.0.name(), version, &T::COLUMNS, complete)?))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A version with the two columns behind the table's own.
#[derive(Debug)]
struct RowTrackingVersion {
    version: Arc<dyn TableVersion>,
    /// Ids of the table's own columns.
    own: Vec<i32>,
    schema: Arc<TableSchema>,
}

impl RowTrackingVersion {
    fn new(
        table: &str,
        version: Arc<dyn TableVersion>,
        columns: &[(&str, RowColumn)],
        complete: bool,
    ) -> Result<Self> {
        let mut schema = version.schema().as_ref().clone();
        let own = schema.fields.iter().map(|field| field.id).collect();
        for (name, column) in columns {
            if schema.field(name).is_some() {
                let feature = format!("${ROW_TRACKING} of a table that has a column {name} of its own");
                return Err(Error::unsupported(table, feature));
            }
            schema.fields.push(SchemaField {
                id: column.field_id(),
                name: (*name).to_owned(),
                data_type: LogicalType::BigInt,
                nullable: !complete,
                description: None,
                default_value: None,
            });
        }
        Ok(Self { version, own, schema: Arc::new(schema) })
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
        let request = ScanRequest { predicate: request.predicate.over(&self.own) };
        let scan = self.version.plan(&request).await?;
        Ok(TableScan { schema: Arc::clone(&self.schema), ..scan })
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
