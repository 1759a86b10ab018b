//! A folder of databases, a database's folder or a table's folder, opened as if a warehouse were around it.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use tarn_catalog::Result;
use tarn_catalog::paimon::ObjectName;
use tarn_catalog::table::Table;
use tarn_catalog::warehouse::Warehouse;

use super::formats::TableFolders;

/// Databases: folders of tables' folders.
#[derive(Debug)]
pub(super) struct WarehouseFolder {
    tables: TableFolders,
    folder: Path,
}

impl WarehouseFolder {
    pub fn new(tables: TableFolders, folder: Path) -> Self {
        Self { tables, folder }
    }

    fn database(&self, name: &str) -> DatabaseFolder {
        DatabaseFolder::new(self.tables.clone(), self.folder.clone().join(name), name)
    }
}

#[async_trait]
impl Warehouse for WarehouseFolder {
    async fn databases(&self) -> Result<Vec<String>> {
        self.tables.names_in(&self.folder).await
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        self.database(database).tables(database).await
    }

    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>> {
        self.database(database).table(database, table).await
    }
}

/// One database: a folder of tables' folders.
#[derive(Debug)]
pub(super) struct DatabaseFolder {
    tables: TableFolders,
    folder: Path,
    name: String,
}

impl DatabaseFolder {
    pub fn new(tables: TableFolders, folder: Path, name: &str) -> Self {
        Self { tables, folder, name: name.to_owned() }
    }
}

#[async_trait]
impl Warehouse for DatabaseFolder {
    async fn databases(&self) -> Result<Vec<String>> {
        Ok(vec![self.name.clone()])
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        if database != self.name {
            return Ok(vec![]);
        }
        self.tables.names_in(&self.folder).await
    }

    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>> {
        let name = ObjectName::parse(table)?;
        if database != self.name || !self.tables(database).await?.contains(&name.table) {
            return Ok(None);
        }
        let folder = self.folder.clone().join(name.table.as_str());
        self.tables.open(&format!("{database}.{}", name.table), folder, &name).await
    }
}

/// One table, in a database of its own.
#[derive(Debug)]
pub(super) struct TableFolder {
    tables: TableFolders,
    folder: Path,
    database: String,
    name: String,
}

impl TableFolder {
    pub fn new(tables: TableFolders, folder: Path, database: &str, name: &str) -> Self {
        Self { tables, folder, database: database.to_owned(), name: name.to_owned() }
    }
}

#[async_trait]
impl Warehouse for TableFolder {
    async fn databases(&self) -> Result<Vec<String>> {
        Ok(vec![self.database.clone()])
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        Ok(if database == self.database { vec![self.name.clone()] } else { vec![] })
    }

    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>> {
        let name = ObjectName::parse(table)?;
        if database != self.database || name.table != self.name {
            return Ok(None);
        }
        self.tables.open(&self.name, self.folder.clone(), &name).await
    }
}
