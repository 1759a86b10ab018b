//! A query of a set as SQL text.

use std::collections::BTreeMap;

use crate::golden_set::Result;
use crate::golden_set::manifest::{Columns, GoldenSet, Query};
use crate::golden_set::statement::{identifier, literal, relation};
use crate::heading::has_row_kinds;

/// Asks for a leading column `_kind` with each row's kind, which SQL has no other place for.
const ROW_KINDS: (&str, &str) = ("tarn.row-kinds", "true");
/// Asks for every row that a streaming read gives until it would wait for a new snapshot.
const STREAMING_READ: (&str, &str) = ("tarn.streaming-read", "true");

/// The SQL of a query; `Err` where the runner has no words for it yet.
pub fn sql_of(set: &GoldenSet, query: &Query) -> Result<String> {
    match query.format.as_deref() {
        None => Ok(of_paimon(query, &set.paimon_database()?)),
        Some(format) if query.kind == "batch" => of_version(query, format),
        Some(format @ ("delta" | "iceberg")) if query.kind == "changes" => of_changes(set, query, format),
        Some(format) => Err(format!("{} of {format} are not there yet", query.kind).into()),
    }
}

/// Delta's columns of metadata, as `$row_tracking` names them.
const METADATA_COLUMNS: [(&str, &str); 2] = [
    ("_metadata.row_id", "_row_id AS row_id"),
    ("_metadata.row_commit_version", "_row_commit_version AS row_commit_version"),
];

/// `format."default"."table"`
pub fn table_of(query: &Query, format: &str, suffix: &str) -> String {
    let name = format!("{}{suffix}", query.table);
    format!("{}.{}", identifier(format), relation("default", &name, &BTreeMap::new()))
}

/// The changes of a range under the names that the format's reader gives their columns; where that reader
/// refused, under Tarn's.
fn of_changes(set: &GoldenSet, query: &Query, format: &str) -> Result<String> {
    let option = |name: &str| query.options.get(name).map(String::as_str);
    let (from, to) = (option("from").unwrap_or("0"), option("to").ok_or("a range without an end")?);
    let table = literal(&table_of(query, format, ""));
    let snapshots = table_of(query, format, "$snapshots");
    // The formats' readers tell changes under the table's columns of today, whatever the range.
    let (to, ended) = match format {
        "iceberg" if query.file.is_some() => (
            "'latest'",
            format!(
                " WHERE _commit_timestamp <= (SELECT committed_at FROM {snapshots} WHERE snapshot_id = {to})"
            ),
        ),
        "delta" if query.file.is_some() => ("'latest'", format!(" WHERE _commit_version <= {to}")),
        _ => (to, String::new()),
    };
    let (steps, filter) = match option("mode") {
        None | Some("updates") => (true, ended),
        Some("net") => (false, String::new()),
        // The incremental read is of the snapshots that append, and of no others.
        Some("append") => {
            let appending = format!("SELECT snapshot_id FROM {snapshots} WHERE operation = 'append'");
            (true, format!(" WHERE _change_type = 'insert' AND _commit_version IN ({appending})"))
        }
        Some(mode) => return Err(format!("changes of {format} with {mode} are not there yet").into()),
    };
    let key = option("keys").map(|keys| format!(", key => {}", literal(keys))).unwrap_or_default();
    let call = format!("table_changes({table}, {from}, {to}, steps => {steps}{key})");
    if query.file.is_none() {
        return Ok(format!("SELECT * FROM {call}{filter}"));
    }
    let columns = compared_columns(query, set.columns(query)?);
    let columns: Vec<String> = columns.iter().map(|(name, _)| change_column(name, format)).collect();
    Ok(format!("SELECT {} FROM {call}{filter}", columns.join(", ")))
}

fn change_column(name: &str, format: &str) -> String {
    match (format, name) {
        ("iceberg", "_change_type") => {
            let kinds = [
                ("insert", "INSERT"),
                ("delete", "DELETE"),
                ("update_preimage", "UPDATE_BEFORE"),
                ("update_postimage", "UPDATE_AFTER"),
            ];
            let kinds =
                kinds.map(|(ours, theirs)| format!("WHEN {} THEN {}", literal(ours), literal(theirs)));
            format!("CASE _change_type {} END AS _change_type", kinds.join(" "))
        }
        (_, "_commit_snapshot_id") => "_commit_version AS _commit_snapshot_id".to_owned(),
        (_, name) => identifier(name),
    }
}

/// The columns of an answer that Tarn's has too: it counts no snapshots of a range, and gives net changes the
/// version of the range's end.
pub fn compared_columns(query: &Query, columns: &Columns) -> Columns {
    let is_net = query.options.get("mode").is_some_and(|mode| mode == "net");
    let is_compared = |name: &str| match name {
        "_change_ordinal" => query.kind != "changes",
        "_commit_snapshot_id" => !is_net,
        _ => true,
    };
    columns.iter().filter(|(name, _)| is_compared(name)).cloned().collect()
}

/// `SELECT * FROM format."default"."table" FOR VERSION AS OF ...`
fn of_version(query: &Query, format: &str) -> Result<String> {
    let tracked = query.options.get("sql").is_some_and(|sql| sql.contains("row_id"));
    let mut table = table_of(query, format, if tracked { "$row_tracking" } else { "" });
    let mut what = "SELECT *".to_owned();
    if query.options.contains_key("branch") && query.options.contains_key("version") {
        return Err(format!("a version of a branch of {format} is not there yet").into());
    }
    for (option, value) in &query.options {
        match option.as_str() {
            "version" => table += &format!(" FOR VERSION AS OF {value}"),
            "tag" | "branch" => table += &format!(" FOR VERSION AS OF {}", literal(value)),
            "timestamp" => table += &format!(" FOR SYSTEM_TIME AS OF {value}"),
            "sql" => {
                let asked = value.strip_suffix(" from t").ok_or("a query that does not end in its table")?;
                what = METADATA_COLUMNS
                    .into_iter()
                    .fold(asked.to_owned(), |asked, (theirs, ours)| asked.replace(theirs, ours));
            }
            other => return Err(format!("option {other} of {format} is not there yet").into()),
        }
    }
    Ok(format!("{what} FROM {table}"))
}

/// `SELECT * FROM database."object" OPTIONS (...)`: the query as a user writes it.
fn of_paimon(query: &Query, database: &str) -> String {
    let mut options: BTreeMap<&str, &str> =
        query.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    if has_row_kinds(query) {
        options.insert(ROW_KINDS.0, ROW_KINDS.1);
    }
    if query.kind == "stream" {
        options.insert(STREAMING_READ.0, STREAMING_READ.1);
    }
    format!("SELECT * FROM {}", relation(database, query.object(), &options))
}
