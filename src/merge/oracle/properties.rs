//! The merger against the oracle, over random tables, options, versions and projections.

use arrow::array::RecordBatch;
use arrow::array::RecordBatchOptions;
use arrow::datatypes::Schema;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

use super::engines::Version;
use super::generate::Table;
use super::values::{Value, column, value};
use crate::merge::{Merged, Merger, Retractions};

/// Cases unless `TARN_MERGE_CASES` says otherwise.
const CASES: u64 = 6000;

#[test]
fn the_merger_agrees_with_the_oracle() {
    let cases = std::env::var("TARN_MERGE_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let (mut merged, mut refused) = (0, 0);
    for seed in 0..cases {
        match check(seed) {
            true => merged += 1,
            false => refused += 1,
        }
    }
    // Neither kind of case may dry up when the generator changes.
    assert!(merged > cases / 2 && refused > cases / 50, "{merged} merged, {refused} refused");
}

/// Compares one case; whether it could be merged.
fn check(seed: u64) -> bool {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut table = Table::random(&mut rng);
    let groups = table.versions(&mut rng);
    let all: Vec<usize> = (0..table.schema.fields.len()).collect();
    let context = format!("seed {seed}, engine {:?}, options {:#?}", table.rule.engine, table.rule.options);

    let expected: Result<Vec<Option<Version>>, String> =
        groups.iter().map(|versions| table.engine.merge(versions)).collect();
    let expected = expected.and_then(|rows| check_not_null(&table, rows));
    let whole = merge(&table, &groups, &all, Retractions::Keep);
    let Ok(expected) = expected else {
        assert!(whole.is_err() || table.engine.may_fail_halfway(), "{context}: not refused: {expected:?}");
        return false;
    };
    let whole = whole.unwrap_or_else(|error| panic!("{context}: {error}"));
    compare(&table, &groups, &all, &whole, &expected, Retractions::Keep, &context);

    let columns = rng.random_range(0..all.len() + 1);
    let projection = all.iter().copied().choose_multiple(&mut rng, columns);
    let some = merge(&table, &groups, &projection, Retractions::Drop);
    let some = some.unwrap_or_else(|error| panic!("{context}, columns {projection:?}: {error}"));
    let context = format!("{context}, columns {projection:?}");
    compare(&table, &groups, &projection, &some, &expected, Retractions::Drop, &context);
    true
}

/// A merged null in a column declared NOT NULL cannot be handed out.
fn check_not_null(table: &Table, rows: Vec<Option<Version>>) -> Result<Vec<Option<Version>>, String> {
    let broken = |version: &Version| {
        version.row.iter().zip(&table.schema.fields).any(|(value, field)| value.is_null() && !field.nullable)
    };
    match rows.iter().flatten().any(broken) {
        true => Err("null in a NOT NULL column".to_owned()),
        false => Ok(rows),
    }
}

fn merge(
    table: &Table,
    groups: &[Vec<Version>],
    projection: &[usize],
    retractions: Retractions,
) -> tarn_catalog::Result<Merged> {
    let merger = Merger::try_new("db.t", &table.rule, &table.schema, projection)?;
    let versions: Vec<&Version> = groups.iter().flatten().collect();
    let columns = merger.required_columns().iter().map(|index| {
        let values: Vec<Value> = versions.iter().map(|version| version.row[*index].clone()).collect();
        column(&values, &table.schema.fields[*index].data_type)
    });
    let field = |index: &usize| table.schema.fields[*index].arrow().with_nullable(true);
    let fields = merger.required_columns().iter().map(field);
    let options = RecordBatchOptions::new().with_row_count(Some(versions.len()));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = RecordBatch::try_new_with_options(schema, columns.collect(), &options).unwrap();
    let kinds: Vec<i8> = versions.iter().map(|version| version.kind).collect();
    let mut offsets = vec![0];
    for group in groups {
        offsets.push(offsets.last().unwrap() + group.len() as u32);
    }
    merger.merge(&rows, &kinds, &offsets, retractions)
}

fn compare(
    table: &Table,
    groups: &[Vec<Version>],
    projection: &[usize],
    merged: &Merged,
    expected: &[Option<Version>],
    retractions: Retractions,
    context: &str,
) {
    let kept = expected.iter().enumerate().filter_map(|(group, row)| row.as_ref().map(|row| (group, row)));
    let kept = kept.filter(|(_, row)| retractions == Retractions::Keep || row.kind == 0 || row.kind == 2);
    let kept: Vec<(usize, &Version)> = kept.collect();
    let wanted: Vec<(u32, i8)> = kept.iter().map(|(group, row)| (*group as u32, row.kind)).collect();
    let given: Vec<(u32, i8)> = merged.groups.iter().copied().zip(merged.kinds.iter().copied()).collect();
    assert_eq!(given, wanted, "{context}: groups and kinds of {groups:#?}");
    assert_eq!(merged.rows.num_rows(), wanted.len(), "{context}: rows");
    for (output, index) in projection.iter().enumerate() {
        let field = &table.schema.fields[*index];
        for (row, (group, wanted)) in kept.iter().enumerate() {
            let given = value(merged.rows.column(output), row, &field.data_type);
            let wanted = wanted.row[*index].clone();
            let same = match table.unordered[*index] {
                true => given.clone().sorted() == wanted.clone().sorted(),
                false => given == wanted,
            };
            let versions = groups[*group].iter().map(|version| (version.kind, &version.row));
            let versions: Vec<_> = versions.collect();
            assert!(same, "{context}: {} is {given:?}, not {wanted:?}, of {versions:#?}", field.name);
        }
    }
}
