//! A Paimon warehouse on an object store: `{database}.db/{table}`.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};
use crate::table::Table;
use crate::warehouse::Warehouse;

use super::layout::{SCHEMA_PREFIX, TableLayout, below};
use super::names::ObjectName;
use super::table::PaimonTable;
use crate::cache::MetadataCache;
use crate::files::MetadataFiles;

const DATABASE_SUFFIX: &str = ".db";

/// Databases and tables as folders. Listings list folders and read no table.
#[derive(Debug, Clone)]
pub struct FileSystemWarehouse {
    files: MetadataFiles,
    root: Path,
    store_url: Option<Arc<Url>>,
}

impl FileSystemWarehouse {
    /// The warehouse at `root` of a store. Decoded metadata goes to `cache`, in a scope of its own.
    pub fn new(store: Arc<dyn ObjectStore>, root: Path, cache: &Arc<MetadataCache>) -> Self {
        Self { files: MetadataFiles::new(store, cache.scope()), root, store_url: None }
    }

    /// What the root of the store is called in full paths (`file:///`, `s3://bucket/`): needed to
    /// find data files outside their table's folder.
    #[must_use]
    pub fn with_store_url(mut self, url: Url) -> Self {
        self.store_url = Some(Arc::new(url));
        self
    }

    /// Opens the table in `folder`, which need not be below the warehouse.
    pub fn open_folder(&self, label: &str, folder: Path, branch: Option<&str>) -> Result<PaimonTable> {
        let layout = TableLayout::new(folder, branch)?;
        Ok(PaimonTable::new(label, self.files.clone(), layout, self.store_url.clone()))
    }

    /// Opens a table or a branch of it; `None` when the warehouse has no such table.
    pub async fn open(
        &self,
        database: &str,
        table: &str,
        branch: Option<&str>,
    ) -> Result<Option<PaimonTable>> {
        let folder = below(&self.root, &format!("{database}{DATABASE_SUFFIX}/{table}"))?;
        let opened = self.open_folder(&format!("{database}.{table}"), folder, branch)?;
        if !opened.schemas().ids().await?.is_empty() {
            return Ok(Some(opened));
        }
        match branch {
            Some(branch) if self.is_table(opened.layout().root()).await? => {
                let branches = opened.branch_names().await?.join(", ");
                let what = format!("branch '{branch}' of table {database}.{table}");
                Err(Error::not_found(what, format!("its branches are: {branches}")))
            }
            _ => Ok(None),
        }
    }

    /// The names of the folders in a database's folder that can be tables.
    pub async fn table_folders(&self, folder: &Path) -> Result<Vec<String>> {
        let mut names = self.files.folder_names(folder).await?;
        names.retain(|name| !name.starts_with(['.', '_']));
        Ok(names)
    }

    async fn is_table(&self, folder: &Path) -> Result<bool> {
        let layout = TableLayout::new(folder.clone(), None)?;
        Ok(!self.files.numbers(&layout.schemas(), SCHEMA_PREFIX).await?.is_empty())
    }
}

/// Whether a folder is that of a Paimon table: it has a schema file.
pub async fn is_table_folder(store: &Arc<dyn ObjectStore>, folder: &Path) -> Result<bool> {
    let cache = Arc::new(MetadataCache::new(0));
    FileSystemWarehouse::new(Arc::clone(store), folder.clone(), &cache).is_table(folder).await
}

#[async_trait]
impl Warehouse for FileSystemWarehouse {
    async fn databases(&self) -> Result<Vec<String>> {
        let folders = self.files.folder_names(&self.root).await?;
        Ok(folders.iter().filter_map(|name| name.strip_suffix(DATABASE_SUFFIX)).map(str::to_string).collect())
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let folder = below(&self.root, &format!("{database}{DATABASE_SUFFIX}"))?;
        self.table_folders(&folder).await
    }

    async fn table(&self, database: &str, table: &str) -> Result<Option<Arc<dyn Table>>> {
        let name = ObjectName::parse(table)?;
        let Some(opened) = self.open(database, &name.table, name.branch.as_deref()).await? else {
            return Ok(None);
        };
        match name.system {
            None => Ok(Some(Arc::new(opened))),
            Some(system) => opened.view(&system).map(Some),
        }
    }
}
