//! Columns: Iceberg's types as Tarn's, and how files hold them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use iceberg::spec::{NameMapping, NestedField, PrimitiveType, Schema, StructType, TableMetadata, Type};

use super::value::datum;
use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::split::{FieldLookup, FileFormat, FileSchema};
use crate::types::LogicalType;

const NAME_MAPPING: &str = "schema.name-mapping.default";

/// The schema of a version.
pub fn table_schema(table: &str, metadata: &TableMetadata, schema: &Schema) -> Result<TableSchema> {
    let fields = fields(table, schema.as_struct())?;
    let options = metadata.properties().iter().map(|(key, value)| (key.clone(), value.clone()));
    Ok(TableSchema {
        id: schema.schema_id().into(),
        fields,
        partition_keys: Vec::new(),
        // Identifier fields are not enforced: rows of equal keys may stand side by side.
        primary_key: Vec::new(),
        options: options.collect::<BTreeMap<_, _>>(),
        comment: metadata.properties().get("comment").cloned(),
    })
}

fn fields(table: &str, row: &StructType) -> Result<Vec<SchemaField>> {
    row.fields().iter().map(|field| schema_field(table, field)).collect()
}

pub fn schema_field(table: &str, field: &NestedField) -> Result<SchemaField> {
    Ok(SchemaField {
        id: field.id,
        name: field.name.clone(),
        data_type: logical_type(table, &field.field_type)?,
        nullable: !field.required,
        description: field.doc.clone(),
        default_value: None,
    })
}

fn logical_type(table: &str, of: &Type) -> Result<LogicalType> {
    use LogicalType as T;
    Ok(match of {
        Type::Primitive(primitive) => primitive_type(table, primitive)?,
        Type::Struct(row) => {
            if row.fields().iter().any(|field| field.initial_default.is_some()) {
                return Err(Error::unsupported(table, "defaults of fields within rows"));
            }
            T::Row { fields: fields(table, row)? }
        }
        Type::List(list) => T::Array {
            element: Box::new(logical_type(table, &list.element_field.field_type)?),
            element_nullable: !list.element_field.required,
        },
        Type::Map(map) => T::Map {
            key: Box::new(logical_type(table, &map.key_field.field_type)?),
            value: Box::new(logical_type(table, &map.value_field.field_type)?),
            value_nullable: !map.value_field.required,
        },
    })
}

fn primitive_type(table: &str, primitive: &PrimitiveType) -> Result<LogicalType> {
    use LogicalType as T;
    let unsupported = || Error::unsupported(table, format!("columns of type {primitive}"));
    Ok(match primitive {
        PrimitiveType::Boolean => T::Boolean,
        PrimitiveType::Int => T::Int,
        PrimitiveType::Long => T::BigInt,
        PrimitiveType::Float => T::Float,
        PrimitiveType::Double => T::Double,
        PrimitiveType::Decimal { precision, scale } => T::Decimal {
            precision: u8::try_from(*precision).map_err(|_| unsupported())?,
            scale: i8::try_from(*scale).map_err(|_| unsupported())?,
        },
        PrimitiveType::Date => T::Date,
        PrimitiveType::Timestamp => T::Timestamp { precision: 6 },
        PrimitiveType::Timestamptz => T::TimestampLtz { precision: 6 },
        PrimitiveType::TimestampNs => T::Timestamp { precision: 9 },
        PrimitiveType::TimestamptzNs => T::TimestampLtz { precision: 9 },
        PrimitiveType::String => T::STRING,
        PrimitiveType::Binary => T::BYTES,
        PrimitiveType::Fixed(length) => {
            T::Binary { length: u32::try_from(*length).map_err(|_| unsupported())? }
        }
        // Microseconds of a day and UUIDs have no type of Tarn's yet.
        PrimitiveType::Time | PrimitiveType::Uuid => return Err(unsupported()),
    })
}

