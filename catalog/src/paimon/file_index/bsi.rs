//! The `bsi` index: signed integers in bit slices, magnitudes of positive and negative ones apart.
//!
//! `[u8 version][i32 rows]` and twice (values from 0 up, then negative values) `[u8 present]` with, if
//! present, `[u8 version][i64 min][i64 max][bitmap of rows][i32 slices][bitmap of each slice]`. Slices
//! hold magnitude minus min. Big-endian, bitmaps in Roaring's portable form.

use roaring::RoaringBitmap;

use crate::cursor::Cursor;
use crate::error::Result;
use crate::paimon::file_index::bit_slices::{BitSlices, MAX_SLICES};
use crate::paimon::file_index::key::{Key, KeyType};
use crate::paimon::file_index::row_index::RowIndex;

const VERSION: u8 = 1;

#[derive(Debug)]
pub struct BsiIndex {
    row_count: u32,
    positive: Magnitudes,
    negative: Magnitudes,
}

impl BsiIndex {
    /// Whether Paimon writes this index for such keys.
    pub fn takes(key_type: KeyType) -> bool {
        use KeyType as K;
        matches!(key_type, K::Byte | K::Short | K::Int | K::Long | K::Decimal | K::Timestamp { .. })
    }

    /// `None` for a version that is not known.
    pub fn parse(bytes: &[u8], path: &str) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes, path);
        if cursor.u8()? != VERSION {
            return Ok(None);
        }
        let row_count = cursor.length("the number of rows")? as u32;
        let Some(positive) = Magnitudes::parse(&mut cursor)? else { return Ok(None) };
        let Some(negative) = Magnitudes::parse(&mut cursor)? else { return Ok(None) };
        Ok(Some(Self { row_count, positive, negative }))
    }
}

impl RowIndex for BsiIndex {
    fn row_count(&self) -> u32 {
        self.row_count
    }

    fn not_null(&self) -> Result<RoaringBitmap> {
        Ok(&self.positive.sliced.exists | &self.negative.sliced.exists)
    }

    fn equal(&self, key: &Key) -> Result<RoaringBitmap> {
        let Key::Number(value) = key else { return Ok(RoaringBitmap::new()) };
        let side = if *value < 0 { &self.negative } else { &self.positive };
        Ok(side.equal(value.unsigned_abs()))
    }

    fn below(&self, key: &Key, inclusive: bool) -> Result<Option<RoaringBitmap>> {
        let Key::Number(value) = key else { return Ok(None) };
        let magnitude = value.unsigned_abs();
        let rows = if *value < 0 {
            self.negative.greater(magnitude, inclusive)
        } else {
            let above = self.positive.greater(magnitude, !inclusive);
            &self.negative.sliced.exists | (&self.positive.sliced.exists - above)
        };
        Ok(Some(rows))
    }
}

/// The magnitudes of one sign.
#[derive(Debug, Default)]
struct Magnitudes {
    min: u64,
    max: u64,
    /// Magnitudes minus `min`.
    sliced: BitSlices,
}

impl Magnitudes {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Option<Self>> {
        if cursor.u8()? == 0 {
            return Ok(Some(Self::default()));
        }
        if cursor.u8()? != VERSION {
            return Ok(None);
        }
        let (min, max) = (cursor.i64()?, cursor.i64()?);
        let (Ok(min), Ok(max)) = (u64::try_from(min), u64::try_from(max)) else {
            return Err(cursor.corrupt(format!("magnitudes from {min} to {max} are not positive")));
        };
        let exists = cursor.roaring()?;
        let count = cursor.length("the number of bit slices")?;
        if count > MAX_SLICES || min > max {
            return Err(cursor.corrupt(format!("{count} bit slices hold values from {min} to {max}")));
        }
        let slices = (0..count).map(|_| cursor.roaring()).collect::<Result<_>>()?;
        Ok(Some(Self { min, max, sliced: BitSlices { exists, slices } }))
    }

    fn equal(&self, magnitude: u64) -> RoaringBitmap {
        if (self.min..=self.max).contains(&magnitude) {
            self.sliced.equal(magnitude - self.min)
        } else {
            RoaringBitmap::new()
        }
    }

