//! `sys.all_table_options`: the options of all tables.

use crate::error::Result;
use crate::paimon::system::{Columns, Context, TEXT};
use crate::system::SystemRow;
use crate::version::ReadOptions;

use super::context::GlobalContext;

pub fn columns() -> Columns {
    Columns::new()
        .optional("database_name", TEXT)
        .optional("table_name", TEXT)
        .optional("key", TEXT)
        .optional("value", TEXT)
}

pub async fn rows(context: &GlobalContext) -> Result<Vec<SystemRow>> {
    let mut rows = Vec::new();
    for named in context.tables().await? {
        let mut options = named.schema.table.options.clone();
        // Paimon's catalogs add where a table lies.
        let path =
            Context::new(named.table.clone(), ReadOptions::default()).full_path(named.table.layout().root());
        options.insert("path".into(), path);
        rows.extend(options.into_iter().map(|(key, value)| {
            vec![named.database.as_str().into(), named.name.as_str().into(), key.into(), value.into()]
        }));
    }
    Ok(rows)
}
