//! `t$partitions`: what each partition of the newest snapshot holds.
//!
//! Partitions of different specs stand apart; a field that a partition's spec has not is null.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::{PartitionField, PrimitiveType, Transform, Type};

use super::data_file::{Content, Raw};
use super::manifests::{Entry, live};
use super::metadata::Metadata;
use super::schema::logical_type;
use super::table::IcebergTable;
use super::value::raw;
use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::system::columns::{Columns, INSTANT, INT, LONG};
use crate::system::{SystemRow, SystemTable, SystemValue};
use crate::types::LogicalType;

/// A field of any of the table's partition specs.
#[derive(Debug)]
struct Field {
    id: i32,
    of: PrimitiveType,
    column: SchemaField,
}

/// The table of partitions, of the metadata that was the newest when it was opened.
#[derive(Debug)]
pub struct Partitions {
    table: IcebergTable,
    metadata: Arc<Metadata>,
    fields: Vec<Field>,
}

impl Partitions {
    pub async fn open(table: IcebergTable) -> Result<Self> {
        let metadata = table.metadata().await?;
        let fields = fields(table.label(), &metadata)?;
        Ok(Self { table, metadata, fields })
    }

    /// The values of a partition, in the order of the fields of all specs.
    fn values(&self, entry: &Entry) -> Result<SystemValue> {
        let spec = self.metadata.table.partition_spec_by_id(entry.spec_id);
        let own = || spec.into_iter().flat_map(|spec| spec.fields()).zip(&entry.file.partition);
        let values = self.fields.iter().map(|field| {
            let Some((_, value)) = own().find(|(own, _)| own.field_id == field.id) else {
                return Ok(SystemValue::NULL);
            };
            raw(value, &field.of).map(SystemValue::Datum).ok_or_else(|| {
                let feature = format!("values of partition field {}", field.column.name);
                Error::unsupported(self.table.label().as_ref(), feature)
            })
        });
        values.collect::<Result<_>>().map(SystemValue::Row)
    }

    fn row(&self, (_, partition): ((i32, Vec<Raw>), Partition)) -> SystemRow {
        let Partition { values, spec_id, data, positions, equality, updated } = partition;
        let (at, snapshot) = updated.unzip();
        let named = if self.fields.is_empty() { Vec::new() } else { vec![values, spec_id.into()] };
        let counts = [data.rows, data.files, data.bytes, positions.rows, positions.files, equality.rows];
        let counts = counts.into_iter().chain([equality.files]).map(SystemValue::from);
        let updated = [at.map_or(SystemValue::NULL, SystemValue::instant), snapshot.into()];
        named.into_iter().chain(counts).chain(updated).collect()
    }
}

/// The fields of all specs by their ids, each under its newest name.
fn fields(table: &str, metadata: &Metadata) -> Result<Vec<Field>> {
    let mut specs: Vec<_> = metadata.table.partition_specs_iter().collect();
    specs.sort_by_key(|spec| spec.spec_id());
    let mut fields: BTreeMap<i32, Field> = BTreeMap::new();
    for field in specs.iter().flat_map(|spec| spec.fields()) {
        let known = fields.remove(&field.field_id);
        // A field that was given up is void from then on.
        let of = match known {
            Some(known) if field.transform == Transform::Void => known.of,
            _ => primitive_of(table, metadata, field)?,
        };
        let column = SchemaField {
            id: field.field_id,
            name: field.name.clone(),
            data_type: logical_type(table, &Type::Primitive(of.clone()))?,
            nullable: true,
            description: None,
            default_value: None,
        };
        fields.insert(field.field_id, Field { id: field.field_id, of, column });
    }
    Ok(fields.into_values().collect())
}

fn primitive_of(table: &str, metadata: &Metadata, field: &PartitionField) -> Result<PrimitiveType> {
    let mut schemas: Vec<_> = metadata.table.schemas_iter().collect();
    schemas.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
    let source = schemas.iter().find_map(|schema| schema.field_by_id(field.source_id));
    let of = source.and_then(|source| field.transform.result_type(&source.field_type).ok());
    match of {
        Some(Type::Primitive(of)) => Ok(of),
        _ => {
            let reason = format!("partition field {} has no type", field.name);
            Err(Error::corrupt(format!("the metadata of table {table}"), reason))
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    files: u64,
    rows: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Partition {
    values: SystemValue,
    spec_id: i32,
    data: Count,
    positions: Count,
    equality: Count,
    /// When the partition last got a file (milliseconds since the epoch), and by which snapshot.
    updated: Option<(i64, i64)>,
}

impl Partition {
    fn add(&mut self, entry: &Entry, metadata: &Metadata) {
        let count = match entry.file.content {
            Content::Data => &mut self.data,
            Content::PositionDeletes => &mut self.positions,
            Content::EqualityDeletes => &mut self.equality,
        };
        count.files = count.files.saturating_add(1);
        count.rows = count.rows.saturating_add(entry.file.rows);
        count.bytes = count.bytes.saturating_add(entry.file.size);
        let snapshot = metadata.table.snapshot_by_id(entry.snapshot_id);
        let updated = snapshot.map(|snapshot| (snapshot.timestamp_ms(), entry.snapshot_id));
        self.updated = self.updated.max(updated);
    }
}

#[async_trait]
impl SystemTable for Partitions {
    fn schema(&self) -> Arc<TableSchema> {
        let columns = match self.fields.is_empty() {
            true => Columns::new(),
            false => {
                let fields = self.fields.iter().map(|field| field.column.clone()).collect();
                Columns::new().required("partition", LogicalType::Row { fields }).required("spec_id", INT)
            }
        };
        columns
            .required("record_count", LONG)
            .required("file_count", LONG)
            .required("total_data_file_size_in_bytes", LONG)
            .required("position_delete_record_count", LONG)
            .required("position_delete_file_count", LONG)
            .required("equality_delete_record_count", LONG)
            .required("equality_delete_file_count", LONG)
            .optional("last_updated_at", INSTANT)
            .optional("last_updated_snapshot_id", LONG)
            .schema()
    }

    async fn rows(&self) -> Result<Vec<SystemRow>> {
        let Some(snapshot) = self.metadata.table.current_snapshot() else { return Ok(Vec::new()) };
        let (data, deletes) = live(&self.table, &self.metadata, snapshot).await?;
        let mut partitions: BTreeMap<(i32, Vec<Raw>), Partition> = BTreeMap::new();
        for entry in data.iter().chain(&deletes) {
            let key = (entry.spec_id, entry.file.partition.clone());
            if !partitions.contains_key(&key) {
                let (values, none) = (self.values(entry)?, Count::default());
                let spec_id = entry.spec_id;
                let (data, positions, equality, updated) = (none, none, none, None);
                partitions
                    .insert(key.clone(), Partition { values, spec_id, data, positions, equality, updated });
            }
            if let Some(partition) = partitions.get_mut(&key) {
                partition.add(entry, &self.metadata);
            }
        }
        Ok(partitions.into_iter().map(|partition| self.row(partition)).collect())
    }
}
