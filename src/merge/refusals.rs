//! What a merger refuses, and with which words.

#![expect(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringViewArray};
use arrow::datatypes::Schema;
use tarn_catalog::merge_rule::{MergeEngine, MergeRule};
use tarn_catalog::schema::{SchemaField, TableSchema};
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};

use super::{Merger, Retractions};

/// Columns k (key), a and b (INT), g (INT), s (STRING), n (ROW).
fn schema() -> TableSchema {
    let field = |name: &str, data_type, nullable| SchemaField {
        id: 0,
        name: name.to_owned(),
        data_type,
        nullable,
        description: None,
        default_value: None,
    };
    let nested = LogicalType::Row { fields: vec![field("x", LogicalType::Int, true)] };
    TableSchema {
        id: 0,
        fields: vec![
            field("k", LogicalType::Int, false),
            field("a", LogicalType::Int, true),
            field("b", LogicalType::Int, true),
            field("g", LogicalType::Int, true),
            field("s", LogicalType::STRING, true),
            field("n", nested, true),
        ],
        partition_keys: Vec::new(),
        primary_key: vec!["k".to_owned()],
        options: Default::default(),
        comment: None,
    }
}

fn merger(engine: MergeEngine, options: &[(&str, &str)], projection: &[usize]) -> Result<Merger> {
    let rule = MergeRule {
        engine,
        key: vec![0],
        sequence_fields: Vec::new(),
        sequence_descending: false,
        sequence_column: "_SEQUENCE_NUMBER".to_owned(),
        kind_column: "_VALUE_KIND".to_owned(),
        lookup_base: false,
        options: options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    };
    Merger::try_new("db.t", &rule, &schema(), projection)
}

/// The message of a merger that contradicts itself.
fn invalid(engine: MergeEngine, options: &[(&str, &str)]) -> String {
    match merger(engine, options, &[0, 1, 2, 3, 4, 5]) {
        Err(Error::Invalid { message }) => message,
        other => unreachable_result(other),
    }
}

/// The feature that a merger lacks.
fn unsupported(engine: MergeEngine, options: &[(&str, &str)]) -> String {
    match merger(engine, options, &[0, 1, 2, 3, 4, 5]) {
        Err(Error::Unsupported { table, feature }) => {
            assert_eq!(table, "db.t");
            feature
        }
        other => unreachable_result(other),
    }
}

fn unreachable_result(result: Result<Merger>) -> String {
    panic!("expected another error, not {result:?}")
}

use MergeEngine::{Aggregation, FirstRow, PartialUpdate};

#[test]
fn unknown_functions_are_unsupported_where_their_column_is_read() {
    let options = [("fields.a.aggregate-function", "my_sum")];
    let feature = unsupported(Aggregation, &options);
    assert!(feature.contains("my_sum") && feature.contains("column a"), "{feature}");
    assert!(merger(Aggregation, &options, &[0, 2]).is_ok());
}

#[test]
fn functions_must_fit_the_type_of_their_column() {
    for (column, function) in [
        ("s", "sum"),
        ("s", "product"),
        ("a", "bool_and"),
        ("a", "listagg"),
        ("a", "collect"),
        ("a", "merge_map"),
        ("a", "merge_map_with_keytime"),
        ("a", "nested_update"),
        ("a", "rbm32"),
        ("s", "rbm64"),
        ("s", "hll_sketch"),
        ("n", "max"),
    ] {
        let message = invalid(Aggregation, &[(&format!("fields.{column}.aggregate-function"), function)]);
        assert!(message.contains(function) && message.contains(&format!("column {column}")), "{message}");
    }
}

