#![allow(clippy::unwrap_used)]

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{Int64Type, Schema};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::physical_expr::planner::logical2physical;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use tarn_catalog::split::FieldLookup;

use super::*;

fn field(id: i32, name: &str, data_type: LogicalType) -> SchemaField {
    SchemaField {
        id,
        name: name.to_owned(),
        data_type,
        nullable: true,
        description: None,
        default_value: None,
    }
}

/// The table: `wide` was an INT named `narrow`, `text` was an INT, `new` is not in the file, `day`
/// is a constant, and the row's field `b` was named `a`.
fn table() -> Vec<SchemaField> {
    let row = LogicalType::Row {
        fields: vec![field(11, "b", LogicalType::BigInt), field(12, "c", LogicalType::Int)],
    };
    vec![
        field(1, "same", LogicalType::Int),
        field(2, "wide", LogicalType::BigInt),
        field(3, "text", LogicalType::STRING),
        field(4, "new", LogicalType::Int),
        field(5, "day", LogicalType::Int),
        field(6, "row", row),
        field(7, "shown", LogicalType::STRING),
    ]
}

fn file() -> FileSchema {
    let row = LogicalType::Row { fields: vec![field(11, "a", LogicalType::Int)] };
    FileSchema {
        id: 0,
        fields: vec![
            field(
                7,
                "shown",
                LogicalType::Array { element: Box::new(LogicalType::Int), element_nullable: true },
            ),
            field(6, "row", row),
            field(3, "text", LogicalType::Int),
            field(2, "narrow", LogicalType::Int),
            field(1, "same", LogicalType::Int),
        ],
        lookup: FieldLookup::ByName,
        defaults: Vec::new(),
        row_columns: Vec::new(),
        aliases: Vec::new(),
    }
}

