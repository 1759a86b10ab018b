//! Deletion vectors decode to as many positions as their writer counted.

use object_store::ObjectStoreExt;
use tarn_catalog::row_positions::RowPositions;
use tarn_catalog::split::DeleteSource;
use tarn_catalog::table::{ScanRequest, Table, TableVersion};
use tarn_catalog::version::{ReadOptions, VersionSpec};

use crate::golden;

#[tokio::test]
async fn vectors_have_their_cardinality_and_fit_their_files() {
    let mut decoded = 0;
    for name in golden::table_names("dv_").await {
        let table = golden::table(&name).await;
        for snapshot in table.timeline().snapshot_ids().await.unwrap() {
            let read = ReadOptions { version: VersionSpec::Snapshot(snapshot), ..ReadOptions::default() };
            let scan = table.version(&read).await.unwrap().plan(&ScanRequest::default()).await.unwrap();
            for file in scan.splits.iter().flat_map(|split| split.unit.files()) {
                for index in &file.deletes {
                    let DeleteSource::Bitmap { path, offset, length, layout, cardinality } =
                        &scan.deletes[*index]
                    else {
                        panic!("{name}: a delete that is no deletion vector");
                    };
                    let bytes = table.store().get_range(path, *offset..offset + length).await.unwrap();
                    let positions = RowPositions::decode(&bytes, *layout, path).unwrap();
                    assert_eq!(Some(positions.len()), *cardinality, "{name}: {path} at {offset}");
                    assert!(positions.max().unwrap() < file.rows, "{name}: {path} at {offset}");
                    assert!(positions.iter().all(|position| positions.contains(position)));
                    decoded += 1;
                }
            }
        }
    }
    assert!(decoded > 20, "{decoded} deletion vectors");
}
