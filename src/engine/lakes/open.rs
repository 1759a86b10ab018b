//! What a location holds: a warehouse, one database of it, or one table.

use std::sync::Arc;

use futures::future::join_all;
use object_store::path::Path;
use object_store::{ListResult, ObjectStore};
use tarn_catalog::paimon::{FileSystemWarehouse, MetadataCache, is_table_folder};
use tarn_catalog::warehouse::Warehouse;
use tokio::runtime::Handle;

use super::folders::{DatabaseFolder, TableFolder};
use super::location::LakeLocation;
use super::stores::{self, StoreRoot};
use super::warehouse::WarehouseTables;
use super::{DEFAULT_DATABASE, Lake};
use crate::error::{Error, ErrorKind, Result};
use crate::scan::shared::ScanShared;

const DATABASE_SUFFIX: &str = ".db";

/// Folders of a location that are looked into to find tables without a `.db` folder above them.
const FOLDERS_TRIED: usize = 64;

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
    let warehouse = FileSystemWarehouse::new(Arc::clone(&place.store), place.root.clone(), &context.metadata)
        .with_store_url(place.url.clone());
    let folders = folder_names(&listing);
    let found: Arc<dyn Warehouse> = if folders.iter().any(|name| name.ends_with(DATABASE_SUFFIX)) {
        Arc::new(warehouse)
    } else if is_table_folder(&place.store, &place.root).await? {
        let name = own_name(&place).unwrap_or_else(|| location.name.clone());
        Arc::new(TableFolder::new(warehouse, place.root.clone(), DEFAULT_DATABASE, &name))
    } else if holds_tables(&place, &folders).await? {
        let own = own_name(&place);
        let database = own.as_deref().and_then(|name| name.strip_suffix(DATABASE_SUFFIX));
        Arc::new(DatabaseFolder::new(warehouse, place.root.clone(), database.unwrap_or(DEFAULT_DATABASE)))
    } else {
        return Err(no_lake(&location.url, &listing, &folders));
    };
    Ok(Lake::new(&location.name, Arc::new(WarehouseTables::new(found, Arc::clone(&context.scans)))))
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

async fn holds_tables(place: &StoreRoot, folders: &[String]) -> Result<bool> {
    let tried = folders.iter().take(FOLDERS_TRIED).map(async |name| {
        let folder: Path = place.root.clone().join(name.as_str());
        is_table_folder(&place.store, &folder).await
    });
    let found: tarn_catalog::Result<Vec<bool>> = join_all(tried).await.into_iter().collect();
    Ok(found?.contains(&true))
}

/// Says what the place looks like instead.
fn no_lake(location: &str, listing: &ListResult, folders: &[String]) -> Error {
    let has = |name: &str| folders.iter().any(|folder| folder == name);
    let ends = |suffix: &str| listing.objects.iter().any(|file| file.location.as_ref().ends_with(suffix));
    let foreign = [
        (has("_delta_log"), "a Delta table"),
        (has(".hoodie"), "a Hudi table"),
        (has("_versions"), "a Lance dataset"),
        (has("metadata") && has("data"), "an Iceberg table"),
        (ends(".parquet"), "a folder of Parquet files"),
        (ends(".orc"), "a folder of ORC files"),
    ]
    .into_iter()
    .find_map(|(present, what)| present.then_some(what));
    if let Some(what) = foreign {
        return Error::new(
            ErrorKind::Unsupported,
            format!("{location} is {what}, which Tarn does not read yet"),
        );
    }
    let error = Error::new(ErrorKind::UndefinedDatabase, format!("{location} is no lake"))
        .with_hint("A lake is a Paimon warehouse (DATABASE.db/TABLE folders), one DATABASE.db folder, or one table's folder.");
    if folders.is_empty() && listing.objects.is_empty() {
        return error.with_detail("There is nothing at that place.");
    }
    let mut names: Vec<&str> = folders.iter().map(String::as_str).take(5).collect();
    names.extend(listing.objects.iter().filter_map(|file| file.location.filename()).take(5));
    error.with_detail(format!("It holds {}.", names.join(", ")))
}
