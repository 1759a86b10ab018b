#![allow(clippy::unwrap_used, clippy::panic)]

use arrow::array::{
    BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeListArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeListArray, StringArray,
    StringViewArray, Time32MillisecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Float32Type, Int32Type};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::super::decimal;
use super::super::instant::{DECIMAL_NANOS, Instant, Instants};
use super::*;
use crate::wide_timestamp::is_wide;

/// Casts of single values by Java Paimon 2.0.0's `CastExecutors`, one a line:
/// `from|to|value|result`. Timestamps are `milliseconds:nanoseconds`, dates days, times
/// milliseconds, bytes `x` and hexadecimal digits, text in quotes; `ERROR` is an exception and
/// `UNSUPPORTED` a pair without a rule.
const JAVA_CASTS: &str = include_str!("java_casts.txt");

fn parse_type(text: &str) -> LogicalType {
    let ltz = text.ends_with("WITH LOCAL TIME ZONE");
    let (name, parameters) = match text.split_once('(') {
        Some((name, rest)) => (name, rest.split_once(')').unwrap().0),
        None => (text, ""),
    };
    let number = |index: usize| parameters.split(", ").nth(index).unwrap().parse::<u32>().unwrap();
    match name {
        "BOOLEAN" => LogicalType::Boolean,
        "TINYINT" => LogicalType::TinyInt,
        "SMALLINT" => LogicalType::SmallInt,
        "INT" => LogicalType::Int,
        "BIGINT" => LogicalType::BigInt,
        "FLOAT" => LogicalType::Float,
        "DOUBLE" => LogicalType::Double,
        "DECIMAL" => LogicalType::Decimal { precision: number(0) as u8, scale: number(1) as i8 },
        "CHAR" => LogicalType::Char { length: number(0) },
        "VARCHAR" => LogicalType::Varchar { length: number(0) },
        "STRING" => LogicalType::STRING,
        "BINARY" => LogicalType::Binary { length: number(0) },
        "VARBINARY" => LogicalType::Varbinary { length: number(0) },
        "BYTES" => LogicalType::BYTES,
        "DATE" => LogicalType::Date,
        "TIME" => LogicalType::Time { precision: number(0) as u8 },
        "TIMESTAMP" if ltz => LogicalType::TimestampLtz { precision: number(0) as u8 },
        "TIMESTAMP" => LogicalType::Timestamp { precision: number(0) as u8 },
        other => panic!("type {other}"),
    }
}

fn parse_instant(text: &str) -> Instant {
    let (millis, nanos) = text.split_once(':').unwrap();
    Instant { millis: millis.parse().unwrap(), nanos: nanos.parse().unwrap() }
}

fn nanoseconds(text: &str) -> i128 {
    let instant = parse_instant(text);
    i128::from(instant.millis) * 1_000_000 + i128::from(instant.nanos)
}

