//! What a file's statistics say of the table's columns, across schema changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::datum::Datum;
use crate::predicate::Predicate;
use crate::schema::{SchemaField, TableSchema};
use crate::stats::FileStats;
use crate::types::LogicalType;

use super::stats::file_stats;
use crate::malformed::Decoded;
use crate::paimon::manifest::DataFileMeta;
use crate::pruning::{Nulls, Range, may_match};

/// Tests files against a predicate over the table's columns.
#[derive(Debug)]
pub struct FileTest<'a> {
    /// Columns of the table by id.
    columns: BTreeMap<i32, &'a SchemaField>,
    /// The whole predicate, and the part of it that is over key columns alone.
    predicate: &'a Predicate,
    on_keys: Predicate,
}

impl<'a> FileTest<'a> {
    pub fn new(schema: &'a TableSchema, predicate: &'a Predicate, key_ids: &[i32]) -> Self {
        let columns = schema.fields.iter().map(|field| (field.id, field)).collect();
        Self { columns, predicate, on_keys: predicate.over(key_ids) }
    }

    /// Whether the file can hold a row that satisfies the predicate, were each row to stand for itself.
    pub fn rows_may_match(&self, file: &DataFileMeta, schema: &TableSchema) -> Decoded<bool> {
        self.test(self.predicate, file, schema)
    }

    /// Whether the file can hold a key that satisfies the predicate: leaving out a file that cannot
    /// is right under any merge rule, since all versions of a wanted key have wanted keys.
    pub fn keys_may_match(&self, file: &DataFileMeta, schema: &TableSchema) -> Decoded<bool> {
        self.test(&self.on_keys, file, schema)
    }

    fn test(&self, predicate: &Predicate, file: &DataFileMeta, schema: &TableSchema) -> Decoded<bool> {
        if *predicate == Predicate::True {
            return Ok(true);
        }
        let stats = file_stats(file, schema)?;
        Ok(may_match(predicate, &mut |id| self.range(id, file, &stats, schema)))
    }

    fn range(&self, id: i32, file: &DataFileMeta, stats: &Arc<FileStats>, schema: &TableSchema) -> Range {
        let Some(column) = self.columns.get(&id) else {
            return Range::UNKNOWN;
        };
        let Some(field) = schema.fields.iter().find(|field| field.id == id) else {
            // Added after the file was written: every row has null.
            return if file.write_columns.is_some() { Range::UNKNOWN } else { Range::ALL_NULL };
        };
        if file.write_columns.as_ref().is_some_and(|columns| !columns.contains(&field.name)) {
            return Range::UNKNOWN;
        }
        let Some(stats) = stats.column(&field.name) else {
            return Range::UNKNOWN;
        };
        let nulls = match stats.null_count {
            None => Nulls::Unknown,
            Some(0) => Nulls::None,
            Some(count) if count >= file.row_count => Nulls::All,
            Some(_) => Nulls::Some,
        };
        let convert = |value: &Datum| convert(value, &field.data_type, &column.data_type);
        match (convert(&stats.min), convert(&stats.max)) {
            (Some(min), Some(max)) => Range { min, max, nulls },
            _ if cast_keeps_nulls(&field.data_type, &column.data_type) => Range { nulls, ..Range::UNKNOWN },
            _ => Range::UNKNOWN,
        }
    }
}

/// A bound of a file's column as a bound of the table's column, where the cast between their types
/// keeps the order of values.
fn convert(value: &Datum, from: &LogicalType, to: &LogicalType) -> Option<Datum> {
    use LogicalType::{
        BigInt, Binary, Char, Decimal, Double, Float, Int, SmallInt, Timestamp, TimestampLtz, TinyInt,
    };
    use LogicalType::{Varbinary, Varchar};
    if from == to {
        return Some(value.clone());
    }
    let integer_width = |data_type: &LogicalType| match data_type {
        TinyInt => Some(1),
        SmallInt => Some(2),
        Int => Some(4),
        BigInt => Some(8),
        _ => None,
    };
    let widens = match (from, to) {
        (Varchar { length: a }, Varchar { length: b }) | (Char { length: a }, Varchar { length: b }) => {
            a <= b
        }
        (Varbinary { length: a }, Varbinary { length: b })
        | (Binary { length: a }, Varbinary { length: b }) => a <= b,
        (Decimal { precision: a, scale: x }, Decimal { precision: b, scale: y }) => a <= b && x == y,
        (Timestamp { precision: a }, Timestamp { precision: b })
        | (TimestampLtz { precision: a }, TimestampLtz { precision: b }) => a <= b,
        (Float, Double) => {
            return match value {
                Datum::Float(value) => Some(Datum::Double(f64::from(*value))),
                other => Some(other.clone()),
            };
        }
        (from, to) => integer_width(from).zip(integer_width(to)).is_some_and(|(a, b)| a <= b),
    };
    widens.then(|| value.clone())
}

/// Whether exactly the nulls of one type are nulls of the other: casts that may fail give null.
fn cast_keeps_nulls(from: &LogicalType, to: &LogicalType) -> bool {
    convert(&Datum::Null, from, to).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::{Leaf, Test};

    #[test]
    fn only_conjuncts_over_keys_test_keys() {
        let leaf = |field_id| Predicate::Leaf(Leaf { field_id, test: Test::IsNotNull });
        let both = Predicate::And(vec![leaf(1), leaf(2), Predicate::Or(vec![leaf(1), leaf(2)])]);
        assert_eq!(both.over(&[1]), Predicate::And(vec![leaf(1)]));
        assert_eq!(leaf(2).over(&[1]), Predicate::True);
    }

    #[test]
    fn bounds_survive_widening_only() {
        let one = Datum::Integer(1);
        assert_eq!(convert(&one, &LogicalType::Int, &LogicalType::BigInt), Some(one.clone()));
        assert_eq!(convert(&one, &LogicalType::BigInt, &LogicalType::Int), None);
        assert_eq!(convert(&one, &LogicalType::Int, &LogicalType::STRING), None);
        let float = convert(&Datum::Float(0.5), &LogicalType::Float, &LogicalType::Double);
        assert_eq!(float, Some(Datum::Double(0.5)));
        let text = Datum::Text("abcd".into());
        assert_eq!(convert(&text, &LogicalType::STRING, &LogicalType::Varchar { length: 3 }), None);
    }
}
