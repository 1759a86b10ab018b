//! A table, and a view of it at one version.

use std::fmt::Debug;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use object_store::ObjectStore;

use crate::changes::ChangeLog;
use crate::error::Result;
use crate::follow::Follow;
use crate::predicate::Predicate;
use crate::schema::TableSchema;
use crate::split::TableScan;
use crate::system::SystemTable;
use crate::version::ReadOptions;

/// A table of some format. Opening it reads no version yet.
#[async_trait]
pub trait Table: Debug + Send + Sync {
    /// `database.table`, for errors.
    fn name(&self) -> &str;

    /// `paimon`, `delta`, ...
    fn format(&self) -> &'static str;

    /// The store that holds the table's files; paths in scans are paths in it.
    fn store(&self) -> Arc<dyn ObjectStore>;

    /// Chooses a version once; everything read through the result is of that version.
    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>>;

    /// Names of the system tables that [`Self::system_table`] opens, sorted.
    fn system_tables(&self) -> &'static [&'static str] {
        &[]
    }

    /// Opens a system table (`snapshots`, `files`, ...) as of the version that the query wants; `None`
    /// where the format has none of that name.
    async fn system_table(&self, name: &str, read: &ReadOptions) -> Result<Option<Arc<dyn SystemTable>>> {
        let _ = (name, read);
        Ok(None)
    }

    fn as_any(&self) -> &dyn std::any::Any;
}

/// A table at a version: immutable.
#[async_trait]
pub trait TableVersion: Debug + Send + Sync {
    fn schema(&self) -> Arc<TableSchema>;

    fn arrow_schema(&self) -> SchemaRef {
        self.schema().arrow()
    }

    /// `None` where there is no snapshot yet.
    fn snapshot_id(&self) -> Option<i64>;

    /// Rows, where metadata knows the exact number of live rows.
    fn exact_row_count(&self) -> Option<u64> {
        None
    }

    /// Plans the files to read. The request prunes: what it leaves out holds no wanted row.
    async fn plan(&self, request: &ScanRequest) -> Result<TableScan>;

    /// The read as a log, where its rows have kinds: it is then run through this, and its schema is
    /// the log's.
    fn change_log(&self) -> Option<Arc<dyn ChangeLog>> {
        None
    }

    /// The table, to be followed from some version on; `None` where it cannot be, or where this read is
    /// not of the whole table.
    fn follow(&self) -> Option<Arc<dyn Follow>> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any;
}

/// What a scan wants; planning uses what it can.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    pub predicate: Predicate,
}

impl Default for ScanRequest {
    fn default() -> Self {
        Self { predicate: Predicate::True }
    }
}