/// How the files of a table hold its columns.
#[derive(Debug)]
pub struct FileSchemas {
    /// Of files that carry field ids.
    pub by_id: Arc<FileSchema>,
    /// Of files that carry names alone; `None` where names have meant different columns over time.
    pub by_name: Option<Arc<FileSchema>>,
}

impl FileSchemas {
    /// Columns of `schema`, and further ones that only deletes name.
    pub fn new(
        table: &str,
        metadata: &TableMetadata,
        schema: &Schema,
        further: &[SchemaField],
    ) -> Result<Self> {
        let mut fields = fields(table, schema.as_struct())?;
        fields.extend_from_slice(further);
        let mut defaults = Vec::new();
        for field in schema.as_struct().fields() {
            if let Some(literal) = &field.initial_default {
                let value = datum(literal, &field.field_type);
                let value = value.ok_or_else(|| {
                    Error::unsupported(table, format!("the default of column {}", field.name))
                })?;
                defaults.push((field.id, value));
            }
        }
        let named =
            FileSchema { id: schema.schema_id().into(), fields, lookup: FieldLookup::ByName, defaults };
        let mut by_id = FileSchema { lookup: FieldLookup::ById, ..named.clone() };
        apply_name_mapping(table, metadata, &mut by_id.fields)?;
        let by_name = names_are_stable(metadata).then(|| Arc::new(named));
        Ok(Self { by_id: Arc::new(by_id), by_name })
    }

    /// Of files of a format. Ids are read from Parquet alone so far.
    pub fn of(&self, table: &str, format: FileFormat) -> Result<Arc<FileSchema>> {
        match (format, &self.by_name) {
            (FileFormat::Parquet, _) => Ok(Arc::clone(&self.by_id)),
            (_, Some(by_name)) => Ok(Arc::clone(by_name)),
            (_, None) => {
                Err(Error::unsupported(table, "ORC and Avro files of tables whose columns were renamed"))
            }
        }
    }
}

/// Gives columns the names that files without ids have for them.
fn apply_name_mapping(table: &str, metadata: &TableMetadata, fields: &mut [SchemaField]) -> Result<()> {
    let Some(text) = metadata.properties().get(NAME_MAPPING) else { return Ok(()) };
    let mapping: NameMapping = serde_json::from_str(text).map_err(|error| {
        Error::corrupt(format!("property {NAME_MAPPING} of table {table}"), error.to_string())
    })?;
    for field in fields {
        let mapped = mapping.fields().iter().find(|mapped| mapped.field_id() == Some(field.id));
        let Some(mapped) = mapped else { continue };
        match mapped.names() {
            [] => {}
            [name] => field.name.clone_from(name),
            _ => return Err(Error::unsupported(table, "columns with several names in a name mapping")),
        }
    }
    Ok(())
}

/// Whether each name has stood for one column, and each column had one name, in all schemas.
fn names_are_stable(metadata: &TableMetadata) -> bool {
    let (mut names, mut ids) = (HashMap::new(), HashMap::new());
    metadata.schemas_iter().all(|schema| {
        let mut columns = schema.field_id_to_name_map().iter();
        columns.all(|(id, name)| {
            *names.entry(*id).or_insert_with(|| name.clone()) == *name
                && *ids.entry(name.clone()).or_insert(*id) == *id
        })
    })
}

/// A top-level column by its id, in the newest schema that has it.
pub fn column_by_id(table: &str, metadata: &TableMetadata, id: i32) -> Result<SchemaField> {
    let mut schemas: Vec<_> = metadata.schemas_iter().collect();
    schemas.sort_by_key(|schema| schema.schema_id());
    let current = metadata.current_schema();
    let found = std::iter::once(current)
        .chain(schemas.into_iter().rev())
        .find_map(|schema| schema.as_struct().fields().iter().find(|field| field.id == id));
    match found {
        Some(field) => schema_field(table, field),
        None => Err(Error::unsupported(
            table,
            format!("equality deletes by column {id}, which is no column of its own"),
        )),
    }
}
