//! Rows lie in the buckets where their keys hash to.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;
use tarn_catalog::datum::Datum;
use tarn_catalog::paimon::bucket_select::BucketSelector;
use tarn_catalog::predicate::{Leaf, Predicate, Test};
use tarn_catalog::schema::SchemaField;
use tarn_catalog::table::{ScanRequest, TableVersion};
use tarn_catalog::types::LogicalType;
use tarn_catalog::version::{ReadOptions, VersionSpec};

use crate::golden;

/// Value of a column in an expected row, for the types of bucket keys in the set.
fn datum(field: &SchemaField, row: &Json) -> Datum {
    match (&field.data_type, &row[&field.name]) {
        (_, Json::Null) => Datum::Null,
        (LogicalType::Varchar { .. }, Json::String(text)) => Datum::Text(text.clone()),
        (_, Json::Number(number)) => Datum::Integer(number.as_i64().unwrap()),
        (data_type, value) => panic!("{value} of {data_type:?}"),
    }
}

fn equals(field: &SchemaField, row: &Json) -> Predicate {
    let value = datum(field, row);
    let test = if value.is_null() { Test::IsNull } else { Test::Equal(value) };
    Predicate::Leaf(Leaf { field_id: field.id, test })
}

/// In append tables each row is in exactly one file, so that the rows of each bucket can be counted.
#[tokio::test]
async fn appended_rows_lie_where_they_hash_to() {
    let table = golden::table("append_fixed").await;
    for snapshot in table.timeline().snapshot_ids().await.unwrap() {
        let read = ReadOptions { version: VersionSpec::Snapshot(snapshot), ..ReadOptions::default() };
        let version = table.version(&read).await.unwrap();
        let rules = version.rules().clone();
        let schema = version.schema();
        let key: Vec<_> = rules.bucket_key.iter().map(|name| schema.field(name).unwrap().clone()).collect();
        let mut expected: BTreeMap<i32, u64> = BTreeMap::new();
        for row in golden::rows_at("append_fixed", snapshot) {
            let predicate = Predicate::And(key.iter().map(|field| equals(field, &row)).collect());
            let selector = BucketSelector::new(&key, rules.bucket_function, &predicate).unwrap();
            let buckets = selector.buckets(rules.bucket).unwrap();
            assert_eq!(buckets.len(), 1);
            *expected.entry(*buckets.first().unwrap()).or_default() += 1;
        }
        let mut found: BTreeMap<i32, u64> = BTreeMap::new();
        for split in version.plan(&ScanRequest::default()).await.unwrap().splits {
            *found.entry(split.bucket).or_default() += split.unit.files().map(|file| file.rows).sum::<u64>();
        }
        assert_eq!(found, expected, "snapshot {snapshot}");
        assert!(found.len() > 1, "one bucket proves nothing");
    }
}

/// Looking up a key plans its bucket alone, whose files span the key.
#[tokio::test]
async fn keys_are_found_in_one_bucket() {
    for name in golden::table_names("bucketfn_").await {
        let table = golden::table(&name).await;
        let version = table.version(&ReadOptions::default()).await.unwrap();
        let schema = version.schema();
        let key = schema.field(&schema.primary_key[0]).unwrap();
        let latest = version.snapshot().unwrap().id;
        let mut buckets = HashSet::new();
        for row in golden::rows_at(&name, latest) {
            let predicate = equals(key, &row);
            let scan = version.plan(&ScanRequest { predicate, ..ScanRequest::default() }).await.unwrap();
            let value = datum(key, &row);
            let spans = |bound: &Datum, order: std::cmp::Ordering| bound.compare(&value) != Some(order);
            let mut files = scan.splits.iter().flat_map(|split| split.unit.files());
            assert!(
                files.any(|file| {
                    spans(&file.min_key[0], std::cmp::Ordering::Greater)
                        && spans(&file.max_key[0], std::cmp::Ordering::Less)
                }),
                "{name}: no file for {value:?}"
            );
            let of_key: HashSet<i32> = scan.splits.iter().map(|split| split.bucket).collect();
            assert_eq!(of_key.len(), 1, "{name}: {value:?} in {of_key:?}");
            buckets.extend(of_key);
        }
        assert_eq!(buckets.len(), 4, "{name}");
    }
}
