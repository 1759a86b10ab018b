//! Which system relations there are, and their columns: as PostgreSQL 15 has them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};

use super::stored::lines;
use crate::pg::types::TYPE_KEY;

/// A column of a system relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    /// The name in `pg_type` of its type, or of what its domain is over.
    pub type_name: &'static str,
    pub type_oid: u32,
    pub typmod: i32,
    pub not_null: bool,
}

/// A table or view of `pg_catalog` or `information_schema`.
#[derive(Debug)]
pub struct Definition {
    pub schema: &'static str,
    pub name: &'static str,
    pub oid: u32,
    /// As in `pg_class.relkind`.
    pub kind: &'static str,
    pub columns: Vec<Column>,
    pub arrow: SchemaRef,
}

/// By schema and name.
type Definitions = BTreeMap<&'static str, BTreeMap<&'static str, Definition>>;

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let mut found: BTreeMap<(&str, &str), (u32, &str, Vec<Column>)> = BTreeMap::new();
    for line in lines(include_str!("data/columns.tsv")) {
        let mut parts = line.split('\t');
        let mut next = || parts.next().unwrap_or_default();
        let key = (next(), next());
        let (oid, kind) = (next().parse().unwrap_or_default(), next());
        let _number = next();
        let column = Column {
            name: next(),
            type_name: next(),
            type_oid: next().parse().unwrap_or_default(),
            typmod: next().parse().unwrap_or(-1),
            not_null: next() == "t",
        };
        found.entry(key).or_insert_with(|| (oid, kind, Vec::new())).2.push(column);
    }
    let mut definitions = Definitions::new();
    for ((schema, name), (oid, kind, columns)) in found {
        let fields: Vec<Field> = columns.iter().map(|column| field(column.name, column.type_name)).collect();
        let arrow = Arc::new(Schema::new(fields));
        let definition = Definition { schema, name, oid, kind, columns, arrow };
        definitions.entry(schema).or_default().insert(name, definition);
    }
    definitions
});

/// A relation by its schema and name.
pub fn find(schema: &str, name: &str) -> Option<&'static Definition> {
    DEFINITIONS.get(schema)?.get(name)
}

/// All relations that PostgreSQL has in these two schemas.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS.values().flat_map(BTreeMap::values)
}

/// A nullable field for a type by its name in `pg_type`. Types that Arrow has no word for say their
/// name in the metadata.
pub fn field(name: &str, type_name: &str) -> Field {
    let (data_type, says_name) = arrow_type(type_name);
    let field = Field::new(name, data_type, true);
    if says_name {
        let metadata = [(TYPE_KEY.to_owned(), type_name.to_owned())];
        return field.with_metadata(metadata.into());
    }
    field
}

/// Whether texts can be cast to the type without a check of their form that is not made.
pub fn has_values(type_name: &str) -> bool {
    const TEXTS: [&str; 7] = ["name", "char", "text", "varchar", "bpchar", "cstring", "pg_node_tree"];
    let name = type_name.strip_prefix('_').unwrap_or(type_name);
    TEXTS.contains(&name) || arrow_type(name).0 != DataType::Utf8
}

/// The Arrow type, and whether it does not say all.
fn arrow_type(type_name: &str) -> (DataType, bool) {
    let list = |item: &str| DataType::List(Arc::new(field("item", item)));
    if let Some(item) = type_name.strip_prefix('_') {
        return (list(item), false);
    }
    match type_name {
        "bool" => (DataType::Boolean, false),
        "int2" => (DataType::Int16, false),
        "int4" => (DataType::Int32, false),
        "int8" => (DataType::Int64, false),
        "float4" => (DataType::Float32, false),
        "float8" => (DataType::Float64, false),
        "numeric" => (DataType::Decimal128(38, 0), false),
        "text" => (DataType::Utf8, false),
        "bytea" => (DataType::Binary, false),
        "timestamptz" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        "interval" => (DataType::Interval(IntervalUnit::MonthDayNano), false),
        "oid" | "xid" | "regproc" | "regclass" | "regtype" | "regnamespace" | "regrole" => {
            (DataType::Int64, true)
        }
        "int2vector" => (list("int2"), true),
        "oidvector" => (list("oid"), true),
        _ => (DataType::Utf8, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_defines_a_column() {
        let columns: usize = all().map(|definition| definition.columns.len()).sum();
        assert_eq!(columns, lines(include_str!("data/columns.tsv")).count());
        assert!(all().all(|definition| definition.oid > 0 && ["r", "v"].contains(&definition.kind)));
        assert!(all().flat_map(|definition| &definition.columns).all(|column| column.type_oid > 0));
    }

    #[test]
    fn relations_are_found_by_schema_and_name() {
        assert_eq!(find("pg_catalog", "pg_class").map(|found| found.oid), Some(1259));
        assert!(find("pg_catalog", "columns").is_none());
        assert!(find("", "").is_none());
    }
}
