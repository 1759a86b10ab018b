//! `sys.partitions`: the partitions of all tables.

use crate::error::Result;
use crate::paimon::system::{Columns, Context, LONG, TEXT, Version, epoch_millis, partitions_of};
use crate::schema::SchemaField;
use crate::system::SystemRow;
use crate::types::LogicalType;
use crate::version::ReadOptions;

use super::context::GlobalContext;

pub fn columns() -> Columns {
    Columns::new()
        .optional("database_name", TEXT)
        .optional("table_name", TEXT)
        .optional("partition_name", TEXT)
        .optional("record_count", LONG)
        .optional("file_size_in_bytes", LONG)
        .optional("file_count", LONG)
        .optional("last_file_creation_time", LONG)
        .optional("done", LogicalType::Boolean)
}

pub async fn rows(context: &GlobalContext) -> Result<Vec<SystemRow>> {
    let mut rows = Vec::new();
    for named in context.tables().await? {
        if named.schema.table.partition_keys.is_empty() {
            continue;
        }
        let version = Context::new(named.table.clone(), ReadOptions::default()).version().await?;
        for found in partitions_of(&version).await? {
            let totals = found.totals;
            rows.push(vec![
                named.database.as_str().into(),
                named.name.as_str().into(),
                name(&version, version.folder_texts(&found.partition.values)?).into(),
                totals.rows.into(),
                totals.size.into(),
                totals.files.into(),
                epoch_millis(totals.last_creation_millis).into(),
                false.into(),
            ]);
        }
    }
    Ok(rows)
}

/// `k1=v1/k2=v2`, as in folder names but not escaped.
fn name(version: &Version, texts: Vec<String>) -> String {
    let part = |(field, text): (&SchemaField, String)| format!("{}={text}", field.name);
    version.partition_fields().into_iter().zip(texts).map(part).collect::<Vec<_>>().join("/")
}
