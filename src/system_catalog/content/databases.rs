//! `pg_database`: the lakes, which are the databases that a client connects to.

use super::roles::OWNER;
use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Object;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;

/// UTF8.
pub const ENCODING: i64 = 6;

/// The tablespace `pg_default`.
const DEFAULT_TABLESPACE: i64 = 1663;

fn databases(view: &CatalogView) -> Vec<(String, u32)> {
    let names = view.session().engine.lake_names();
    let with_oid = |name: String| {
        let oid = view.oids().of(Object::Lake(name.clone()));
        (name, oid)
    };
    names.into_iter().map(with_oid).collect()
}

pub fn pg_database(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for (name, oid) in databases(view) {
        rows.row(|column| match column {
            "oid" => oid.into(),
            "datname" => name.clone().into(),
            "datdba" => OWNER.into(),
            "encoding" => ENCODING.into(),
            "datlocprovider" => "c".into(),
            "datistemplate" => false.into(),
            "datallowconn" => true.into(),
            "datconnlimit" => Cell::Int(-1),
            "datfrozenxid" | "datminmxid" => Cell::Int(0),
            "dattablespace" => DEFAULT_TABLESPACE.into(),
            // Texts compare by their bytes.
            "datcollate" | "datctype" => "C".into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}

/// Nothing is counted by database.
pub fn pg_stat_database(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for (name, oid) in databases(view) {
        rows.row(|column| match column {
            "datid" => oid.into(),
            "datname" => name.clone().into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}
