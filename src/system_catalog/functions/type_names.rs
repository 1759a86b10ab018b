//! Types by their names, and words of SQL.

use super::{Function, oid, seeing, strict};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::types::format_type;

pub(super) const FUNCTIONS: &[Function] = &[
    seeing("format_type", &[&["oid", "int4"]], "text", |_, args| Ok(type_with_typmod(args))),
    strict("pg_encoding_to_char", &[&["int4"]], "name", |_, args| {
        Ok(if args.first() == Some(&Cell::Int(6)) { "UTF8" } else { "" }.into())
    }),
    strict("pg_char_to_encoding", &[&["text"]], "int4", |_, args| Ok(encoding(super::text(args, 0)))),
    strict("getdatabaseencoding", &[&[]], "name", |_, _| Ok("UTF8".into())),
    strict("pg_client_encoding", &[&[]], "name", |view, _| {
        Ok(view.session().settings.get("client_encoding").into())
    }),
];

fn type_with_typmod(args: &[Cell]) -> Cell {
    if args.first() == Some(&Cell::Null) {
        return Cell::Null;
    }
    let typmod = args.get(1).and_then(Cell::as_int).and_then(|typmod| i32::try_from(typmod).ok());
    format_type(oid(args, 0), typmod).into()
}

fn encoding(name: &str) -> Cell {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_lowercase().as_str() {
        "utf8" | "unicode" => Cell::Int(6),
        "sqlascii" => Cell::Int(0),
        _ => Cell::Int(-1),
    }
}
