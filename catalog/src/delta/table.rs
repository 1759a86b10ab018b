//! A Delta table.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;

use super::history::{self, HISTORY};
use super::log::Log;
use super::protocol;
use super::snapshot::Snapshot;
use super::table_version::DeltaTableVersion;
use super::time_travel;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;
use crate::location::LakePlace;
use crate::system::SystemTable;
use crate::table::{Table, TableVersion};
use crate::version::ReadOptions;

/// The folder of a table's log, by which a folder is known to be a Delta table.
pub const LOG_FOLDER: &str = "_delta_log";

/// A table. Opening it reads nothing.
#[derive(Debug, Clone)]
pub struct DeltaTable {
    label: Arc<str>,
    files: MetadataFiles,
    root: Path,
    place: Arc<LakePlace>,
}

impl DeltaTable {
    /// The table in the folder `root`. `label` is `database.table`, for errors.
    pub fn new(label: &str, files: MetadataFiles, root: Path, place: Arc<LakePlace>) -> Self {
        Self { label: label.into(), files, root, place }
    }

    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn files(&self) -> &MetadataFiles {
        &self.files
    }

    pub fn place(&self) -> &LakePlace {
        &self.place
    }

    pub async fn log(&self) -> Result<Log> {
        Log::list(&self.label, &self.files, &self.root.clone().join(LOG_FOLDER)).await
    }

    /// A version, refused where it needs what is not implemented.
    pub async fn snapshot(&self, log: &Log, version: i64) -> Result<Snapshot> {
        let snapshot = Snapshot::read(&self.label, &self.files, log, version).await?;
        protocol::check(&self.label, &snapshot)?;
        Ok(snapshot)
    }

    /// Chooses a version. As in Delta, the newest one has to be readable whichever is asked for: its
    /// protocol tells what the log may hold.
    pub async fn version(&self, read: &ReadOptions) -> Result<DeltaTableVersion> {
        if let Some(option) = read.options.keys().next() {
            let message = format!("table {}: Delta tables have no option '{option}'", self.label);
            return Err(Error::invalid(message));
        }
        let log = self.log().await?;
        let latest = self.snapshot(&log, log.latest()?).await?;
        let version = time_travel::resolve(&self.label, &self.files, &log, &latest, &read.version).await?;
        let snapshot = match version == latest.version {
            true => latest,
            false => self.snapshot(&log, version).await?,
        };
        DeltaTableVersion::new(self.clone(), Arc::new(log), Arc::new(snapshot))
    }
}

#[async_trait]
impl Table for DeltaTable {
    fn name(&self) -> &str {
        &self.label
    }

    fn format(&self) -> &'static str {
        "delta"
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(self.files.store())
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        Ok(Arc::new(self.version(read).await?))
    }

    fn system_tables(&self) -> &'static [&'static str] {
        &[HISTORY]
    }

    async fn system_table(&self, name: &str, _read: &ReadOptions) -> Result<Option<Arc<dyn SystemTable>>> {
        Ok((name == HISTORY).then(|| history::open(self.clone())))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
