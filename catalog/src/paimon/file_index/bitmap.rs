//! The `bitmap` index: a bitmap of rows for each value of the column.
//!
//! Both versions begin `[u8 version][i32 rows][i32 values][u8 has null]`, with `[i32 offset]` of the
//! null bitmap if there are nulls.
//! - Version 1 goes on with `[value][i32 offset]` for each value, and then the bitmaps.
//! - Version 2 has `[i32 length]` behind the null bitmap's offset, and sorts its values into blocks:
//!   `[i32 blocks]`, for each `[first value][i32 offset]`, `[i32 length of the blocks]`, the blocks
//!   (`[i32 values]` and `[value][i32 offset][i32 length]` for each), and then the bitmaps.
//!
//! A negative offset stands for a bitmap of the one row `-1 - offset`. Big-endian, bitmaps in Roaring's
//! portable form, which knows its own length.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::cursor::Cursor;
use crate::error::Result;
use crate::paimon::file_index::key::{Key, KeyType};
use crate::paimon::file_index::row_index::RowIndex;

/// Bytes of an offset or a length.
const OFFSET_BYTES: usize = 4;

#[derive(Debug)]
pub struct BitmapIndex<'a> {
    path: &'a str,
    row_count: u32,
    null_offset: Option<i32>,
    values: Values<'a>,
    bitmaps: &'a [u8],
}

/// Where the bitmap of each value lies.
#[derive(Debug)]
enum Values<'a> {
    All(HashMap<Key, i32>),
    Blocks { first: Vec<(Key, usize)>, bytes: &'a [u8], key_type: KeyType },
}

impl<'a> BitmapIndex<'a> {
    /// Whether Paimon writes this index for such keys.
    pub fn takes(key_type: KeyType) -> bool {
        key_type != KeyType::Decimal
    }

    /// `None` for a version that is not known.
    pub fn parse(bytes: &'a [u8], key_type: KeyType, path: &'a str) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes, path);
        let version = cursor.u8()?;
        if !matches!(version, 1 | 2) {
            return Ok(None);
        }
        let row_count = cursor.length("the number of rows")? as u32;
        let value_count = cursor.length("the number of values")?;
        let null_offset = if cursor.u8()? == 0 { None } else { Some(cursor.i32()?) };
        let values = if version == 1 {
            let mut values = HashMap::new();
            for _ in 0..value_count {
                values.insert(key_type.read(&mut cursor)?, cursor.i32()?);
            }
            Values::All(values)
        } else {
            if null_offset.is_some() {
                cursor.i32()?;
            }
            parse_blocks(&mut cursor, key_type)?
        };
        let bitmaps = cursor.take(cursor.remaining())?;
        Ok(Some(Self { path, row_count, null_offset, values, bitmaps }))
    }

    fn offset(&self, key: &Key) -> Result<Option<i32>> {
        match &self.values {
            Values::All(offsets) => Ok(offsets.get(key).copied()),
            Values::Blocks { first, bytes, key_type } => {
                let after = first.partition_point(|(start, _)| start <= key);
                let Some((_, offset)) = after.checked_sub(1).and_then(|index| first.get(index)) else {
                    return Ok(None);
                };
                find_in_block(Cursor::at(bytes, *offset, self.path)?, *key_type, key)
            }
        }
    }

    fn bitmap(&self, offset: i32) -> Result<RoaringBitmap> {
        match usize::try_from(offset) {
            Ok(offset) => Cursor::at(self.bitmaps, offset, self.path)?.roaring(),
            // -1 - offset, which is the complement, is not negative here.
            Err(_) => Ok(RoaringBitmap::from([!offset as u32])),
        }
    }
}

fn parse_blocks<'a>(cursor: &mut Cursor<'a>, key_type: KeyType) -> Result<Values<'a>> {
    let count = cursor.count("the number of blocks", key_type.min_bytes() + OFFSET_BYTES)?;
    let mut first = Vec::with_capacity(count);
    for _ in 0..count {
        first.push((key_type.read(cursor)?, cursor.length("the offset of a block")?));
    }
    let length = cursor.length("the length of the blocks")?;
    Ok(Values::Blocks { first, bytes: cursor.take(length)?, key_type })
}

