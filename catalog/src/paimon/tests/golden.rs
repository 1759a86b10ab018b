//! Plans of the golden tables: every snapshot of every table that Java wrote.

use super::fixture::{table, table_names, warehouse, warehouse_folder};
use crate::paimon::ObjectName;
use crate::paimon::manifest::{EntryKind, ManifestEntry};
use crate::split::{SplitUnit, TableScan};
use crate::table::{ScanRequest, TableVersion};
use crate::version::{ReadOptions, VersionSpec};

fn files(scan: &TableScan) -> impl Iterator<Item = &crate::split::DataFile> {
    scan.splits.iter().flat_map(|split| split.unit.files())
}

fn at(version: VersionSpec) -> ReadOptions {
    ReadOptions { version, options: [("tarn.read-fresh".to_string(), "true".to_string())].into() }
}

#[tokio::test]
async fn every_snapshot_consists_of_the_rows_it_counts() {
    for name in table_names() {
        let table = table(&name).await;
        let schema = table.latest_schema().await.unwrap();
        let reader = table.manifest_reader(&schema.table);
        for id in table.timeline().snapshot_ids().await.unwrap() {
            let snapshot = table.timeline().snapshot(id).await.unwrap();
            let live = reader.live(&snapshot).await.unwrap();
            let rows: u64 = live.iter().map(|entry| entry.file.row_count).sum();
            assert_eq!(rows as i64, snapshot.total_record_count.unwrap(), "{name}@{id}");
            let sign = |entry: &ManifestEntry| if entry.kind == EntryKind::Add { 1 } else { -1 };
            let delta = reader.delta(&snapshot).await.unwrap();
            let rows: i64 = delta.iter().map(|entry| sign(entry) * entry.file.row_count as i64).sum();
            assert_eq!(rows, snapshot.delta_record_count.unwrap(), "{name}@{id}");
            let changelog = reader.changelog(&snapshot).await.unwrap();
            let rows: u64 = changelog.iter().map(|entry| entry.file.row_count).sum();
            assert_eq!(rows as i64, snapshot.changelog_record_count.unwrap_or(0), "{name}@{id}");
        }
    }
}

#[tokio::test]
async fn every_planned_file_is_there_with_its_size() {
    for name in table_names() {
        let table = table(&name).await;
        let version = table.version(&at(VersionSpec::Latest)).await.unwrap();
        let scan = version.plan(&ScanRequest::default()).await.unwrap();
        for file in files(&scan) {
            let path = warehouse_folder().join(file.path.as_ref());
            let found = std::fs::metadata(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            assert_eq!(found.len(), file.size, "{path:?}");
        }
    }
}

/// A batch query of the golden set.
#[derive(serde::Deserialize)]
struct Query {
    object: String,
    kind: String,
    #[serde(default)]
    options: std::collections::BTreeMap<String, String>,
    rows: Option<u64>,
    error: Option<String>,
}

fn batch_queries() -> Vec<Query> {
    let manifest = warehouse_folder().parent().unwrap().join("expected/manifest.jsonl");
    let lines = std::fs::read_to_string(manifest).unwrap();
    let queries = lines.lines().map(|line| serde_json::from_str::<Query>(line).unwrap());
    queries.filter(|query| query.kind == "batch").collect()
}

#[tokio::test]
async fn tarn_refuses_what_java_refuses() {
    let warehouse = warehouse();
    let (mut answered, mut refused) = (0, 0);
    for query in batch_queries() {
        let name = ObjectName::parse(&query.object).unwrap();
        if name.system.is_some() {
            continue;
        }
        let table = warehouse.open("golden", &name.table, name.branch.as_deref()).await.unwrap().unwrap();
        let read = ReadOptions { options: query.options.clone(), ..ReadOptions::default() };
        let planned = async { table.version(&read).await?.plan(&ScanRequest::default()).await }.await;
        let (object, options) = (&query.object, &query.options);
        match (&query.error, planned) {
            (None, Ok(scan)) => {
                answered += 1;
                let rows: u64 = files(&scan).map(|file| file.rows).sum();
                let expected = query.rows.unwrap();
                assert!(rows >= expected, "{object} {options:?}: {rows} rows planned, {expected} expected");
                let plain = scan.splits.iter().all(|split| matches!(split.unit, SplitUnit::Files(_)));
                if plain && scan.deletes.is_empty() {
                    assert_eq!(rows, expected, "{object} {options:?}");
                }
            }
            (Some(_), Err(_)) => refused += 1,
            (None, Err(error)) => panic!("{object} {options:?}: {error}"),
            (Some(error), Ok(_)) => panic!("{object} {options:?} was planned; Java said: {error}"),
        }
    }
    assert!(answered > 1000 && refused > 100, "{answered} answered, {refused} refused");
}
