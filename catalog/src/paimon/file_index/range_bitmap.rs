//! The `range-bitmap` index: a sorted dictionary of the column's values, and each row's rank in it as a
//! bit-sliced integer.
//!
//! `[i32 head length]`, the head `[u8 version][i32 rows][i32 distinct values][min][max][i32 dictionary
//! length]` (min and max absent where there are no values), the [dictionary](super::dictionary), and the
//! slices: `[i32 head length][u8 version][u8 slices][i32 length of the bitmap of rows][i32 length of the
//! places]`, for each slice `[i32 offset][i32 length]`, then the bitmap of rows and the slices. Offsets
//! count from behind the bitmap of rows. Big-endian, bitmaps in Roaring's portable form.

use roaring::RoaringBitmap;

use crate::cursor::Cursor;
use crate::error::Result;
use crate::paimon::file_index::bit_slices::{BitSlices, MAX_SLICES};
use crate::paimon::file_index::dictionary::{Dictionary, Rank};
use crate::paimon::file_index::key::{Key, KeyType};
use crate::paimon::file_index::row_index::RowIndex;

const VERSION: u8 = 1;
/// Bytes of a slice's place.
const PLACE_BYTES: usize = 8;

#[derive(Debug)]
pub struct RangeBitmapIndex<'a> {
    row_count: u32,
    cardinality: u64,
    dictionary: Dictionary<'a>,
    ranks: BitSlices,
}

impl<'a> RangeBitmapIndex<'a> {
    /// `None` for a version that is not known.
    pub fn parse(bytes: &'a [u8], key_type: KeyType, path: &'a str) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes, path);
        let head_length = cursor.length("the length of the index head")?;
        let body_start = cursor.position() + head_length;
        if cursor.u8()? != VERSION {
            return Ok(None);
        }
        let row_count = cursor.length("the number of rows")? as u32;
        let cardinality = cursor.length("the number of values")? as u64;
        if cardinality > 0 {
            key_type.read(&mut cursor)?;
            key_type.read(&mut cursor)?;
        }
        let dictionary_length = cursor.length("the length of the dictionary")?;
        let mut cursor = Cursor::at(bytes, body_start, path)?;
        let dictionary = Dictionary::parse(cursor.take(dictionary_length)?, key_type, path)?;
        let (Some(dictionary), Some(ranks)) = (dictionary, parse_slices(&mut cursor, path)?) else {
            return Ok(None);
        };
        Ok(Some(Self { row_count, cardinality, dictionary, ranks }))
    }

    /// Rows whose rank is below a number of keys.
    fn ranked_below(&self, keys: u64) -> RoaringBitmap {
        match keys.checked_sub(1) {
            None => RoaringBitmap::new(),
            Some(_) if keys >= self.cardinality => self.ranks.exists.clone(),
            Some(last) => &self.ranks.exists - self.ranks.greater(last),
        }
    }
}

impl RowIndex for RangeBitmapIndex<'_> {
    fn row_count(&self) -> u32 {
        self.row_count
    }

    fn not_null(&self) -> Result<RoaringBitmap> {
        Ok(self.ranks.exists.clone())
    }

    fn equal(&self, key: &Key) -> Result<RoaringBitmap> {
        match self.dictionary.rank(key)? {
            Rank { smaller, found: true } => Ok(self.ranks.equal(smaller)),
            Rank { found: false, .. } => Ok(RoaringBitmap::new()),
        }
    }

    fn below(&self, key: &Key, inclusive: bool) -> Result<Option<RoaringBitmap>> {
        let Rank { smaller, found } = self.dictionary.rank(key)?;
        Ok(Some(self.ranked_below(smaller + u64::from(inclusive && found))))
    }
}