fn find_in_block(mut block: Cursor<'_>, key_type: KeyType, key: &Key) -> Result<Option<i32>> {
    for _ in 0..block.length("the number of values of a block")? {
        let found = key_type.read(&mut block)?;
        let offset = block.i32()?;
        block.i32()?;
        if found == *key {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

impl RowIndex for BitmapIndex<'_> {
    fn row_count(&self) -> u32 {
        self.row_count
    }

    fn not_null(&self) -> Result<RoaringBitmap> {
        let mut rows = RoaringBitmap::new();
        rows.insert_range(0..self.row_count);
        if let Some(offset) = self.null_offset {
            rows -= self.bitmap(offset)?;
        }
        Ok(rows)
    }

    fn equal(&self, key: &Key) -> Result<RoaringBitmap> {
        self.offset(key)?.map_or_else(|| Ok(RoaringBitmap::new()), |offset| self.bitmap(offset))
    }

    fn below(&self, _: &Key, _: bool) -> Result<Option<RoaringBitmap>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    fn int(bytes: &mut Vec<u8>, value: i32) {
        bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends a bitmap to the body and gives its offset, or the form of a single row.
    fn place(body: &mut Vec<u8>, rows: &[i32]) -> i32 {
        match rows {
            [row] => -1 - row,
            rows => {
                let offset = body.len() as i32;
                let rows: RoaringBitmap = rows.iter().map(|row| *row as u32).collect();
                rows.serialize_into(body).unwrap();
                offset
            }
        }
    }

    /// An index of numbers as Java writes it, blocks of two values in version 2.
    fn index(values: &[Option<i32>], version: u8) -> Vec<u8> {
        let mut by_value: BTreeMap<Option<i32>, Vec<i32>> = BTreeMap::new();
        for (row, value) in (0..).zip(values) {
            by_value.entry(*value).or_default().push(row);
        }
        let mut body = Vec::new();
        let nulls = by_value.remove(&None).map(|rows| place(&mut body, &rows));
        let offsets: Vec<(i32, i32)> =
            by_value.iter().map(|(value, rows)| (value.unwrap(), place(&mut body, rows))).collect();
        let mut bytes = vec![version];
        int(&mut bytes, values.len() as i32);
        int(&mut bytes, offsets.len() as i32);
        bytes.push(u8::from(nulls.is_some()));
        nulls.iter().for_each(|offset| int(&mut bytes, *offset));
        if version == 1 {
            for (value, offset) in offsets.iter().rev() {
                int(&mut bytes, *value);
                int(&mut bytes, *offset);
            }
            return [bytes, body].concat();
        }
        nulls.iter().for_each(|_| int(&mut bytes, -1));
        let mut blocks = Vec::new();
        int(&mut bytes, offsets.chunks(2).count() as i32);
        for block in offsets.chunks(2) {
            int(&mut bytes, block[0].0);
            int(&mut bytes, blocks.len() as i32);
            int(&mut blocks, block.len() as i32);
            for (value, offset) in block {
                [*value, *offset, -1].iter().for_each(|number| int(&mut blocks, *number));
            }
        }
        int(&mut bytes, blocks.len() as i32);
        [bytes, blocks, body].concat()
    }

    #[test]
    fn both_versions_find_rows_by_value() {
        let values = [Some(7), None, Some(-1), Some(7), Some(3), Some(9), Some(3), None, Some(12)];
        for version in [1, 2] {
            let bytes = index(&values, version);
            let index = BitmapIndex::parse(&bytes, KeyType::Int, "f").unwrap().unwrap();
            for constant in -3..15 {
                let expected: RoaringBitmap = (0..)
                    .zip(values)
                    .filter(|(_, value)| *value == Some(constant))
                    .map(|(row, _)| row)
                    .collect();
                let found = index.equal(&Key::Number(i64::from(constant))).unwrap();
                assert_eq!(found, expected, "= {constant} in version {version}");
            }
            assert_eq!(index.not_null().unwrap(), RoaringBitmap::from([0, 2, 3, 4, 5, 6, 8]));
            assert_eq!(index.below(&Key::Number(5), true).unwrap(), None);
        }
    }

    #[test]
    fn single_nulls_and_no_values_work() {
        for version in [1, 2] {
            let bytes = index(&[None, Some(1)], version);
            let one = BitmapIndex::parse(&bytes, KeyType::Int, "f").unwrap().unwrap();
            assert_eq!(one.not_null().unwrap(), RoaringBitmap::from([1]));
            let bytes = index(&[None, None], version);
            let none = BitmapIndex::parse(&bytes, KeyType::Int, "f").unwrap().unwrap();
            assert!(none.not_null().unwrap().is_empty());
            assert!(none.equal(&Key::Number(0)).unwrap().is_empty());
        }
    }

    #[test]
    fn damage_never_panics_and_newer_versions_are_left_alone() {
        let values: Vec<_> = (0..12).map(|row| Some(row % 5)).collect();
        for version in [1, 2] {
            let good = index(&values, version);
            for position in 1..good.len() {
                let mut bad = good.clone();
                bad[position] = 0x7f;
                for bytes in [&bad[..], &good[..position]] {
                    if let Ok(Some(index)) = BitmapIndex::parse(bytes, KeyType::Int, "f") {
                        // Any answer or error will do here: the format has no checksum.
                        let _ = index.equal(&Key::Number(2));
                    }
                }
            }
            BitmapIndex::parse(&good[..9], KeyType::Int, "f").unwrap_err();
        }
        assert!(BitmapIndex::parse(&[3], KeyType::Int, "f").unwrap().is_none());
    }
}
