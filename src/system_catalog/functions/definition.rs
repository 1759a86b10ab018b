//! Statements that would create an object: `pg_get_indexdef` and its like.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Function, oid, opening, strict};
use crate::error::Result;
use crate::system_catalog::attribute::Attribute;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::content::indexes::index_statement;
use crate::system_catalog::content::{Candidate, roles};
use crate::system_catalog::oids::Part;
use crate::system_catalog::text::quote_ident;
use crate::system_catalog::types::format_type;
use crate::system_catalog::view::CatalogView;
use crate::system_catalog::{definitions, stored};

const OID: &[&[&str]] = &[&["oid"]];
const OID_PRETTY: &[&[&str]] = &[&["oid"], &["oid", "bool"]];
const NAMED: &[&[&str]] = &[&["oid"], &["oid", "bool"], &["text"], &["text", "bool"], &["oid", "int4"]];

pub(super) const FUNCTIONS: &[Function] = &[
    opening("pg_get_indexdef", &[&["oid"], &["oid", "int4", "bool"]], "text", index_definition),
    opening("pg_get_constraintdef", OID_PRETTY, "text", constraint_definition),
    // Expressions are kept as the text that they are shown as.
    strict("pg_get_expr", &[&["text", "oid"], &["text", "oid", "bool"]], "text", |_, args| {
        Ok(args.first().cloned().unwrap_or_default())
    }),
    strict("pg_get_userbyid", OID, "name", |view, args| {
        let wanted = oid(args, 0);
        let found = roles::roles(view).into_iter().find(|role| role.oid == wanted);
        Ok(found.map_or_else(|| format!("unknown (OID={wanted})"), |role| role.name).into())
    }),
    // A lake has none of what these define.
    strict("pg_get_viewdef", NAMED, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_ruledef", OID_PRETTY, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_triggerdef", OID_PRETTY, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_partkeydef", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_partition_constraintdef", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_statisticsobjdef", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_statisticsobjdef_columns", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_functiondef", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_function_sqlbody", OID, "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_function_arg_default", &[&["oid", "int4"]], "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_serial_sequence", &[&["text", "text"]], "text", |_, _| Ok(Cell::Null)),
    strict("pg_get_replica_identity_index", &[&["regclass"]], "regclass", |_, _| Ok(Cell::Null)),
    strict("pg_get_function_result", OID, "text", |_, args| Ok(function_result(oid(args, 0)))),
    strict("pg_get_function_arguments", OID, "text", |_, args| Ok(function_arguments(oid(args, 0)))),
    strict("pg_get_function_identity_arguments", OID, "text", |_, args| Ok(function_arguments(oid(args, 0)))),
];

fn index_definition<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let Some((table, Part::KeyIndex)) = view.table(oid(args, 0))? else { return Ok(Cell::Null) };
        let Some(found) = view.describe(&table).await? else { return Ok(Cell::Null) };
        let column = args.get(1).and_then(Cell::as_int).unwrap_or_default();
        if column > 0 {
            let columns = Attribute::of_key(&found.schema);
            let named = columns.iter().find(|attribute| i64::from(attribute.number) == column);
            return Ok(named.map_or_else(|| "".into(), |attribute| quote_ident(&attribute.name).into()));
        }
        // The pretty form leaves out a schema that is in the path.
        let pretty = args.get(2).and_then(Cell::as_bool) == Some(true);
        let with_schema = !pretty || !view.is_visible(&table.schema, &table.name)?;
        let candidate = Candidate { table, part: Part::KeyIndex };
        Ok(index_statement(&candidate, &found, with_schema).into())
    }
    .boxed()
}

fn constraint_definition<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let Some((table, Part::KeyConstraint)) = view.table(oid(args, 0))? else { return Ok(Cell::Null) };
        let Some(found) = view.describe(&table).await? else { return Ok(Cell::Null) };
        let columns: Vec<String> = found.schema.primary_key.iter().map(|name| quote_ident(name)).collect();
        let keyed = !columns.is_empty();
        Ok(keyed.then(|| format!("PRIMARY KEY ({})", columns.join(", "))).into())
    }
    .boxed()
}

/// A value of a row of `pg_proc`.
fn of_procedure(oid: u32, column: &str) -> Option<&'static Cell> {
    let definition = definitions::find("pg_catalog", "pg_proc")?;
    let wanted = Cell::from(oid);
    let row = stored::rows(definition).iter().find(|row| row.first() == Some(&wanted))?;
    row.get(definition.arrow.index_of(column).ok()?)
}

fn numbers(cell: Option<&Cell>) -> Vec<u32> {
    match cell {
        Some(Cell::List(items)) => {
            items.iter().filter_map(Cell::as_int).filter_map(|oid| u32::try_from(oid).ok()).collect()
        }
        _ => vec![],
    }
}

fn texts(cell: Option<&Cell>) -> Vec<&str> {
    match cell {
        Some(Cell::List(items)) => items.iter().map(|item| item.as_text().unwrap_or_default()).collect(),
        _ => vec![],
    }
}

/// `text`, `SETOF integer`, `TABLE(a integer, b text)`.
fn function_result(oid: u32) -> Cell {
    let Some(returned) = of_procedure(oid, "prorettype").and_then(Cell::as_int) else { return Cell::Null };
    if of_procedure(oid, "prokind").and_then(Cell::as_text) == Some("p") {
        return Cell::Null;
    }
    let name = format_type(u32::try_from(returned).unwrap_or_default(), None);
    let many = of_procedure(oid, "proretset").and_then(Cell::as_bool) == Some(true);
    if many { format!("SETOF {name}") } else { name }.into()
}

/// Arguments with their modes and names; those of a table that is returned are none.
fn function_arguments(oid: u32) -> Cell {
    if of_procedure(oid, "proname").is_none() {
        return Cell::Null;
    }
    let all = numbers(of_procedure(oid, "proallargtypes"));
    let types = if all.is_empty() { numbers(of_procedure(oid, "proargtypes")) } else { all };
    let modes = texts(of_procedure(oid, "proargmodes"));
    let names = texts(of_procedure(oid, "proargnames"));
    let shown = types.iter().enumerate().filter_map(|(at, oid)| {
        let mode = match modes.get(at).copied().unwrap_or("i") {
            "i" => "",
            "o" => "OUT ",
            "b" => "INOUT ",
            "v" => "VARIADIC ",
            _ => return None,
        };
        let name = names.get(at).filter(|name| !name.is_empty());
        let name = name.map_or_else(String::new, |name| format!("{} ", quote_ident(name)));
        Some(format!("{mode}{name}{}", format_type(*oid, None)))
    });
    shown.collect::<Vec<_>>().join(", ").into()
}