fn parse_slices(cursor: &mut Cursor<'_>, path: &str) -> Result<Option<BitSlices>> {
    let head_length = cursor.length("the length of the slices' head")?;
    let head = cursor.take(head_length)?;
    let body = cursor.take(cursor.remaining())?;
    let mut head = Cursor::new(head, path);
    if head.u8()? != VERSION {
        return Ok(None);
    }
    let count = usize::from(head.u8()?);
    let exists_length = head.length("the length of the bitmap of rows")?;
    let places_length = head.length("the length of the slices' places")?;
    if count > MAX_SLICES || places_length != count * PLACE_BYTES {
        return Err(head.corrupt(format!("{count} slices have places of {places_length} bytes")));
    }
    let exists = Cursor::new(body, path).roaring()?;
    let mut slices = Vec::with_capacity(count);
    for _ in 0..count {
        let offset = head.length("the offset of a slice")?;
        head.length("the length of a slice")?;
        slices.push(Cursor::at(body, exists_length.saturating_add(offset), path)?.roaring()?);
    }
    Ok(Some(BitSlices { exists, slices }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::paimon::file_index::dictionary::tests::{dictionary, text_key};

    fn int(bytes: &mut Vec<u8>, value: usize) {
        bytes.extend_from_slice(&(value as i32).to_be_bytes());
    }

    /// An index of texts as Java's appender lays it out.
    fn index(values: &[Option<&str>]) -> Vec<u8> {
        let mut texts: Vec<_> = values.iter().flatten().copied().collect();
        texts.sort_unstable();
        texts.dedup();
        let keys: Vec<_> = texts.iter().map(|text| text_key(text)).collect();
        let dictionary = dictionary(&keys, 2, true);
        let mut head = vec![VERSION];
        int(&mut head, values.len());
        int(&mut head, keys.len());
        head.extend(keys.first().into_iter().chain(keys.last()).flatten());
        int(&mut head, dictionary.len());
        let mut bytes = Vec::new();
        int(&mut bytes, head.len());
        [bytes, head, dictionary, slices(values, &texts)].concat()
    }

    fn slices(values: &[Option<&str>], texts: &[&str]) -> Vec<u8> {
        let bitmap = |keep: &dyn Fn(usize) -> bool| {
            let rank = |value: &Option<&str>| texts.binary_search(&(*value)?).ok();
            let rows = (0..).zip(values).filter(|(_, value)| rank(value).is_some_and(keep));
            let mut bytes = Vec::new();
            rows.map(|(row, _)| row).collect::<RoaringBitmap>().serialize_into(&mut bytes).unwrap();
            bytes
        };
        let count = (usize::BITS - texts.len().saturating_sub(1).leading_zeros()).max(1) as usize;
        let exists = bitmap(&|_| true);
        let slices: Vec<_> = (0..count).map(|bit| bitmap(&|rank| rank >> bit & 1 == 1)).collect();
        let mut head = vec![VERSION, count as u8];
        int(&mut head, exists.len());
        int(&mut head, count * PLACE_BYTES);
        let mut offset = 0;
        for slice in &slices {
            int(&mut head, offset);
            int(&mut head, slice.len());
            offset += slice.len();
        }
        let mut bytes = Vec::new();
        int(&mut bytes, head.len());
        [bytes, head, exists, slices.concat()].concat()
    }

    #[test]
    fn comparisons_agree_with_the_values() {
        let values = [Some("b"), None, Some("a"), Some("ccc"), Some("b"), Some(""), Some("d")];
        let bytes = index(&values);
        let index = RangeBitmapIndex::parse(&bytes, KeyType::Text, "f").unwrap().unwrap();
        let rows = |keep: &dyn Fn(&str) -> bool| -> RoaringBitmap {
            let found = (0..).zip(values).filter(|(_, value)| value.is_some_and(keep));
            found.map(|(row, _)| row).collect()
        };
        for constant in ["", "a", "aa", "b", "c", "ccc", "d", "e"] {
            let key = Key::Text(constant.into());
            assert_eq!(index.equal(&key).unwrap(), rows(&|value| value == constant), "= {constant}");
            let below = |inclusive| index.below(&key, inclusive).unwrap().unwrap();
            assert_eq!(below(false), rows(&|value| value < constant), "< {constant}");
            assert_eq!(below(true), rows(&|value| value <= constant), "<= {constant}");
        }
        assert_eq!(index.not_null().unwrap(), rows(&|_| true));
        assert_eq!(index.row_count(), 7);
    }

    #[test]
    fn columns_of_nulls_and_single_values_work() {
        let bytes = index(&[None, None]);
        let nulls = RangeBitmapIndex::parse(&bytes, KeyType::Text, "f").unwrap().unwrap();
        assert!(nulls.not_null().unwrap().is_empty());
        assert!(nulls.below(&Key::Text(b"z".to_vec()), true).unwrap().unwrap().is_empty());
        let bytes = index(&[Some("x"), None, Some("x")]);
        let one = RangeBitmapIndex::parse(&bytes, KeyType::Text, "f").unwrap().unwrap();
        assert_eq!(one.equal(&Key::Text(b"x".to_vec())).unwrap(), RoaringBitmap::from([0, 2]));
        assert!(one.below(&Key::Text(b"x".to_vec()), false).unwrap().unwrap().is_empty());
    }

    #[test]
    fn damage_never_panics() {
        let good = index(&[Some("b"), None, Some("a"), Some("ccc")]);
        for position in 0..good.len() {
            RangeBitmapIndex::parse(&good[..position], KeyType::Text, "f").unwrap_err();
            let mut bad = good.clone();
            bad[position] = 0xff;
            if let Ok(Some(index)) = RangeBitmapIndex::parse(&bad, KeyType::Text, "f") {
                // Any answer or error will do here: the format has no checksum.
                let _ = index.below(&Key::Text(b"b".to_vec()), true);
            }
        }
    }
}
