//! How the engine reaches the tables of a lake.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use tarn_catalog::schema::TableSchema;
use tarn_catalog::version::ReadOptions;

use crate::error::Result;

/// The tables of one lake. Listings are read anew at each call.
#[async_trait]
pub trait LakeTables: Debug + Send + Sync {
    async fn databases(&self) -> Result<Vec<String>>;

    async fn tables(&self, database: &str) -> Result<Vec<String>>;

    /// Opens a table at a version that is chosen here, once; `None` when there is no such table.
    async fn open(
        &self,
        database: &str,
        table: &str,
        read: &ReadOptions,
        session: &dyn Session,
    ) -> Result<Option<Arc<dyn TableProvider>>>;

    /// What a table is now; `None` when there is no such table.
    async fn describe(&self, database: &str, table: &str) -> Result<Option<TableDescription>>;

    /// Bytes of the data files of a table as it is now; `None` when there is no such table.
    async fn size(&self, database: &str, table: &str) -> Result<Option<u64>>;
}

/// A table as people want to see it described.
#[derive(Debug, Clone)]
pub struct TableDescription {
    /// `paimon`, `delta`, ...
    pub format: String,
    pub snapshot_id: Option<i64>,
    pub schema: Arc<TableSchema>,
}

impl TableDescription {
    /// The table as someone sees it who may read only these columns. A key of which one column is not
    /// among them is not shown.
    pub fn with_columns(&self, columns: &BTreeSet<String>) -> Self {
        let mut schema = self.schema.as_ref().clone();
        schema.fields.retain(|field| columns.contains(&field.name));
        schema.partition_keys.retain(|name| columns.contains(name));
        if !schema.primary_key.iter().all(|name| columns.contains(name)) {
            schema.primary_key.clear();
        }
        Self { format: self.format.clone(), snapshot_id: self.snapshot_id, schema: Arc::new(schema) }
    }
}
