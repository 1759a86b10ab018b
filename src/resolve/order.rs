//! The order of the versions of one key.
//!
//! Versions are ordered by the user-defined sequence columns, then by the writer's sequence number,
//! then retractions before additions. Where the sequence ranges of the files do not overlap, and no
//! user-defined sequence exists, the order of the files is the order of their versions, and neither
//! column has to be read (*sequence dominance*).

use std::cmp::{Ordering, Reverse};

use arrow::row::Rows;
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::split::DataFile;

use super::merge::Position;

/// The row kinds that take a row back: update-before and delete.
pub fn is_retraction(kind: i8) -> bool {
    matches!(kind, 1 | 3)
}

/// What orders the versions in a window over a run, by position in the window.
#[derive(Default)]
pub struct RowOrder {
    pub user_sequence: Option<Rows>,
    pub sequence: Option<Vec<i64>>,
    /// `None` where no row is a retraction.
    pub kinds: Option<Vec<i8>>,
}

impl RowOrder {
    pub fn kind(&self, at: usize) -> i8 {
        self.kinds.as_ref().map_or(0, |kinds| kinds[at])
    }
}

/// Whether sequence numbers have to be read to order versions across these files; `run_of` says in
/// which run each one is. Files of one run share no key, so that their sequence ranges may overlap:
/// those of one compaction's outputs always do. On the bench table, where level 5 is two files a
/// bucket, minding other runs alone saves reading 24 MB of sequence numbers beside 10 MB of keys.
pub fn needs_sequence(rule: &MergeRule, files: &[DataFile], run_of: &[usize]) -> bool {
    if !rule.sequence_fields.is_empty() {
        return true;
    }
    let mut ranges: Vec<_> =
        files.iter().zip(run_of).map(|(file, &run)| (file.min_sequence, file.max_sequence, run)).collect();
    ranges.sort_unstable();
    // The highest end so far, and the highest of the runs other than that one's.
    let mut highest: Option<(i64, usize)> = None;
    let mut of_others: Option<i64> = None;
    for (min, max, run) in ranges {
        let before = match highest {
            Some((_, of)) if of == run => of_others,
            other => other.map(|(end, _)| end),
        };
        if before.is_some_and(|end| min <= end) {
            return true;
        }
        match highest {
            Some((end, of)) if of == run => highest = Some((end.max(max), run)),
            Some((end, _)) if end >= max => of_others = of_others.max(Some(max)),
            other => {
                of_others = of_others.max(other.map(|(end, _)| end));
                highest = Some((max, run));
            }
        }
    }
    false
}

/// Whether a row of the file may be a retraction, so that its row kinds have to be read.
pub fn needs_kinds(file: &DataFile) -> bool {
    file.delete_rows != Some(0)
}

/// Ranks files from the oldest to the newest; ties in sequence are broken so that the outcome does
/// not depend on the order in which files were listed.
pub fn file_ranks(files: &[DataFile]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&index| {
        let file = &files[index];
        (
            file.max_sequence,
            file.min_sequence,
            Reverse(file.level),
            file.creation_time_millis,
            file.path.as_ref(),
        )
    });
    let mut ranks = vec![0; files.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank;
    }
    ranks
}

/// The part of a run's current file that is held.
#[derive(Default)]
pub struct Window {
    /// Place of the file in the section.
    pub file: usize,
    /// Position of the window's first key among the file's keys.
    pub first: usize,
    pub rows: RowOrder,
}

/// Compares versions of one key.
pub struct VersionOrder {
    /// By run.
    pub windows: Vec<Window>,
    /// By file, see [`file_ranks`].
    pub ranks: Vec<usize>,
}

impl VersionOrder {
    pub fn kind(&self, (run, at): Position) -> i8 {
        self.windows[run].rows.kind(at)
    }

    pub fn compare(&self, a: Position, b: Position) -> Ordering {
        let (x, y) = (&self.windows[a.0], &self.windows[b.0]);
        let user = match (&x.rows.user_sequence, &y.rows.user_sequence) {
            (Some(x), Some(y)) => x.row(a.1).cmp(&y.row(b.1)),
            _ => Ordering::Equal,
        };
        user.then_with(|| match (&x.rows.sequence, &y.rows.sequence) {
            (Some(x), Some(y)) => x[a.1].cmp(&y[b.1]),
            _ => Ordering::Equal,
        })
        .then_with(|| {
            // Without sequence numbers the files' ranks order everything; with them, equal numbers
            // put retractions first.
            let adds = |row| !is_retraction(self.kind(row));
            if x.rows.sequence.is_some() { adds(a).cmp(&adds(b)) } else { Ordering::Equal }
        })
        .then_with(|| self.compare_ranks(a, b))
    }

    /// Compares by the ranks of the files, then by position.
    pub fn compare_ranks(&self, a: Position, b: Position) -> Ordering {
        let rank = |row: Position| (self.ranks[self.windows[row.0].file], row.1);
        rank(a).cmp(&rank(b))
    }
}