fn unquote(text: &str) -> &str {
    text.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix('x').unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// An array of one value in Tarn's form; timestamps of nanoseconds are wide.
fn array_of(ty: &LogicalType, text: &str) -> ArrayRef {
    use LogicalType as T;
    let text = (text != "NULL").then_some(text);
    match ty {
        T::Boolean => Arc::new(BooleanArray::from(vec![text.map(|text| text == "true")])),
        T::TinyInt => Arc::new(Int8Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::SmallInt => Arc::new(Int16Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::Int => Arc::new(Int32Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::BigInt => Arc::new(Int64Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::Float => Arc::new(Float32Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::Double => Arc::new(Float64Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::Decimal { precision, scale } => {
            let value = text.map(|text| decimal::parse(text, *precision, *scale).unwrap().unwrap());
            let array = Decimal128Array::from(vec![value]);
            Arc::new(array.with_precision_and_scale(*precision, *scale).unwrap())
        }
        T::Char { .. } | T::Varchar { .. } => Arc::new(StringViewArray::from_iter([text.map(unquote)])),
        T::Binary { .. } | T::Varbinary { .. } => Arc::new(BinaryViewArray::from_iter([text.map(bytes)])),
        T::Date => Arc::new(Date32Array::from(vec![text.map(|text| text.parse().unwrap())])),
        T::Time { .. } => {
            Arc::new(Time32MillisecondArray::from(vec![text.map(|text| text.parse().unwrap())]))
        }
        T::Timestamp { .. } | T::TimestampLtz { .. } => {
            let array = Decimal128Array::from(vec![text.map(nanoseconds)]);
            let wide: ArrayRef = Arc::new(array.with_precision_and_scale(38, 9).unwrap());
            if is_wide(&ty.arrow()) {
                return wide;
            }
            Instants::try_new(&wide).unwrap().to_type(ty, |instant| instant).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// Whether Tarn's form of the type cannot hold what Java gave.
fn is_out_of_form(to: &LogicalType, result: &str) -> bool {
    match to {
        LogicalType::Timestamp { precision: 4..=6 } | LogicalType::TimestampLtz { precision: 4..=6 } => {
            i64::try_from(nanoseconds(result) / 1000).is_err()
        }
        LogicalType::Time { .. } => !(0..86_400_000).contains(&result.parse::<i64>().unwrap()),
        _ => false,
    }
}

#[test]
fn casts_give_what_java_gives() {
    let mut checked = 0;
    for line in JAVA_CASTS.lines() {
        let parts: Vec<_> = line.splitn(4, '|').collect();
        let [from_text, to_text, value, result] = parts[..] else { panic!("{line}") };
        let (from, to) = (parse_type(from_text), parse_type(to_text));
        if result == "UNSUPPORTED" {
            let planned = Conversion::plan(&from.arrow(), &from, &to, FieldLookup::ByName);
            assert!(matches!(planned, Err(CastError::Unsupported { .. })), "{line}: {planned:?}");
            continue;
        }
        let cast = cast_array(&array_of(&from, value), &from, &to);
        if result == "ERROR" || (result != "NULL" && is_out_of_form(&to, result)) {
            assert!(matches!(cast, Err(CastError::Value { .. } | CastError::Form(_))), "{line}: {cast:?}");
        } else {
            let mut expected = array_of(&to, result);
            if *expected.data_type() == DECIMAL_NANOS {
                expected = Instants::try_new(&expected).unwrap().to_type(&to, |instant| instant).unwrap();
            }
            let cast = cast.unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(&cast, &expected, "{line}");
            checked += 1;
        }
    }
    assert!(checked > 1500, "only {checked} casts were checked");
}

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

fn array_type(element: LogicalType) -> LogicalType {
    LogicalType::Array { element: Box::new(element), element_nullable: true }
}

fn text_of(array: &ArrayRef) -> Vec<Option<&str>> {
    array.as_string_view().iter().collect()
}

#[test]
fn lists_cast_element_by_element_from_any_kind_of_list() {
    let values = vec![Some(vec![Some(1), None]), None, Some(vec![])];
    let narrow: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values.clone()));
    let large: ArrayRef = Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(values));
    let (from, to) = (array_type(LogicalType::Int), array_type(LogicalType::BigInt));
    for array in [narrow, large] {
        let cast = cast_array(&array, &from, &to).unwrap();
        assert_eq!(cast.data_type(), &to.arrow());
        let lists = cast.as_list::<i32>();
        assert_eq!(lists.value(0).as_primitive::<arrow::datatypes::Int64Type>().value(0), 1);
        assert!(lists.value(0).is_null(1) && lists.is_null(1));
        assert_eq!(lists.value(2).len(), 0);
        let slice = cast_array(&array.slice(2, 1), &from, &to).unwrap();
        assert_eq!((slice.len(), slice.as_list::<i32>().value(0).len()), (1, 0));
    }
}

#[test]
fn rows_are_matched_by_id_at_every_depth() {
    let inner = LogicalType::Row { fields: vec![field(3, "q", LogicalType::Int)] };
    let from = LogicalType::Row {
        fields: vec![
            field(1, "x", LogicalType::Int),
            field(2, "y", LogicalType::STRING),
            field(4, "z", inner),
        ],
    };
    let new_inner = LogicalType::Row {
        fields: vec![field(9, "q", LogicalType::Int), field(3, "p", LogicalType::BigInt)],
    };
    let to = LogicalType::Row {
        fields: vec![
            field(4, "zz", new_inner),
            field(2, "x", LogicalType::STRING),
            field(5, "n", LogicalType::Date),
        ],
    };
    let stored_inner = StructArray::from(vec![(
        Arc::new(Field::new("q", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![Some(7), None])) as ArrayRef,
    )]);
    let stored: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(Field::new("z", stored_inner.data_type().clone(), true)),
            Arc::new(stored_inner) as ArrayRef,
        ),
        (
            Arc::new(Field::new("x", DataType::Int32, true)),
            Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("y", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef,
        ),
    ]));
    let cast = cast_array(&stored, &from, &to).unwrap();
    assert_eq!(cast.data_type(), &to.arrow());
    let row = cast.as_struct();
    assert_eq!(text_of(row.column(1)), [Some("a"), Some("b")]);
    assert_eq!(row.column(2).null_count(), 2);
    let inner = row.column(0).as_struct();
    assert_eq!(inner.column(0).null_count(), 2);
    assert_eq!(inner.column(1).as_primitive::<arrow::datatypes::Int64Type>().value(0), 7);
    assert!(inner.column(1).is_null(1));
}

#[test]
fn stored_ids_are_followed_where_the_format_keeps_them() {
    let id = |id: i32| [(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into();
    let stored: ArrayRef = Arc::new(StructArray::from(vec![(
        Arc::new(Field::new("old", DataType::Int32, true).with_metadata(id(2))),
        Arc::new(Int32Array::from(vec![5])) as ArrayRef,
    )]));
    let ty = LogicalType::Row {
        fields: vec![field(1, "old", LogicalType::Int), field(2, "new", LogicalType::Int)],
    };
    let by_id = Conversion::plan(stored.data_type(), &ty, &ty, FieldLookup::ById).unwrap();
    let row = by_id.apply(&stored).unwrap();
    assert!(row.as_struct().column(0).is_null(0));
    assert_eq!(row.as_struct().column(1).as_primitive::<Int32Type>().value(0), 5);
}

/// Without ids a name may have meant another column when the file was written.
#[test]
fn rows_without_ids_are_read_by_name_only_where_names_are_mapped() {
    let old = Arc::new(Field::new("old", DataType::Int32, true));
    let stored: ArrayRef =
        Arc::new(StructArray::from(vec![(old, Arc::new(Int32Array::from(vec![5])) as ArrayRef)]));
    let ty = LogicalType::Row { fields: vec![field(1, "old", LogicalType::Int)] };
    let plan = |lookup| Conversion::plan(stored.data_type(), &ty, &ty, lookup);
    let error = plan(FieldLookup::ById).unwrap_err().to_string();
    assert!(error.contains("carry no field ids"), "{error}");
    let by_name = plan(FieldLookup::ByIdOrName).unwrap().apply(&stored).unwrap();
    assert_eq!(by_name.as_struct().column(0).as_primitive::<Int32Type>().value(0), 5);
}

#[test]
fn swapped_names_are_no_identity() {
    let from =
        LogicalType::Row { fields: vec![field(1, "a", LogicalType::Int), field(2, "b", LogicalType::Int)] };
    let to =
        LogicalType::Row { fields: vec![field(2, "a", LogicalType::Int), field(1, "b", LogicalType::Int)] };
    let stored: ArrayRef = Arc::new(StructArray::from(vec![
        (Arc::new(Field::new("a", DataType::Int32, true)), Arc::new(Int32Array::from(vec![1])) as ArrayRef),
        (Arc::new(Field::new("b", DataType::Int32, true)), Arc::new(Int32Array::from(vec![2])) as ArrayRef),
    ]));
    let cast = cast_array(&stored, &from, &to).unwrap();
    assert_eq!(cast.as_struct().column(0).as_primitive::<Int32Type>().value(0), 2);
    assert!(Conversion::plan(stored.data_type(), &from, &from, FieldLookup::ByName).unwrap().keeps());
}

/// Printed by Java's `ArrayToStringCastRule`, `MapToStringCastRule` and `RowToStringCastRule`.
#[test]
fn nested_values_become_text_as_java_prints_them() {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(vec![
        Some(vec![Some(1.5), None, Some(-0.0)]),
        None,
        Some(vec![]),
    ]));
    let cast =
        cast_array(&list, &array_type(LogicalType::Float), &LogicalType::Varchar { length: 3 }).unwrap();
    assert_eq!(text_of(&cast), [Some("[1.5, null, -0.0]"), None, Some("[]")]);

    let ty = LogicalType::Row {
        fields: vec![field(1, "x", LogicalType::Int), field(2, "y", array_type(LogicalType::STRING))],
    };
    let texts = ListArray::new(
        Arc::new(Field::new("element", DataType::Utf8, true)),
        OffsetBuffer::from_lengths([2]),
        Arc::new(StringArray::from(vec![Some("a"), None])),
        None,
    );
    let row: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(Field::new("x", DataType::Int32, true)),
            Arc::new(Int32Array::from(vec![None])) as ArrayRef,
        ),
        (Arc::new(Field::new("y", texts.data_type().clone(), true)), Arc::new(texts) as ArrayRef),
    ]));
    assert_eq!(text_of(&cast_array(&row, &ty, &LogicalType::STRING).unwrap()), [Some("{null, [a, null]}")]);
}

fn map_array(keys: ArrayRef, values: ArrayRef) -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new("k", keys.data_type().clone(), false),
        Field::new("v", values.data_type().clone(), true),
    ]);
    let entries = StructArray::new(fields.clone(), vec![keys, values], None);
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    let offsets = OffsetBuffer::from_lengths([entries.len()]);
    Arc::new(MapArray::new(field, offsets, entries, None, false))
}

