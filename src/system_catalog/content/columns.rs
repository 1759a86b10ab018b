//! `pg_attribute`, `pg_attrdef`, `pg_description`: columns, their defaults, and comments.

use super::tables::attributes;
use super::{Candidate, PerTable, nothing_fixed};
use crate::engine::TableDescription;
use crate::error::Result;
use crate::system_catalog::attribute::Attribute;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;
use crate::system_catalog::{definitions, served};

/// The identifier of `pg_class` itself, which comments on relations and columns carry.
pub const PG_CLASS_OID: u32 = 1259;

pub static PG_ATTRIBUTE: PerTable = PerTable {
    keys: &["attrelid"],
    parts: &[Part::Table, Part::KeyIndex],
    one_row: false,
    key: |_, candidate, column| (column == "attrelid").then(|| relation_oid(candidate).into()),
    rows: |_, candidate, found, rows| {
        for attribute in attributes(candidate.part, found) {
            rows.row(|column| attribute_cell(&attribute, relation_oid(candidate), column));
        }
    },
    fixed: |_, rows| {
        for relation in definitions::all().filter(|relation| served(relation)) {
            for attribute in Attribute::of_system(relation) {
                rows.row(|column| attribute_cell(&attribute, relation.oid, column));
            }
        }
        Ok(())
    },
};

fn relation_oid(candidate: &Candidate) -> u32 {
    candidate.table.oid + candidate.part as u32
}

fn attribute_cell(attribute: &Attribute, relation: u32, column: &str) -> Cell {
    let known = attribute.pg_type();
    match column {
        "attrelid" => relation.into(),
        "attname" => attribute.name.clone().into(),
        "atttypid" => attribute.column_type.oid.into(),
        "attstattarget" | "attcacheoff" => Cell::Int(-1),
        "attlen" => known.map(|known| known.length).into(),
        "attnum" => attribute.number.into(),
        "attndims" => i64::from(known.is_some_and(|known| known.category == "A")).into(),
        "atttypmod" => attribute.column_type.typmod.into(),
        "attbyval" => known.map(|known| known.by_value).into(),
        "attalign" => known.map(|known| known.align.clone()).into(),
        "attstorage" => known.map(|known| known.storage.clone()).into(),
        "attcompression" | "attidentity" | "attgenerated" => "".into(),
        "attnotnull" => attribute.not_null.into(),
        "atthasdef" => attribute.default.is_some().into(),
        "atthasmissing" | "attisdropped" => false.into(),
        "attislocal" => true.into(),
        "attinhcount" => Cell::Int(0),
        "attcollation" => known.map(|known| known.collation).into(),
        _ => Cell::Null,
    }
}

pub static PG_ATTRDEF: PerTable = PerTable {
    keys: &["adrelid"],
    parts: &[Part::Table],
    one_row: false,
    key: |_, candidate, column| (column == "adrelid").then(|| candidate.table.oid.into()),
    rows: |_, candidate, found, rows| {
        for attribute in attributes(Part::Table, found) {
            let Some(default) = &attribute.default else { continue };
            rows.row(|column| match column {
                // A default has no identifier of its own; nothing refers to one.
                "oid" => Cell::Int(0),
                "adrelid" => candidate.table.oid.into(),
                "adnum" => attribute.number.into(),
                "adbin" => default.clone().into(),
                _ => Cell::Null,
            });
        }
    },
    fixed: nothing_fixed,
};

pub static PG_DESCRIPTION: PerTable = PerTable {
    keys: &["objoid", "classoid"],
    parts: &[Part::Table],
    one_row: false,
    key: description_key,
    rows: description_rows,
    fixed: descriptions_of_system,
};

fn description_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    match column {
        "objoid" => Some(candidate.table.oid.into()),
        "classoid" => Some(PG_CLASS_OID.into()),
        _ => None,
    }
}

fn description_rows(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    let own = found.schema.comment.clone().filter(|text| !text.is_empty());
    let columns = attributes(Part::Table, found).into_iter();
    let columns = columns.filter_map(|column| Some((column.number, column.comment?)));
    for (number, text) in own.map(|text| (0, text)).into_iter().chain(columns) {
        rows.row(|column| match column {
            "objsubid" => number.into(),
            "description" => text.clone().into(),
            _ => description_key(view, candidate, column).unwrap_or_default(),
        });
    }
}

fn descriptions_of_system(_view: &CatalogView, rows: &mut Rows) -> Result<()> {
    if let Some(definition) = definitions::find("pg_catalog", "pg_description") {
        super::stored(definition, rows, |_| true);
    }
    Ok(())
}
