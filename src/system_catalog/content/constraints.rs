//! `pg_constraint` and the views of the standard on it: primary keys, the only constraints of a lake
//! that hold.

use super::{Candidate, PerTable, nothing_fixed};
use crate::engine::TableDescription;
use crate::system_catalog::attribute::{Attribute, key_numbers};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::{CatalogView, key_name};

pub static PG_CONSTRAINT: PerTable = PerTable {
    keys: &[
        "oid",
        "conname",
        "connamespace",
        "contype",
        "conrelid",
        "conindid",
        "confrelid",
        "contypid",
        "conparentid",
    ],
    parts: &[Part::KeyConstraint],
    one_row: false,
    key: constraint_key,
    rows: constraint_rows,
    fixed: nothing_fixed,
};

fn constraint_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    let table = &candidate.table;
    Some(match column {
        "oid" => (table.oid + Part::KeyConstraint as u32).into(),
        "conname" => key_name(&table.name).into(),
        "connamespace" => table.schema_oid.into(),
        "contype" => "p".into(),
        "conrelid" => table.oid.into(),
        "conindid" => (table.oid + Part::KeyIndex as u32).into(),
        "contypid" | "conparentid" | "confrelid" => Cell::Int(0),
        _ => return None,
    })
}

fn constraint_rows(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    let numbers = key_numbers(&found.schema);
    if numbers.is_empty() {
        return;
    }
    rows.row(|column| match column {
        "condeferrable" | "condeferred" => false.into(),
        "convalidated" | "conislocal" | "connoinherit" => true.into(),
        "confupdtype" | "confdeltype" | "confmatchtype" => " ".into(),
        "coninhcount" => Cell::Int(0),
        "conkey" => numbers.iter().copied().collect(),
        _ => constraint_key(view, candidate, column).unwrap_or_default(),
    });
}

/// What the standard's views call a key, its table, and where both are.
fn place(view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "constraint_catalog" | "table_catalog" => Cell::text(view.lake().name()),
        "constraint_schema" | "table_schema" => candidate.table.schema.to_string().into(),
        "constraint_name" => key_name(&candidate.table.name).into(),
        "table_name" => candidate.table.name.clone().into(),
        _ => return None,
    })
}

const PLACE: &[&str] = &[
    "constraint_catalog",
    "constraint_schema",
    "constraint_name",
    "table_catalog",
    "table_schema",
    "table_name",
];

pub static TABLE_CONSTRAINTS: PerTable = PerTable {
    keys: PLACE,
    parts: &[Part::KeyConstraint],
    one_row: false,
    key: place,
    rows: |view, candidate, found, rows| {
        if !found.schema.primary_key.is_empty() {
            rows.row(|column| match column {
                "constraint_type" => "PRIMARY KEY".into(),
                "is_deferrable" | "initially_deferred" => "NO".into(),
                "enforced" => "YES".into(),
                _ => place(view, candidate, column).unwrap_or_default(),
            });
        }
        not_null_rows(view, candidate, found, rows);
    },
    fixed: nothing_fixed,
};

/// Columns that cannot be NULL, which the standard takes for checks.
fn not_null_rows(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    let table = &candidate.table;
    for attribute in Attribute::of_table(&found.schema).iter().filter(|attribute| attribute.not_null) {
        let name = format!("{}_{}_{}_not_null", table.schema_oid, table.oid, attribute.number);
        rows.row(|column| match column {
            "constraint_name" => name.clone().into(),
            "constraint_type" => "CHECK".into(),
            "is_deferrable" | "initially_deferred" => "NO".into(),
            "enforced" => "YES".into(),
            _ => place(view, candidate, column).unwrap_or_default(),
        });
    }
}

pub static KEY_COLUMN_USAGE: PerTable = PerTable {
    keys: PLACE,
    parts: &[Part::KeyConstraint],
    one_row: false,
    key: place,
    rows: key_columns,
    fixed: nothing_fixed,
};

pub static CONSTRAINT_COLUMN_USAGE: PerTable = PerTable {
    keys: PLACE,
    parts: &[Part::KeyConstraint],
    one_row: false,
    key: place,
    rows: key_columns,
    fixed: nothing_fixed,
};

fn key_columns(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    for (name, position) in found.schema.primary_key.iter().zip(1_i64..) {
        rows.row(|column| match column {
            "column_name" => name.clone().into(),
            "ordinal_position" => position.into(),
            _ => place(view, candidate, column).unwrap_or_default(),
        });
    }
}

pub static CONSTRAINT_TABLE_USAGE: PerTable = PerTable {
    keys: PLACE,
    parts: &[Part::KeyConstraint],
    one_row: false,
    key: place,
    rows: |view, candidate, found, rows| {
        if !found.schema.primary_key.is_empty() {
            rows.row(|column| place(view, candidate, column).unwrap_or_default());
        }
    },
    fixed: nothing_fixed,
};
