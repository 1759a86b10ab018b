//! What a location holds: a warehouse, one database of it, or one table.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{ListResult, ObjectStore};
use tarn_catalog::cache::MetadataCache;
use tarn_catalog::files::MetadataFiles;
use tarn_catalog::location::LakePlace;
use tarn_catalog::paimon::FileSystemWarehouse;
use tarn_catalog::warehouse::Warehouse;
use tokio::runtime::Handle;

use super::folders::{DatabaseFolder, TableFolder, WarehouseFolder};
use super::formats::{TableFolders, TableFormat};
use super::location::LakeLocation;
use super::stores::{self, StoreRoot};
use super::warehouse::WarehouseTables;
use super::{DEFAULT_DATABASE, Lake};
use crate::error::{Error, ErrorKind, Result};
use crate::scan::shared::ScanShared;

const DATABASE_SUFFIX: &str = ".db";

/// Folders of a location that are looked into to find tables in their folders.
const DATABASES_TRIED: usize = 16;

/// What opening a lake needs of the engine.
#[derive(Debug, Clone)]
pub(crate) struct LakeContext {
    pub metadata: Arc<MetadataCache>,
    pub scans: Arc<ScanShared>,
    /// The runtime on which stores send requests.
    pub network: Handle,
}

/// Opens a lake. Fails where the place cannot be reached or is no lake.
pub(crate) async fn open(location: &LakeLocation, context: &LakeContext) -> Result<Lake> {
    let place = stores::open(&location.url, &context.network)?;
    let listing = list(&place, &location.url).await?;
    let folders = folder_names(&listing);
    let found = find(location, &place, &folders, context).await?;
    let found = found.ok_or_else(|| no_lake(&location.url, &listing, &folders))?;
    Ok(Lake::new(&location.name, Arc::new(WarehouseTables::new(found, Arc::clone(&context.scans)))))
}

/// What a place holds; `None` where that is no lake.
async fn find(
    location: &LakeLocation,
    place: &StoreRoot,
    folders: &[String],
    context: &LakeContext,
) -> Result<Option<Arc<dyn Warehouse>>> {
    let warehouse = FileSystemWarehouse::new(Arc::clone(&place.store), place.root.clone(), &context.metadata)
        .with_store_url(place.url.clone());
    let may_be_paimon = place.format.is_none_or(|format| format == TableFormat::Paimon);
    if may_be_paimon && folders.iter().any(|name| name.ends_with(DATABASE_SUFFIX)) {
        return Ok(Some(Arc::new(warehouse)));
    }
    let tables = TableFolders {
        paimon: warehouse,
        files: MetadataFiles::new(Arc::clone(&place.store), context.metadata.scope()),
        scans: Arc::clone(&context.scans),
        only: place.format,
        place: Arc::new(LakePlace::new(place.root.clone(), place.url.clone(), place.stored_at.as_deref())),
    };
    let root = &place.root;
    if tables.format_of(root).await?.is_some() {
        let name = own_name(place).unwrap_or_else(|| location.name.clone());
        return Ok(Some(Arc::new(TableFolder::new(tables, root.clone(), DEFAULT_DATABASE, &name))));
    }
    if tables.any_table_in(root, folders).await? {
        let own = own_name(place);
        let database = own.as_deref().and_then(|name| name.strip_suffix(DATABASE_SUFFIX));
        let database = database.unwrap_or(DEFAULT_DATABASE);
        return Ok(Some(Arc::new(DatabaseFolder::new(tables, root.clone(), database))));
    }
    for name in folders.iter().take(DATABASES_TRIED) {
        let database: Path = root.clone().join(name.as_str());
        let inside = tables.names_in(&database).await?;
        if tables.any_table_in(&database, &inside).await? {
            return Ok(Some(Arc::new(WarehouseFolder::new(tables, root.clone()))));
        }
    }
    Ok(None)
}

async fn list(place: &StoreRoot, location: &str) -> Result<ListResult> {
    let root = Some(&place.root).filter(|root| !root.as_ref().is_empty());
    place
        .store
        .list_with_delimiter(root)
        .await
        .map_err(|error| Error::new(ErrorKind::Storage, format!("cannot open the lake {location}: {error}")))
}

fn folder_names(listing: &ListResult) -> Vec<String> {
    listing.common_prefixes.iter().filter_map(|path| path.filename()).map(str::to_owned).collect()
}

/// The last part of the location itself.
fn own_name(place: &StoreRoot) -> Option<String> {
    place.root.filename().map(str::to_owned).or_else(|| {
        let path = place.url.to_file_path().ok()?;
        Some(path.file_name()?.to_string_lossy().into_owned())
    })
}

/// Says what the place looks like instead.
fn no_lake(location: &str, listing: &ListResult, folders: &[String]) -> Error {
    let error = Error::new(ErrorKind::UndefinedDatabase, format!("{location} is no lake"))
        .with_hint("A lake is a Paimon warehouse (DATABASE.db/TABLE folders), a folder of tables, or one table's folder.");
    if folders.is_empty() && listing.objects.is_empty() {
        return error.with_detail("There is nothing at that place.");
    }
    let mut names: Vec<&str> = folders.iter().map(String::as_str).take(5).collect();
    names.extend(listing.objects.iter().filter_map(|file| file.location.filename()).take(5));
    error.with_detail(format!("It holds {}.", names.join(", ")))
}
