//! A query of a set as SQL text.

use std::collections::BTreeMap;

use crate::golden_set::Result;
use crate::golden_set::manifest::{GoldenSet, Query};
use crate::golden_set::statement::{identifier, literal, relation};
use crate::heading::has_row_kinds;

/// Asks for a leading column `_kind` with each row's kind, which SQL has no other place for.
const ROW_KINDS: (&str, &str) = ("tarn.row-kinds", "true");
/// Asks for every row that a streaming read gives until it would wait for a new snapshot.
const STREAMING_READ: (&str, &str) = ("tarn.streaming-read", "true");

/// The SQL of a query; `Err` where the runner has no words for it yet.
pub fn sql_of(set: &GoldenSet, query: &Query) -> Result<String> {
    match &query.format {
        None => Ok(of_paimon(query, &set.paimon_database()?)),
        Some(format) if query.kind == "batch" => of_version(query, format),
        Some(format) => Err(format!("{} of {format} are not there yet", query.kind).into()),
    }
}

/// `SELECT * FROM format."default"."table" FOR VERSION AS OF ...`
fn of_version(query: &Query, format: &str) -> Result<String> {
    let mut table = format!("{}.{}", identifier(format), relation("default", &query.table, &BTreeMap::new()));
    let mut what = "SELECT *";
    if query.options.contains_key("branch") && query.options.contains_key("version") {
        return Err(format!("a version of a branch of {format} is not there yet").into());
    }
    for (option, value) in &query.options {
        match option.as_str() {
            "version" => table += &format!(" FOR VERSION AS OF {value}"),
            "tag" | "branch" => table += &format!(" FOR VERSION AS OF {}", literal(value)),
            "timestamp" => table += &format!(" FOR SYSTEM_TIME AS OF {value}"),
            "sql" if value.contains("row_id") => return Err("row ids are no columns yet".into()),
            "sql" => what = value.strip_suffix(" from t").ok_or("a query that does not end in its table")?,
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
