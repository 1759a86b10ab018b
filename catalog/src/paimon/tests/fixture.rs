//! The golden tables, unpacked once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use object_store::local::LocalFileSystem;

use crate::error::Result;
use crate::paimon::{FileSystemWarehouse, MetadataCache, PaimonTable};
use crate::split::TableScan;
use crate::table::{ScanRequest, TableVersion};
use crate::version::ReadOptions;

/// The packed golden set, from this package's folder.
const ARCHIVE: &str = "../sql-tests/golden/paimon.tar.zst";

/// The warehouse folder of the golden set: that of `TARN_GOLDEN`, or unpacked from the archive.
pub fn warehouse_folder() -> &'static Path {
    static FOLDER: OnceLock<(Option<tempfile::TempDir>, PathBuf)> = OnceLock::new();
    let (_, folder) = FOLDER.get_or_init(|| {
        if let Some(folder) = std::env::var_os("TARN_GOLDEN") {
            return (None, PathBuf::from(folder).join("warehouse"));
        }
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(ARCHIVE);
        let file = std::fs::File::open(&archive).expect("the golden archive");
        let target = tempfile::tempdir().expect("a folder to unpack to");
        let decoder = zstd::Decoder::new(file).expect("a zstd archive");
        tar::Archive::new(decoder).unpack(target.path()).expect("a tar archive");
        let folder = target.path().join("visible/warehouse");
        (Some(target), folder)
    });
    folder
}

/// Names of the golden tables.
pub fn table_names() -> Vec<String> {
    let entries = std::fs::read_dir(warehouse_folder().join("golden.db")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn warehouse() -> FileSystemWarehouse {
    let store = Arc::new(LocalFileSystem::new_with_prefix(warehouse_folder()).unwrap());
    FileSystemWarehouse::new(store, object_store::path::Path::default(), &Arc::new(MetadataCache::default()))
}

pub async fn table(name: &str) -> PaimonTable {
    warehouse().open("golden", name, None).await.unwrap().unwrap()
}

/// Plans the current version of a golden table under some options.
pub async fn plan(name: &str, options: &[(&str, &str)], request: &ScanRequest) -> Result<TableScan> {
    let options = options.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let read = ReadOptions { options, ..ReadOptions::default() };
    table(name).await.version(&read).await?.plan(request).await
}

pub async fn plan_latest(name: &str) -> TableScan {
    plan(name, &[], &ScanRequest::default()).await.unwrap()
}
