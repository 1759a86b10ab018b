//! Lakes: where tables are, under the name by which queries know the place.

mod folders;
mod formats;
mod location;
mod open;
mod stores;
mod tables;
mod warehouse;

pub use location::{LakeLocation, UNNAMED, is_name};
pub use stores::memory as memory_store;
pub use tables::{LakeTables, TableDescription};

pub(crate) use open::{LakeContext, open};

use std::sync::Arc;

use datafusion::catalog::{Session, TableProvider};
use tarn_catalog::version::ReadOptions;
use tokio::sync::OnceCell;

use crate::error::Result;

/// The database that a bare table name means, where a lake has one of this name.
const DEFAULT_DATABASE: &str = "default";

/// An open lake: a catalog to SQL, a database to a Postgres client. Its databases are schemas.
#[derive(Debug)]
pub struct Lake {
    name: String,
    tables: Arc<dyn LakeTables>,
    default_database: OnceCell<Option<String>>,
}

impl Lake {
    pub fn new(name: impl Into<String>, tables: Arc<dyn LakeTables>) -> Self {
        Self { name: name.into(), tables, default_database: OnceCell::new() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The databases, sorted. Read anew at each call.
    pub async fn databases(&self) -> Result<Vec<String>> {
        let mut names = self.tables.databases().await?;
        names.sort();
        Ok(names)
    }

    /// The tables of a database, sorted. Read anew at each call.
    pub async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let mut names = self.tables.tables(database).await?;
        names.sort();
        Ok(names)
    }

    /// A table at a version, ready to be scanned; `None` when there is no such table.
    pub async fn open_table(
        &self,
        database: &str,
        table: &str,
        read: &ReadOptions,
        session: &dyn Session,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.open(database, table, read, session).await
    }

    /// What a table is now; `None` when there is no such table.
    pub async fn describe(&self, database: &str, table: &str) -> Result<Option<TableDescription>> {
        self.tables.describe(database, table).await
    }

    /// Bytes of the data files of a table as it is now; `None` when there is no such table.
    pub async fn table_size(&self, database: &str, table: &str) -> Result<Option<u64>> {
        self.tables.size(database, table).await
    }

    /// The database of bare table names: `default`, else the first. Found out once.
    pub async fn default_database(&self) -> Result<Option<String>> {
        let find = async || {
            let databases = self.databases().await?;
            let default = databases.iter().find(|name| *name == DEFAULT_DATABASE);
            Ok(default.or(databases.first()).cloned())
        };
        self.default_database.get_or_try_init(find).await.cloned()
    }

    /// The same, where it was found out before.
    pub(super) fn known_default_database(&self) -> Option<&str> {
        self.default_database.get().and_then(|name| name.as_deref())
    }
}
