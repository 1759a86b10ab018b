//! What queries are counted under, and what their kind says about their rows.

use crate::golden_set::manifest::Query;

/// The heading under which results are counted: `batch`, or `delta batch`.
pub fn heading(query: &Query) -> String {
    match &query.format {
        Some(format) => format!("{format} {}", query.kind),
        None => query.kind.clone(),
    }
}

/// The table's group: its name up to the first underscore.
pub fn group(query: &Query) -> &str {
    query.table.split('_').next().unwrap_or(&query.table)
}

/// Whether rows carry a kind (`+I`, `-U`, `+U`, `-D`) that is part of the answer. The rows of a batch query are
/// the rows of a table: the kind that the writer's reader happens to give them says nothing.
pub fn has_row_kinds(query: &Query) -> bool {
    // The rows of a log have their kinds in a column of its own, and are all additions to the log.
    let is_log = ["$audit_log", "$binlog"].iter().any(|log| query.object().ends_with(log));
    matches!(query.kind.as_str(), "incremental" | "stream") && !is_log
}
