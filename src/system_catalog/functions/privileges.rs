//! Who may do what. A session asks for itself: it may read what its grants say, and write nothing. What
//! it may not read at all is not in the catalog, so that there is nothing to ask about.

use super::{Function, oid, strict, text};
use crate::engine::Readable;
use crate::error::{Error, ErrorKind, Result};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::content::schemas;
use crate::system_catalog::view::CatalogView;

use super::reg::regclass;

/// An object by name or identifier and a privilege, with or without the role in front.
const ON: &[&[&str]] = &[
    &["text", "text"],
    &["oid", "text"],
    &["text", "text", "text"],
    &["text", "oid", "text"],
    &["oid", "text", "text"],
    &["oid", "oid", "text"],
];
const ON_COLUMN: &[&[&str]] = &[
    &["text", "text", "text"],
    &["text", "int2", "text"],
    &["oid", "text", "text"],
    &["oid", "int2", "text"],
    &["text", "text", "text", "text"],
    &["text", "oid", "text", "text"],
    &["text", "oid", "int2", "text"],
    &["oid", "oid", "int2", "text"],
];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("has_table_privilege", ON, "bool", on_table),
    strict("has_any_column_privilege", ON, "bool", on_any_column),
    strict("has_column_privilege", ON_COLUMN, "bool", on_column),
    strict("has_schema_privilege", ON, "bool", on_schema),
    strict("has_database_privilege", ON, "bool", |_, args| {
        granted(args, &["CONNECT", "CREATE", "TEMPORARY", "TEMP"], &["CONNECT"])
    }),
    strict("has_function_privilege", ON, "bool", |_, args| granted(args, &["EXECUTE"], &["EXECUTE"])),
    strict("has_type_privilege", ON, "bool", |_, args| granted(args, &["USAGE"], &["USAGE"])),
    strict("has_language_privilege", ON, "bool", |_, args| granted(args, &["USAGE"], &["USAGE"])),
    strict("has_sequence_privilege", ON, "bool", |_, args| {
        granted(args, &["USAGE", "SELECT", "UPDATE"], &["USAGE", "SELECT"])
    }),
    strict("has_tablespace_privilege", ON, "bool", |_, args| granted(args, &["CREATE"], &[])),
    strict("has_foreign_data_wrapper_privilege", ON, "bool", |_, args| granted(args, &["USAGE"], &[])),
    strict("has_server_privilege", ON, "bool", |_, args| granted(args, &["USAGE"], &[])),
    strict("has_parameter_privilege", ON, "bool", |_, args| {
        granted(args, &["SET", "ALTER SYSTEM"], &["SET"])
    }),
    strict("pg_has_role", ON, "bool", |_, args| granted(args, &["USAGE", "MEMBER"], &["USAGE", "MEMBER"])),
    strict("row_security_active", &[&["regclass"]], "bool", |_, _| Ok(false.into())),
];

const OF_TABLES: [&str; 8] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "RULE"];

const OF_COLUMNS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];

/// Whether one of the privileges in the last argument is granted. Several stand with commas.
fn granted(args: &[Cell], known: &[&str], granted: &[&str]) -> Result<Cell> {
    let written = text(args, args.len().saturating_sub(1));
    let mut any = false;
    for privilege in written.split(',') {
        let upper = privilege.trim().to_uppercase();
        let with_option =
            upper.strip_suffix(" WITH GRANT OPTION").or(upper.strip_suffix(" WITH ADMIN OPTION"));
        let name = with_option.unwrap_or(&upper);
        if !known.contains(&name) {
            let message = format!("unrecognized privilege type: \"{}\"", privilege.trim());
            return Err(Error::new(ErrorKind::InvalidParameter, message));
        }
        any |= with_option.is_none() && granted.contains(&name);
    }
    Ok(any.into())
}

/// The argument that names the object: the last but one.
fn object(args: &[Cell]) -> &Cell {
    args.len().checked_sub(2).and_then(|at| args.get(at)).unwrap_or(&Cell::Null)
}

/// What may be read of a relation. An unknown name is an error, an unknown identifier is nothing.
fn readable(view: &CatalogView, relation: &Cell) -> Result<Option<Readable>> {
    let found = match relation {
        Cell::Text(name) => regclass(view, name)?,
        Cell::Int(_) => oid(std::slice::from_ref(relation), 0),
        _ => return Ok(None),
    };
    let named = view.relation(found)?;
    Ok(named.map(|(schema, name)| match schemas::SYSTEM.contains(&schema.as_str()) {
        true => Readable::All,
        false => view.readable(&schema, &name),
    }))
}

/// `SELECT` where there is a right to it.
fn select_if(readable: bool) -> &'static [&'static str] {
    if readable { &["SELECT"] } else { &[] }
}

fn on_table(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    match readable(view, object(args))? {
        Some(readable) => granted(args, &OF_TABLES, select_if(readable == Readable::All)),
        None => Ok(Cell::Null),
    }
}

fn on_any_column(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    match readable(view, object(args))? {
        Some(readable) => granted(args, &OF_COLUMNS, select_if(readable != Readable::Nothing)),
        None => Ok(Cell::Null),
    }
}

/// A column by its name. One by its number is one of those that the session sees.
fn on_column(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let relation = args.len().checked_sub(3).and_then(|at| args.get(at)).unwrap_or(&Cell::Null);
    match readable(view, relation)? {
        Some(Readable::Columns(columns)) => {
            let named = match object(args) {
                Cell::Text(name) => columns.contains(&**name),
                _ => true,
            };
            granted(args, &OF_COLUMNS, select_if(named))
        }
        Some(readable) => granted(args, &OF_COLUMNS, select_if(readable == Readable::All)),
        None => Ok(Cell::Null),
    }
}

fn on_schema(view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let all = schemas::all(view)?;
    let exists = match object(args) {
        Cell::Text(name) if all.iter().any(|(known, _)| *known == **name) => true,
        Cell::Text(name) => {
            let message = format!("schema \"{name}\" does not exist");
            return Err(Error::new(ErrorKind::UndefinedSchema, message));
        }
        other => all.iter().any(|(_, known)| Cell::from(*known) == *other),
    };
    if exists { granted(args, &["USAGE", "CREATE"], &["USAGE"]) } else { Ok(Cell::Null) }
}
