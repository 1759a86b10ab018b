//! Bit-sliced integers: bitmap i holds the rows whose number has bit i set.

use roaring::RoaringBitmap;

/// Most slices: numbers have 64 bits.
pub const MAX_SLICES: usize = 64;

/// An unsigned number for each of some rows.
#[derive(Debug, Default)]
pub struct BitSlices {
    /// The rows that have a number.
    pub exists: RoaringBitmap,
    /// From the lowest bit up, at most [`MAX_SLICES`].
    pub slices: Vec<RoaringBitmap>,
}

impl BitSlices {
    pub fn equal(&self, number: u64) -> RoaringBitmap {
        if self.too_large(number) {
            return RoaringBitmap::new();
        }
        let mut rows = self.exists.clone();
        for (bit, slice) in self.slices.iter().enumerate() {
            if number >> bit & 1 == 1 {
                rows &= slice;
            } else {
                rows -= slice;
            }
        }
        rows
    }

    /// Rows whose number is greater: from the lowest bit up, a bit that decides overrules those below.
    pub fn greater(&self, number: u64) -> RoaringBitmap {
        let mut rows = RoaringBitmap::new();
        if self.too_large(number) {
            return rows;
        }
        for (bit, slice) in self.slices.iter().enumerate() {
            if number >> bit & 1 == 1 {
                rows &= slice;
            } else {
                rows |= slice;
            }
        }
        rows & &self.exists
    }

    /// Whether a number has bits that no row's has.
    fn too_large(&self, number: u64) -> bool {
        u32::try_from(self.slices.len()).is_ok_and(|slices| number.checked_shr(slices).unwrap_or(0) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row i has number `numbers[i]`.
    fn slices(numbers: &[Option<u64>], count: usize) -> BitSlices {
        let rows = |keep: &dyn Fn(u64) -> bool| {
            (0..).zip(numbers).filter(|(_, number)| number.is_some_and(keep)).map(|(row, _)| row).collect()
        };
        BitSlices {
            exists: rows(&|_| true),
            slices: (0..count).map(|bit| rows(&|number| number >> bit & 1 == 1)).collect(),
        }
    }

    #[test]
    fn comparisons_agree_with_the_numbers() {
        let numbers = [Some(0), None, Some(5), Some(7), Some(2), Some(5), None, Some(1)];
        let sliced = slices(&numbers, 3);
        for constant in 0..20 {
            let expected = |keep: &dyn Fn(u64) -> bool| -> RoaringBitmap {
                let found = (0..).zip(numbers).filter(|(_, number)| number.is_some_and(keep));
                found.map(|(row, _)| row).collect()
            };
            assert_eq!(sliced.equal(constant), expected(&|number| number == constant), "= {constant}");
            assert_eq!(sliced.greater(constant), expected(&|number| number > constant), "> {constant}");
        }
    }

    #[test]
    fn sixty_four_bits_fit() {
        let sliced = slices(&[Some(u64::MAX), Some(0)], MAX_SLICES);
        assert_eq!(sliced.equal(u64::MAX), RoaringBitmap::from([0]));
        assert_eq!(sliced.greater(u64::MAX - 1), RoaringBitmap::from([0]));
        assert!(slices(&[None], 0).equal(0).is_empty());
    }
}
