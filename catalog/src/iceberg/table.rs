//! An Iceberg table.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;

use super::metadata::Metadata;
use super::system;
use super::table_version::IcebergTableVersion;
use super::time_travel::resolve;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;
use crate::location::{LakePlace, below, plain};
use crate::system::SystemTable;
use crate::table::{Table, TableVersion};
use crate::version::ReadOptions;

/// A table. Opening it reads nothing.
#[derive(Debug, Clone)]
pub struct IcebergTable {
    label: Arc<str>,
    files: MetadataFiles,
    root: Path,
    place: Arc<LakePlace>,
}

impl IcebergTable {
    /// The table in the folder `root`. `label` is `database.table`, for errors.
    pub fn new(label: &str, files: MetadataFiles, root: Path, place: Arc<LakePlace>) -> Self {
        Self { label: label.into(), files, root, place }
    }

    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    pub fn files(&self) -> &MetadataFiles {
        &self.files
    }

    /// The newest metadata.
    pub async fn metadata(&self) -> Result<Arc<Metadata>> {
        Metadata::newest(&self.label, &self.files, &self.root).await
    }

    /// The path in the store of a file that metadata names. What is said to be within the table's own
    /// location is within its folder, wherever that is now.
    pub fn path(&self, metadata: &Metadata, full: &str) -> Result<Path> {
        let (location, spelled) = (plain(metadata.table.location()), plain(full));
        let within = spelled.strip_prefix(location.trim_end_matches('/'));
        match within.and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => below(&self.root, rest),
            None => self.place.resolve(&self.label, full),
        }
    }

    /// Chooses a version.
    pub async fn version(&self, read: &ReadOptions) -> Result<IcebergTableVersion> {
        if let Some(option) = read.options.keys().next() {
            let message = format!("table {}: Iceberg tables have no option '{option}'", self.label);
            return Err(Error::invalid(message));
        }
        let metadata = self.metadata().await?;
        let (snapshot, schema) = resolve(&self.label, &metadata, &read.version)?;
        IcebergTableVersion::new(self.clone(), metadata, snapshot, schema)
    }
}

#[async_trait]
impl Table for IcebergTable {
    fn name(&self) -> &str {
        &self.label
    }

    fn format(&self) -> &'static str {
        "iceberg"
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(self.files.store())
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        Ok(Arc::new(self.version(read).await?))
    }

    fn system_tables(&self) -> &'static [&'static str] {
        system::NAMES
    }

    async fn system_table(&self, name: &str, _read: &ReadOptions) -> Result<Option<Arc<dyn SystemTable>>> {
        system::open(self, name).await
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
