//! What is in the search path: `pg_table_is_visible` and its like, schemas, and databases.

use super::{Function, oid, strict};
use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::view::{CatalogView, PG_CATALOG};
use crate::system_catalog::{definitions, stored, types};

const OID: &[&[&str]] = &[&["oid"]];
const NONE: &[&[&str]] = &[&[]];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("pg_table_is_visible", OID, "bool", table_is_visible),
    strict("pg_type_is_visible", OID, "bool", type_is_visible),
    strict("pg_function_is_visible", OID, "bool", |_, args| of_system("pg_proc", args)),
    strict("pg_operator_is_visible", OID, "bool", |_, args| of_system("pg_operator", args)),
    strict("pg_opclass_is_visible", OID, "bool", |_, args| of_system("pg_opclass", args)),
    strict("pg_opfamily_is_visible", OID, "bool", |_, args| of_system("pg_opfamily", args)),
    strict("pg_collation_is_visible", OID, "bool", |_, args| of_system("pg_collation", args)),
    strict("pg_conversion_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("pg_statistics_obj_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("pg_ts_config_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("pg_ts_dict_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("pg_ts_parser_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("pg_ts_template_is_visible", OID, "bool", |_, _| Ok(Cell::Null)),
    strict("current_schemas", &[&["bool"]], "_name", current_schemas),
    strict("current_schema", NONE, "name", |view, _| Ok(view.names()?.path.first().cloned().into())),
    strict("current_database", NONE, "name", |view, _| Ok(Cell::text(view.lake().name()))),
    strict("current_catalog", NONE, "name", |view, _| Ok(Cell::text(view.lake().name()))),
    strict("pg_my_temp_schema", NONE, "oid", |_, _| Ok(Cell::Int(0))),
    strict("pg_is_other_temp_schema", OID, "bool", |_, _| Ok(false.into())),
];

fn table_is_visible(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let relation = oid(args, 0);
    // An index is found where its table is.
    if let Some((table, _)) = view.table(relation)? {
        return view.is_visible(&table.schema, &table.name).map(Cell::Bool);
    }
    match view.relation(relation)? {
        Some((schema, name)) => view.is_visible(&schema, &name).map(Cell::Bool),
        None => Ok(Cell::Null),
    }
}

fn type_is_visible(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let Some(known) = types::by_oid(oid(args, 0)) else { return Ok(Cell::Null) };
    let in_catalog = stored::schema_oid(PG_CATALOG) == Some(known.namespace);
    Ok((in_catalog || view.searched()?.contains(&"information_schema")).into())
}

/// Whether a catalog of what only the system has knows the identifier. All of it is visible.
fn of_system(catalog: &str, args: &[Cell]) -> Result<Cell> {
    let wanted = Cell::from(oid(args, 0));
    let known = definitions::find(PG_CATALOG, catalog)
        .is_some_and(|found| stored::rows(found).iter().any(|row| row.first() == Some(&wanted)));
    Ok(if known { Cell::Bool(true) } else { Cell::Null })
}

fn current_schemas(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let with_system = args.first().and_then(Cell::as_bool).unwrap_or_default();
    let path =
        if with_system { view.searched()? } else { view.names()?.path.iter().map(String::as_str).collect() };
    Ok(path.into_iter().map(str::to_owned).collect())
}
