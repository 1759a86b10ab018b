//! Planning over many files: what is live, what is pruned, and that nothing is read twice.

use std::collections::BTreeSet;

use object_store::ObjectStoreExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::synthetic::{Commits, File, ROWS, table, write_branch};
use crate::datum::Datum;
use crate::error::Error;
use crate::paimon::PaimonTable;
use crate::predicate::{Leaf, Predicate, Test};
use crate::split::{SplitUnit, TableScan};
use crate::table::{ScanRequest, Table, TableVersion};
use crate::version::{ReadOptions, VersionSpec};

const P: i32 = 0;
const K: i32 = 1;
const V: i32 = 2;

async fn plan(table: &PaimonTable, predicate: Predicate) -> TableScan {
    let version = table.version(&ReadOptions::default()).await.unwrap();
    version.plan(&ScanRequest { predicate }).await.unwrap()
}

fn leaf(field_id: i32, test: Test) -> Predicate {
    Predicate::Leaf(Leaf { field_id, test })
}

fn names(scan: &TableScan) -> BTreeSet<String> {
    let files = scan.splits.iter().flat_map(|split| split.unit.files());
    files.map(|file| file.path.filename().unwrap().to_string()).collect()
}

#[tokio::test]
async fn one_partition_of_many_is_found_and_planned_again_without_reading() {
    let (partitions, files_each, manifests) = (500, 40, 10);
    let mut commits: Commits = vec![Vec::new(); manifests];
    for partition in 0..partitions {
        for file in 0..files_each {
            let number = (partition * files_each + file) as u32;
            let file = File { partition, bucket: 0, number, level: 0, keys: (0, 9), values: (0, 9) };
            commits[number as usize % manifests].push((true, file));
        }
    }
    let (store, table) = table(false, json!({}), &commits).await;
    let scan = plan(&table, leaf(P, Test::Equal(Datum::Integer(77)))).await;
    assert_eq!(names(&scan).len(), files_each as usize);
    let counts = scan.pruning;
    assert_eq!((counts.partitions_considered, counts.partitions_pruned), (500, 499));
    assert_eq!((counts.files_considered, counts.files_pruned), (20_000, 19_960));
    for number in 0..manifests {
        store.delete(&table.layout().manifest(&format!("manifest-{number}")).unwrap()).await.unwrap();
    }
    let again = plan(&table, leaf(P, Test::Equal(Datum::Integer(78)))).await;
    assert_eq!(names(&again).len(), files_each as usize);
    assert_eq!(plan(&table, Predicate::True).await.splits.len(), 500);
}

/// Random commits: files are added, some deleted, some moved up a level under their name.
fn random_commits(random: &mut StdRng) -> (Commits, Vec<File>) {
    let mut live: Vec<File> = Vec::new();
    let mut commits: Commits = Vec::new();
    for number in 0..random.random_range(1..40u32) {
        let mut commit = Vec::new();
        if !live.is_empty() && random.random_bool(0.4) {
            let gone = live.swap_remove(random.random_range(0..live.len()));
            commit.push((false, gone.clone()));
            if random.random_bool(0.5) && gone.level < 5 {
                let raised = File { level: gone.level + 1, ..gone };
                commit.push((true, raised.clone()));
                live.push(raised);
            }
        }
        let (key, value) = (random.random_range(0..100), random.random_range(0..100));
        let file = File {
            partition: random.random_range(0..3),
            bucket: random.random_range(0..2),
            number,
            level: random.random_range(0..3),
            keys: (key, key + random.random_range(0..20)),
            values: (value, value + random.random_range(0..20)),
        };
        commit.push((true, file.clone()));
        live.push(file);
        commits.push(commit);
    }
    // The order of manifests does not matter.
    commits.shuffle(random);
    (commits, live)
}

/// Seeded: the plan has every live file that can hold a wanted row, and no key lies in two units.
#[tokio::test]
async fn random_tables_lose_no_file_that_may_matter() {
    let mut random = StdRng::seed_from_u64(11);
    for round in 0..150 {
        let keyed = round % 2 == 0;
        let (commits, live) = random_commits(&mut random);
        let (_, table) = table(keyed, json!({"bucket": "2"}), &commits).await;
        let all: BTreeSet<String> = live.iter().map(File::name).collect();
        let scan = plan(&table, Predicate::True).await;
        assert_eq!(names(&scan), all);
        let rows: u64 = scan.splits.iter().flat_map(|split| split.unit.files()).map(|file| file.rows).sum();
        assert_eq!(rows, live.len() as u64 * ROWS);
        check_units(&scan, keyed);

        let (partition, key, value) =
            (random.random_range(0..3), random.random_range(0..120), random.random_range(0..120));
        let wanted = Predicate::And(vec![
            leaf(P, Test::Equal(Datum::Integer(partition))),
            leaf(K, Test::Equal(Datum::Integer(key))),
            leaf(V, Test::Less(Datum::Integer(value))),
        ]);
        let pruned = plan(&table, wanted).await;
        let holds = |file: &&File| {
            i64::from(file.partition) == partition
                && (i64::from(file.keys.0)..=i64::from(file.keys.1)).contains(&key)
                && file.values.0 < value
        };
        let needed: BTreeSet<String> = live.iter().filter(holds).map(File::name).collect();
        assert!(needed.is_subset(&names(&pruned)), "round {round}");
        if keyed {
            // Versions of a wanted key come together or not at all.
            let versions = live.iter().filter(|file| i64::from(file.partition) == partition);
            let versions =
                versions.filter(|file| (i64::from(file.keys.0)..=i64::from(file.keys.1)).contains(&key));
            for file in versions {
                let together = live.iter().filter(holds).any(|other| other.bucket == file.bucket);
                assert!(!together || names(&pruned).contains(&file.name()), "round {round}");
            }
        } else {
            assert_eq!(names(&pruned), needed, "round {round}");
        }
        check_units(&pruned, keyed);
    }
}

