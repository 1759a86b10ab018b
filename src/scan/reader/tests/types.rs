//! Every type in every format, against what Java reads.

use arrow::array::{Array, AsArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Decimal128Type, Float32Type, Float64Type};
use serde_json::Value;
use tarn_catalog::types::WIDE_TIMESTAMP;

use super::*;
use crate::scan::evolve::{TypeName, cast_array};

const ROWS: usize = 60;

const FILES: [(&str, &[u8], &str); 3] = [
    (
        "types.parquet",
        include_bytes!("../testdata/types.parquet"),
        include_str!("../testdata/types_parquet.jsonl"),
    ),
    ("types.orc", include_bytes!("../testdata/types.orc"), include_str!("../testdata/types_orc.jsonl")),
    ("types.avro", include_bytes!("../testdata/types.avro"), include_str!("../testdata/types_avro.jsonl")),
];

/// The columns of the files. Avro holds none of nanoseconds.
fn fields(name: &str) -> Vec<SchemaField> {
    use LogicalType as T;
    let decimal = |precision, scale| T::Decimal { precision, scale };
    let row = |fields: &[(&str, T)]| T::Row {
        fields: fields.iter().zip(100..).map(|((name, ty), id)| field(id, name, ty.clone())).collect(),
    };
    let pair = row(&[("q", T::Timestamp { precision: 6 }), ("w", decimal(10, 2))]);
    let columns = [
        ("k", T::BigInt),
        ("t_bool", T::Boolean),
        ("t_tiny", T::TinyInt),
        ("t_small", T::SmallInt),
        ("t_int", T::Int),
        ("t_big", T::BigInt),
        ("t_float", T::Float),
        ("t_double", T::Double),
        ("t_dec_10_2", decimal(10, 2)),
        ("t_dec_18_4", decimal(18, 4)),
        ("t_dec_38_18", decimal(38, 18)),
        ("t_dec_5_0", decimal(5, 0)),
        ("t_char", T::Char { length: 5 }),
        ("t_varchar", T::Varchar { length: 20 }),
        ("t_string", T::STRING),
        ("t_bin", T::Binary { length: 4 }),
        ("t_varbin", T::Varbinary { length: 8 }),
        ("t_bytes", T::BYTES),
        ("t_date", T::Date),
        ("t_time0", T::Time { precision: 0 }),
        ("t_time3", T::Time { precision: 3 }),
        ("t_ts0", T::Timestamp { precision: 0 }),
        ("t_ts3", T::Timestamp { precision: 3 }),
        ("t_ts6", T::Timestamp { precision: 6 }),
        ("t_ts9", T::Timestamp { precision: 9 }),
        ("t_ltz3", T::TimestampLtz { precision: 3 }),
        ("t_ltz6", T::TimestampLtz { precision: 6 }),
        ("t_ltz9", T::TimestampLtz { precision: 9 }),
        ("t_arr_int", array_of(T::Int)),
        ("t_arr_str", array_of(T::STRING)),
        ("t_arr_arr", array_of(array_of(T::BigInt))),
        ("t_map", map_of(T::STRING, T::Int)),
        ("t_map_int_dec", map_of(T::Int, decimal(20, 5))),
        ("t_row", row(&[("x", T::Int), ("y", T::STRING), ("z", array_of(T::Double))])),
        ("t_row_row", row(&[("p", pair), ("m", map_of(T::STRING, T::BigInt))])),
        ("t_arr_row", array_of(row(&[("a", T::Int), ("b", T::STRING)]))),
        ("t_multiset", T::Multiset { element: Box::new(T::STRING) }),
    ];
    let known = |column: &&(&str, T)| !name.ends_with("avro") || !column.0.ends_with('9');
    columns.iter().filter(known).zip(0..).map(|((name, ty), id)| field(id, name, ty.clone())).collect()
}

/// The same columns with timestamps of nanoseconds as text, which holds the years that Arrow does not.
fn readable(name: &str) -> Vec<SchemaField> {
    let mut fields = fields(name);
    for field in fields.iter_mut().filter(|field| field.name.ends_with('9')) {
        field.data_type = LogicalType::STRING;
    }
    fields
}

async fn test_file(name: &str, bytes: &[u8]) -> TestFile {
    TestFile::new(name, bytes.to_vec(), ROWS as u64, fields(name)).await
}

