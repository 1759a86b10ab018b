//! `pg_class` and what else has a row for each table.
//!
//! A table of the lake is an ordinary table (`relkind` r), whether or not it has partitions: those
//! of a lake are no tables of their own. Its format and its partition columns are in `reloptions`,
//! where `\d+` shows them.

use super::roles::OWNER;
use super::schemas::SYSTEM;
use super::{Candidate, PerTable, nothing_fixed};
use crate::engine::TableDescription;
use crate::error::Result;
use crate::system_catalog::attribute::{Attribute, key_numbers};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::{CatalogView, key_name};
use crate::system_catalog::{definitions, served, stored};

/// Access methods of `pg_am`: heap, and btree for keys.
const HEAP: i64 = 2;
pub const BTREE: i64 = 403;

pub static PG_CLASS: PerTable = PerTable {
    keys: &[
        "oid",
        "relname",
        "relnamespace",
        "reltype",
        "reloftype",
        "relowner",
        "relam",
        "relfilenode",
        "reltablespace",
        "relpages",
        "reltuples",
        "relallvisible",
        "reltoastrelid",
        "relisshared",
        "relpersistence",
        "relkind",
        "relchecks",
        "relhasrules",
        "relhastriggers",
        "relhassubclass",
        "relrowsecurity",
        "relforcerowsecurity",
        "relispopulated",
        "relreplident",
        "relispartition",
        "relrewrite",
        "relfrozenxid",
        "relminmxid",
        "relacl",
        "relpartbound",
    ],
    parts: &[Part::Table, Part::KeyIndex],
    one_row: true,
    key: class_key,
    rows: class_rows,
    fixed: class_of_system,
};

fn class_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    let Candidate { table, part } = candidate;
    let is_index = *part == Part::KeyIndex;
    Some(match column {
        "oid" | "relfilenode" => (table.oid + *part as u32).into(),
        "relname" if is_index => key_name(&table.name).into(),
        "relname" => table.name.clone().into(),
        "relnamespace" => table.schema_oid.into(),
        "relam" => if is_index { BTREE } else { HEAP }.into(),
        "relkind" => if is_index { "i" } else { "r" }.into(),
        "relreplident" => if is_index { "n" } else { "d" }.into(),
        "reltuples" => Cell::Float(-1.0),
        "relhasrules" => false.into(),
        _ => return common(column),
    })
}

/// What is the same for all relations.
fn common(column: &str) -> Option<Cell> {
    Some(match column {
        "reltype" | "reloftype" | "reltablespace" | "relpages" | "relallvisible" | "reltoastrelid"
        | "relchecks" | "relrewrite" | "relfrozenxid" | "relminmxid" => Cell::Int(0),
        "relowner" => OWNER.into(),
        "relisshared"
        | "relhastriggers"
        | "relhassubclass"
        | "relrowsecurity"
        | "relforcerowsecurity"
        | "relispartition" => false.into(),
        "relispopulated" => true.into(),
        "relpersistence" => "p".into(),
        "relacl" | "relpartbound" => Cell::Null,
        _ => return None,
    })
}

fn class_rows(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    let key = &found.schema.primary_key;
    let is_index = candidate.part == Part::KeyIndex;
    if is_index && key.is_empty() {
        return;
    }
    let columns = if is_index { key.len() } else { found.schema.fields.len() };
    rows.row(|column| match column {
        "relhasindex" => (!is_index && !key.is_empty()).into(),
        "relnatts" => i64::try_from(columns).map_or(Cell::Null, Cell::Int),
        "reloptions" if !is_index => options(found).into_iter().collect(),
        _ => class_key(view, candidate, column).unwrap_or_default(),
    });
}

/// `format=paimon`, `partition-by=dt,hour`.
fn options(found: &TableDescription) -> Vec<String> {
    let mut options = vec![format!("format={}", found.format)];
    if !found.schema.partition_keys.is_empty() {
        options.push(format!("partition-by={}", found.schema.partition_keys.join(",")));
    }
    options
}

