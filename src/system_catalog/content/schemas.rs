//! `pg_namespace`.

use super::roles::OWNER;
use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::stored;
use crate::system_catalog::view::CatalogView;

/// The schemas of the system.
pub const SYSTEM: [&str; 2] = ["pg_catalog", "information_schema"];

/// All schemas: their names and identifiers.
pub fn all(view: &CatalogView) -> Result<Vec<(String, u32)>> {
    let system = SYSTEM.iter().filter_map(|name| Some(((*name).to_owned(), stored::schema_oid(name)?)));
    let own = view.names()?.schemas.iter().map(|(name, oid)| (name.to_string(), *oid));
    Ok(system.chain(own).collect())
}

pub fn pg_namespace(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for (name, oid) in all(view)? {
        rows.row(|column| match column {
            "oid" => oid.into(),
            "nspname" => name.clone().into(),
            "nspowner" => OWNER.into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}