#[test]
fn maps_keep_keys_and_cast_values() {
    let map = |value| LogicalType::Map {
        key: Box::new(LogicalType::STRING),
        value: Box::new(value),
        value_nullable: true,
    };
    let stored = map_array(
        Arc::new(StringArray::from(vec!["a", "b"])),
        Arc::new(Int32Array::from(vec![Some(1), None])),
    );
    let cast = cast_array(&stored, &map(LogicalType::Int), &map(LogicalType::STRING)).unwrap();
    assert_eq!(cast.data_type(), &map(LogicalType::STRING).arrow());
    assert_eq!(text_of(cast.as_map().values()), [Some("1"), None]);
    let text = cast_array(&stored, &map(LogicalType::Int), &LogicalType::STRING).unwrap();
    assert_eq!(text_of(&text), [Some("{a -> 1, b -> null}")]);
    let other_key = LogicalType::Map {
        key: Box::new(LogicalType::Int),
        value: Box::new(LogicalType::Int),
        value_nullable: true,
    };
    let refused = cast_array(&stored, &map(LogicalType::Int), &other_key);
    assert!(matches!(refused, Err(CastError::Unsupported { .. })));
}

#[test]
fn a_multiset_is_a_map_and_may_be_stored_as_pairs() {
    let multiset = LogicalType::Multiset { element: Box::new(LogicalType::STRING) };
    let map = map_array(Arc::new(StringArray::from(vec!["a"])), Arc::new(Int32Array::from(vec![2])));
    let map = map.as_map();
    let pairs: ArrayRef = Arc::new(ListArray::new(
        Arc::new(Field::new("element", map.entries().data_type().clone(), false)),
        map.offsets().clone(),
        Arc::new(map.entries().clone()),
        None,
    ));
    let read = cast_array(&pairs, &multiset, &multiset).unwrap();
    assert_eq!(read.data_type(), &multiset.arrow());
    assert_eq!(read.as_map().values().as_primitive::<Int32Type>().value(0), 2);
}