fn check_units(scan: &TableScan, keyed: bool) {
    let mut ranges: Vec<(i64, i32, Vec<Datum>, Vec<Datum>)> = Vec::new();
    for split in &scan.splits {
        let Datum::Integer(partition) = split.partition[0] else { panic!("a partition") };
        match &split.unit {
            SplitUnit::Files(files) => {
                for file in files.iter().filter(|_| keyed) {
                    assert!(file.level > 0, "a file of level 0 stands alone");
                    ranges.push((partition, split.bucket, file.min_key.clone(), file.max_key.clone()));
                }
            }
            SplitUnit::Merge { runs, .. } => {
                assert!(keyed);
                let order = |a: &Datum, b: &Datum| a.compare(b).unwrap();
                for run in runs {
                    assert!(
                        run.windows(2).all(|pair| order(&pair[0].max_key[0], &pair[1].min_key[0]).is_lt())
                    );
                }
                let files = || runs.iter().flatten();
                let min = files().map(|file| &file.min_key).min_by(|a, b| order(&a[0], &b[0])).unwrap();
                let max = files().map(|file| &file.max_key).max_by(|a, b| order(&a[0], &b[0])).unwrap();
                ranges.push((partition, split.bucket, min.clone(), max.clone()));
            }
            SplitUnit::Zip { .. } => panic!("a zip"),
        }
    }
    for (index, (partition, bucket, min, max)) in ranges.iter().enumerate() {
        for (other_partition, other_bucket, other_min, other_max) in &ranges[index + 1..] {
            if (partition, bucket) == (other_partition, other_bucket) {
                let apart = max[0].compare(&other_min[0]).unwrap().is_lt()
                    || other_max[0].compare(&min[0]).unwrap().is_lt();
                assert!(apart, "{min:?}..{max:?} meets {other_min:?}..{other_max:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_is_added_twice_is_an_error() {
    let file = File { partition: 0, bucket: 0, number: 1, level: 0, keys: (0, 1), values: (0, 1) };
    let (_, table) = table(false, json!({}), &vec![vec![(true, file.clone())], vec![(true, file)]]).await;
    let version = table.version(&ReadOptions::default()).await.unwrap();
    let error = version.plan(&ScanRequest::default()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt { .. }) && error.to_string().contains("data-1.parquet"),
        "{error}"
    );
}

#[tokio::test]
async fn options_of_a_table_that_change_reads_are_refused_by_name() {
    for (name, value) in [
        ("merge-engine", "newest"),
        ("bucket-function.type", "murmur9"),
        ("changelog-producer", "magic"),
        ("pk-clustering-override", "true"),
        ("type", "object-table"),
        ("sequence.snapshot-ordering", "true"),
    ] {
        let (_, table) = table(true, json!({name: value}), &Vec::new()).await;
        let error = table.version(&ReadOptions::default()).await.unwrap_err();
        assert!(
            matches!(error, Error::Unsupported { .. }) && error.to_string().contains("d.t"),
            "{name}: {error}"
        );
    }
}

fn lone_file(partition: i32, number: u32) -> (bool, File) {
    (true, File { partition, bucket: 0, number, level: 0, keys: (0, 1), values: (0, 1) })
}

#[tokio::test]
async fn partitions_that_one_branch_lacks_come_from_the_other() {
    let main = vec![vec![lone_file(1, 11), lone_file(2, 12)]];
    let other = vec![vec![lone_file(2, 22), lone_file(3, 23)]];
    for (option, expected) in [
        ("scan.fallback-branch", ["data-11.parquet", "data-12.parquet", "data-23.parquet"]),
        ("scan.primary-branch", ["data-11.parquet", "data-22.parquet", "data-23.parquet"]),
    ] {
        let (store, table) = table(false, json!({option: "b"}), &main).await;
        // A branch that does not exist is none.
        let before =
            table.at(&ReadOptions::default()).await.unwrap().plan(&ScanRequest::default()).await.unwrap();
        assert_eq!(names(&before).len(), 2);
        write_branch(&store, Some("b"), true, json!({}), &other).await;
        for version in [VersionSpec::Latest, VersionSpec::Snapshot(1), VersionSpec::AsOfMillis(5)] {
            let read = ReadOptions { version, ..ReadOptions::default() };
            let version = table.at(&read).await.unwrap();
            let scan = version.plan(&ScanRequest::default()).await.unwrap();
            assert_eq!(names(&scan), expected.map(str::to_string).into());
            assert!(
                scan.splits
                    .iter()
                    .flat_map(|split| split.unit.files())
                    .all(|file| file.file_schema < scan.file_schemas.len())
            );
            assert_eq!((version.snapshot_id(), version.exact_row_count()), (Some(1), None));
        }
        let error = table.version(&ReadOptions::default()).await.unwrap_err();
        assert!(matches!(&error, Error::Unsupported { .. }), "{error}");
    }
}
