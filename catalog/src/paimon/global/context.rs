//! What the tables of `sys` read.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use crate::error::Result;
use crate::paimon::schema::PaimonSchema;
use crate::paimon::system::CONCURRENT_READS;
use crate::paimon::table::PaimonTable;
use crate::warehouse::Warehouse;

/// A warehouse and the options that it was opened with.
#[derive(Debug)]
pub struct GlobalContext {
    warehouse: Arc<dyn Warehouse>,
    pub options: BTreeMap<String, String>,
}

/// A Paimon table of the warehouse.
#[derive(Debug)]
pub struct NamedTable {
    pub database: String,
    pub name: String,
    pub table: PaimonTable,
    /// The current schema.
    pub schema: Arc<PaimonSchema>,
}

impl GlobalContext {
    pub fn new(warehouse: Arc<dyn Warehouse>, options: BTreeMap<String, String>) -> Self {
        Self { warehouse, options }
    }

    /// The Paimon tables, by database and name. Those that are dropped meanwhile are left out.
    pub async fn tables(&self) -> Result<Vec<NamedTable>> {
        let mut names = Vec::new();
        for database in self.warehouse.databases().await? {
            let tables = self.warehouse.tables(&database).await?;
            names.extend(tables.into_iter().map(|table| (database.clone(), table)));
        }
        names.sort_unstable();
        let opened = names.into_iter().map(|(database, name)| self.open(database, name));
        let tables: Vec<_> = stream::iter(opened).buffered(CONCURRENT_READS).try_collect().await?;
        Ok(tables.into_iter().flatten().collect())
    }

    async fn open(&self, database: String, name: String) -> Result<Option<NamedTable>> {
        let Some(found) = self.warehouse.table(&database, &name).await? else { return Ok(None) };
        let Some(table) = found.as_any().downcast_ref::<PaimonTable>() else { return Ok(None) };
        let schema = table.latest_schema().await?;
        Ok(Some(NamedTable { database, name, table: table.clone(), schema }))
    }
}
