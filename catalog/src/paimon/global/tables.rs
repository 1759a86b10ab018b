//! `sys.tables`: the tables of the warehouse.

use crate::error::Result;
use crate::paimon::system::{Columns, LONG, TEXT};
use crate::system::{SystemRow, SystemValue};
use crate::types::LogicalType;

use super::context::{GlobalContext, NamedTable};

pub fn columns() -> Columns {
    Columns::new()
        .optional("database_name", TEXT)
        .optional("table_name", TEXT)
        .optional("table_type", TEXT)
        .optional("partitioned", LogicalType::Boolean)
        .optional("primary_key", LogicalType::Boolean)
        .optional("owner", TEXT)
        .optional("created_at", LONG)
        .optional("created_by", TEXT)
        .optional("updated_at", LONG)
        .optional("updated_by", TEXT)
        .optional("record_count", LONG)
        .optional("file_size_in_bytes", LONG)
        .optional("file_count", LONG)
        .optional("last_file_creation_time", LONG)
}

pub async fn rows(context: &GlobalContext) -> Result<Vec<SystemRow>> {
    Ok(context.tables().await?.iter().map(row).collect())
}

fn row(named: &NamedTable) -> SystemRow {
    let schema = &named.schema.table;
    let millis = |name: &str| schema.option(name).and_then(|text| text.parse::<i64>().ok());
    vec![
        named.database.as_str().into(),
        named.name.as_str().into(),
        schema.option("type").unwrap_or("table").into(),
        (!schema.partition_keys.is_empty()).into(),
        (!schema.primary_key.is_empty()).into(),
        schema.option("owner").into(),
        millis("createdAt").into(),
        schema.option("createdBy").into(),
        millis("updatedAt").into(),
        schema.option("updatedBy").into(),
        // Totals are kept by catalogs that manage versions.
        SystemValue::NULL,
        SystemValue::NULL,
        SystemValue::NULL,
        SystemValue::NULL,
    ]
}
