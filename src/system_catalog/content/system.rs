//! `pg_proc`: the functions that Tarn has of those that PostgreSQL has.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;
use crate::system_catalog::{definitions, stored};

/// Columns of `pg_type` that name functions, which clients look up to know a type's format.
const OF_TYPES: [&str; 7] =
    ["typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze"];

static FUNCTIONS_OF_TYPES: LazyLock<HashSet<i64>> = LazyLock::new(|| {
    let Some(types) = definitions::find("pg_catalog", "pg_type") else { return HashSet::new() };
    let columns: Vec<usize> = OF_TYPES.iter().filter_map(|name| types.arrow.index_of(name).ok()).collect();
    let rows = stored::rows(types).iter();
    let oids = rows.flat_map(|row| columns.iter().filter_map(|at| row.get(*at)).filter_map(Cell::as_int));
    oids.collect()
});

pub fn pg_proc(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    let Some(definition) = definitions::find("pg_catalog", "pg_proc") else { return Ok(()) };
    let has = view.session().engine.function_names();
    super::stored(definition, rows, |row| {
        let oid = row.first().and_then(Cell::as_int).unwrap_or_default();
        let name = row.get(1).and_then(Cell::as_text).unwrap_or_default();
        has.contains(name) || FUNCTIONS_OF_TYPES.contains(&oid)
    });
    Ok(())
}
