//! Bucket pruning: which buckets can hold a row that satisfies a predicate.
//!
//! A predicate that allows only finitely many values for every bucket-key column (`=`, `IN`, `IS
//! NULL`, and `OR`s of them) allows only finitely many keys, and each key lives in one bucket.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::datum::Datum;
use crate::paimon::bucket::{BucketFunction, BucketHash};
use crate::predicate::{Leaf, Predicate, Test};
use crate::schema::SchemaField;
use crate::types::LogicalType;

/// Most keys that are hashed for one predicate (Java has the same limit).
const MAX_KEYS: usize = 1000;

/// The buckets that can hold rows of a predicate, for any number of buckets.
#[derive(Debug)]
pub struct BucketSelector {
    hashes: Vec<BucketHash>,
    /// Answers by number of buckets: most tables have one, a rescaled one a few.
    by_total: Mutex<HashMap<i32, Arc<BTreeSet<i32>>>>,
}

impl BucketSelector {
    /// Works out the keys that the predicate allows. `key` are the bucket-key columns in the order of
    /// the bucket key. `None` where the predicate does not narrow the buckets.
    pub fn new(key: &[SchemaField], function: BucketFunction, predicate: &Predicate) -> Option<Self> {
        if key.is_empty() {
            return None;
        }
        let values = key.iter().map(|field| allowed_values(predicate, field)).collect::<Option<Vec<_>>>()?;
        let count = values.iter().try_fold(1_usize, |count, values| count.checked_mul(values.len()))?;
        if count > MAX_KEYS {
            return None;
        }
        let hashes = combinations(&values)
            .map(|row| function.hash(key.iter().map(|field| &field.data_type).zip(row)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { hashes, by_total: Mutex::default() })
    }

    /// The buckets among `total` that can match; `None` where the number says nothing (dynamic,
    /// unaware and postponed buckets).
    pub fn buckets(&self, total: i32) -> Option<Arc<BTreeSet<i32>>> {
        if total <= 0 {
            return None;
        }
        let mut by_total = self.by_total.lock();
        let buckets = by_total
            .entry(total)
            .or_insert_with(|| Arc::new(self.hashes.iter().filter_map(|hash| hash.bucket(total)).collect()));
        Some(Arc::clone(buckets))
    }

    /// Whether a file of `bucket`, written when its partition had `total` buckets, can match.
    pub fn may_match(&self, bucket: i32, total: i32) -> bool {
        bucket < 0 || self.buckets(total).is_none_or(|buckets| buckets.contains(&bucket))
    }
}

/// A finite superset of the values that rows satisfying the predicate have in this column, if the
/// predicate implies one.
fn allowed_values(predicate: &Predicate, field: &SchemaField) -> Option<Vec<Datum>> {
    match predicate {
        Predicate::True => None,
        Predicate::Leaf(leaf) if leaf.field_id == field.id => leaf_values(leaf, &field.data_type),
        Predicate::Leaf(_) => None,
        Predicate::And(parts) => {
            parts.iter().filter_map(|part| allowed_values(part, field)).min_by_key(Vec::len)
        }
        Predicate::Or(parts) => {
            let mut values = Vec::new();
            for part in parts {
                for value in allowed_values(part, field)? {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                if values.len() > MAX_KEYS {
                    return None;
                }
            }
            Some(values)
        }
    }
}

fn leaf_values(leaf: &Leaf, data_type: &LogicalType) -> Option<Vec<Datum>> {
    let constants = match &leaf.test {
        Test::Equal(value) => std::slice::from_ref(value),
        Test::In(values) if values.len() <= MAX_KEYS => values,
        Test::IsNull => return Some(vec![Datum::Null]),
        _ => return None,
    };
    // A comparison with null holds for no row.
    let constants = constants.iter().filter(|value| !value.is_null());
    constants.map(|value| written_forms(value, data_type)).try_fold(Vec::new(), |mut all, forms| {
        all.extend(forms?);
        Some(all)
    })
}

/// The values that a writer may have hashed for rows that equal this constant.
///
/// Both zeros are equal in SQL but differ in their bits, and a NaN has many bit patterns.
fn written_forms(value: &Datum, data_type: &LogicalType) -> Option<Vec<Datum>> {
    match (data_type, value) {
        (LogicalType::Float, Datum::Float(value)) if value.is_nan() => None,
        (LogicalType::Double, Datum::Double(value)) if value.is_nan() => None,
        (LogicalType::Float, Datum::Float(0.0)) => Some(vec![Datum::Float(0.0), Datum::Float(-0.0)]),
        (LogicalType::Double, Datum::Double(0.0)) => Some(vec![Datum::Double(0.0), Datum::Double(-0.0)]),
        _ => Some(vec![value.clone()]),
    }
}

/// All rows that take one value of each column.
fn combinations(columns: &[Vec<Datum>]) -> impl Iterator<Item = Vec<&Datum>> {
    let count: usize = columns.iter().map(Vec::len).product();
    (0..count).map(move |mut number| {
        columns
            .iter()
            .filter_map(|values| {
                let value = values.get(number % values.len());
                number /= values.len();
                value
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn field(id: i32, data_type: LogicalType) -> SchemaField {
        SchemaField {
            id,
            name: format!("c{id}"),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        }
    }

    fn leaf(field_id: i32, test: Test) -> Predicate {
        Predicate::Leaf(Leaf { field_id, test })
    }

    fn equal(field_id: i32, value: i64) -> Predicate {
        leaf(field_id, Test::Equal(Datum::Integer(value)))
    }

    fn select(key: &[SchemaField], predicate: &Predicate) -> Option<BucketSelector> {
        BucketSelector::new(key, BucketFunction::Default, predicate)
    }

    fn buckets(key: &[SchemaField], predicate: &Predicate, total: i32) -> Vec<i32> {
        select(key, predicate).unwrap().buckets(total).unwrap().iter().copied().collect()
    }

    #[test]
    fn equality_in_and_or_name_buckets() {
        let key = [field(1, LogicalType::Int)];
        assert_eq!(buckets(&key, &equal(1, 42), 16), [5]);
        let list = leaf(1, Test::In(vec![Datum::Integer(0), Datum::Null, Datum::Integer(1)]));
        assert_eq!(buckets(&key, &list, 16), [11, 14]);
        let either = Predicate::Or(vec![equal(1, 0), equal(1, 2)]);
        assert_eq!(buckets(&key, &either, 16), [0, 11]);
        let both = Predicate::And(vec![either, equal(2, 9), leaf(1, Test::Greater(Datum::Integer(0)))]);
        assert_eq!(buckets(&key, &both, 16), [0, 11]);
    }

    #[test]
    fn the_number_of_buckets_is_the_entrys() {
        let selector = select(&[field(1, LogicalType::Int)], &equal(1, 42)).unwrap();
        assert!(selector.may_match(5, 16) && !selector.may_match(4, 16));
        assert!(selector.may_match(2, 5) && !selector.may_match(5, 5));
        assert!(selector.may_match(7, -1) && selector.may_match(-2, -2));
    }

    #[test]
    fn every_column_of_the_key_must_be_bound() {
        let key = [field(1, LogicalType::Int), field(2, LogicalType::STRING)];
        assert!(select(&key, &equal(1, 1)).is_none());
        let text = leaf(2, Test::Equal(Datum::Text("a".into())));
        let both = Predicate::And(vec![equal(1, 1), text.clone()]);
        assert_eq!(buckets(&key, &both, 1 << 20).len(), 1);
        assert!(select(&key, &Predicate::Or(vec![equal(1, 1), text])).is_none());
        assert!(select(&[], &both).is_none());
    }

    #[test]
    fn combinations_are_bounded() {
        let key = [field(1, LogicalType::Int), field(2, LogicalType::Int)];
        let list = |id, count| leaf(id, Test::In((0..count).map(Datum::Integer).collect()));
        assert!(select(&key, &Predicate::And(vec![list(1, 20), list(2, 50)])).is_some());
        assert!(select(&key, &Predicate::And(vec![list(1, 20), list(2, 51)])).is_none());
    }

    #[test]
    fn a_comparison_with_null_matches_no_bucket_and_is_null_matches_one() {
        let key = [field(1, LogicalType::Int)];
        assert_eq!(buckets(&key, &leaf(1, Test::Equal(Datum::Null)), 4), Vec::<i32>::new());
        assert_eq!(buckets(&key, &leaf(1, Test::IsNull), 1 << 30), [1_748_325_344 % (1 << 30)]);
    }

    #[test]
    fn both_zeros_are_looked_for_and_nan_is_not() {
        let key = [field(1, LogicalType::Double)];
        assert_eq!(buckets(&key, &leaf(1, Test::Equal(Datum::Double(0.0))), 1 << 20).len(), 2);
        assert!(select(&key, &leaf(1, Test::Equal(Datum::Double(f64::NAN)))).is_none());
    }

    #[test]
    fn constants_of_another_type_prune_nothing() {
        let key = [field(1, LogicalType::Int)];
        assert!(select(&key, &leaf(1, Test::Equal(Datum::Text("1".into())))).is_none());
    }
}