#[test]
fn contradictions_are_refused_as_java_refuses_them() {
    let group = ("fields.g.sequence-group", "a");
    for (engine, options) in [
        (
            Aggregation,
            &[("aggregation.remove-record-on-delete", "true"), ("fields.a.ignore-retract", "true")][..],
        ),
        (PartialUpdate, &[("ignore-delete", "true"), ("partial-update.remove-record-on-delete", "true")]),
        (PartialUpdate, &[group, ("partial-update.remove-record-on-delete", "true")]),
        (
            PartialUpdate,
            &[group, ("ignore-delete", "true"), ("partial-update.remove-record-on-sequence-group", "g")],
        ),
        (PartialUpdate, &[group, ("partial-update.remove-record-on-sequence-group", "a")]),
        (PartialUpdate, &[group, ("fields.b.sequence-group", "a")]),
        (PartialUpdate, &[("fields.g.sequence-group", "a,a")]),
        (PartialUpdate, &[("fields.g.sequence-group", "k")]),
        (PartialUpdate, &[("fields.k.sequence-group", "a")]),
        (PartialUpdate, &[("fields.g.sequence-group", "zzz")]),
        (PartialUpdate, &[("fieldsg.sequence-group", "a")]),
        (PartialUpdate, &[group, ("fields.b.aggregate-function", "sum")]),
        (PartialUpdate, &[("fields.default-aggregate-function", "max")]),
        (PartialUpdate, &[("ignore-delete", "maybe")]),
    ] {
        invalid(engine, options);
    }
}

#[test]
fn groups_that_share_a_sequence_column_are_unsupported() {
    unsupported(PartialUpdate, &[("fields.g.sequence-group", "a"), ("fields.g,b.sequence-group", "s")]);
    unsupported(PartialUpdate, &[("fields.g.sequence-group", "a,b"), ("fields.b.sequence-group", "s")]);
}

#[test]
fn a_projection_is_widened_by_what_decides_its_order() {
    let options = [("fields.g,b.sequence-group", "a"), ("fields.s.sequence-group", "n")];
    let required = |projection: &[usize]| {
        merger(PartialUpdate, &options, projection).unwrap().required_columns().to_vec()
    };
    assert_eq!(required(&[1]), [1, 2, 3]);
    assert_eq!(required(&[5, 0]), [0, 4, 5]);
    assert_eq!(required(&[0]), [0]);
    assert_eq!(required(&[]), [0; 0]);
    let removing = [options[0], options[1], ("partial-update.remove-record-on-sequence-group", "g")];
    assert_eq!(merger(PartialUpdate, &removing, &[0]).unwrap().required_columns(), [0, 2, 3]);
}

fn batch(merger: &Merger) -> RecordBatch {
    let schema = schema();
    let columns: Vec<ArrayRef> = merger
        .required_columns()
        .iter()
        .map(|column| match schema.fields[*column].data_type {
            LogicalType::Int => Arc::new(Int32Array::from(vec![1, i32::MAX])) as ArrayRef,
            _ => Arc::new(StringViewArray::from(vec!["x", "y"])),
        })
        .collect();
    let fields: Vec<_> =
        merger.required_columns().iter().map(|column| schema.fields[*column].arrow()).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Merges two versions of one key, the second a retraction or not.
fn merge(engine: MergeEngine, options: &[(&str, &str)], kind: i8) -> Result<usize> {
    let merger = merger(engine, options, &[0, 1, 4])?;
    let merged = merger.merge(&batch(&merger), &[0, kind], &[0, 2], Retractions::Drop)?;
    Ok(merged.rows.num_rows())
}

#[test]
fn retractions_that_a_rule_cannot_take_are_refused_with_the_way_out() {
    for (engine, options, hint) in [
        (FirstRow, &[][..], "ignore-delete"),
        (PartialUpdate, &[], "partial-update.remove-record-on-delete"),
        (Aggregation, &[("fields.a.aggregate-function", "max")], "ignore-retract"),
        (Aggregation, &[("fields.s.aggregate-function", "listagg")], "ignore-retract"),
    ] {
        assert_eq!(merge(engine, options, 2).unwrap(), 1);
        let message = merge(engine, options, 3).unwrap_err().to_string();
        assert!(message.contains(hint) && message.contains("db.t"), "{message}");
    }
}

#[test]
fn an_overflow_names_the_column() {
    let message = merge(Aggregation, &[("fields.a.aggregate-function", "sum")], 0).unwrap_err().to_string();
    assert!(message.contains("1 + 2147483647") && message.contains("column a (sum)"), "{message}");
}

#[test]
fn other_columns_than_the_required_ones_are_refused() {
    let wide = merger(Aggregation, &[], &[0, 1, 4]).unwrap();
    let narrow = merger(Aggregation, &[], &[0, 4]).unwrap();
    assert!(narrow.merge(&batch(&wide), &[0, 0], &[0, 2], Retractions::Drop).is_err());
    assert!(narrow.merge(&batch(&narrow), &[0, 0], &[0, 1], Retractions::Drop).is_err());
}
