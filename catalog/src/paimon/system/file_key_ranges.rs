//! `t$file_key_ranges`: the data files of a snapshot and the keys they span.

use crate::error::Result;
use crate::schema::TableSchema;
use crate::system::SystemRow;
use crate::types::LogicalType;

use super::columns::{Columns, LONG, TEXT};
use super::context::Context;
use super::files::{FileSchemas, LiveFile};

pub fn columns() -> Columns {
    file_columns().optional("first_row_id", LONG)
}

/// What this table and `t$files` have in common.
pub fn file_columns() -> Columns {
    Columns::new()
        .optional("partition", TEXT)
        .required("bucket", LogicalType::Int)
        .required("file_path", TEXT)
        .required("file_format", TEXT)
        .required("schema_id", LONG)
        .required("level", LogicalType::Int)
        .required("record_count", LONG)
        .required("file_size_in_bytes", LONG)
        .optional("min_key", TEXT)
        .optional("max_key", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let manifests = version.all_manifests().await?;
    let mut schemas = FileSchemas::default();
    let mut rows = Vec::new();
    for file in version.live_files(context, &manifests).await? {
        let written = schemas.get(context, file.entry.file.schema_id).await?;
        let mut row = file_values(&file, &written)?;
        row.push(file.entry.file.first_row_id.into());
        rows.push(row);
    }
    Ok(rows)
}

/// Values of [`file_columns`] for a file that was written with `schema`.
pub fn file_values(file: &LiveFile<'_>, schema: &TableSchema) -> Result<SystemRow> {
    let meta = &file.entry.file;
    Ok(vec![
        file.partition.as_str().into(),
        file.entry.bucket.into(),
        file.path.as_str().into(),
        file.format().into(),
        meta.schema_id.into(),
        meta.level.into(),
        meta.row_count.into(),
        meta.file_size.into(),
        file.key_text(&meta.min_key, schema)?.into(),
        file.key_text(&meta.max_key, schema)?.into(),
    ])
}
