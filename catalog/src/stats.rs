//! Column bounds of a file, as its metadata keeps them.

use crate::datum::Datum;

/// Bounds of one column in one file. They prune; they never answer a query unless `exact`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStats {
    /// Lower bound; `Datum::Null` when unknown (or when all values are null).
    pub min: Datum,
    /// Upper bound, likewise.
    pub max: Datum,
    pub null_count: Option<u64>,
    /// Whether min and max are values that occur, rather than bounds cut short.
    pub exact: bool,
}

impl ColumnStats {
    pub const UNKNOWN: ColumnStats =
        ColumnStats { min: Datum::Null, max: Datum::Null, null_count: None, exact: false };
}

/// Statistics of a file by column name *in the file's own schema*.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileStats {
    pub columns: Vec<(String, ColumnStats)>,
}

impl FileStats {
    pub fn column(&self, name: &str) -> Option<&ColumnStats> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, stats)| stats)
    }
}
