//! Names and literals as texts, and JSON.

use super::{Function, seeing, strict, text};
use crate::error::{Error, ErrorKind, Result};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::text::{parse_ident, quote_ident, quote_literal};
use crate::system_catalog::view::CatalogView;

const TEXT: &[&[&str]] = &[&["text"]];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("quote_ident", TEXT, "text", |_, args| Ok(quote_ident(text(args, 0)).into())),
    strict("quote_literal", TEXT, "text", |_, args| Ok(quote_literal(text(args, 0)).into())),
    seeing("quote_nullable", TEXT, "text", |_, args| {
        Ok(args.first().and_then(Cell::as_text).map_or_else(|| "NULL".to_owned(), quote_literal).into())
    }),
    strict("parse_ident", &[&["text"], &["text", "bool"]], "_text", parts_of_name),
    strict("like_escape", &[&["text", "text"]], "text", |_, args| pattern_with_backslashes(args)),
    seeing("format", FORMATTED, "text", |_, args| formatted(args)),
    seeing("json_build_object", JSON_PAIRS, "json", json_object),
    seeing("jsonb_build_object", JSON_PAIRS, "jsonb", json_object),
];

const FORMATTED: &[&[&str]] = &[
    &["text"],
    &["text", "any"],
    &["text", "any", "any"],
    &["text", "any", "any", "any"],
    &["text", "any", "any", "any", "any"],
    &["text", "any", "any", "any", "any", "any"],
    &["text", "any", "any", "any", "any", "any", "any"],
    &["text", "any", "any", "any", "any", "any", "any", "any"],
    &["text", "any", "any", "any", "any", "any", "any", "any", "any"],
];

const JSON_PAIRS: &[&[&str]] = &[
    &[],
    &["any", "any"],
    &["any", "any", "any", "any"],
    &["any", "any", "any", "any", "any", "any"],
    &["any", "any", "any", "any", "any", "any", "any", "any"],
    &["any", "any", "any", "any", "any", "any", "any", "any", "any", "any"],
    &["any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any"],
    &["any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any"],
    &[
        "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any",
        "any", "any",
    ],
];

/// `format('%s %I %L', ...)`; widths and positions are not known.
fn formatted(args: &[Cell]) -> Result<Cell> {
    let Some((Cell::Text(pattern), values)) = args.split_first() else { return Ok(Cell::Null) };
    let invalid = |message: &str| Error::new(ErrorKind::InvalidParameter, message);
    let (mut out, mut values) = (String::new(), values.iter());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let kind = chars.next().ok_or_else(|| invalid("unterminated format() type specifier"))?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| invalid("too few arguments for format()"))?;
        match (kind, shown(value)?) {
            ('s', value) => out.push_str(&value.unwrap_or_default()),
            ('I', Some(value)) => out.push_str(&quote_ident(&value)),
            ('I', None) => return Err(invalid("null values cannot be formatted as an SQL identifier")),
            ('L', value) => {
                out.push_str(&value.map_or_else(|| "NULL".to_owned(), |value| quote_literal(&value)))
            }
            (other, _) => {
                let message = format!("format() type specifier \"{other}\" is not supported");
                return Err(Error::new(ErrorKind::Unsupported, message).with_hint("It knows %s, %I and %L."));
            }
        }
    }
    Ok(out.into())
}

/// A value as text; `None` for NULL.
fn shown(value: &Cell) -> Result<Option<String>> {
    Ok(Some(match value {
        Cell::Null => return Ok(None),
        Cell::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Text(value) => value.to_string(),
        Cell::Float(_) | Cell::Micros(_) | Cell::List(_) => {
            return Err(Error::new(ErrorKind::Unsupported, "format() takes texts, integers and booleans")
                .with_hint("Cast the argument to text."));
        }
    }))
}

fn parts_of_name(_view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let written = text(args, 0);
    let parts = parse_ident(written).ok_or_else(|| {
        let message = format!("string is not a valid identifier: \"{written}\"");
        Error::new(ErrorKind::InvalidParameter, message)
    })?;
    Ok(parts.into_iter().collect())
}

/// A pattern of LIKE whose escape character is the backslash, from one with another.
fn pattern_with_backslashes(args: &[Cell]) -> Result<Cell> {
    let mut escape = text(args, 1).chars();
    let (mark, more) = (escape.next(), escape.next());
    if more.is_some() {
        return Err(Error::new(ErrorKind::InvalidParameter, "invalid escape string")
            .with_hint("Escape string must be empty or one character."));
    }
    let mut out = String::new();
    let mut chars = text(args, 0).chars();
    while let Some(c) = chars.next() {
        if Some(c) == mark {
            let Some(next) = chars.next() else {
                let message = "LIKE pattern must not end with escape character";
                return Err(Error::new(ErrorKind::InvalidParameter, message));
            };
            out.push('\\');
            out.push(next);
        } else if c == '\\' {
            out.push_str("\\\\");
        } else {
            out.push(c);
        }
    }
    Ok(out.into())
}

/// `{"a" : 1, "b" : "x"}`, with the spaces that Postgres puts there.
fn json_object(_view: &CatalogView, args: &[Cell]) -> Result<Cell> {
    let pairs = args.chunks(2).enumerate().map(|(at, pair)| match pair {
        [Cell::Null, _] => {
            let message = format!("argument {}: key must not be null", at * 2 + 1);
            Err(Error::new(ErrorKind::InvalidParameter, message))
        }
        [key, value] => {
            let name = match key {
                Cell::Text(text) => json_text(text),
                other => json_text(&json(other)),
            };
            Ok(format!("{name} : {}", json(value)))
        }
        _ => Err(Error::new(ErrorKind::InvalidParameter, "argument list must have even number of elements")),
    });
    Ok(format!("{{{}}}", pairs.collect::<Result<Vec<_>>>()?.join(", ")).into())
}

fn json(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => value.to_string(),
        Cell::Micros(value) => value.to_string(),
        Cell::Text(value) => json_text(value),
        Cell::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
