//! `t$table_indexes`: the index files of a snapshot, deletion vectors among them.

use crate::error::Result;
use crate::paimon::index_manifest::{DELETION_VECTORS, DeletionVectorRange, GlobalIndexMeta, IndexEntry};
use crate::schema::TableSchema;
use crate::system::{SystemRow, SystemValue};
use crate::types::LogicalType;

use super::columns::{Columns, LONG, TEXT};
use super::context::Context;

pub fn columns() -> Columns {
    let range = Columns::new()
        .required("f0", TEXT)
        .required("f1", LogicalType::Int)
        .required("f2", LogicalType::Int)
        .optional("_CARDINALITY", LONG)
        .fields();
    let element = Box::new(LogicalType::Row { fields: range });
    Columns::new()
        .optional("partition", TEXT)
        .required("bucket", LogicalType::Int)
        .required("index_type", TEXT)
        .required("file_name", TEXT)
        .required("file_size", LONG)
        .required("row_count", LONG)
        .optional("dv_ranges", LogicalType::Array { element, element_nullable: true })
        .optional("row_range_start", LONG)
        .optional("row_range_end", LONG)
        .optional("index_field_id", LogicalType::Int)
        .optional("index_field_name", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let Some(snapshot) = &version.snapshot else { return Ok(Vec::new()) };
    let Some(index) = version.manifests.index_of(snapshot).await? else { return Ok(Vec::new()) };
    index
        .0
        .iter()
        .map(|entry| Ok(row(entry, version.partition_row_text(&entry.partition)?, &version.schema)))
        .collect()
}

fn row(entry: &IndexEntry, partition: String, schema: &TableSchema) -> SystemRow {
    let global = entry.global.as_ref();
    let is_vectors = entry.index_type == DELETION_VECTORS;
    vec![
        partition.into(),
        entry.bucket.into(),
        entry.index_type.as_str().into(),
        entry.file_name.as_str().into(),
        entry.file_size.into(),
        entry.row_count.into(),
        if is_vectors { ranges(&entry.deletion_vectors) } else { SystemValue::NULL },
        global.map(|global| global.row_range_start).into(),
        global.map(|global| global.row_range_end).into(),
        global.map(|global| global.index_field_id).into(),
        global.and_then(|global| field_names(schema, global)).into(),
    ]
}

fn ranges(ranges: &[DeletionVectorRange]) -> SystemValue {
    let row = |range: &DeletionVectorRange| {
        SystemValue::Row(vec![
            range.data_file.as_str().into(),
            range.offset.into(),
            range.length.into(),
            range.cardinality.into(),
        ])
    };
    SystemValue::List(ranges.iter().map(row).collect())
}

/// The columns that an index covers; `None` where one has been dropped since.
fn field_names(schema: &TableSchema, index: &GlobalIndexMeta) -> Option<String> {
    let name = |id: &i32| schema.fields.iter().find(|field| field.id == *id).map(|field| field.name.as_str());
    let ids = std::iter::once(&index.index_field_id).chain(&index.extra_field_ids);
    Some(ids.map(name).collect::<Option<Vec<_>>>()?.join(","))
}
