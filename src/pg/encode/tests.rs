#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::*;

use super::copy::{CopyEncoder, CopyStyle, CsvStyle};
use super::*;
use crate::pg::types::wire_type_of;

fn style() -> Style {
    Style {
        zone: Zone::Named("Europe/Berlin".parse().unwrap()),
        extra_float_digits: 1,
        bytea_escape: false,
        interval: IntervalStyle::Postgres,
    }
}

/// The text of every row; `<null>` for NULL.
fn texts(array: ArrayRef) -> Vec<String> {
    let column = Column::new(&array, &wire_type_of(array.data_type())).unwrap();
    (0..array.len())
        .map(|row| {
            if column.is_null(row) {
                return "<null>".to_string();
            }
            let mut out = Vec::new();
            column.values.text(row, &style(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        })
        .collect()
}

fn binary(array: ArrayRef, row: usize) -> Vec<u8> {
    let column = Column::new(&array, &wire_type_of(array.data_type())).unwrap();
    let mut out = Vec::new();
    column.binary(row, &style(), &mut out).unwrap();
    out
}

#[test]
fn integers_widen_and_keep_their_values() {
    assert_eq!(texts(Arc::new(Int8Array::from(vec![Some(-128), None]))), ["-128", "<null>"]);
    assert_eq!(texts(Arc::new(UInt64Array::from(vec![u64::MAX]))), ["18446744073709551615"]);
    assert_eq!(binary(Arc::new(UInt8Array::from(vec![255])), 0), [0, 0, 0, 2, 0, 255]);
    assert_eq!(binary(Arc::new(UInt32Array::from(vec![u32::MAX])), 0)[..4], [0, 0, 0, 8]);
    assert_eq!(binary(Arc::new(Int32Array::from(vec![None])), 0), [255; 4]);
}

#[test]
fn timestamps_with_zone_print_in_the_sessions() {
    let array = TimestampMillisecondArray::from(vec![1_719_828_000_500]);
    assert_eq!(texts(Arc::new(array.clone())), ["2024-07-01 10:00:00.5"]);
    assert_eq!(texts(Arc::new(array.with_timezone("America/New_York"))), ["2024-07-01 12:00:00.5+02"]);
    let nanos = TimestampNanosecondArray::from(vec![-1]);
    assert_eq!(texts(Arc::new(nanos)), ["1969-12-31 23:59:59.999999"]);
}

#[test]
fn a_timestamp_beyond_the_range_is_an_error() {
    let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
    let column = Column::new(&array, &wire_type_of(array.data_type())).unwrap();
    let mut out = Vec::new();
    assert_eq!(column.values.text(0, &style(), &mut out).unwrap_err().code, "22008");
    assert_eq!(column.values.binary(0, &style(), &mut out).unwrap_err().code, "22008");
}

#[test]
fn null_intervals_are_null() {
    let array = IntervalMonthDayNanoArray::from(vec![None, Some(IntervalMonthDayNano::new(1, 2, 3_000_000))]);
    assert_eq!(texts(Arc::new(array.clone())), ["<null>", "1 mon 2 days 00:00:00.003"]);
    assert_eq!(binary(Arc::new(array), 0), [255; 4]);
    let elapsed = DurationSecondArray::from(vec![90_061]);
    assert_eq!(texts(Arc::new(elapsed)), ["1 day 01:01:01"]);
}

#[test]
fn arrays_quote_what_array_out_quotes() {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for value in ["plain", "with space", "", "null", "a\"b\\c", "{x}", "a,b"] {
        builder.values().append_value(value);
    }
    builder.values().append_null();
    builder.append(true);
    builder.append(true);
    builder.append(false);
    assert_eq!(
        texts(Arc::new(builder.finish())),
        [r#"{plain,"with space","","null","a\"b\\c","{x}","a,b",NULL}"#, "{}", "<null>"]
    );
}

#[test]
fn binary_arrays_have_a_dimension_unless_they_are_empty() {
    let array = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(7), None]), Some(vec![])]);
    let bytes = binary(Arc::new(array.clone()), 0);
    let words: Vec<i32> = bytes.chunks(4).map(|word| i32::from_be_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [32, 1, 1, 23, 2, 1, 4, 7, -1]);
    assert_eq!(binary(Arc::new(array), 1), [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23]);
}

#[test]
fn a_sliced_list_reads_its_own_items() {
    let array = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1)]),
        Some(vec![Some(2), Some(3)]),
    ]);
    assert_eq!(texts(Arc::new(array.slice(1, 1))), ["{2,3}"]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int16Type, _, _>(
        [Some(vec![Some(1), Some(2)]), Some(vec![Some(3), Some(4)])],
        2,
    );
    assert_eq!(texts(Arc::new(fixed.slice(1, 1))), ["{3,4}"]);
}

