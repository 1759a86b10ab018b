//! A query of a set as SQL text.

use std::collections::BTreeMap;

use super::manifest::Query;

/// Asks for a leading column `_kind` with each row's kind, which SQL has no other place for.
const ROW_KINDS: (&str, &str) = ("tarn.row-kinds", "true");
/// Asks for every row that a streaming read gives until it would wait for a new snapshot.
const STREAMING_READ: (&str, &str) = ("tarn.streaming-read", "true");

/// `SELECT * FROM database."object" OPTIONS (...)`: the query as a user writes it.
pub fn of_paimon(query: &Query, database: &str) -> String {
    let mut options: BTreeMap<&str, &str> =
        query.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    if query.has_row_kinds() {
        options.insert(ROW_KINDS.0, ROW_KINDS.1);
    }
    if query.kind == "stream" {
        options.insert(STREAMING_READ.0, STREAMING_READ.1);
    }
    format!("SELECT * FROM {}", relation(database, query.object(), &options))
}

/// A table with its options, as it stands after FROM.
pub fn relation(database: &str, object: &str, options: &BTreeMap<&str, &str>) -> String {
    let table = format!("{}.{}", identifier(database), identifier(object));
    if options.is_empty() {
        return table;
    }
    let listed: Vec<String> =
        options.iter().map(|(key, value)| format!("{} = {}", literal(key), literal(value))).collect();
    format!("{table} OPTIONS ({})", listed.join(", "))
}

pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
