//! Totals over files: rows, bytes and counts of a partition or a bucket.

use crate::paimon::manifest::{EntryKind, ManifestEntry};

/// What the files of a partition or bucket add up to.
///
/// Deletions are subtracted, so that entries of all manifests can be added in any order. The time of
/// the last creation counts files that have been deleted since: it says when something was last
/// written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub rows: i64,
    /// Bytes.
    pub size: i64,
    pub files: i64,
    /// Milliseconds of the writers' wall clock.
    pub last_creation_millis: i64,
    /// Buckets of the partition, by the last entry.
    pub total_buckets: i32,
}

impl Totals {
    pub fn of(entry: &ManifestEntry) -> Self {
        let sign = match entry.kind {
            EntryKind::Add => 1,
            EntryKind::Delete => -1,
        };
        // Manifests hold longs, and unsigned numbers of ours come from there.
        let signed = |number: u64| sign * i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            rows: signed(entry.file.row_count),
            size: signed(entry.file.file_size),
            files: sign,
            last_creation_millis: entry.file.creation_time_local_millis.unwrap_or_default(),
            total_buckets: entry.total_buckets,
        }
    }

    pub fn add(&mut self, later: Self) {
        self.rows = self.rows.saturating_add(later.rows);
        self.size = self.size.saturating_add(later.size);
        self.files += later.files;
        self.last_creation_millis = self.last_creation_millis.max(later.last_creation_millis);
        self.total_buckets = later.total_buckets;
    }
}