#[test]
fn nested_values_are_json() {
    let inner = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
    let fields = Fields::from(vec![
        Field::new("a\"", DataType::Utf8, true),
        Field::new("l", inner.data_type().clone(), true),
        Field::new("f", DataType::Float64, true),
        Field::new("d", DataType::Decimal128(10, 2), true),
        Field::new("t", DataType::Timestamp(TimeUnit::Second, Some("UTC".into())), true),
        Field::new("b", DataType::Boolean, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["x\n\u{1}"])),
        Arc::new(inner),
        Arc::new(Float64Array::from(vec![f64::NAN])),
        Arc::new(Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap()),
        Arc::new(TimestampSecondArray::from(vec![0]).with_timezone("UTC")),
        Arc::new(BooleanArray::from(vec![true])),
    ];
    let array: ArrayRef = Arc::new(StructArray::new(fields, columns, None));
    let wanted =
        r#"{"a\"":"x\n\u0001","l":[1,null],"f":"NaN","d":1.50,"t":"1970-01-01T01:00:00+01:00","b":true}"#;
    assert_eq!(texts(array.clone()), [wanted]);
    let bytes = binary(array, 0);
    assert_eq!(&bytes[4..], wanted.as_bytes());
    let ragged = ListArray::new(
        Field::new_list_field(DataType::new_list(DataType::Int32, true), true).into(),
        OffsetBuffer::new(vec![0, 2].into()),
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1)]),
            Some(vec![Some(2), Some(3)]),
        ])),
        None,
    );
    assert_eq!(texts(Arc::new(ragged)), ["[[1],[2,3]]"]);
}

#[test]
fn maps_are_objects() {
    let mut builder = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    builder.keys().append_value(1);
    builder.values().append_value("one");
    builder.keys().append_value(2);
    builder.values().append_null();
    builder.append(true).unwrap();
    assert_eq!(texts(Arc::new(builder.finish())), [r#"{"1":"one","2":null}"#]);
}

#[test]
fn dictionaries_and_runs_are_looked_through() {
    let dictionary: DictionaryArray<Int8Type> =
        vec![Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    assert_eq!(texts(Arc::new(dictionary)), ["a", "<null>", "b", "a"]);
    let runs = RunArray::<Int32Type>::try_new(
        &Int32Array::from(vec![2, 3]),
        &StringArray::from(vec![Some("x"), None]),
    )
    .unwrap();
    assert_eq!(texts(Arc::new(runs)), ["x", "x", "<null>"]);
    assert_eq!(texts(Arc::new(NullArray::new(2))), ["<null>", "<null>"]);
}

#[test]
fn bytes_print_as_hex_or_escaped() {
    let array: ArrayRef = Arc::new(BinaryArray::from(vec![&b"a\\\x00\xff"[..]]));
    assert_eq!(texts(array.clone()), ["\\x615c00ff"]);
    let column = Column::new(&array, &wire_type_of(array.data_type())).unwrap();
    let mut out = Vec::new();
    column.values.text(0, &Style { bytea_escape: true, ..style() }, &mut out).unwrap();
    assert_eq!(out, b"a\\\\\\000\\377");
}

fn batch() -> (RecordBatch, Vec<WireType>) {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int32Array::from(vec![Some(1), None]))),
        ("s", Arc::new(StringArray::from(vec!["a\tb\\", ""]))),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let types = batch.schema().fields().iter().map(|field| wire_type_of(field.data_type())).collect();
    (batch, types)
}

/// The bodies of the CopyData messages in a buffer.
fn bodies(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], b'd');
        let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
        bodies.push(bytes[5..length + 1].to_vec());
        bytes = &bytes[length + 1..];
    }
    bodies
}

fn copy(copy_style: CopyStyle, rows: usize) -> Vec<Vec<u8>> {
    let (batch, types) = batch();
    let mut encoder = CopyEncoder::new(copy_style);
    let mut out = Vec::new();
    encoder.write_header(&["n", "s"], &mut out).unwrap();
    encoder.start_batch(&batch, &types).unwrap();
    for row in 0..rows {
        encoder.write(row, &style(), &mut out).unwrap();
    }
    encoder.write_trailer(&mut out).unwrap();
    bodies(&out)
}

#[test]
fn copy_text_escapes_and_marks_null() {
    let text = CopyStyle::Text { delimiter: b'\t', null: b"\\N".to_vec(), header: false };
    assert_eq!(copy(text, 2), [&b"1\ta\\tb\\\\\n"[..], b"\\N\t\n"]);
}

#[test]
fn copy_csv_quotes_what_would_be_misread() {
    let csv = CsvStyle {
        delimiter: b',',
        null: Vec::new(),
        quote: b'"',
        escape: b'"',
        header: true,
        force_quote: vec![],
    };
    assert_eq!(copy(CopyStyle::Csv(csv), 2), [&b"n,s\n"[..], b"1,a\tb\\\n", b",\"\"\n"]);
}

#[test]
fn copy_binary_has_its_header_even_without_rows() {
    let none = copy(CopyStyle::Binary, 0);
    assert_eq!(none, [b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff".to_vec()]);
    let two = copy(CopyStyle::Binary, 2);
    assert_eq!(two.len(), 3);
    assert!(two[0].starts_with(BINARY_HEADER));
    assert_eq!(two[0][19..], [0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, b'a', 9, b'b', b'\\']);
    assert_eq!(two[1], [0, 2, 255, 255, 255, 255, 0, 0, 0, 0]);
    assert_eq!(two[2], [255, 255]);
}

const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0";

#[test]
fn data_rows_take_a_format_for_each_column() {
    let (batch, types) = batch();
    let formats = [Format::Binary, Format::Text];
    let encoder = RowEncoder::new(&batch, &types, &formats, Arc::new(style())).unwrap();
    let mut out = Vec::new();
    encoder.write(1, &mut out).unwrap();
    assert_eq!(out, [b'D', 0, 0, 0, 14, 0, 2, 255, 255, 255, 255, 0, 0, 0, 0]);
}
