//! Warehouses, tables and branches by name, and what happens without hints.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::fixture::{table, table_names, warehouse, warehouse_folder};
use crate::paimon::{FileSystemWarehouse, MetadataCache, is_table_folder};
use crate::table::{ScanRequest, TableVersion};
use crate::version::ReadOptions;
use crate::warehouse::Warehouse;

#[tokio::test]
async fn databases_and_tables_are_folders() {
    let warehouse = warehouse();
    assert_eq!(warehouse.databases().await.unwrap(), ["golden"]);
    assert_eq!(warehouse.tables("golden").await.unwrap(), table_names());
    assert!(warehouse.tables("nowhere").await.unwrap().is_empty());
    assert!(warehouse.table("golden", "nothing").await.unwrap().is_none());
    assert_eq!(warehouse.table("golden", "pk_dedup").await.unwrap().unwrap().name(), "golden.pk_dedup");
    assert!(warehouse.table("golden", "../golden.db/pk_dedup").await.is_err());
}

#[tokio::test]
async fn branches_have_their_own_versions_over_shared_files() {
    let main = table("life_branch").await;
    assert_eq!(main.branch_names().await.unwrap(), ["b1", "empty_b"]);
    let warehouse = warehouse();
    let branch = warehouse.open("golden", "life_branch", Some("b1")).await.unwrap().unwrap();
    let version = branch.version(&ReadOptions::default()).await.unwrap();
    let scan = version.plan(&ScanRequest::default()).await.unwrap();
    let root = main.layout().root();
    assert!(
        scan.splits.iter().flat_map(|split| split.unit.files()).all(|file| file.path.prefix_matches(root))
    );
    assert!(!scan.splits.is_empty());
    let empty = warehouse.open("golden", "life_branch", Some("empty_b")).await.unwrap().unwrap();
    let version = empty.version(&ReadOptions::default()).await.unwrap();
    assert_eq!((version.snapshot_id(), version.exact_row_count()), (None, Some(0)));
    let error = warehouse.open("golden", "life_branch", Some("b2")).await.unwrap_err();
    assert!(error.to_string().contains("b1, empty_b"), "{error}");
    assert!(warehouse.table("golden", "life_branch$branch_b1").await.unwrap().is_some());
}

/// A copy of a golden table's metadata in memory, at `w/d.db/t`.
async fn copy(name: &str) -> (Arc<dyn ObjectStore>, FileSystemWarehouse) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for folder in ["snapshot", "schema", "manifest"] {
        for entry in std::fs::read_dir(warehouse_folder().join("golden.db").join(name).join(folder)).unwrap()
        {
            let entry = entry.unwrap();
            let path =
                Path::parse(format!("w/d.db/t/{folder}/{}", entry.file_name().to_str().unwrap())).unwrap();
            store.put(&path, PutPayload::from(std::fs::read(entry.path()).unwrap())).await.unwrap();
        }
    }
    let warehouse =
        FileSystemWarehouse::new(Arc::clone(&store), Path::from("w"), &Arc::new(MetadataCache::default()));
    (store, warehouse)
}

#[tokio::test]
async fn hints_may_be_missing_stale_or_nonsense() {
    let (store, warehouse) = copy("pk_dedup").await;
    let table = warehouse.open("d", "t", None).await.unwrap().unwrap();
    let ids = table.timeline().snapshot_ids().await.unwrap();
    let ends = (ids.first().copied(), ids.last().copied());
    assert!(ids.len() > 2);
    let hints = [table.layout().snapshots().join("LATEST"), table.layout().snapshots().join("EARLIEST")];
    for text in [None, Some("2"), Some("0"), Some("99999"), Some("many"), Some("")] {
        for hint in &hints {
            match text {
                Some(text) => {
                    store.put(hint, PutPayload::from(text.as_bytes().to_vec())).await.map(|_| ()).unwrap()
                }
                None => store.delete(hint).await.unwrap(),
            }
        }
        let timeline = table.timeline();
        let earliest = if text == Some("2") { Some(2) } else { ends.0 };
        assert_eq!(timeline.latest().await.unwrap().map(|snapshot| snapshot.id), ends.1, "{text:?}");
        assert_eq!(timeline.earliest_id().await.unwrap(), earliest, "{text:?}");
    }
}

#[tokio::test]
async fn a_snapshot_that_was_written_anew_is_read_anew() {
    let (store, warehouse) = copy("pk_dedup").await;
    let table = warehouse.open("d", "t", None).await.unwrap().unwrap();
    let latest = table.timeline().latest().await.unwrap().unwrap();
    let path = table.layout().snapshot(latest.id);
    let text = store.get(&path).await.unwrap().bytes().await.unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    json["commitUser"] = "another".into();
    store.put(&path, PutPayload::from(json.to_string().into_bytes())).await.unwrap();
    assert_eq!(table.timeline().latest().await.unwrap().unwrap().commit_user, "another");
}

#[tokio::test]
async fn versions_of_the_future_are_refused() {
    let (store, warehouse) = copy("pk_dedup").await;
    let table = warehouse.open("d", "t", None).await.unwrap().unwrap();
    let latest = table.timeline().latest().await.unwrap().unwrap();
    for path in [table.layout().snapshot(latest.id), table.layout().schema(latest.schema_id)] {
        let text = store.get(&path).await.unwrap().bytes().await.unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        json["version"] = 4.into();
        store.put(&path, PutPayload::from(json.to_string().into_bytes())).await.unwrap();
        let error = table.version(&ReadOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains("version 4"), "{error}");
        store.put(&path, PutPayload::from(text)).await.unwrap();
    }
}

#[tokio::test]
async fn a_missing_manifest_is_an_error_that_names_it() {
    let (store, warehouse) = copy("pk_dedup").await;
    let table = warehouse.open("d", "t", None).await.unwrap().unwrap();
    let latest = table.timeline().latest().await.unwrap().unwrap();
    store.delete(&table.layout().manifest(&latest.delta_manifest_list).unwrap()).await.unwrap();
    let version = table.version(&ReadOptions::default()).await.unwrap();
    let error = version.plan(&ScanRequest::default()).await.unwrap_err();
    assert!(error.to_string().contains(&latest.delta_manifest_list), "{error}");
}

#[tokio::test]
async fn table_folders_are_told_by_their_schemas() {
    let (store, _) = copy("pk_dedup").await;
    assert!(is_table_folder(&store, &Path::from("w/d.db/t")).await.unwrap());
    assert!(!is_table_folder(&store, &Path::from("w/d.db")).await.unwrap());
}
