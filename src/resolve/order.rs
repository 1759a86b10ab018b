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

/// What orders the versions of one file, by position among the file's keys.
#[derive(Default)]
pub struct FileOrder {
    pub user_sequence: Option<Rows>,
    pub sequence: Option<Vec<i64>>,
    pub kinds: Option<Vec<i8>>,
}

impl FileOrder {
    pub fn kind(&self, at: usize) -> i8 {
        self.kinds.as_ref().map_or(0, |kinds| kinds[at])
    }
}

/// Whether sequence numbers have to be read to order versions across these files.
pub fn needs_sequence(rule: &MergeRule, files: &[DataFile]) -> bool {
    if !rule.sequence_fields.is_empty() {
        return true;
    }
    let mut ranges: Vec<(i64, i64)> =
        files.iter().map(|file| (file.min_sequence, file.max_sequence)).collect();
    ranges.sort_unstable();
    ranges.windows(2).any(|pair| pair[1].0 <= pair[0].1)
}

/// Whether any row of these files may be a retraction, so that row kinds have to be read.
pub fn needs_kinds(files: &[DataFile]) -> bool {
    files.iter().any(|file| file.delete_rows != Some(0))
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

/// Compares versions of one key.
pub struct VersionOrder<'a> {
    pub files: &'a [FileOrder],
    pub ranks: Vec<usize>,
}

impl VersionOrder<'_> {
    pub fn compare(&self, a: Position, b: Position) -> Ordering {
        let (x, y) = (&self.files[a.0], &self.files[b.0]);
        let user = match (&x.user_sequence, &y.user_sequence) {
            (Some(x), Some(y)) => x.row(a.1).cmp(&y.row(b.1)),
            _ => Ordering::Equal,
        };
        user.then_with(|| match (&x.sequence, &y.sequence) {
            (Some(x), Some(y)) => x[a.1].cmp(&y[b.1]),
            _ => Ordering::Equal,
        })
        .then_with(|| {
            // Without sequence numbers the files' ranks order everything; with them, equal numbers
            // put retractions first.
            let retracts = |order: &FileOrder, at| !is_retraction(order.kind(at));
            if x.sequence.is_some() { retracts(x, a.1).cmp(&retracts(y, b.1)) } else { Ordering::Equal }
        })
        .then_with(|| (self.ranks[a.0], a.1).cmp(&(self.ranks[b.0], b.1)))
    }
}
