//! What plans look like: which files stand alone, which merge, which are left out.

use super::fixture::{plan, plan_latest, table};
use crate::datum::Datum;
use crate::merge_rule::MergeEngine;
use crate::paimon::Merging;
use crate::predicate::{Leaf, Predicate, Test};
use crate::split::{DataFile, FileIndexSource, SplitUnit, TableScan};
use crate::table::{ScanRequest, TableVersion};
use crate::version::ReadOptions;

fn is_merge(unit: &SplitUnit) -> bool {
    matches!(unit, SplitUnit::Merge { .. })
}

fn files(scan: &TableScan) -> Vec<&DataFile> {
    scan.splits.iter().flat_map(|split| split.unit.files()).collect()
}

fn leaf(field_id: i32, test: Test) -> ScanRequest {
    ScanRequest { predicate: Predicate::Leaf(Leaf { field_id, test }) }
}

#[tokio::test]
async fn overlapping_levels_merge_and_lone_compacted_files_do_not() {
    let scan = plan_latest("pk_part").await;
    let merges = scan.splits.iter().filter(|split| is_merge(&split.unit)).count();
    assert_eq!((merges, scan.splits.len()), (3, 6));
    for split in &scan.splits {
        match &split.unit {
            SplitUnit::Files(files) => {
                assert!(files.iter().all(|file| file.level > 0 && file.delete_rows == Some(0)))
            }
            SplitUnit::Merge { runs, rule } => {
                assert!(runs.len() > 1);
                assert_eq!(rule.engine, MergeEngine::Deduplicate);
                assert!(!rule.lookup_base);
            }
            SplitUnit::Zip { .. } => panic!("a zip in a primary-key table"),
        }
    }
}

#[tokio::test]
async fn a_lone_file_of_level_zero_merges_since_its_writer_may_not_have() {
    let scan = plan_latest("ow_truncate").await;
    assert!(
        scan.splits
            .iter()
            .all(|split| matches!(&split.unit, SplitUnit::Merge { runs, .. } if runs.len() == 1))
    );
}

#[tokio::test]
async fn deletion_vectors_make_files_stand_alone() {
    let scan = plan_latest("dv_pk").await;
    assert!(scan.splits.iter().all(|split| !is_merge(&split.unit)));
    assert!(!scan.deletes.is_empty());
    let referred: Vec<usize> = files(&scan).iter().flat_map(|file| file.deletes.clone()).collect();
    assert_eq!(referred.len(), scan.deletes.len());
    assert!(plan_latest("dv_pk_mor").await.splits.iter().all(|split| is_merge(&split.unit)));
}

#[tokio::test]
async fn level_zero_hides_until_it_is_asked_for() {
    for name in ["dv_pk_l0", "first_row_l0"] {
        let hidden = plan_latest(name).await;
        assert!(files(&hidden).iter().all(|file| file.level > 0), "{name}");
        let fresh = plan(name, &[("tarn.read-fresh", "true")], &ScanRequest::default()).await.unwrap();
        assert!(files(&fresh).iter().any(|file| file.level == 0), "{name}");
        assert!(fresh.splits.iter().any(|split| is_merge(&split.unit)), "{name}");
    }
}

#[tokio::test]
async fn lookups_choose_the_base_of_a_merge() {
    for (name, expected) in
        [("agg_lookup", true), ("pu_lookup", true), ("agg_basic", false), ("first_row_l0", false)]
    {
        let scan = plan(name, &[("tarn.read-fresh", "true")], &ScanRequest::default()).await.unwrap();
        let mut rules = scan.splits.iter().filter_map(|split| match &split.unit {
            SplitUnit::Merge { rule, .. } => Some(rule),
            _ => None,
        });
        assert_eq!(rules.next().unwrap().lookup_base, expected, "{name}");
    }
}

#[tokio::test]
async fn merge_rules_carry_the_tables_options() {
    let scan = plan_latest("pk_seq_desc").await;
    let SplitUnit::Merge { rule, .. } = &scan.splits[0].unit else { panic!("a merge") };
    assert!(rule.sequence_descending);
    assert_eq!(scan.schema.fields[rule.sequence_fields[0]].name, "n");
    let scan = plan_latest("pu_seqgroup").await;
    let SplitUnit::Merge { rule, .. } = &scan.splits[0].unit else { panic!("a merge") };
    assert!(rule.options.contains_key("fields.g1.sequence-group"));
}

#[tokio::test]
async fn evolved_files_are_zipped_by_row_ids() {
    let scan = plan_latest("data_evolution").await;
    let [split] = scan.splits.as_slice() else { panic!("one split") };
    let SplitUnit::Zip { groups } = &split.unit else { panic!("groups") };
    for group in groups {
        assert!(
            group.iter().all(|file| (file.first_row_id, file.rows) == (group[0].first_row_id, group[0].rows))
        );
        assert!(group.windows(2).all(|pair| pair[0].max_sequence >= pair[1].max_sequence));
    }
    assert!(files(&scan).iter().any(|file| file.write_columns.is_some()));
    let tracked = plan_latest("row_tracking").await;
    assert!(files(&tracked).iter().all(|file| file.first_row_id.is_some()));
}

