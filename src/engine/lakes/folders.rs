//! A database's folder or a table's folder, opened as if a warehouse were around it.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use tarn_catalog::Result;
use tarn_catalog::paimon::{FileSystemWarehouse, ObjectName, PaimonTable};
use tarn_catalog::table::Table;
use tarn_catalog::warehouse::Warehouse;

/// One database: a folder of tables' folders.
#[derive(Debug)]
pub(super) struct DatabaseFolder {
    warehouse: FileSystemWarehouse,
    folder: Path,
    name: String,
}

impl DatabaseFolder {
    pub fn new(warehouse: FileSystemWarehouse, folder: Path, name: &str) -> Self {
        Self { warehouse, folder, name: name.to_owned() }
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
        self.warehouse.table_folders(&self.folder).await
    }

    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>> {
        let name = ObjectName::parse(table)?;
        if database != self.name || !self.tables(database).await?.contains(&name.table) {
            return Ok(None);
        }
        let folder = self.folder.clone().join(name.table.as_str());
        open(&self.warehouse, &format!("{database}.{}", name.table), folder, &name).await
    }
}

/// One table, in a database of its own.
#[derive(Debug)]
pub(super) struct TableFolder {
    warehouse: FileSystemWarehouse,
    folder: Path,
    database: String,
    name: String,
}

impl TableFolder {
    pub fn new(warehouse: FileSystemWarehouse, folder: Path, database: &str, name: &str) -> Self {
        Self { warehouse, folder, database: database.to_owned(), name: name.to_owned() }
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
        open(&self.warehouse, &self.name, self.folder.clone(), &name).await
    }
}

async fn open(
    warehouse: &FileSystemWarehouse,
    label: &str,
    folder: Path,
    name: &ObjectName,
) -> Result<Option<Arc<dyn Table>>> {
    let opened: PaimonTable = warehouse.open_folder(label, folder, name.branch.as_deref())?;
    if opened.schemas().ids().await?.is_empty() {
        return Ok(None);
    }
    match &name.system {
        None => Ok(Some(Arc::new(opened))),
        Some(system) => opened.view(system).map(Some),
    }
}
