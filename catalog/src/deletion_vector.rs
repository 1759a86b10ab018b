//! Deletion vectors: bitmaps of deleted row positions, in the forms that Paimon, Delta and Iceberg share.
//!
//! A record is `[i32 size][payload of size bytes][i32 crc32 of the payload]`, big-endian. The payload
//! begins with a magic number that tells its form:
//! - 32 bits (Paimon alone): `[i32 1581511376][portable Roaring bitmap]`;
//! - 64 bits, little-endian: `[i32 1681511377][i64 count]` and then count times `[i32 high bits]
//!   [portable Roaring bitmap]` in ascending order.

use object_store::path::Path;
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::cursor::Cursor;
use crate::error::Result;
use crate::row_positions::RowPositions;

const MAGIC_32: u32 = 1_581_511_376;
const MAGIC_64: u32 = 1_681_511_377;
/// Bytes of size and checksum around a payload.
pub const FRAME_BYTES: usize = 8;
/// Fewest bytes of a key and its bitmap: the key and an empty bitmap's cookie and size.
const MIN_ENTRY_BYTES: usize = 12;

/// Decodes the record at the start of `bytes`, which were fetched from `path`.
pub fn decode(bytes: &[u8], path: &Path) -> Result<RowPositions> {
    let mut cursor = Cursor::new(bytes, path.as_ref());
    let size = cursor.length("the size of a deletion vector")?;
    let payload = cursor.take(size)?;
    let expected = cursor.i32()? as u32;
    if cursor.remaining() > FRAME_BYTES {
        return Err(cursor.corrupt("a deletion vector is shorter than the metadata says"));
    }
    let found = crc32fast::hash(payload);
    if found != expected {
        return Err(cursor.corrupt(format!(
            "the checksum of a deletion vector is {found:08x} where {expected:08x} is stored"
        )));
    }
    decode_payload(payload, path)
}

/// Decodes a bitmap that stands without a frame.
pub fn decode_payload(payload: &[u8], path: &Path) -> Result<RowPositions> {
    let mut cursor = Cursor::new(payload, path.as_ref());
    let magic = cursor.i32()? as u32;
    let positions = if magic == MAGIC_32 {
        RowPositions::from(cursor.roaring()?)
    } else if magic.swap_bytes() == MAGIC_64 {
        RowPositions::from(decode_64(&mut cursor)?)
    } else {
        return Err(cursor.corrupt(format!("{magic} is not the magic number of a deletion vector")));
    };
    match cursor.remaining() {
        0 => Ok(positions),
        left => Err(cursor.corrupt(format!("{left} bytes follow the bitmap of a deletion vector"))),
    }
}

fn decode_64(cursor: &mut Cursor<'_>) -> Result<RoaringTreemap> {
    let count = (cursor.i64()? as u64).swap_bytes();
    if count > (cursor.remaining() / MIN_ENTRY_BYTES) as u64 {
        return Err(cursor.corrupt(format!("a deletion vector cannot hold {count} bitmaps")));
    }
    let mut bitmaps: Vec<(u32, RoaringBitmap)> = Vec::new();
    for _ in 0..count {
        let high = (cursor.i32()? as u32).swap_bytes();
        if bitmaps.last().is_some_and(|(last, _)| *last >= high) {
            return Err(cursor.corrupt("the bitmaps of a deletion vector are not in order"));
        }
        bitmaps.push((high, cursor.roaring()?));
    }
    Ok(RoaringTreemap::from_bitmaps(bitmaps))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn path() -> Path {
        Path::from("index/index-1")
    }

    fn record(payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&crc32fast::hash(payload).to_be_bytes());
        bytes
    }

    fn payload_32(bitmap: &RoaringBitmap) -> Vec<u8> {
        let mut payload = MAGIC_32.to_be_bytes().to_vec();
        bitmap.serialize_into(&mut payload).unwrap();
        payload
    }

    fn payload_64(treemap: &RoaringTreemap) -> Vec<u8> {
        let mut payload = MAGIC_64.to_le_bytes().to_vec();
        treemap.serialize_into(&mut payload).unwrap();
        payload
    }

    fn failure(bytes: &[u8]) -> String {
        decode(bytes, &path()).unwrap_err().to_string()
    }

    #[test]
    fn both_forms_decode() {
        let bitmap: RoaringBitmap = (0..10_000).step_by(3).chain([1 << 20]).collect();
        let positions = decode(&record(&payload_32(&bitmap)), &path()).unwrap();
        assert_eq!(positions.len(), bitmap.len());
        assert!(positions.contains(9_999) && !positions.contains(10_000));
        assert!(positions.iter().eq(bitmap.iter().map(u64::from)));

        let treemap: RoaringTreemap = [0, 5, 1 << 33, (1 << 33) + 1].into_iter().collect();
        let mut bytes = record(&payload_64(&treemap));
        bytes.extend_from_slice(&[7; FRAME_BYTES]);
        let positions = decode(&bytes, &path()).unwrap();
        assert!(positions.iter().eq(treemap.iter()));
        assert_eq!(positions.max(), Some((1 << 33) + 1));
        assert_eq!(positions.ranges().map(|(high, _)| high).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn damage_is_found() {
        let good = record(&payload_32(&[1, 2, 3].into_iter().collect()));
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 0x10;
            assert!(failure(&bad).starts_with("index/index-1 is corrupt"), "byte {index}");
        }
        for length in 0..good.len() {
            decode(&good[..length], &path()).unwrap_err();
        }
        let mut long = good;
        long.extend_from_slice(&[0; FRAME_BYTES + 1]);
        assert!(failure(&long).contains("shorter than the metadata"));
    }

    #[test]
    fn well_framed_nonsense_is_refused() {
        assert!(failure(&record(&[1, 2, 3, 4])).contains("magic number"));
        let mut trailing = payload_32(&RoaringBitmap::new());
        trailing.push(0);
        assert!(failure(&record(&trailing)).contains("1 bytes follow"));

        let mut endless = MAGIC_64.to_le_bytes().to_vec();
        endless.extend_from_slice(&u64::MAX.to_le_bytes());
        assert!(failure(&record(&endless)).contains("cannot hold"));

        let mut twice = MAGIC_64.to_le_bytes().to_vec();
        twice.extend_from_slice(&2_u64.to_le_bytes());
        for _ in 0..2 {
            twice.extend_from_slice(&1_u32.to_le_bytes());
            RoaringBitmap::from([1]).serialize_into(&mut twice).unwrap();
        }
        assert!(failure(&record(&twice)).contains("not in order"));
    }
}
