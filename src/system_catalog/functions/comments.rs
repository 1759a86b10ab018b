//! Comments on tables, columns and what the system has.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Function, oid, opening, strict, text};
use crate::error::Result;
use crate::system_catalog::attribute::Attribute;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Part;
use crate::system_catalog::view::{CatalogView, PG_CATALOG};
use crate::system_catalog::{definitions, stored};

pub(super) const FUNCTIONS: &[Function] = &[
    opening("obj_description", &[&["oid"], &["oid", "text"]], "text", of_object),
    opening("col_description", &[&["oid", "int4"]], "text", of_column),
    // Databases, roles and tablespaces carry no comments.
    strict("shobj_description", &[&["oid", "text"]], "text", |_, _| Ok(Cell::Null)),
];

fn of_object<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let wanted = oid(args, 0);
        let catalog = if args.len() > 1 { Some(text(args, 1)) } else { None };
        if catalog.is_none_or(|catalog| catalog == "pg_class")
            && let Some((table, Part::Table)) = view.table(wanted)?
        {
            let found = view.describe(&table).await?;
            let comment = found.and_then(|found| found.schema.comment.clone());
            return Ok(comment.filter(|comment| !comment.is_empty()).into());
        }
        Ok(of_system(wanted, catalog))
    }
    .boxed()
}

fn of_column<'a>(view: &'a CatalogView, args: &'a [Cell]) -> BoxFuture<'a, Result<Cell>> {
    async move {
        let number = args.get(1).and_then(Cell::as_int);
        let Some((table, Part::Table)) = view.table(oid(args, 0))? else { return Ok(Cell::Null) };
        let Some(found) = view.describe(&table).await? else { return Ok(Cell::Null) };
        let columns = Attribute::of_table(&found.schema).into_iter();
        let column = columns.into_iter().find(|column| Some(i64::from(column.number)) == number);
        Ok(column.and_then(|column| column.comment).into())
    }
    .boxed()
}

/// The comment that PostgreSQL itself has on something.
fn of_system(wanted: u32, catalog: Option<&str>) -> Cell {
    let class = catalog.map(|catalog| definitions::find(PG_CATALOG, catalog).map(|found| found.oid));
    let Some(descriptions) = definitions::find(PG_CATALOG, "pg_description") else { return Cell::Null };
    let found = stored::rows(descriptions).iter().find_map(|row| match row.as_slice() {
        [object, of, Cell::Int(0), comment] => {
            let fits = *object == Cell::from(wanted) && class.is_none_or(|class| *of == Cell::from(class));
            fits.then(|| comment.clone())
        }
        _ => None,
    });
    found.unwrap_or_default()
}