/// Whether a value is what Java's JSON says.
fn is_same(expected: &Value, array: &ArrayRef, ty: &LogicalType, row: usize) -> bool {
    use LogicalType as T;
    if array.is_null(row) || expected.is_null() {
        return array.is_null(row) && expected.is_null();
    }
    match ty {
        T::Array { element, .. } => {
            let values = array.as_list::<i32>().value(row);
            let expected = expected.as_array().unwrap();
            values.len() == expected.len()
                && expected.iter().enumerate().all(|(at, expected)| is_same(expected, &values, element, at))
        }
        T::Map { key, value, .. } => is_same_map(expected, array, key, value, row),
        T::Multiset { element } => is_same_map(expected, array, element, &T::Int, row),
        T::Row { fields } => {
            let columns = array.as_struct().columns();
            fields
                .iter()
                .zip(columns)
                .all(|(field, column)| is_same(&expected[&field.name], column, &field.data_type, row))
        }
        T::Binary { .. } | T::Varbinary { .. } => {
            let bytes = array.as_binary_view().value(row);
            expected == &bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        }
        T::Char { .. } | T::Varchar { .. } => {
            let text = array.as_string_view().value(row);
            expected == text || is_same_instant(expected, text)
        }
        T::Boolean | T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Decimal { .. } | T::Date => {
            expected.as_str().map_or_else(|| expected.to_string(), str::to_owned) == text_of(array, ty, row)
        }
        T::Time { .. } => {
            let text = text_of(array, &T::Time { precision: 3 }, row);
            expected.as_str().unwrap().trim_end_matches('0') == text.trim_end_matches('0')
        }
        T::Float => is_same_number(expected, array.as_primitive::<Float32Type>().value(row).into()),
        T::Double => is_same_number(expected, array.as_primitive::<Float64Type>().value(row)),
        T::Timestamp { .. } | T::TimestampLtz { .. } => is_same_instant(expected, &text_of(array, ty, row)),
        other => panic!("{}", TypeName(other)),
    }
}

fn is_same_map(
    expected: &Value,
    array: &ArrayRef,
    key: &LogicalType,
    value: &LogicalType,
    row: usize,
) -> bool {
    let entries = array.as_map().value(row);
    let expected = expected.as_array().unwrap();
    let has = |pair: &Value| {
        (0..entries.len()).any(|at| {
            is_same(&pair[0], entries.column(0), key, at) && is_same(&pair[1], entries.column(1), value, at)
        })
    };
    entries.len() == expected.len() && expected.iter().all(has)
}

/// Java's number, up to the last bit: the parser of JSON may miss that one.
fn is_same_number(expected: &Value, value: f64) -> bool {
    let expected: f64 = match expected {
        Value::String(word) => word.replace("Infinity", "inf").parse().unwrap(),
        number => number.as_f64().unwrap(),
    };
    let float = f64::from(expected as f32);
    (expected.is_nan() && value.is_nan())
        || float.to_bits() == value.to_bits()
        || expected.to_bits().abs_diff(value.to_bits()) <= 1
}

/// Java's cast to text.
fn text_of(array: &ArrayRef, ty: &LogicalType, row: usize) -> String {
    let text = cast_array(&array.slice(row, 1), ty, &LogicalType::STRING).unwrap();
    text.as_string_view().value(0).to_owned()
}

fn is_same_instant(expected: &Value, text: &str) -> bool {
    expected.as_str().is_some_and(|expected| expected.trim_end_matches('Z').replace('T', " ") == text)
}

/// The columns of a row that are not what Java's JSON says.
fn differences(expected: &Value, batch: &RecordBatch, fields: &[SchemaField], row: usize) -> Vec<String> {
    let columns = batch.columns().iter().zip(fields);
    let different = columns
        .filter(|(column, field)| !is_same(&expected[&field.name], column, &field.data_type, row))
        .map(|(column, field)| {
            format!("{} {} is not {:?}", field.name, expected[&field.name], column.slice(row, 1))
        });
    different.collect()
}

#[tokio::test]
async fn every_type_reads_as_java_reads_it() {
    for (name, bytes, expected) in FILES {
        let columns = ReadColumns::of_table(readable(name));
        let batch = test_file(name, bytes).await.read(&columns, None, 7).await.unwrap();
        let mut expected: Vec<Value> =
            expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(batch.num_rows(), expected.len());
        for row in 0..batch.num_rows() {
            let found: Vec<_> =
                expected.iter().map(|expected| differences(expected, &batch, &columns.fields, row)).collect();
            let nearest = (0..found.len()).min_by_key(|&at| found[at].len()).unwrap();
            assert!(found[nearest].is_empty(), "{name} row {row}: {:?}", found[nearest]);
            expected.swap_remove(nearest);
        }
    }
}