fn class_of_system(_view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for relation in definitions::all().filter(|relation| served(relation)) {
        let is_view = relation.kind == "v";
        rows.row(|column| match column {
            "oid" => relation.oid.into(),
            "relname" => relation.name.into(),
            "relnamespace" => stored::schema_oid(relation.schema).into(),
            "relam" => if is_view { 0 } else { HEAP }.into(),
            "relfilenode" => if is_view { 0 } else { relation.oid }.into(),
            "relkind" => relation.kind.into(),
            "relreplident" => "n".into(),
            "reltuples" => Cell::Float(-1.0),
            "relhasindex" => false.into(),
            "relhasrules" => is_view.into(),
            "relnatts" => i64::try_from(relation.columns.len()).map_or(Cell::Null, Cell::Int),
            _ => common(column).unwrap_or_default(),
        });
    }
    Ok(())
}

pub static PG_TABLES: PerTable = PerTable {
    keys: &["schemaname", "tablename", "tableowner", "tablespace", "hasrules", "hastriggers", "rowsecurity"],
    parts: &[Part::Table],
    one_row: true,
    key: pg_tables_key,
    rows: |view, candidate, found, rows| {
        rows.row(|column| match column {
            "hasindexes" => (!key_numbers(&found.schema).is_empty()).into(),
            _ => pg_tables_key(view, candidate, column).unwrap_or_default(),
        });
    },
    fixed: |view, rows| {
        for relation in definitions::all().filter(|found| served(found) && found.kind == "r") {
            rows.row(|column| match column {
                "schemaname" => relation.schema.into(),
                "tablename" => relation.name.into(),
                "tableowner" => view.user().into(),
                "tablespace" => Cell::Null,
                _ => false.into(),
            });
        }
        Ok(())
    },
};

fn pg_tables_key(view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "schemaname" => candidate.table.schema.to_string().into(),
        "tablename" => candidate.table.name.clone().into(),
        "tableowner" => view.user().into(),
        "tablespace" => Cell::Null,
        "hasrules" | "hastriggers" | "rowsecurity" => false.into(),
        _ => return None,
    })
}

/// Tables with nothing counted: Tarn keeps no statistics of use.
pub static PG_STAT_TABLES: PerTable = PerTable {
    keys: &[
        "relid",
        "schemaname",
        "relname",
        "seq_scan",
        "seq_tup_read",
        "idx_scan",
        "idx_tup_fetch",
        "n_tup_ins",
        "n_tup_upd",
        "n_tup_del",
        "n_tup_hot_upd",
        "n_live_tup",
        "n_dead_tup",
        "n_mod_since_analyze",
        "n_ins_since_vacuum",
        "last_vacuum",
        "last_autovacuum",
        "last_analyze",
        "last_autoanalyze",
        "vacuum_count",
        "autovacuum_count",
        "analyze_count",
        "autoanalyze_count",
    ],
    parts: &[Part::Table],
    one_row: true,
    key: stat_key,
    rows: |view, candidate, _, rows| {
        rows.row(|column| stat_key(view, candidate, column).unwrap_or_default());
    },
    fixed: nothing_fixed,
};

fn stat_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "relid" => candidate.table.oid.into(),
        "schemaname" => candidate.table.schema.to_string().into(),
        "relname" => candidate.table.name.clone().into(),
        last if last.starts_with("last_") => Cell::Null,
        // There is no index that could be scanned or read.
        index if index.starts_with("idx_") || index.starts_with("toast_") || index.starts_with("tidx_") => {
            Cell::Null
        }
        _ => Cell::Int(0),
    })
}

pub static PG_STATIO_TABLES: PerTable = PerTable {
    keys: &[
        "relid",
        "schemaname",
        "relname",
        "heap_blks_read",
        "heap_blks_hit",
        "idx_blks_read",
        "idx_blks_hit",
        "toast_blks_read",
        "toast_blks_hit",
        "tidx_blks_read",
        "tidx_blks_hit",
    ],
    ..PG_STAT_TABLES_SHAPE
};

const PG_STAT_TABLES_SHAPE: PerTable = PerTable {
    keys: &[],
    parts: &[Part::Table],
    one_row: true,
    key: stat_key,
    rows: |view, candidate, _, rows| {
        rows.row(|column| stat_key(view, candidate, column).unwrap_or_default());
    },
    fixed: nothing_fixed,
};

/// Whether a schema is the system's own.
pub fn is_system(schema: &str) -> bool {
    SYSTEM.contains(&schema)
}

/// The columns of a part of a table.
pub fn attributes(part: Part, found: &TableDescription) -> Vec<Attribute> {
    match part {
        Part::Table => Attribute::of_table(&found.schema),
        Part::KeyIndex => Attribute::of_key(&found.schema),
        Part::KeyConstraint => vec![],
    }
}
