//! What a folder is, and how it is opened as a table.

use std::sync::Arc;

use futures::future::try_join_all;
use object_store::path::Path;
use tarn_catalog::delta::{DeltaTable, LOG_FOLDER};
use tarn_catalog::files::MetadataFiles;
use tarn_catalog::iceberg::{IcebergTable, METADATA_SUFFIX};
use tarn_catalog::location::LakePlace;
use tarn_catalog::paimon::{FileSystemWarehouse, ObjectName};
use tarn_catalog::row_tracking::{ROW_TRACKING, RowTrackingTable, TracksRows};
use tarn_catalog::table::Table;
use tarn_catalog::{Error, Result};

use crate::folders::FolderTable;
use crate::scan::shared::ScanShared;

/// Folders that are looked into to find tables in them.
const FOLDERS_TRIED: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableFormat {
    Paimon,
    Delta,
    Iceberg,
    Hudi,
    Lance,
    /// Data files without metadata.
    Files,
}

impl TableFormat {
    /// A format by the name by which it is asked for.
    pub fn named(name: &str) -> std::result::Result<Self, String> {
        Ok(match name {
            "paimon" => Self::Paimon,
            "delta" => Self::Delta,
            "iceberg" => Self::Iceberg,
            "files" => Self::Files,
            _ => {
                return Err(format!(
                    "\"{name}\" is no type of a lake: they are paimon, delta, iceberg, files"
                ));
            }
        })
    }

    /// By the folders in a table's folder; those of Paimon and Iceberg have names that others may use.
    fn by_marker(folders: &[String]) -> Option<Self> {
        let has = |name: &str| folders.iter().any(|folder| folder == name);
        [(LOG_FOLDER, Self::Delta), (".hoodie", Self::Hudi), ("_versions", Self::Lance)]
            .into_iter()
            .find_map(|(marker, format)| has(marker).then_some(format))
    }
}

/// Opens folders of a lake as tables of whichever format they are.
#[derive(Debug, Clone)]
pub(super) struct TableFolders {
    pub paimon: FileSystemWarehouse,
    pub files: MetadataFiles,
    pub place: Arc<LakePlace>,
    pub scans: Arc<ScanShared>,
    /// The format that all tables are said to have.
    pub only: Option<TableFormat>,
}

impl TableFolders {
    /// The format of a table's folder; `None` where it is no table's, or is one of another format than all
    /// tables are said to have.
    pub async fn format_of(&self, folder: &Path) -> Result<Option<TableFormat>> {
        let found = match self.only {
            Some(TableFormat::Files) => {
                self.files_of(folder, &self.files.folder_names(folder).await?).await?
            }
            _ => self.recognised(folder).await?,
        };
        Ok(found.filter(|found| self.only.is_none_or(|only| only == *found)))
    }

    async fn recognised(&self, folder: &Path) -> Result<Option<TableFormat>> {
        let folders = self.files.folder_names(folder).await?;
        if let Some(format) = TableFormat::by_marker(&folders) {
            return Ok(Some(format));
        }
        let has = |name: &str| folders.iter().any(|folder| folder == name);
        if has("schema")
            && self.holds(&folder.clone().join("schema"), |name| name.starts_with("schema-")).await?
        {
            return Ok(Some(TableFormat::Paimon));
        }
        let is_metadata = |name: &str| name.ends_with(METADATA_SUFFIX);
        if has("metadata") && self.holds(&folder.clone().join("metadata"), is_metadata).await? {
            return Ok(Some(TableFormat::Iceberg));
        }
        self.files_of(folder, &folders).await
    }

    /// Whether a folder holds files of rows, or folders of partitions.
    async fn files_of(&self, folder: &Path, folders: &[String]) -> Result<Option<TableFormat>> {
        let is_data = |name: &str| FolderTable::format_of(name).is_some();
        let holds = folders.iter().any(|name| name.contains('=')) || self.holds(folder, is_data).await?;
        Ok(holds.then_some(TableFormat::Files))
    }

    async fn holds(&self, folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<bool> {
        Ok(self.files.file_names(folder).await?.iter().any(|name| wanted(name)))
    }

    /// Whether one of the first folders in a folder is a table's.
    pub async fn any_table_in(&self, folder: &Path, names: &[String]) -> Result<bool> {
        let tried = names.iter().take(FOLDERS_TRIED).map(async |name| {
            let folder: Path = folder.clone().join(name.as_str());
            self.format_of(&folder).await
        });
        Ok(try_join_all(tried).await?.iter().any(Option::is_some))
    }

    /// Names of the folders in a folder that can be tables.
    pub async fn names_in(&self, folder: &Path) -> Result<Vec<String>> {
        let mut names = self.files.folder_names(folder).await?;
        names.retain(|name| !name.starts_with(['.', '_']));
        Ok(names)
    }

    /// Opens a folder as the table that it is; `None` where it is none.
    pub async fn open(&self, label: &str, folder: Path, name: &ObjectName) -> Result<Option<Arc<dyn Table>>> {
        match self.format_of(&folder).await? {
            None => Ok(None),
            Some(TableFormat::Paimon) => self.open_paimon(label, folder, name),
            Some(TableFormat::Delta) => {
                let place = Arc::clone(&self.place);
                opened("Delta", name, DeltaTable::new(label, self.files.clone(), folder, place)).map(Some)
            }
            Some(TableFormat::Iceberg) => {
                let place = Arc::clone(&self.place);
                opened("Iceberg", name, IcebergTable::new(label, self.files.clone(), folder, place)).map(Some)
            }
            Some(TableFormat::Files) => {
                no_views("file", label, name)?;
                let store = Arc::clone(self.files.store());
                Ok(Some(Arc::new(FolderTable::new(label, store, folder, Arc::clone(&self.scans)))))
            }
            Some(TableFormat::Hudi) => Err(Error::unsupported(label, "Hudi")),
            Some(TableFormat::Lance) => Err(Error::unsupported(label, "Lance")),
        }
    }

    fn open_paimon(&self, label: &str, folder: Path, name: &ObjectName) -> Result<Option<Arc<dyn Table>>> {
        let opened = self.paimon.open_folder(label, folder, name.branch.as_deref())?;
        match &name.system {
            None => Ok(Some(Arc::new(opened))),
            Some(system) => opened.view(system).map(Some),
        }
    }
}

/// A table, or its view `t$row_tracking`.
fn opened<T: TracksRows + 'static>(format: &str, name: &ObjectName, table: T) -> Result<Arc<dyn Table>> {
    match (&name.branch, name.system.as_deref()) {
        (None, Some(ROW_TRACKING)) => Ok(Arc::new(RowTrackingTable::new(table))),
        _ => no_views(format, table.name(), name).map(|()| Arc::new(table) as Arc<dyn Table>),
    }
}

/// Refuses the names of branches and of views of a table's rows, which are Paimon's.
fn no_views(format: &str, label: &str, name: &ObjectName) -> Result<()> {
    match (&name.branch, &name.system) {
        (None, None) => Ok(()),
        (Some(branch), _) => Err(Error::not_found(
            format!("branch '{branch}' of table {label}"),
            format!("it is a {format} table"),
        )),
        (None, Some(system)) => {
            Err(Error::not_found(format!("table {label}${system}"), format!("{label} is a {format} table")))
        }
    }
}