#[tokio::test]
async fn partitions_are_pruned_by_their_values() {
    let all = plan_latest("append_part").await;
    let schema = table("append_part").await.latest_schema().await.unwrap();
    let field = schema.table.field(&schema.table.partition_keys[0]).unwrap();
    let wanted = all.splits[0].partition[0].clone();
    let request = leaf(field.id, Test::Equal(wanted.clone()));
    let scan = plan("append_part", &[], &request).await.unwrap();
    assert!(!scan.splits.is_empty() && scan.splits.len() < all.splits.len());
    assert!(scan.splits.iter().all(|split| split.partition[0] == wanted));
    assert!(scan.pruning.partitions_pruned > 0);
    let none =
        plan("append_part", &[], &leaf(field.id, Test::Equal(Datum::Text("nowhere".into())))).await.unwrap();
    assert!(none.splits.is_empty());
    assert_eq!(none.pruning.manifests_pruned, none.pruning.manifests_considered);
}

#[tokio::test]
async fn buckets_are_pruned_by_the_hash_of_the_key() {
    let request = leaf(0, Test::Equal(Datum::Integer(7)));
    for name in ["bucketfn_default", "bucketfn_mod", "bucketfn_hive"] {
        let scan = plan(name, &[], &request).await.unwrap();
        assert_eq!((scan.pruning.buckets_considered, scan.pruning.buckets_pruned), (4, 3), "{name}");
        assert!(scan.splits.len() <= 1);
    }
}

#[tokio::test]
async fn keys_prune_files_under_any_merge_rule() {
    for name in ["pk_dedup", "pu_plain", "agg_basic"] {
        let scan = plan(name, &[], &leaf(0, Test::Greater(Datum::Integer(1 << 40)))).await.unwrap();
        assert!(scan.splits.is_empty(), "{name}");
        assert!(scan.pruning.files_pruned > 0, "{name}");
    }
}

#[tokio::test]
async fn values_prune_sections_only_where_a_version_is_picked() {
    let impossible = |schema: &crate::schema::TableSchema, column: &str| {
        leaf(schema.field(column).unwrap().id, Test::Greater(Datum::Integer(i64::MAX - 1)))
    };
    for (name, empties) in [("pk_dedup", true), ("agg_default", false)] {
        let schema = table(name).await.latest_schema().await.unwrap();
        let request = impossible(&schema.table, "a");
        let scan = plan(name, &[], &request).await.unwrap();
        assert_eq!(scan.splits.is_empty(), empties, "{name}");
    }
}

#[tokio::test]
async fn embedded_indexes_prune_files_and_sidecars_are_handed_on() {
    let absent = Test::Equal(Datum::Integer(123_456_789));
    let all = plan_latest("idx_bitmap_embedded").await;
    assert!(files(&all).iter().all(|file| matches!(file.index, Some(FileIndexSource::Embedded(_)))));
    let a = all.schema.field("a").unwrap().id;
    assert!(plan("idx_bitmap_embedded", &[], &leaf(a, absent)).await.unwrap().splits.is_empty());
    let beside = plan_latest("idx_bitmap_file").await;
    assert!(files(&beside).iter().all(|file| matches!(file.index, Some(FileIndexSource::Sidecar(_)))));
    let without =
        plan("idx_bitmap_file", &[("file-index.read.enabled", "false")], &ScanRequest::default()).await;
    assert!(files(&without.unwrap()).iter().all(|file| file.index.is_none()));
}

#[tokio::test]
async fn files_are_found_by_their_own_schema_and_format() {
    let scan = plan_latest("se_append_orc").await;
    assert!(scan.file_schemas.len() > 1);
    for file in files(&scan) {
        let schema = &scan.file_schemas[file.file_schema];
        assert!(
            file.stats.columns.iter().all(|(name, _)| schema.fields.iter().any(|field| field.name == *name))
        );
    }
    let mixed = plan_latest("pk_avro_l0").await;
    assert_eq!(
        mixed.splits[0].unit.files().map(|file| file.format).collect::<std::collections::HashSet<_>>().len(),
        2
    );
}

#[tokio::test]
async fn given_files_are_planned_without_merging() {
    let table = table("clog_input").await;
    let version = table.version(&ReadOptions::default()).await.unwrap();
    let reader = table.manifest_reader(&version.schema());
    let mut changes = 0;
    for id in table.timeline().snapshot_ids().await.unwrap() {
        let snapshot = table.timeline().snapshot(id).await.unwrap();
        let entries = reader.changelog(&snapshot).await.unwrap();
        let request = ScanRequest::default();
        let scan = version.plan_files(&request, &entries, None, Merging::None).await.unwrap();
        assert!(scan.splits.iter().all(|split| matches!(split.unit, SplitUnit::Files(_))));
        changes += files(&scan).iter().map(|file| file.rows).sum::<u64>();
    }
    assert!(changes > 0);
}

#[tokio::test]
async fn one_bucket_can_be_read_alone() {
    let scan = plan("append_fixed", &[("scan.bucket", "1")], &ScanRequest::default()).await.unwrap();
    assert!(!scan.splits.is_empty() && scan.splits.iter().all(|split| split.bucket == 1));
}