#[test]
fn vectors_are_read_from_lists_of_their_length() {
    let vector = LogicalType::Vector { element: Box::new(LogicalType::Float), length: 2 };
    let lists = |values| Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(values)) as ArrayRef;
    let read = cast_array(&lists(vec![Some(vec![Some(1.0), Some(2.0)]), None]), &vector, &vector).unwrap();
    let read = read.as_any().downcast_ref::<FixedSizeListArray>().unwrap();
    assert_eq!(read.data_type(), &vector.arrow());
    assert!(read.is_null(1));
    assert_eq!(read.value(0).as_primitive::<Float32Type>().values(), &[1.0, 2.0]);
    assert!(cast_array(&lists(vec![Some(vec![Some(1.0)])]), &vector, &vector).is_err());
}

#[test]
fn a_variant_is_two_parts_in_any_order_and_not_shredded() {
    let part = |name, value: &[u8]| {
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![value]));
        (Arc::new(Field::new(name, DataType::Binary, false)), bytes)
    };
    let stored: ArrayRef = Arc::new(StructArray::from(vec![part("metadata", b"m"), part("value", b"v")]));
    let read = cast_array(&stored, &LogicalType::Variant, &LogicalType::Variant).unwrap();
    assert_eq!(read.data_type(), &LogicalType::Variant.arrow());
    assert_eq!(read.as_struct().column(0).as_binary_view().value(0), b"v");
    let shredded: ArrayRef = Arc::new(StructArray::from(vec![
        part("metadata", b"m"),
        part("value", b"v"),
        part("typed_value", b"t"),
    ]));
    let refused = cast_array(&shredded, &LogicalType::Variant, &LogicalType::Variant);
    assert!(matches!(refused, Err(CastError::Form(_))), "{refused:?}");
}

