//! A place with databases of tables.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::table::Table;

/// A warehouse: databases, and tables within them. Listings are read anew at each call.
#[async_trait]
pub trait Warehouse: Debug + Send + Sync {
    async fn databases(&self) -> Result<Vec<String>>;

    async fn tables(&self, database: &str) -> Result<Vec<String>>;

    /// Opens a table by name; `Ok(None)` when the warehouse has no such table. The name may carry a
    /// branch (`t$branch_b`); system tables (`t$snapshots`) are the business of the format's module.
    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>>;
}
