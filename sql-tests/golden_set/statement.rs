//! Pieces of SQL text.

use std::collections::BTreeMap;

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
