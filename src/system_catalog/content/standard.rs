//! `information_schema`: the standard's views, columns apart.

use super::tables::is_system;
use super::{Candidate, PerTable, schemas};
use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;
use crate::system_catalog::{definitions, served, stored as stored_rows};

fn lake(view: &CatalogView) -> Cell {
    Cell::text(view.lake().name())
}

pub fn schemata(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for (name, _) in schemas::all(view)? {
        rows.row(|column| match column {
            "catalog_name" => lake(view),
            "schema_name" => name.clone().into(),
            "schema_owner" => view.user().into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}

pub fn catalog_name(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    rows.row(|_| lake(view));
    Ok(())
}

pub fn character_sets(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    rows.row(|column| match column {
        "character_set_name" | "form_of_use" => "UTF8".into(),
        "character_repertoire" => "UCS".into(),
        "default_collate_catalog" => lake(view),
        "default_collate_schema" => "pg_catalog".into(),
        "default_collate_name" => "C".into(),
        _ => Cell::Null,
    });
    Ok(())
}

fn collation_names() -> impl Iterator<Item = Cell> {
    let definition = definitions::find("pg_catalog", "pg_collation");
    definition.into_iter().flat_map(stored_rows::rows).filter_map(|row| row.get(1).cloned())
}

pub fn collations(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for name in collation_names() {
        rows.row(|column| match column {
            "collation_catalog" => lake(view),
            "collation_schema" => "pg_catalog".into(),
            "collation_name" => name.clone(),
            "pad_attribute" => "NO PAD".into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}

pub fn collation_applicability(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for name in collation_names() {
        rows.row(|column| match column {
            "collation_catalog" => lake(view),
            "collation_schema" => "pg_catalog".into(),
            "collation_name" => name.clone(),
            "character_set_name" => "UTF8".into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}

pub fn enabled_roles(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    rows.row(|_| view.user().into());
    Ok(())
}

pub static TABLES: PerTable = PerTable {
    keys: &[
        "table_catalog",
        "table_schema",
        "table_name",
        "table_type",
        "self_referencing_column_name",
        "reference_generation",
        "user_defined_type_catalog",
        "user_defined_type_schema",
        "user_defined_type_name",
        "is_insertable_into",
        "is_typed",
        "commit_action",
    ],
    parts: &[Part::Table],
    one_row: true,
    key: |view, candidate, column| {
        Some(table(view, &candidate.table.schema, &candidate.table.name, "r", column))
    },
    rows: |view, candidate, _, rows| {
        rows.row(|column| table(view, &candidate.table.schema, &candidate.table.name, "r", column));
    },
    fixed: |view, rows| {
        for found in definitions::all().filter(|found| served(found)) {
            rows.row(|column| table(view, found.schema, found.name, found.kind, column));
        }
        Ok(())
    },
};

fn table(view: &CatalogView, schema: &str, name: &str, kind: &str, column: &str) -> Cell {
    match column {
        "table_catalog" => lake(view),
        "table_schema" => Cell::text(schema),
        "table_name" => Cell::text(name),
        "table_type" if kind == "v" => "VIEW".into(),
        "table_type" => "BASE TABLE".into(),
        // Tarn reads.
        "is_insertable_into" | "is_typed" => "NO".into(),
        _ => Cell::Null,
    }
}

pub static TABLE_PRIVILEGES: PerTable = PerTable {
    keys: &[
        "grantor",
        "grantee",
        "table_catalog",
        "table_schema",
        "table_name",
        "privilege_type",
        "is_grantable",
        "with_hierarchy",
    ],
    parts: &[Part::Table],
    one_row: true,
    key: |view, candidate, column| Some(privilege(view, candidate, column)),
    rows: |view, candidate, _, rows| rows.row(|column| privilege(view, candidate, column)),
    fixed: |view, rows| {
        for found in definitions::all().filter(|found| served(found)) {
            rows.row(|column| reading(view, found.schema, found.name, column));
        }
        Ok(())
    },
};

fn privilege(view: &CatalogView, candidate: &Candidate, column: &str) -> Cell {
    reading(view, &candidate.table.schema, &candidate.table.name, column)
}

/// The privilege to read a relation; those of the system are everyone's.
pub fn reading(view: &CatalogView, schema: &str, name: &str, column: &str) -> Cell {
    match column {
        "grantee" if is_system(schema) => "PUBLIC".into(),
        "grantor" | "grantee" => view.user().into(),
        "table_catalog" => lake(view),
        "table_schema" => Cell::text(schema),
        "table_name" => Cell::text(name),
        "privilege_type" => "SELECT".into(),
        "is_grantable" => "NO".into(),
        "with_hierarchy" => "YES".into(),
        _ => Cell::Null,
    }
}
