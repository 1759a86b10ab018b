//! Columns: Iceberg's types as Tarn's, and how files hold them.

use std::collections::BTreeMap;
use std::sync::Arc;

use iceberg::spec::{
    MappedField, NameMapping, NestedField, PrimitiveType, Schema, StructType, TableMetadata, Type,
};

use super::value::datum;
use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::split::{FieldLookup, FileSchema};
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

pub fn logical_type(table: &str, of: &Type) -> Result<LogicalType> {
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
        PrimitiveType::Time => T::TimeMicros,
        PrimitiveType::Uuid => T::Uuid,
    })
}

/// How the files of a table hold its columns: by field ids, or under names that the table maps to its columns.
/// `further` are columns beyond the schema's that only deletes name.
pub fn file_schema(
    table: &str,
    metadata: &TableMetadata,
    schema: &Schema,
    further: &[SchemaField],
) -> Result<Arc<FileSchema>> {
    let mut fields = fields(table, schema.as_struct())?;
    fields.extend_from_slice(further);
    let mut defaults = Vec::new();
    for field in schema.as_struct().fields() {
        if let Some(literal) = &field.initial_default {
            let value = datum(literal, &field.field_type);
            let value = value
                .ok_or_else(|| Error::unsupported(table, format!("the default of column {}", field.name)))?;
            defaults.push((field.id, value));
        }
    }
    let id = schema.schema_id().into();
    let by_id = |fields, lookup, aliases| FileSchema {
        id,
        fields,
        lookup,
        defaults,
        row_columns: Vec::new(),
        aliases,
    };
    Ok(Arc::new(match mapped_names(table, metadata, &fields)? {
        Some(mapped) => by_id(mapped.fields, FieldLookup::ByIdOrName, mapped.aliases),
        None => by_id(fields, FieldLookup::ById, Vec::new()),
    }))
}

/// Columns under the names that files without ids have for them.
#[derive(Debug, Default, PartialEq)]
struct Mapped {
    /// Each under its first name.
    fields: Vec<SchemaField>,
    /// Its other names, by its id.
    aliases: Vec<(i32, Vec<String>)>,
}

/// Columns as the table's name mapping has them; `None` where it does not give every column a name, so that
/// files without ids cannot be read ("Column Projection" in the specification).
fn mapped_names(table: &str, metadata: &TableMetadata, fields: &[SchemaField]) -> Result<Option<Mapped>> {
    let Some(text) = metadata.properties().get(NAME_MAPPING) else { return Ok(None) };
    let mapping: NameMapping = serde_json::from_str(text).map_err(|error| {
        Error::corrupt(format!("property {NAME_MAPPING} of table {table}"), error.to_string())
    })?;
    Ok(mapped(fields, &mapping.fields().iter().collect::<Vec<_>>()))
}

fn mapped(fields: &[SchemaField], mapping: &[&MappedField]) -> Option<Mapped> {
    let mut aliases = Vec::new();
    let fields = mapped_fields(fields, mapping, &mut aliases)?;
    Some(Mapped { fields, aliases })
}

fn mapped_fields(
    fields: &[SchemaField],
    mapping: &[&MappedField],
    aliases: &mut Vec<(i32, Vec<String>)>,
) -> Option<Vec<SchemaField>> {
    let mapped = fields.iter().map(|field| {
        let mapped = mapping.iter().find(|mapped| mapped.field_id() == Some(field.id))?;
        let (name, others) = mapped.names().split_first()?;
        if !others.is_empty() {
            aliases.push((field.id, others.to_vec()));
        }
        let data_type = mapped_type(&field.data_type, mapped, aliases)?;
        Some(SchemaField { name: name.clone(), data_type, ..field.clone() })
    });
    mapped.collect()
}

/// A type whose fields have their mapped names. Parts of lists and maps are known by their places.
fn mapped_type(
    of: &LogicalType,
    mapping: &MappedField,
    aliases: &mut Vec<(i32, Vec<String>)>,
) -> Option<LogicalType> {
    let parts: Vec<&MappedField> = mapping.fields().iter().map(|part| &**part).collect();
    let mut part = |name: &str, of: &LogicalType| match (of.is_nested(), part_named(&parts, name)) {
        (false, _) => Some(Box::new(of.clone())),
        (true, Some(mapping)) => Some(Box::new(mapped_type(of, mapping, aliases)?)),
        (true, None) => None,
    };
    Some(match of {
        LogicalType::Row { fields } => LogicalType::Row { fields: mapped_fields(fields, &parts, aliases)? },
        LogicalType::Array { element, element_nullable } => {
            LogicalType::Array { element: part("element", element)?, element_nullable: *element_nullable }
        }
        LogicalType::Map { key, value, value_nullable } => LogicalType::Map {
            key: part("key", key)?,
            value: part("value", value)?,
            value_nullable: *value_nullable,
        },
        other => other.clone(),
    })
}

fn part_named<'a>(parts: &[&'a MappedField], name: &str) -> Option<&'a MappedField> {
    parts.iter().find(|part| part.names().iter().any(|known| known == name)).copied()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn field(id: i32, name: &str, data_type: LogicalType) -> SchemaField {
        SchemaField {
            id,
            name: name.to_owned(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        }
    }

    /// A mapping counts where it gives every column, at every depth, a name.
    #[test]
    fn a_name_mapping_names_all_columns_or_none() {
        let row = LogicalType::Row { fields: vec![field(3, "x", LogicalType::Int)] };
        let list = LogicalType::Array { element: Box::new(row), element_nullable: true };
        let fields = [field(1, "id", LogicalType::BigInt), field(2, "items", list)];
        let mapped = |json: &str| {
            let mapping: NameMapping = serde_json::from_str(json).unwrap();
            super::mapped(&fields, &mapping.fields().iter().collect::<Vec<_>>())
        };
        let inner =
            r#"{"field-id": 4, "names": ["element"], "fields": [{"field-id": 3, "names": ["old_x"]}]}"#;
        let all = format!(
            r#"[{{"field-id": 1, "names": ["old"]}}, {{"field-id": 2, "names": ["items"], "fields": [{inner}]}}]"#
        );
        let names = mapped(&all).unwrap().fields;
        assert_eq!(names[0].name, "old");
        let LogicalType::Array { element, .. } = &names[1].data_type else { panic!("{names:?}") };
        let LogicalType::Row { fields } = &**element else { panic!("{names:?}") };
        assert_eq!((fields[0].id, fields[0].name.as_str()), (3, "old_x"));
        let renamed = all.replace(r#"["old"]"#, r#"["old", "new"]"#);
        assert_eq!(mapped(&renamed).unwrap().aliases, [(1, vec!["new".to_owned()])]);
        for partial in [
            r#"[{"field-id": 1, "names": ["old"]}]"#,
            r#"[{"field-id": 1, "names": ["old"]}, {"field-id": 2, "names": ["items"]}]"#,
            r#"[{"field-id": 1, "names": []}, {"field-id": 2, "names": ["items"]}]"#,
        ] {
            assert_eq!(mapped(partial), None, "{partial}");
        }
    }
}
