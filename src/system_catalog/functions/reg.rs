//! Names of objects and their identifiers: what `'t'::regclass` and `oid::regtype::text` come to.
//!
//! A value of these types is the identifier, so that it compares as one; where it is shown, its name
//! stands for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Function, oid, seeing, strict, text};
use crate::error::{Error, ErrorKind, Result};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::content::{roles, schemas};
use crate::system_catalog::text::{parse_ident, quote_ident};
use crate::system_catalog::view::{CatalogView, PG_CATALOG, key_name};
use crate::system_catalog::{definitions, stored, types};

/// The types whose values are identifiers and show as names.
pub const REG_TYPES: [&str; 5] = ["regclass", "regtype", "regproc", "regnamespace", "regrole"];

const TEXT: &[&[&str]] = &[&["text"]];
const OID: &[&[&str]] = &[&["oid"]];
const EITHER: &[&[&str]] = &[&["text"], &["oid"]];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("regclassin", EITHER, "regclass", |view, args| input(args, |name| regclass(view, name))),
    strict("regtypein", EITHER, "regtype", |_, args| input(args, regtype)),
    strict("regprocin", EITHER, "regproc", |_, args| input(args, regproc)),
    strict("regnamespacein", EITHER, "regnamespace", |view, args| {
        input(args, |name| regnamespace(view, name))
    }),
    strict("regrolein", EITHER, "regrole", |view, args| input(args, |name| regrole(view, name))),
    strict("regclassout", OID, "text", |view, args| class_name(view, oid(args, 0)).map(Cell::text)),
    strict("regtypeout", OID, "text", |_, args| Ok(type_name(oid(args, 0)).into())),
    strict("regprocout", OID, "text", |_, args| Ok(proc_name(oid(args, 0)).into())),
    strict("regnamespaceout", OID, "text", |view, args| namespace_name(view, oid(args, 0)).map(Cell::text)),
    strict("regroleout", OID, "text", |view, args| Ok(role_name(view, oid(args, 0)).into())),
    strict("to_regclass", TEXT, "regclass", |view, args| Ok(regclass(view, text(args, 0)).ok().into())),
    strict("to_regtype", TEXT, "regtype", |_, args| Ok(regtype(text(args, 0)).ok().into())),
    strict("to_regproc", TEXT, "regproc", |_, args| Ok(regproc(text(args, 0)).ok().into())),
    strict("to_regnamespace", TEXT, "regnamespace", |view, args| {
        Ok(regnamespace(view, text(args, 0)).ok().into())
    }),
    strict("to_regrole", TEXT, "regrole", |view, args| Ok(regrole(view, text(args, 0)).ok().into())),
    seeing("pg_relation_filenode", OID, "oid", |_, args| Ok(args.first().cloned().unwrap_or_default())),
];

/// An identifier stays as it is, digits are one, `-` is none, and a name is looked up.
fn input(args: &[Cell], look_up: impl FnOnce(&str) -> Result<u32>) -> Result<Cell> {
    match args.first() {
        Some(Cell::Int(oid)) => Ok(Cell::Int(*oid)),
        Some(Cell::Text(name)) if name == "-" => Ok(Cell::Int(0)),
        Some(Cell::Text(name)) => match name.trim().parse::<u32>() {
            Ok(oid) => Ok(oid.into()),
            Err(_) => look_up(name).map(Cell::from),
        },
        _ => Ok(Cell::Null),
    }
}

fn invalid_name(name: &str) -> Error {
    Error::new(ErrorKind::InvalidName, format!("invalid name syntax: \"{name}\""))
}

fn undefined(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::UndefinedObject, format!("{what} \"{name}\" does not exist"))
}

/// The identifier of a relation by its name.
pub fn regclass(view: &CatalogView, written: &str) -> Result<u32> {
    let parts = parse_ident(written).ok_or_else(|| invalid_name(written))?;
    let missing = || {
        let message = format!("relation \"{}\" does not exist", parts.join("."));
        Error::new(ErrorKind::UndefinedTable, message)
    };
    let found = match parts.as_slice() {
        [name] => {
            let searched = view.searched()?;
            searched.into_iter().find_map(|schema| relation_in(view, schema, name).transpose()).transpose()?
        }
        [schema, name] => relation_in(view, schema, name)?,
        [lake, schema, name] if lake == view.lake().name() => relation_in(view, schema, name)?,
        _ => None,
    };
    found.ok_or_else(missing)
}

