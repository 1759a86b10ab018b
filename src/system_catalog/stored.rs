//! Rows that PostgreSQL creates every database with, kept as it prints them in COPY's text format.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cell::Cell;
use super::definitions::{self, Definition};

/// Contents by relation.
const FILES: [(&str, &str, &str); 17] = [
    ("pg_catalog", "pg_type", include_str!("data/pg_type.tsv")),
    ("pg_catalog", "pg_proc", include_str!("data/pg_proc.tsv")),
    ("pg_catalog", "pg_am", include_str!("data/pg_am.tsv")),
    ("pg_catalog", "pg_opclass", include_str!("data/pg_opclass.tsv")),
    ("pg_catalog", "pg_opfamily", include_str!("data/pg_opfamily.tsv")),
    ("pg_catalog", "pg_operator", include_str!("data/pg_operator.tsv")),
    ("pg_catalog", "pg_cast", include_str!("data/pg_cast.tsv")),
    ("pg_catalog", "pg_aggregate", include_str!("data/pg_aggregate.tsv")),
    ("pg_catalog", "pg_collation", include_str!("data/pg_collation.tsv")),
    ("pg_catalog", "pg_language", include_str!("data/pg_language.tsv")),
    ("pg_catalog", "pg_range", include_str!("data/pg_range.tsv")),
    ("pg_catalog", "pg_tablespace", include_str!("data/pg_tablespace.tsv")),
    ("pg_catalog", "pg_description", include_str!("data/pg_description.tsv")),
    ("information_schema", "sql_features", include_str!("data/sql_features.tsv")),
    ("information_schema", "sql_implementation_info", include_str!("data/sql_implementation_info.tsv")),
    ("information_schema", "sql_parts", include_str!("data/sql_parts.tsv")),
    ("information_schema", "sql_sizing", include_str!("data/sql_sizing.tsv")),
];

/// The lines of a file that hold data.
pub fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#'))
}

/// Words of SQL: the word, its category, whether it can be a label without AS, both in words.
pub fn keywords() -> impl Iterator<Item = Vec<Cell>> {
    lines(include_str!("data/keywords.tsv"))
        .map(|line| line.split('\t').map(|part| unescape(part).into()).collect())
}

/// The oid of a system schema.
pub fn schema_oid(schema: &str) -> Option<u32> {
    let mut lines = lines(include_str!("data/schemas.tsv")).filter_map(|line| line.split_once('\t'));
    lines.find(|(name, _)| *name == schema).and_then(|(_, oid)| oid.parse().ok())
}

type Rows = Vec<Vec<Cell>>;

static ROWS: LazyLock<HashMap<(&'static str, &'static str), Rows>> = LazyLock::new(|| {
    let parsed = FILES.into_iter().filter_map(|(schema, name, file)| {
        let definition = definitions::find(schema, name)?;
        Some(((schema, name), lines(file).map(|line| row(line, definition)).collect()))
    });
    parsed.collect()
});

/// The stored rows of a relation, in the order of its columns; none where nothing is stored.
pub fn rows(definition: &Definition) -> &'static [Vec<Cell>] {
    ROWS.get(&(definition.schema, definition.name)).map_or(&[], Vec::as_slice)
}

fn row(line: &'static str, definition: &Definition) -> Vec<Cell> {
    let columns = definition.columns.iter();
    line.split('\t').zip(columns).map(|(text, column)| cell(text, column.type_name)).collect()
}

fn cell(text: &str, type_name: &str) -> Cell {
    if text == "\\N" {
        return Cell::Null;
    }
    let text = unescape(text);
    let number = |text: &str| text.parse::<i64>().map_or(Cell::Null, Cell::Int);
    match type_name {
        "bool" => Cell::Bool(text == "t"),
        "int2" | "int4" | "int8" | "oid" | "xid" | "regproc" | "regtype" | "regclass" => number(&text),
        "float4" | "float8" => text.parse().map_or(Cell::Null, Cell::Float),
        "int2vector" | "oidvector" => text.split_whitespace().map(number).collect(),
        _ => match type_name.strip_prefix('_') {
            // No stored array has elements with commas, quotes or NULL.
            Some(item) => {
                let items = text.trim_matches(['{', '}']).split(',').filter(|item| !item.is_empty());
                items.map(|text| cell(text.trim_matches('"'), item)).collect()
            }
            None => text.into(),
        },
    }
}

/// COPY's backslashes.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('b') => out.push('\u{8}'),
                Some(other) => out.push(other),
                None => {}
            },
            (other, false) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn stored_rows_have_a_value_for_every_column() {
        for (schema, name, file) in FILES {
            let definition = definitions::find(schema, name).unwrap();
            let rows = rows(definition);
            assert_eq!(rows.len(), lines(file).count(), "{name}");
            for row in rows {
                assert_eq!(row.len(), definition.columns.len(), "{name}");
                for (cell, column) in row.iter().zip(&definition.columns) {
                    let missing = column.not_null && *cell == Cell::Null;
                    // Bodies of procedures are left out.
                    assert!(!missing || column.name == "prosrc", "{name}.{}", column.name);
                }
            }
        }
    }

    #[test]
    fn values_read_as_copy_wrote_them() {
        assert_eq!(cell("{i,o}", "_char"), ["i", "o"].into_iter().collect());
        assert_eq!(cell("23 25", "oidvector"), [23_i64, 25].into_iter().collect());
        assert_eq!(cell("a\\tb\\\\", "text"), Cell::from("a\tb\\"));
        assert_eq!(cell("\\N", "text"), Cell::Null);
        assert_eq!(schema_oid("pg_catalog"), Some(11));
        assert_eq!(keywords().count(), 460);
    }
}