#[tokio::test]
async fn a_mask_picks_rows_and_their_numbers() {
    let mut random = Seeded(41);
    for (name, bytes, _) in FILES {
        let file = test_file(name, bytes).await;
        let mut columns = ReadColumns::of_table(readable(name));
        columns.row_number = Some("row".to_owned());
        let whole = file.read(&columns, None, 8192).await.unwrap();
        assert_eq!(longs(whole.column(columns.fields.len())), (0..ROWS as i64).collect::<Vec<_>>());
        for share in [0, 3, 20, 50, 90, 100] {
            let live = random.mask(ROWS, share);
            let mask = arrow::array::BooleanArray::new(live.clone(), None);
            let expected = filter_record_batch(&whole, &mask).unwrap();
            for batch_size in [1, 7, 8192] {
                let read = file.read(&columns, Some(&live), batch_size).await.unwrap();
                assert_eq!(read, expected, "{name} with {share}% live in batches of {batch_size}");
            }
        }
    }
}

#[tokio::test]
async fn columns_are_read_alone_and_in_any_order() {
    for (name, bytes, _) in FILES {
        let file = test_file(name, bytes).await;
        let all = readable(name);
        let whole = file.read(&ReadColumns::of_table(all.clone()), None, 8192).await.unwrap();
        for (place, column) in all.iter().enumerate().rev() {
            let columns = ReadColumns::of_table(vec![column.clone(), all[0].clone()]);
            let read = file.read(&columns, None, 50).await.unwrap();
            assert_eq!(read.column(0), whole.column(place), "{name} {}", column.name);
            assert_eq!(read.column(1), whole.column(0), "{name}");
        }
        let nothing = file.read(&ReadColumns::default(), None, 50).await.unwrap();
        assert_eq!((nothing.num_rows(), nothing.num_columns()), (ROWS, 0), "{name}");
        let positions = ReadColumns { row_number: Some("row".to_owned()), ..ReadColumns::default() };
        let live = Seeded(7).mask(ROWS, 30);
        let read = file.read(&positions, Some(&live), 4).await.unwrap();
        let expected: Vec<_> = live.set_indices().map(|row| row as i64).collect();
        assert_eq!(longs(read.column(0)), expected, "{name}");
    }
}

#[tokio::test]
async fn system_columns_are_found_by_name_or_are_null() {
    for (name, bytes, _) in FILES {
        let file = test_file(name, bytes).await;
        let system = |name: &str, missing| SystemColumn {
            name: name.to_owned(),
            data_type: LogicalType::BigInt,
            missing,
        };
        let columns = ReadColumns {
            system: vec![system("k", WhenMissing::Error), system("none", WhenMissing::Null)],
            ..ReadColumns::default()
        };
        let read = file.read(&columns, None, 50).await.unwrap();
        let keys = file.read(&ReadColumns::of_table(vec![fields(name)[0].clone()]), None, 50).await.unwrap();
        assert_eq!(read.column(0).as_ref(), keys.column(0).as_ref(), "{name}");
        assert_eq!(read.column(1).null_count(), ROWS, "{name}");
        let columns =
            ReadColumns { system: vec![system("none", WhenMissing::Error)], ..ReadColumns::default() };
        let error = file.open(&columns, None, 50).await.err().unwrap();
        assert!(matches!(&error, Error::Corrupt { path, .. } if path == name), "{error}");
    }
}

#[tokio::test]
async fn years_beyond_nanoseconds_keep_their_digits() {
    for (name, bytes, _) in &FILES[..2] {
        let file = test_file(name, bytes).await;
        let column = fields(name).into_iter().find(|field| field.name == "t_ts9").unwrap();
        let read = file.read(&ReadColumns::of_table(vec![column]), None, 50).await.unwrap();
        assert_eq!(read.column(0).data_type(), &WIDE_TIMESTAMP);
        let nanos = read.column(0).as_primitive::<Decimal128Type>();
        assert!(nanos.iter().flatten().any(|nanos| nanos == 253_402_300_799_999_999_999), "{name}");
        assert!(
            needs_own_reader(file.file.format, &file.schema, &file.schema.fields)
                == name.ends_with("parquet")
        );
    }
}

#[tokio::test]
async fn the_rows_that_metadata_promises_must_be_there() {
    for (name, bytes, _) in FILES {
        for rows in [ROWS as u64 - 1, ROWS as u64 + 1] {
            let file = TestFile::new(name, bytes.to_vec(), rows, fields(name)).await;
            let columns = ReadColumns::of_table(vec![fields(name)[0].clone()]);
            let error = file.read(&columns, None, 50).await.unwrap_err();
            assert!(matches!(&error, Error::Corrupt { path, .. } if path == name), "{error}");
        }
        let file = test_file(name, bytes).await;
        let short = BooleanBuffer::new_set(ROWS - 1);
        assert!(file.read(&ReadColumns::default(), Some(&short), 50).await.is_err());
    }
}