fn relation_in(view: &CatalogView, schema: &str, name: &str) -> Result<Option<u32>> {
    if let Some(system) = definitions::find(schema, name).filter(|found| crate::system_catalog::served(found))
    {
        return Ok(Some(system.oid));
    }
    let names = view.names()?;
    if let Some(table) = names.table(schema, name) {
        return Ok(Some(table.oid));
    }
    // The index of a primary key; whether the table has one is known when it is opened.
    let of_key = name.strip_suffix("_pkey").and_then(|table| names.table(schema, table));
    Ok(of_key.filter(|table| key_name(&table.name) == name).map(|table| table.oid + 1))
}

fn regtype(written: &str) -> Result<u32> {
    types::parse_type(written).map(|known| known.oid).ok_or_else(|| undefined("type", written))
}

fn regnamespace(view: &CatalogView, written: &str) -> Result<u32> {
    let parts = parse_ident(written).ok_or_else(|| invalid_name(written))?;
    let [name] = parts.as_slice() else { return Err(invalid_name(written)) };
    let found = schemas::all(view)?.into_iter().find(|(known, _)| known == name);
    found
        .map(|(_, oid)| oid)
        .ok_or_else(|| Error::new(ErrorKind::UndefinedSchema, format!("schema \"{name}\" does not exist")))
}

fn regrole(view: &CatalogView, written: &str) -> Result<u32> {
    let parts = parse_ident(written).ok_or_else(|| invalid_name(written))?;
    let [name] = parts.as_slice() else { return Err(invalid_name(written)) };
    let found = roles::roles(view).into_iter().find(|role| role.name == *name);
    found.map(|role| role.oid).ok_or_else(|| undefined("role", name))
}

fn regproc(written: &str) -> Result<u32> {
    let parts = parse_ident(written).ok_or_else(|| invalid_name(written))?;
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema == PG_CATALOG => name,
        _ => return Err(no_function(written)),
    };
    match PROCEDURES.by_name.get(name.as_str()).map(Vec::as_slice) {
        Some([oid]) => Ok(*oid),
        Some(_) => {
            let message = format!("more than one function named \"{name}\"");
            Err(Error::new(ErrorKind::UndefinedFunction, message))
        }
        None => Err(no_function(written)),
    }
}

fn no_function(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedFunction, format!("function \"{name}\" does not exist"))
}

struct Procedures {
    by_oid: HashMap<u32, &'static str>,
    by_name: HashMap<&'static str, Vec<u32>>,
}

static PROCEDURES: LazyLock<Procedures> = LazyLock::new(|| {
    let mut found = Procedures { by_oid: HashMap::new(), by_name: HashMap::new() };
    let Some(definition) = definitions::find(PG_CATALOG, "pg_proc") else { return found };
    for row in stored::rows(definition) {
        let oid = row.first().and_then(Cell::as_int).and_then(|oid| u32::try_from(oid).ok());
        if let (Some(oid), Some(name)) = (oid, row.get(1).and_then(Cell::as_text)) {
            found.by_oid.insert(oid, name);
            found.by_name.entry(name).or_default().push(oid);
        }
    }
    found
});

/// A function's name; with its schema where several have that name.
pub fn proc_name(oid: u32) -> String {
    match PROCEDURES.by_oid.get(&oid) {
        _ if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
        Some(name) if PROCEDURES.by_name.get(name).is_some_and(|oids| oids.len() > 1) => {
            format!("{PG_CATALOG}.{}", quote_ident(name))
        }
        Some(name) => quote_ident(name),
    }
}

pub fn type_name(oid: u32) -> String {
    match types::by_oid(oid) {
        _ if oid == 0 => "-".to_owned(),
        Some(_) => types::format_type(oid, None),
        None => oid.to_string(),
    }
}

/// A relation's name; with its schema where the bare name does not find it.
pub fn class_name(view: &CatalogView, oid: u32) -> Result<String> {
    if oid == 0 {
        return Ok("-".to_owned());
    }
    let Some((schema, name)) = view.relation(oid)? else { return Ok(oid.to_string()) };
    let visible = match view.table(oid)? {
        Some((table, _)) => view.is_visible(&table.schema, &table.name)?,
        None => view.is_visible(&schema, &name)?,
    };
    let name = quote_ident(&name);
    Ok(if visible { name } else { format!("{}.{name}", quote_ident(&schema)) })
}

pub fn namespace_name(view: &CatalogView, oid: u32) -> Result<String> {
    let found: Option<(String, u32)> = schemas::all(view)?.into_iter().find(|(_, known)| *known == oid);
    Ok(match found {
        _ if oid == 0 => "-".to_owned(),
        Some((name, _)) => quote_ident(&name),
        None => oid.to_string(),
    })
}

pub fn role_name(view: &CatalogView, oid: u32) -> String {
    let found = roles::roles(view).into_iter().find(|role| role.oid == oid);
    match found {
        _ if oid == 0 => "-".to_owned(),
        Some(role) => quote_ident(&role.name),
        None => oid.to_string(),
    }
}
