//! `pg_index` and `pg_indexes`: primary keys, which show as unique indexes.

use super::{Candidate, PerTable, nothing_fixed};
use crate::engine::TableDescription;
use crate::system_catalog::attribute::{Attribute, key_numbers};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::text::quote_ident;
use crate::system_catalog::types::{self, OID_BPCHAR, OID_TEXT, OID_VARCHAR};
use crate::system_catalog::view::{CatalogView, key_name};
use crate::system_catalog::{definitions, stored};

use super::tables::BTREE;

pub static PG_INDEX: PerTable = PerTable {
    keys: &["indexrelid", "indrelid", "indisprimary", "indisunique"],
    parts: &[Part::KeyIndex],
    one_row: false,
    key: index_key,
    rows: index_rows,
    fixed: nothing_fixed,
};

fn index_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "indexrelid" => (candidate.table.oid + Part::KeyIndex as u32).into(),
        "indrelid" => candidate.table.oid.into(),
        "indisprimary" | "indisunique" => true.into(),
        _ => return None,
    })
}

fn index_rows(view: &CatalogView, candidate: &Candidate, found: &TableDescription, rows: &mut Rows) {
    let numbers = key_numbers(&found.schema);
    if numbers.is_empty() {
        return;
    }
    let columns = Attribute::of_key(&found.schema);
    rows.row(|column| match column {
        "indnatts" | "indnkeyatts" => i64::try_from(numbers.len()).map_or(Cell::Null, Cell::Int),
        "indnullsnotdistinct" | "indisexclusion" | "indisclustered" | "indcheckxmin" | "indisreplident" => {
            false.into()
        }
        "indimmediate" | "indisvalid" | "indisready" | "indislive" => true.into(),
        "indkey" => numbers.iter().copied().collect(),
        "indcollation" => {
            let collations = columns.iter().map(|column| column.pg_type().map_or(0, |known| known.collation));
            collations.collect()
        }
        "indclass" => columns.iter().map(|column| operator_class(column.column_type.oid)).collect(),
        "indoption" => numbers.iter().map(|_| 0_i64).collect(),
        _ => index_key(view, candidate, column).unwrap_or_default(),
    });
}

/// The default operator class of a type for btree; 0 where it has none.
fn operator_class(oid: u32) -> u32 {
    let compared_as = match oid {
        OID_VARCHAR => OID_TEXT,
        OID_BPCHAR => OID_BPCHAR,
        // Arrays of any type have one class.
        oid if types::by_oid(oid).is_some_and(|known| known.category == "A") => 2277,
        oid => oid,
    };
    let Some(classes) = definitions::find("pg_catalog", "pg_opclass") else { return 0 };
    let column = |name: &str| classes.arrow.index_of(name).unwrap_or(usize::MAX);
    let (oid, method, input, default) =
        (column("oid"), column("opcmethod"), column("opcintype"), column("opcdefault"));
    let number = |row: &[Cell], at: usize| row.get(at).and_then(Cell::as_int).unwrap_or_default();
    let found = stored::rows(classes).iter().find(|row| {
        number(row, method) == BTREE
            && number(row, input) == i64::from(compared_as)
            && row.get(default).and_then(Cell::as_bool) == Some(true)
    });
    found.and_then(|row| u32::try_from(number(row, oid)).ok()).unwrap_or_default()
}

/// The statement that would create the index of a primary key.
pub fn index_statement(candidate: &Candidate, found: &TableDescription, with_schema: bool) -> Option<String> {
    let key = &found.schema.primary_key;
    if key.is_empty() {
        return None;
    }
    let table = &candidate.table;
    let on = match with_schema {
        true => format!("{}.{}", quote_ident(&table.schema), quote_ident(&table.name)),
        false => quote_ident(&table.name),
    };
    let columns: Vec<String> = key.iter().map(|name| quote_ident(name)).collect();
    let index = quote_ident(&key_name(&table.name));
    Some(format!("CREATE UNIQUE INDEX {index} ON {on} USING btree ({})", columns.join(", ")))
}

pub static PG_INDEXES: PerTable = PerTable {
    keys: &["schemaname", "tablename", "indexname", "tablespace"],
    parts: &[Part::KeyIndex],
    one_row: false,
    key: indexes_key,
    rows: |view, candidate, found, rows| {
        if let Some(statement) = index_statement(candidate, found, true) {
            rows.row(|column| match column {
                "indexdef" => statement.clone().into(),
                _ => indexes_key(view, candidate, column).unwrap_or_default(),
            });
        }
    },
    fixed: nothing_fixed,
};

fn indexes_key(_view: &CatalogView, candidate: &Candidate, column: &str) -> Option<Cell> {
    Some(match column {
        "schemaname" => candidate.table.schema.to_string().into(),
        "tablename" => candidate.table.name.clone().into(),
        "indexname" => key_name(&candidate.table.name).into(),
        "tablespace" => Cell::Null,
        _ => return None,
    })
}