fn batch() -> RecordBatch {
    let row: ArrayRef = Arc::new(StructArray::from(vec![(
        Arc::new(Field::new("a", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![Some(10), None, Some(30)])) as ArrayRef,
    )]));
    let lists = arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>(vec![
        Some(vec![Some(1)]),
        None,
        Some(vec![]),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("shown", Arc::new(lists)),
        ("row", row),
        ("text", Arc::new(Int32Array::from(vec![1, 20, 3]))),
        ("narrow", Arc::new(Int32Array::from(vec![100, 200, 300]))),
        ("same", Arc::new(Int32Array::from(vec![7, 8, 9]))),
        ("_SYSTEM", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn table_schema() -> Arc<Schema> {
    let mut fields: Vec<_> = table().iter().map(SchemaField::arrow).collect();
    fields.push(Field::new("_SYSTEM", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

fn rewrite(expr: Expr) -> Arc<dyn PhysicalExpr> {
    let schema = table_schema();
    let expr = logical2physical(&expr, &schema);
    let constants = Arc::new(vec![(5, Datum::Integer(20))]);
    let origin = Origin::new("db.t", None);
    let factory = EvolveExprAdapterFactory::new(table(), Arc::new(file()), constants, origin);
    factory.create(schema, batch().schema()).unwrap().rewrite(expr).unwrap()
}

fn evaluate(expr: Expr) -> ArrayRef {
    let batch = batch();
    rewrite(expr).evaluate(&batch).unwrap().into_array(batch.num_rows()).unwrap()
}

#[test]
fn an_unchanged_column_stays_a_column_at_its_place_in_the_file() {
    let same = rewrite(col("same"));
    assert_eq!(same.downcast_ref::<Column>(), Some(&Column::new("same", 4)));
    let system = rewrite(col("\"_SYSTEM\""));
    assert_eq!(system.downcast_ref::<Column>(), Some(&Column::new("_SYSTEM", 5)));
}

#[test]
fn a_widened_column_is_a_cast_of_the_files_name() {
    let wide = rewrite(col("wide"));
    let cast = wide.downcast_ref::<CastExpr>().unwrap();
    assert_eq!(cast.expr().downcast_ref::<Column>(), Some(&Column::new("narrow", 3)));
    assert_eq!(evaluate(col("wide")).as_primitive::<Int64Type>().values(), &[100, 200, 300]);
}

#[test]
fn missing_columns_are_null_and_constants_are_constant() {
    assert_eq!(evaluate(col("new")).null_count(), 3);
    let day = evaluate(col("day") + lit(1));
    assert_eq!(day.as_primitive::<arrow::datatypes::Int32Type>().values(), &[21, 21, 21]);
}

#[test]
fn any_other_change_hides_from_pruning() {
    let text = rewrite(col("text"));
    assert!(text.downcast_ref::<EvolveExpr>().is_some());
    let texts: Vec<_> =
        evaluate(col("text")).as_string_view().iter().map(|text| text.map(str::to_owned)).collect();
    assert_eq!(texts, [Some("1".to_owned()), Some("20".to_owned()), Some("3".to_owned())]);

    // By its numbers, 1 to 20, the file has no '2'; by its texts it has '20' above it.
    assert!(!can_prune(col("text").gt(lit("2")).and(col("text").lt(lit("3")))));
    assert!(can_prune(col("wide").gt(lit(250_i64))));
}

fn can_prune(predicate: Expr) -> bool {
    let builder = PruningPredicateBuilder::new().with_file_schema(batch().schema());
    builder.build(rewrite(predicate)).is_some()
}

#[test]
fn a_field_of_a_row_is_reached_under_its_old_name() {
    let access = rewrite(get_field(col("row"), "b"));
    assert!(access.to_string().contains("row@1"), "{access}");
    let values = evaluate(get_field(col("row"), "b"));
    let values = values.as_primitive::<Int64Type>();
    assert_eq!(values.iter().collect::<Vec<_>>(), [Some(10), None, Some(30)]);
    assert_eq!(evaluate(get_field(col("row"), "c")).null_count(), 3);
}

#[test]
fn rows_evolve_as_a_whole() {
    let rows = evaluate(col("row"));
    assert_eq!(rows.data_type(), table_schema().field(5).data_type());
    assert_eq!(rows.as_struct().column(1).null_count(), 3);
}

#[test]
fn a_predicate_is_blocked_where_the_file_nests_what_the_table_does_not() {
    let (table, file) = (table(), file());
    let blocked: Vec<_> = table
        .iter()
        .filter(|field| blocks_row_filter(field, &file))
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(blocked, ["shown"]);
}

#[test]
fn a_cast_without_a_rule_is_unsupported_and_names_the_table() {
    let wanted = field(3, "text", LogicalType::Date);
    let physical = batch().schema();
    let origin = Origin::new("db.t", None);
    let error = EvolvedColumn::plan(&wanted, &file(), &[], physical.fields(), &origin).unwrap_err();
    assert!(matches!(&error, tarn_catalog::Error::Unsupported { table, .. } if table == "db.t"), "{error}");
    assert!(error.to_string().contains("column text, written as INT, as DATE"), "{error}");
}

#[test]
fn a_file_without_ids_is_refused_where_columns_are_known_by_them() {
    let physical = batch().schema();
    let by_id = FileSchema { lookup: FieldLookup::ById, ..file() };
    let origin = Origin::new("db.t", Some("t/f.parquet"));
    let refused = |file: FileSchema| {
        let factory = EvolveExprAdapterFactory::new(table(), Arc::new(file), Arc::default(), origin.clone());
        factory.create(table_schema(), Arc::clone(&physical)).err().map(|error| error.to_string())
    };
    let error = refused(by_id).unwrap();
    assert!(
        error.contains("db.t") && error.contains("t/f.parquet") && error.contains("field ids"),
        "{error}"
    );
    assert_eq!(refused(FileSchema { lookup: FieldLookup::ByIdOrName, ..file() }), None);
    assert_eq!(refused(file()), None);
}
