//! The functions of PostgreSQL that tell of the catalog and of the session.
//!
//! Each is a line in a table: its name, the types it takes, the type it gives, and what computes one
//! row. Those that have to open tables are asynchronous.

mod activity;
mod arrays;
mod comments;
mod definition;
mod names;
mod objects;
mod privileges;
mod reg;
mod session;
mod sizes;
mod type_names;
mod type_of;
mod udf;
mod values;

pub use reg::REG_TYPES;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use futures::future::BoxFuture;

use super::cell::Cell;
use super::view::CatalogView;
use crate::error::Result;

/// How a row is computed.
#[derive(Clone, Copy)]
enum Body {
    Plain(fn(&CatalogView, &[Cell]) -> Result<Cell>),
    /// Does something, so that it may run neither early nor twice.
    Acting(fn(&CatalogView, &[Cell]) -> Result<Cell>),
    /// Opens tables.
    Opening(for<'a> fn(&'a CatalogView, &'a [Cell]) -> BoxFuture<'a, Result<Cell>>),
}

/// What is done with NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// A NULL among the arguments makes the result NULL.
    Strict,
    Seen,
}

/// A function. Types are named as in `pg_type`; `any` takes every type, `regclass` a text too.
#[derive(Clone, Copy)]
struct Function {
    name: &'static str,
    /// What it can be called with, each a list of types.
    takes: &'static [&'static [&'static str]],
    gives: &'static str,
    nulls: Nulls,
    body: Body,
}

/// A strict function.
const fn strict(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    gives: &'static str,
    body: fn(&CatalogView, &[Cell]) -> Result<Cell>,
) -> Function {
    Function { name, takes, gives, nulls: Nulls::Strict, body: Body::Plain(body) }
}

/// A strict function that does something.
const fn acting(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    gives: &'static str,
    body: fn(&CatalogView, &[Cell]) -> Result<Cell>,
) -> Function {
    Function { name, takes, gives, nulls: Nulls::Strict, body: Body::Acting(body) }
}

/// A function that is told of NULLs.
const fn seeing(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    gives: &'static str,
    body: fn(&CatalogView, &[Cell]) -> Result<Cell>,
) -> Function {
    Function { name, takes, gives, nulls: Nulls::Seen, body: Body::Plain(body) }
}

/// A strict function that opens tables.
const fn opening(
    name: &'static str,
    takes: &'static [&'static [&'static str]],
    gives: &'static str,
    body: for<'a> fn(&'a CatalogView, &'a [Cell]) -> BoxFuture<'a, Result<Cell>>,
) -> Function {
    Function { name, takes, gives, nulls: Nulls::Strict, body: Body::Opening(body) }
}

/// Functions that look at names of the lake.
const OF_NAMES: [&[Function]; 6] = [
    names::FUNCTIONS,
    definition::FUNCTIONS,
    comments::FUNCTIONS,
    privileges::FUNCTIONS,
    sizes::FUNCTIONS,
    reg::FUNCTIONS,
];

/// Functions that do not.
const OTHERS: [&[Function]; 5] =
    [activity::FUNCTIONS, objects::FUNCTIONS, session::FUNCTIONS, type_names::FUNCTIONS, values::FUNCTIONS];

fn all() -> impl Iterator<Item = &'static Function> {
    OF_NAMES.into_iter().chain(OTHERS).flatten()
}

/// Whether a function can only be computed once the lake was listed.
pub fn needs_names(name: &str) -> bool {
    OF_NAMES.into_iter().flatten().any(|function| function.name == name)
}

/// A function by its name.
pub fn find(name: &str, view: &Arc<CatalogView>) -> Option<Arc<ScalarUDF>> {
    match all().find(|function| function.name == name) {
        Some(function) => Some(Arc::new(udf::of(function, view))),
        None => arrays::find(name).or_else(|| type_of::find(name)),
    }
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name).chain(arrays::NAMES).chain([type_of::NAME])
}

/// The nth argument as an identifier; what is no identifier is none of an object.
fn oid(arguments: &[Cell], at: usize) -> u32 {
    let number = arguments.get(at).and_then(Cell::as_int);
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// The nth argument as a text.
fn text(arguments: &[Cell], at: usize) -> &str {
    arguments.get(at).and_then(Cell::as_text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_function_is_there_twice() {
        let mut seen = HashSet::new();
        assert!(names().all(|name| seen.insert(name)));
    }
}
