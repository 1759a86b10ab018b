//! Avro files written by hand: what the format allows and the files of types.rs do not have.

use std::io::Write;

use arrow::array::Array;

use super::*;

/// Writes values in Avro's encoding.
#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn long(&mut self, value: i64) -> &mut Self {
        let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
        while zigzag >= 0x80 {
            self.0.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        self.0.push(zigzag as u8);
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.long(bytes.len() as i64);
        self.0.extend_from_slice(bytes);
        self
    }
}

const SYNC: [u8; 16] = [7; 16];

/// A file of blocks, each with its number of rows and their encoding.
fn avro_file(schema: &str, codec: &str, blocks: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut file = Encoder(b"Obj\x01".to_vec());
    file.long(2).bytes(b"avro.schema").bytes(schema.as_bytes());
    file.bytes(b"avro.codec").bytes(codec.as_bytes()).long(0);
    file.0.extend_from_slice(&SYNC);
    for (rows, bytes) in blocks {
        file.long(*rows).bytes(&compress(codec, bytes));
        file.0.extend_from_slice(&SYNC);
    }
    file.0
}

fn compress(codec: &str, bytes: &[u8]) -> Vec<u8> {
    match codec {
        "null" => bytes.to_vec(),
        "deflate" => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "snappy" => {
            let mut block = snap::raw::Encoder::new().compress_vec(bytes).unwrap();
            block.extend_from_slice(&crc32fast::hash(bytes).to_be_bytes());
            block
        }
        "zstandard" => zstd::encode_all(bytes, 1).unwrap(),
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        other => panic!("{other}"),
    }
}

/// A record with a name that is none in Avro, a union with null last, a timestamp under the other
/// kind's logical type, a fixed decimal, a map in two runs of which one has its size.
const SCHEMA: &str = r#"{"type":"record","name":"r","fields":[
    {"name":"größe (€)","type":["string","null"]},
    {"name":"skipped","type":{"type":"array","items":{"type":"map","values":["null","double"]}}},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
    {"name":"amount","type":{"type":"fixed","name":"f","size":20,"logicalType":"decimal","precision":10,"scale":2}},
    {"name":"counts","type":{"type":"map","values":"int"}},
    {"name":"kind","type":{"type":"enum","name":"e","symbols":["a","b"]}}]}"#;

fn row(number: i64) -> Vec<u8> {
    let mut row = Encoder::default();
    match number % 2 {
        0 => row.long(0).bytes(format!("n{number}").as_bytes()),
        _ => row.long(1),
    };
    // Two lists of maps: one run with its size in bytes, one without.
    row.long(-1).long(13).long(1).bytes(b"x").long(1);
    row.0.extend_from_slice(&1.5_f64.to_le_bytes());
    row.long(0).long(1).long(0).long(0);
    row.long(number * 1_000_000);
    let amount = (i128::from(number) - 2) * 100 + 5;
    row.0.extend_from_slice(&[if amount < 0 { 0xff } else { 0 }; 4]);
    row.0.extend_from_slice(&amount.to_be_bytes());
    row.long(1).bytes(b"p").long(number).long(-1).long(3).bytes(b"q").long(-number).long(0);
    row.long(number % 2);
    row.0
}

fn fields() -> Vec<SchemaField> {
    vec![
        field(0, "größe (€)", LogicalType::STRING),
        field(1, "at", LogicalType::TimestampLtz { precision: 6 }),
        field(2, "amount", LogicalType::Decimal { precision: 10, scale: 2 }),
        field(3, "counts", map_of(LogicalType::STRING, LogicalType::Int)),
        field(4, "kind", LogicalType::STRING),
        field(5, "later", LogicalType::Int),
    ]
}

async fn test_file(codec: &str) -> TestFile {
    let first: Vec<u8> = (0..3).flat_map(row).collect();
    let second: Vec<u8> = (3..5).flat_map(row).collect();
    let bytes = avro_file(SCHEMA, codec, &[(3, first), (0, Vec::new()), (2, second)]);
    TestFile::new("f.avro", bytes, 5, fields()).await
}

#[tokio::test]
async fn liberties_and_rarities_are_read_with_every_codec() {
    for codec in ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"] {
        let batch = test_file(codec).await.read(&ReadColumns::of_table(fields()), None, 4).await.unwrap();
        let names: Vec<_> = batch.column(0).as_string_view().iter().collect();
        assert_eq!(names, [Some("n0"), None, Some("n2"), None, Some("n4")], "{codec}");
        let at = batch.column(1).as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        assert_eq!(at.values(), &[0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]);
        let amounts = batch.column(2).as_primitive::<arrow::datatypes::Decimal128Type>();
        assert_eq!(amounts.values(), &[-195, -95, 5, 105, 205]);
        let counts = batch.column(3).as_map().value(3);
        assert_eq!(counts.column(1).as_primitive::<arrow::datatypes::Int32Type>().values(), &[3, -3]);
        assert_eq!(batch.column(4).as_string_view().value(1), "b");
        assert_eq!(batch.column(5).null_count(), 5);
    }
}

#[tokio::test]
async fn rows_that_are_not_live_are_passed_over() {
    let live: BooleanBuffer = [false, true, false, false, true].into_iter().collect();
    let mut columns = ReadColumns::of_table(vec![fields()[0].clone()]);
    columns.row_number = Some("row".to_owned());
    let batch = test_file("null").await.read(&columns, Some(&live), 1).await.unwrap();
    assert_eq!(batch.column(0).as_string_view().iter().collect::<Vec<_>>(), [None, Some("n4")]);
    assert_eq!(longs(batch.column(1)), [1, 4]);
}

#[tokio::test]
async fn a_block_that_lies_about_its_rows_is_corrupt() {
    let rows: Vec<u8> = (0..5).flat_map(row).collect();
    for (count, reason) in [(4, "after its last row"), (6, "ends in the middle")] {
        let bytes = avro_file(SCHEMA, "null", &[(count, rows.clone())]);
        let file = TestFile::new("f.avro", bytes, count as u64, fields()).await;
        let error = file.read(&ReadColumns::of_table(fields()), None, 50).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_codec_is_named() {
    let mut bytes = avro_file(SCHEMA, "null", &[]);
    let codec = bytes.windows(10).position(|window| window == b"avro.codec").unwrap() + 11;
    assert_eq!(&bytes[codec..codec + 4], b"null");
    bytes[codec..codec + 4].copy_from_slice(b"lzma");
    let file = TestFile::new("f.avro", bytes, 0, fields()).await;
    let error = file.read(&ReadColumns::default(), None, 50).await.unwrap_err();
    assert!(error.to_string().contains("lzma"), "{error}");
}
