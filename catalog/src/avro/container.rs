//! Object container files: a header with the schema, then blocks of records.

use super::codec::Codec;
use super::decode::Cursor;
use super::schema::Shape;
use crate::malformed::{Decoded, Malformed};
use crate::value::Record;

const MAGIC: &[u8] = b"Obj\x01";

/// Bytes of the marker after the header and after each block.
const SYNC: usize = 16;

struct Header<'a> {
    shape: Shape,
    codec: Codec,
    sync: &'a [u8],
}

/// Calls `visit` with each record of the file, in order.
pub fn for_each_record(file: &[u8], mut visit: impl FnMut(&Record<'_>) -> Decoded<()>) -> Decoded<()> {
    let mut cursor = Cursor::new(file);
    let header = header(&mut cursor).map_err(|reason| reason.within("Avro header"))?;
    let Shape::Record(fields) = &header.shape else {
        return Err(Malformed::new("the Avro schema is no record"));
    };
    let mut number = 0;
    while !cursor.is_empty() {
        number += 1;
        let block = || format!("Avro block {number}");
        let count = cursor.long().map_err(|reason| reason.within(block()))?;
        let body = cursor.bytes().map_err(|reason| reason.within(block()))?;
        let body = header.codec.decompress(body).map_err(|reason| reason.within(block()))?;
        records(&body, count, fields, &mut visit).map_err(|reason| reason.within(block()))?;
        if cursor.take(SYNC).map_err(|reason| reason.within(block()))? != header.sync {
            return Err(Malformed::new("the marker after it differs from the header's").within(block()));
        }
    }
    Ok(())
}

fn records(
    body: &[u8],
    count: i64,
    fields: &[(String, Shape)],
    visit: &mut impl FnMut(&Record<'_>) -> Decoded<()>,
) -> Decoded<()> {
    let mut cursor = Cursor::new(body);
    // Each record takes at least a byte.
    let count = usize::try_from(count).ok().filter(|count| *count <= body.len());
    let count = count.ok_or_else(|| Malformed::new("an impossible record count"))?;
    for _ in 0..count {
        visit(&cursor.record(fields)?)?;
    }
    match cursor.remaining() {
        0 => Ok(()),
        left => Err(Malformed::new(format!("{left} bytes are left over"))),
    }
}

fn header<'a>(cursor: &mut Cursor<'a>) -> Decoded<Header<'a>> {
    if cursor.take(MAGIC.len())? != MAGIC {
        return Err(Malformed::new("no Avro file"));
    }
    let (mut shape, mut codec) = (None, Codec::Null);
    for (key, value) in cursor.blocks(|cursor| Ok((cursor.text()?, cursor.bytes()?)))? {
        match key {
            "avro.schema" => shape = Some(Shape::parse(value)?),
            "avro.codec" => codec = Codec::by_name(&String::from_utf8_lossy(value))?,
            _ => {}
        }
    }
    let shape = shape.ok_or_else(|| Malformed::new("no schema"))?;
    Ok(Header { shape, codec, sync: cursor.take(SYNC)? })
}
