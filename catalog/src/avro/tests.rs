#![allow(clippy::unwrap_used, clippy::expect_used)]

use apache_avro::types::{Record as AvroRecord, Value as AvroValue};
use apache_avro::{Codec as AvroCodec, Schema, Writer};

use super::container::for_each_record;
use super::decode::Cursor;
use crate::malformed::Malformed;

const SCHEMA: &str = r#"{"type": "record", "name": "r", "namespace": "n.s", "fields": [
    {"name": "l", "type": "long"},
    {"name": "i", "type": ["null", "int"], "default": null},
    {"name": "s", "type": "string"},
    {"name": "b", "type": "bytes"},
    {"name": "t", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "a", "type": {"type": "array", "items": ["null", "long"]}},
    {"name": "m", "type": {"type": "map", "values": "double"}},
    {"name": "f", "type": {"type": "fixed", "name": "four", "size": 4}},
    {"name": "e", "type": {"type": "enum", "name": "either", "symbols": ["A", "B"]}},
    {"name": "n", "type": {"type": "record", "name": "inner", "fields": [{"name": "x", "type": "boolean"}]}},
    {"name": "again", "type": "inner"}
]}"#;

fn inner(x: bool) -> AvroValue {
    AvroValue::Record(vec![("x".into(), AvroValue::Boolean(x))])
}

fn file(codec: AvroCodec, records: i64) -> Vec<u8> {
    let schema = Schema::parse_str(SCHEMA).unwrap();
    let mut writer =
        Writer::builder().schema(&schema).writer(Vec::new()).codec(codec).block_size(200).build();
    for number in 0..records {
        let mut record = AvroRecord::new(&schema).unwrap();
        let union = |branch, value| AvroValue::Union(branch, Box::new(value));
        record.put("l", number * -1_000_000_007);
        record.put(
            "i",
            if number % 2 == 0 { union(0, AvroValue::Null) } else { union(1, AvroValue::Int(number as i32)) },
        );
        record.put("s", format!("schlüssel {number}"));
        record.put("b", AvroValue::Bytes(vec![number as u8; 3]));
        record.put("t", union(1, AvroValue::TimestampMillis(number)));
        record.put("a", AvroValue::Array(vec![union(1, AvroValue::Long(number)), union(0, AvroValue::Null)]));
        record.put("m", AvroValue::Map([("k".to_string(), AvroValue::Double(0.5))].into()));
        record.put("f", AvroValue::Fixed(4, vec![1, 2, 3, 4]));
        record.put("e", AvroValue::Enum(1, "B".into()));
        record.put("n", inner(true));
        record.put("again", inner(false));
        writer.append(record).unwrap();
    }
    writer.into_inner().unwrap()
}

fn decoded(file: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut records = Vec::new();
    for_each_record(file, |record| {
        records.push(format!("{record:?}"));
        Ok(())
    })?;
    Ok(records)
}

#[test]
fn every_codec_gives_the_same_records() {
    let expected = decoded(&file(AvroCodec::Null, 50)).unwrap();
    assert_eq!(expected.len(), 50);
    let one = r#"Record([("l", Integer(-1000000007)), ("i", Integer(1)), ("s", Text("schlüssel 1")), ("b", Bytes([1, 1, 1])), ("t", Integer(1)), ("a", List([Integer(1), Null])), ("m", Record(Record([("k", Double(0.5))]))), ("f", Bytes([1, 2, 3, 4])), ("e", Text("B")), ("n", Record(Record([("x", Boolean(true))]))), ("again", Record(Record([("x", Boolean(false))])))])"#;
    assert_eq!(expected[1], one);
    for codec in [
        AvroCodec::Deflate(Default::default()),
        AvroCodec::Snappy,
        AvroCodec::Zstandard(Default::default()),
        AvroCodec::Bzip2(Default::default()),
        AvroCodec::Xz(Default::default()),
    ] {
        assert_eq!(decoded(&file(codec, 50)).unwrap(), expected, "{codec:?}");
    }
}

#[test]
fn numbers_in_a_file_are_not_believed() {
    let long = |value: i64| {
        let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
        let mut bytes = Vec::new();
        while zigzag >= 0x80 {
            bytes.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    };
    let empty = file(AvroCodec::Null, 0);
    let sync = empty[empty.len() - 16..].to_vec();
    let block = |count: i64, length: i64, body: &[u8]| {
        [empty.clone(), long(count), long(length), body.to_vec(), sync.clone()].concat()
    };
    for (what, bytes) in [
        ("a block of an exabyte", block(1, 1 << 60, &[])),
        ("a block of negative length", block(1, -1, &[])),
        ("more records than bytes", block(i64::MAX, 1, &[0])),
        ("a negative number of records", block(-1, 1, &[0])),
        ("bytes left over", block(0, 1, &[0])),
        ("another marker", [block(0, 0, &[]), vec![0, 0], vec![7; 16]].concat()),
    ] {
        assert!(decoded(&bytes).is_err(), "{what}");
    }
    assert!(decoded(&block(0, 0, &[])).is_ok());
}

#[test]
fn array_counts_and_lengths_are_bounded_by_the_input() {
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert!(Cursor::new(&huge).bytes().is_err());
    assert!(Cursor::new(&huge).blocks(|cursor| cursor.long()).is_err());
    let minimum = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(Cursor::new(&minimum).long().unwrap(), i64::MIN);
    assert!(Cursor::new(&[minimum.as_slice(), &[0, 0]].concat()).blocks(|cursor| cursor.long()).is_err());
    assert!(Cursor::new(&[0xff; 11]).long().is_err());
}

#[test]
fn schemas_that_nest_or_multiply_without_end_are_refused() {
    let nested =
        (0..200).fold("\"int\"".to_string(), |inner, _| format!(r#"{{"type": "array", "items": {inner}}}"#));
    let mut doubling =
        String::from(r#"{"type": "record", "name": "r0", "fields": [{"name": "a", "type": "int"}]}"#);
    for level in 1..30 {
        let below = level - 1;
        doubling = format!(
            r#"{{"type": "record", "name": "r{level}", "fields": [{{"name": "a", "type": {doubling}}}, {{"name": "b", "type": "r{below}"}}]}}"#
        );
    }
    for schema in [nested, doubling, "{}".into(), "\"unknown\"".into(), "[".into()] {
        assert!(super::schema::Shape::parse(schema.as_bytes()).is_err());
    }
}