#[test]
fn timestamps_that_arrow_cannot_hold_stay_wide_or_become_text() {
    let nine = LogicalType::Timestamp { precision: 9 };
    let nanos = 253_402_300_799_999_999_999_i128;
    let wide: ArrayRef =
        Arc::new(Decimal128Array::from(vec![nanos]).with_precision_and_scale(38, 9).unwrap());
    let text = cast_array(&wide, &nine, &LogicalType::STRING).unwrap();
    assert_eq!(text_of(&text), [Some("9999-12-31 23:59:59.999999999")]);
    assert_eq!(cast_array(&wide, &nine, &nine).unwrap().data_type(), &nine.arrow());
}

#[test]
fn longer_text_needs_no_cast() {
    let stored: ArrayRef = Arc::new(StringViewArray::from(vec!["a"]));
    let plan = |from: &LogicalType, to: &LogicalType| {
        Conversion::plan(stored.data_type(), from, to, FieldLookup::ByName).unwrap()
    };
    let (three, five) = (LogicalType::Varchar { length: 3 }, LogicalType::Varchar { length: 5 });
    assert!(plan(&three, &five).keeps());
    assert!(plan(&LogicalType::Char { length: 3 }, &LogicalType::STRING).keeps());
    assert!(!plan(&five, &three).keeps());
    assert!(!plan(&three, &LogicalType::Char { length: 3 }).keeps());
    let endless = LogicalType::Char { length: u32::MAX };
    let refused = Conversion::plan(stored.data_type(), &three, &endless, FieldLookup::ByName);
    assert!(matches!(refused, Err(CastError::Form(_))));
}

#[test]
fn only_widenings_that_keep_order_are_plain() {
    let plain = |from: &LogicalType, to: &LogicalType| {
        let physical = from.arrow();
        let conversion = Conversion::plan(&physical, from, to, FieldLookup::ByName).unwrap();
        conversion.is_plain_widening(&physical)
    };
    let decimal = |precision, scale| LogicalType::Decimal { precision, scale };
    assert!(plain(&LogicalType::Int, &LogicalType::BigInt));
    assert!(plain(&LogicalType::Float, &LogicalType::Double));
    assert!(plain(&decimal(10, 2), &decimal(12, 2)));
    for (from, to) in [
        (LogicalType::BigInt, LogicalType::Int),
        (LogicalType::BigInt, LogicalType::Double),
        (LogicalType::Int, LogicalType::STRING),
        (decimal(10, 2), decimal(12, 3)),
        (decimal(12, 2), decimal(10, 2)),
        (LogicalType::Timestamp { precision: 3 }, LogicalType::Timestamp { precision: 6 }),
        (LogicalType::STRING, LogicalType::Varchar { length: 3 }),
    ] {
        assert!(!plain(&from, &to), "{from:?} to {to:?}");
    }
}
