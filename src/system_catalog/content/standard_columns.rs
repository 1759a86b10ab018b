//! `information_schema.columns`, as its definition computes it from types and typmods.

use super::standard::reading;
use super::tables::attributes;
use super::{Candidate, PerTable};
use crate::system_catalog::attribute::Attribute;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::types::{self, ColumnType, PgType, format_type};
use crate::system_catalog::view::CatalogView;
use crate::system_catalog::{definitions, served, stored};

/// Bytes of a character, at most.
const CHARACTER_BYTES: i64 = 4;
/// Bytes of the longest text.
const TEXT_BYTES: i64 = 1 << 30;
/// Bytes that a typmod counts beside what it measures.
const HEADER: i32 = 4;

pub static COLUMNS: PerTable = PerTable {
    keys: &["table_catalog", "table_schema", "table_name"],
    parts: &[Part::Table],
    one_row: false,
    key: place,
    rows: |view, candidate, found, rows| {
        let table = &candidate.table;
        for attribute in attributes(Part::Table, found) {
            rows.row(|column| column_cell(view, &table.schema, &table.name, &attribute, column));
        }
    },
    fixed: |view, rows| {
        for relation in definitions::all().filter(|relation| served(relation)) {
            for attribute in Attribute::of_system(relation) {
                rows.row(|column| column_cell(view, relation.schema, relation.name, &attribute, column));
            }
        }
        Ok(())
    },
};

pub static COLUMN_PRIVILEGES: PerTable = PerTable {
    keys: &["table_catalog", "table_schema", "table_name"],
    parts: &[Part::Table],
    one_row: false,
    key: place,
    rows: |view, candidate, found, rows| {
        let table = &candidate.table;
        for attribute in attributes(Part::Table, found) {
            rows.row(|column| match column {
                "column_name" => attribute.name.clone().into(),
                _ => reading(view, &table.schema, &table.name, column),
            });
        }
    },
    fixed: super::nothing_fixed,
};

fn place(view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "table_catalog" => Cell::text(view.lake().name()),
        "table_schema" => candidate.table.schema.to_string().into(),
        "table_name" => candidate.table.name.clone().into(),
        _ => return None,
    })
}

fn column_cell(view: &CatalogView, schema: &str, table: &str, attribute: &Attribute, column: &str) -> Cell {
    let lake = || Cell::text(view.lake().name());
    match column {
        "table_catalog" | "udt_catalog" => lake(),
        "table_schema" => Cell::text(schema),
        "table_name" => Cell::text(table),
        "column_name" => attribute.name.clone().into(),
        "ordinal_position" => attribute.number.into(),
        "dtd_identifier" => attribute.number.to_string().into(),
        "column_default" => attribute.default.clone().into(),
        "is_nullable" => if attribute.not_null { "NO" } else { "YES" }.into(),
        "is_self_referencing" | "is_identity" | "identity_cycle" | "is_updatable" => "NO".into(),
        "is_generated" => "NEVER".into(),
        _ => match attribute.pg_type() {
            Some(known) => type_cell(lake, known, attribute.column_type, column),
            None => Cell::Null,
        },
    }
}

/// What follows from the type. A domain shows what it is over, and its own name beside.
fn type_cell(lake: impl Fn() -> Cell, declared: &PgType, column_type: ColumnType, column: &str) -> Cell {
    let domain = (declared.kind == "d").then_some(declared);
    let known = types::by_oid(declared.base).filter(|_| domain.is_some()).unwrap_or(declared);
    let in_catalog = stored::schema_oid("pg_catalog") == Some(known.namespace);
    match column {
        "data_type" if known.category == "A" => "ARRAY".into(),
        "data_type" if in_catalog => format_type(known.oid, None).into(),
        "data_type" => "USER-DEFINED".into(),
        "udt_schema" if in_catalog => "pg_catalog".into(),
        "udt_schema" => "information_schema".into(),
        "udt_name" => known.name.clone().into(),
        "domain_catalog" if domain.is_some() => lake(),
        "domain_schema" => domain.map(|_| "information_schema").into(),
        "domain_name" => domain.map(|domain| domain.name.clone()).into(),
        "collation_catalog" if has_own_collation(known) => lake(),
        "collation_schema" => has_own_collation(known).then_some("pg_catalog").into(),
        "collation_name" => has_own_collation(known).then_some("C").into(),
        _ => measure(&known.name, column_type.typmod, column),
    }
}

/// Whether the type compares by a collation that is not the default: `name` does, by bytes.
fn has_own_collation(known: &PgType) -> bool {
    const DEFAULT: u32 = 100;
    known.collation != 0 && known.collation != DEFAULT
}

fn measure(type_name: &str, typmod: i32, column: &str) -> Cell {
    let declared = (typmod >= 0).then_some(typmod);
    let length = declared.map(|typmod| i64::from(typmod - HEADER));
    let decimal = declared.map(|typmod| typmod - HEADER);
    match (column, type_name) {
        ("character_maximum_length", "bpchar" | "varchar") => length.into(),
        ("character_octet_length", "bpchar" | "varchar") => {
            length.map_or(TEXT_BYTES, |length| length.saturating_mul(CHARACTER_BYTES)).into()
        }
        ("character_octet_length", "text") => TEXT_BYTES.into(),
        ("numeric_precision", "int2") => Cell::Int(16),
        ("numeric_precision", "int4") => Cell::Int(32),
        ("numeric_precision", "int8") => Cell::Int(64),
        ("numeric_precision", "float4") => Cell::Int(24),
        ("numeric_precision", "float8") => Cell::Int(53),
        ("numeric_precision", "numeric") => decimal.map(|bits| (bits >> 16) & 0xffff).into(),
        ("numeric_precision_radix", "int2" | "int4" | "int8" | "float4" | "float8") => Cell::Int(2),
        ("numeric_precision_radix", "numeric") => Cell::Int(10),
        ("numeric_scale", "int2" | "int4" | "int8") => Cell::Int(0),
        ("numeric_scale", "numeric") => decimal.map(|bits| ((bits & 0x7ff) ^ 1024) - 1024).into(),
        ("datetime_precision", "date") => Cell::Int(0),
        ("datetime_precision", "time" | "timetz" | "timestamp" | "timestamptz" | "interval") => {
            declared.map_or(6, |typmod| typmod).into()
        }
        _ => Cell::Null,
    }
}
