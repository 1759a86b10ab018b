//! Bytes of tables: those of the data files of their latest version.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Function, oid, opening, strict};
use crate::error::{Error, ErrorKind, Result};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::{Object, Part};
use crate::system_catalog::view::{CatalogView, NamedTable};

use super::reg::regclass;

const CLASS: &[&[&str]] = &[&["regclass"]];
const LAKE: &[&[&str]] = &[&["text"], &["oid"]];

/// Tables that are planned at once.
const PLANNED_AT_ONCE: usize = 32;

pub(super) const FUNCTIONS: &[Function] = &[
    opening("pg_table_size", CLASS, "int8", table_size),
    opening("pg_total_relation_size", CLASS, "int8", table_size),
    opening("pg_relation_size", &[&["regclass"], &["regclass", "text"]], "int8", table_size),
    strict("pg_indexes_size", CLASS, "int8", |_, _| Ok(Cell::Int(0))),
    opening("pg_database_size", LAKE, "int8", database_size),
    strict("pg_tablespace_size", LAKE, "int8", |_, _| Ok(Cell::Null)),
    strict("pg_size_pretty", &[&["int8"]], "text", |_, args| {
        Ok(args.first().and_then(Cell::as_int).map(pretty).into())
    }),
];

fn table_size<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let wanted = match args.first() {
            Some(Cell::Text(name)) => regclass(view, name)?,
            _ => oid(args, 0),
        };
        match view.table(wanted)? {
            Some((table, Part::Table)) => Ok(size(view, table).await?.into()),
            // An index of a key takes no space of its own, and neither does what is made up.
            Some(_) => Ok(Cell::Int(0)),
            None => Ok(view.relation(wanted)?.map(|_| 0_i64).into()),
        }
    }
    .boxed()
}

async fn size(view: &CatalogView, table: Arc<NamedTable>) -> Result<Option<i64>> {
    let bytes = view.lake().table_size(&table.schema, &table.name).await?;
    Ok(bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)))
}

/// The tables of a lake together. Those of other lakes are not looked at.
fn database_size<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let own = view.lake().name();
        let lake = match args.first() {
            Some(Cell::Text(name)) => name.to_string(),
            _ => match view.oids().find(oid(args, 0)) {
                Some((Object::Lake(name), _)) => name,
                _ => return Ok(Cell::Null),
            },
        };
        if view.session().engine.lake(&lake).is_none() {
            let message = format!("database \"{lake}\" does not exist");
            return Err(Error::new(ErrorKind::UndefinedDatabase, message));
        }
        if lake != own {
            return Ok(Cell::Null);
        }
        let tables = view.names()?.tables.clone();
        let sizes = stream::iter(tables).map(|table| size(view, table));
        let sizes: Vec<Option<i64>> = sizes.buffered(PLANNED_AT_ONCE).try_collect().await?;
        let total = sizes.into_iter().flatten().fold(0_i64, i64::saturating_add);
        Ok(total.into())
    }
    .boxed()
}

/// `8192 bytes`, `10 MB`: in the unit whose number stays below 10240, rounded half away from zero.
fn pretty(bytes: i64) -> String {
    const UNITS: [(&str, u32); 5] = [("kB", 10), ("MB", 20), ("GB", 30), ("TB", 40), ("PB", 50)];
    const LIMIT: u64 = 10 * 1024;
    let size = bytes.unsigned_abs();
    if size < LIMIT {
        return format!("{bytes} bytes");
    }
    let sign = if bytes < 0 { "-" } else { "" };
    let last = UNITS.len() - 1;
    for (at, (unit, shift)) in UNITS.into_iter().enumerate() {
        let halves = size >> (shift - 1);
        if halves < 2 * LIMIT - 1 || at == last {
            return format!("{sign}{} {unit}", halves.div_ceil(2));
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of PostgreSQL 15.
    #[test]
    fn sizes_read_as_in_postgres() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (-10_240, "-10 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (1_000_000_000, "954 MB"),
            (i64::MAX, "8192 PB"),
        ] {
            assert_eq!(pretty(bytes), shown);
        }
    }
}