    /// Rows whose magnitude is greater, or with `inclusive` at least as great.
    fn greater(&self, magnitude: u64, inclusive: bool) -> RoaringBitmap {
        // At least m is greater than m - 1.
        let below = if inclusive { magnitude.checked_sub(1) } else { Some(magnitude) };
        match below {
            Some(below) if below >= self.max => RoaringBitmap::new(),
            Some(below) if below >= self.min => self.sliced.greater(below - self.min),
            _ => self.sliced.exists.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Writes one sign's part the way Java does: min 0, the fewest slices.
    fn part(values: &[(u32, u64)]) -> Vec<u8> {
        let Some(max) = values.iter().map(|(_, value)| *value).max() else { return vec![0] };
        let mut bytes = vec![1, VERSION];
        bytes.extend_from_slice(&0_i64.to_be_bytes());
        bytes.extend_from_slice(&(max as i64).to_be_bytes());
        let bitmap = |bytes: &mut Vec<u8>, keep: &dyn Fn(u64) -> bool| {
            let rows = values.iter().filter(|(_, value)| keep(*value)).map(|(row, _)| *row);
            rows.collect::<RoaringBitmap>().serialize_into(bytes).unwrap();
        };
        bitmap(&mut bytes, &|_| true);
        let slices = u64::BITS - max.leading_zeros();
        bytes.extend_from_slice(&slices.to_be_bytes());
        for bit in 0..slices {
            bitmap(&mut bytes, &|value| value >> bit & 1 == 1);
        }
        bytes
    }

    fn index(values: &[Option<i64>]) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&(values.len() as i32).to_be_bytes());
        for negative in [false, true] {
            let rows = (0..).zip(values).filter_map(|(row, value)| Some((row, (*value)?)));
            let signed = rows.filter(|(_, value)| (*value < 0) == negative);
            bytes.extend(part(&signed.map(|(row, value)| (row, value.unsigned_abs())).collect::<Vec<_>>()));
        }
        bytes
    }

    #[test]
    fn comparisons_agree_with_the_values() {
        let values = [Some(3), None, Some(-4), Some(0), Some(9), Some(-1), Some(3), Some(i64::MAX)];
        let bsi = BsiIndex::parse(&index(&values), "f").unwrap().unwrap();
        let rows = |keep: &dyn Fn(i64) -> bool| -> RoaringBitmap {
            let found = (0..).zip(values).filter(|(_, value)| value.is_some_and(keep));
            found.map(|(row, _)| row).collect()
        };
        for constant in (-6..12).chain([i64::MIN, i64::MAX - 1, i64::MAX]) {
            let key = Key::Number(constant);
            assert_eq!(bsi.equal(&key).unwrap(), rows(&|value| value == constant), "= {constant}");
            let below = |inclusive| bsi.below(&key, inclusive).unwrap().unwrap();
            assert_eq!(below(false), rows(&|value| value < constant), "< {constant}");
            assert_eq!(below(true), rows(&|value| value <= constant), "<= {constant}");
        }
        assert_eq!(bsi.not_null().unwrap(), rows(&|_| true));
    }

    #[test]
    fn columns_of_nulls_have_no_part() {
        let bsi = BsiIndex::parse(&index(&[None, None]), "f").unwrap().unwrap();
        assert!(bsi.not_null().unwrap().is_empty());
        assert!(bsi.below(&Key::Number(5), true).unwrap().unwrap().is_empty());
    }

    #[test]
    fn damage_is_found_and_newer_versions_are_left_alone() {
        let good = index(&[Some(1), Some(-2)]);
        for length in 0..good.len() {
            BsiIndex::parse(&good[..length], "f").unwrap_err();
        }
        let mut newer = good.clone();
        newer[0] = 2;
        assert!(BsiIndex::parse(&newer, "f").unwrap().is_none());
        let mut negative = good;
        negative[7] = 0x80;
        BsiIndex::parse(&negative, "f").unwrap_err();
    }
}
