//! The versions of many keys, side by side.

use std::ops::Range;

use super::fault::Fault;

pub(super) const INSERT: i8 = 0;
pub(super) const UPDATE_BEFORE: i8 = 1;
pub(super) const DELETE: i8 = 3;

/// Whether a version of this kind takes something back: an update's old row, or a delete.
pub(super) fn is_retraction(kind: i8) -> bool {
    kind == UPDATE_BEFORE || kind == DELETE
}

/// Rows grouped by key, oldest version first: group `g` is the rows from `offsets[g]` to
/// `offsets[g + 1]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Versions<'a> {
    kinds: &'a [i8],
    offsets: &'a [u32],
}

impl<'a> Versions<'a> {
    pub(super) fn try_new(rows: usize, kinds: &'a [i8], offsets: &'a [u32]) -> Result<Self, Fault> {
        if kinds.len() != rows {
            return Err(Fault::refused(format!("{} row kinds were given for {rows} versions", kinds.len())));
        }
        let whole = offsets.first() == Some(&0) && offsets.last().is_some_and(|end| *end as usize == rows);
        if !whole || !offsets.is_sorted() {
            return Err(Fault::refused(format!("the key offsets do not cut {rows} versions into groups")));
        }
        match kinds.iter().find(|kind| !(INSERT..=DELETE).contains(*kind)) {
            Some(kind) => Err(Fault::corrupt(format!("{kind} is not a row kind (0 to 3)"))),
            None => Ok(Self { kinds, offsets }),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn group(&self, group: usize) -> Range<usize> {
        self.offsets[group] as usize..self.offsets[group + 1] as usize
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.offsets.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }

    pub(super) fn kind(&self, row: usize) -> i8 {
        self.kinds[row]
    }

    pub(super) fn any_retraction(&self) -> bool {
        self.kinds.iter().any(|kind| is_retraction(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_must_cover_all_rows() {
        let kinds = [0, 3, 2];
        assert!(Versions::try_new(3, &kinds, &[0, 1, 3]).is_ok());
        for offsets in [&[][..], &[0, 2], &[1, 3], &[0, 3, 1, 3]] {
            assert!(Versions::try_new(3, &kinds, offsets).is_err(), "{offsets:?}");
        }
        assert!(Versions::try_new(2, &kinds, &[0, 2]).is_err());
        assert!(Versions::try_new(1, &[4], &[0, 1]).is_err());
    }
}
