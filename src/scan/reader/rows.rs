//! Which physical rows of a file are read, and their positions.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array};
use arrow::buffer::BooleanBuffer;
use tarn_catalog::split::DataFile;
use tarn_catalog::{Error, Result};

/// Follows a reader through the rows of a file.
#[derive(Debug, Clone)]
pub(super) struct LiveRows {
    live: Option<BooleanBuffer>,
    /// Physical rows of the file.
    rows: usize,
    /// The first physical row that has not been passed.
    next: usize,
}

impl LiveRows {
    pub fn try_new(file: &DataFile, live: Option<&BooleanBuffer>) -> Result<Self> {
        Self::of(file.rows, live, file.path.as_ref())
    }

    /// Follows `rows` rows from a place that is named for errors.
    pub fn of(rows: u64, live: Option<&BooleanBuffer>, place: &str) -> Result<Self> {
        let rows = usize::try_from(rows)
            .map_err(|_| Error::invalid(format!("{place} has {rows} rows, too many")))?;
        if let Some(live) = live
            && live.len() != rows
        {
            let marks = live.len();
            return Err(Error::invalid(format!("a mask of {marks} rows for {place} of {rows} rows")));
        }
        Ok(Self { live: live.cloned(), rows, next: 0 })
    }

    /// Physical rows that have not been passed.
    pub fn remaining(&self) -> usize {
        self.rows - self.next
    }

    /// Passes the next `count` physical rows; gives those that are live among them, `None` for all.
    /// The caller checked that there are as many.
    pub fn pass(&mut self, count: usize) -> Option<BooleanArray> {
        let start = self.next;
        self.next = (start + count).min(self.rows);
        let live = self.live.as_ref()?.slice(start, self.next - start);
        (live.count_set_bits() < live.len()).then(|| BooleanArray::new(live, None))
    }

    /// The positions of the `count` physical rows that [`Self::pass`] will pass.
    pub fn positions(&self, count: usize) -> ArrayRef {
        let range = self.next..(self.next + count).min(self.rows);
        Arc::new(range.map(|row| row as i64).collect::<Int64Array>())
    }

    /// Passes rows until `count` live ones are among them, and gives their positions; `None` where
    /// the file has not as many.
    pub fn pass_live(&mut self, count: usize) -> Option<ArrayRef> {
        let Some(live) = &self.live else {
            let enough = count <= self.remaining();
            let positions = enough.then(|| self.positions(count));
            self.next = (self.next + count).min(self.rows);
            return positions;
        };
        let start = self.next;
        let rest = live.slice(start, self.rows - start);
        let positions: Int64Array = rest.set_indices().take(count).map(|row| (start + row) as i64).collect();
        if positions.len() < count {
            return None;
        }
        self.next = positions.values().last().map_or(start, |&last| last as usize + 1);
        Some(Arc::new(positions))
    }

    /// Live rows that have not been passed.
    pub fn live_rows_left(&self) -> usize {
        match &self.live {
            Some(live) => live.slice(self.next, self.remaining()).count_set_bits(),
            None => self.remaining(),
        }
    }

    /// Whether a live row has not been passed.
    pub fn has_live_rows_left(&self) -> bool {
        self.live_rows_left() > 0
    }
}

#[cfg(test)]
pub(super) fn rows_for_test(live: &[bool]) -> LiveRows {
    LiveRows { live: Some(live.iter().copied().collect()), rows: live.len(), next: 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn numbers(array: &ArrayRef) -> Vec<i64> {
        array.as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn positions_follow_the_live_rows() {
        let mut rows = rows_for_test(&[false, true, true, false, true, false]);
        assert_eq!(numbers(&rows.pass_live(2).unwrap()), [1, 2]);
        assert!(rows.has_live_rows_left());
        assert_eq!(numbers(&rows.pass_live(1).unwrap()), [4]);
        assert!(!rows.has_live_rows_left());
        assert_eq!(rows.pass_live(1), None);
    }

    #[test]
    fn passing_gives_the_mask_of_the_rows_passed() {
        let mut rows = rows_for_test(&[true, true, false, true]);
        assert_eq!(numbers(&rows.positions(2)), [0, 1]);
        assert_eq!(rows.pass(2), None);
        assert_eq!(rows.pass(2), Some(BooleanArray::from(vec![false, true])));
        assert_eq!(rows.remaining(), 0);
    }
}
