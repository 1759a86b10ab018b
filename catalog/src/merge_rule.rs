//! How versions of one key become one row.

use std::collections::BTreeMap;

/// What happens to the versions of a key, and the order in which they count.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeRule {
    pub engine: MergeEngine,
    /// Key columns, as indices into the table's schema, in the order of the files' sort.
    pub key: Vec<usize>,
    /// User-defined sequence columns, as indices into the table's schema; they order versions before
    /// the sequence number that the writer gave. Nulls come first in either direction.
    pub sequence_fields: Vec<usize>,
    pub sequence_descending: bool,
    /// Name of the column of the data files that holds the writer's sequence number (BIGINT).
    pub sequence_column: String,
    /// Name of the column of the data files that holds the row kind (TINYINT: 0 insert, 1 update
    /// before, 2 update after, 3 delete).
    pub kind_column: String,
    /// Versions are ordered by the lookup rule: the lowest level above 0 that holds the key is the
    /// base, and everything in higher levels is superseded by it (Paimon's LookupMergeFunction).
    pub lookup_base: bool,
    /// All options of the table that speak of merging (`fields.*`, `partial-update.*`,
    /// `aggregation.*`, `ignore-delete`, ...), for the engines that have rules per column.
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeEngine {
    /// The last version wins; a delete removes the key.
    Deduplicate,
    /// The first version wins.
    FirstRow,
    /// Per column, the last value that is not null; see `options` for groups and functions.
    PartialUpdate,
    /// Per column, an aggregate of all versions.
    Aggregation,
}

impl MergeEngine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Deduplicate => "deduplicate",
            Self::FirstRow => "first-row",
            Self::PartialUpdate => "partial-update",
            Self::Aggregation => "aggregation",
        }
    }

    /// Whether the merged row is always one of its versions, unchanged.
    pub fn picks_one_version(self) -> bool {
        matches!(self, Self::Deduplicate | Self::FirstRow)
    }
}

/// `ignore-delete` and the names it had before; the first one that is set counts.
pub const IGNORE_DELETE: [&str; 4] =
    ["ignore-delete", "first-row.ignore-delete", "deduplicate.ignore-delete", "partial-update.ignore-delete"];

impl MergeRule {
    /// Whether retractions are passed over as if they had never been written (`ignore-delete`, or
    /// its older names for each engine).
    pub fn ignore_delete(&self) -> bool {
        IGNORE_DELETE
            .iter()
            .find_map(|name| self.options.get(*name))
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}
