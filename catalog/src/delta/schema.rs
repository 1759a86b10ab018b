//! The columns of a table, and those of its files.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::row_tracking::stored_columns;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};
use crate::split::{FieldLookup, FileSchema};
use crate::types::LogicalType;

const MAPPING_MODE: &str = "delta.columnMapping.mode";
const MAPPING_ID: &str = "delta.columnMapping.id";
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

const CHAR_TYPE: &str = "__CHAR_VARCHAR_TYPE_STRING";
/// The type of columns that were only ever NULL.
const VOID: &str = "void";

/// A table's columns under their two names. Ids are those of the mapping, or counted through the
/// schema where there is none: they mean something within one version alone.
#[derive(Debug, Clone)]
pub struct Columns {
    pub table: Arc<TableSchema>,
    /// What files hold: the same columns under the names that files have.
    pub file: Arc<FileSchema>,
    /// Partition columns, in the order of the table's keys.
    pub partition: Vec<PartitionColumn>,
}

#[derive(Debug, Clone)]
pub struct PartitionColumn {
    pub field: SchemaField,
    pub physical_name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mapping {
    None,
    Name,
    Id,
}

#[derive(Debug, Deserialize)]
struct JsonField {
    name: String,
    #[serde(rename = "type")]
    data_type: Value,
    #[serde(default = "unless_said")]
    nullable: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// What is not said to be otherwise may be NULL.
fn unless_said() -> bool {
    true
}

/// The columns of a version.
pub fn columns(table: &str, snapshot: &Snapshot) -> Result<Columns> {
    let corrupt = |reason: String| Error::corrupt(format!("the schema of table {table}"), reason);
    let mapping = match snapshot.option(MAPPING_MODE) {
        None | Some("none") => Mapping::None,
        Some("name") => Mapping::Name,
        Some("id") => Mapping::Id,
        Some(other) => return Err(Error::unsupported(table, format!("column mapping mode {other:?}"))),
    };
    let schema: Value =
        serde_json::from_str(&snapshot.metadata.schema_string).map_err(|error| corrupt(error.to_string()))?;
    let mut reader = SchemaReader { table, mapping, next_id: 1 };
    let (fields, physical) = reader.fields(&schema)?;
    let mut partition = Vec::new();
    for name in &snapshot.metadata.partition_columns {
        let place = fields.iter().position(|field| field.name == *name);
        let found = place.and_then(|place| Some((fields.get(place)?, physical.get(place)?)));
        let (field, physical) =
            found.ok_or_else(|| corrupt(format!("partition column {name} is no column")))?;
        partition.push(PartitionColumn { field: field.clone(), physical_name: physical.name.clone() });
    }
    let lookup = if mapping == Mapping::Id { FieldLookup::ById } else { FieldLookup::ByName };
    Ok(Columns {
        table: Arc::new(TableSchema {
            id: snapshot.version,
            fields,
            partition_keys: snapshot.metadata.partition_columns.clone(),
            primary_key: Vec::new(),
            options: snapshot.metadata.configuration.clone(),
            comment: snapshot.metadata.description.clone(),
        }),
        file: Arc::new(FileSchema {
            id: snapshot.version,
            fields: physical,
            lookup,
            defaults: Vec::new(),
            row_columns: stored_columns(snapshot),
            aliases: Vec::new(),
        }),
        partition,
    })
}

/// Refuses to read a version's files under columns that they do not fit: a table may be overwritten under
/// another schema.
pub fn refuse_other_columns(table: &str, snapshot: &Snapshot, under: &Columns) -> Result<()> {
    let own = columns(table, snapshot)?;
    let refuse = |what: String| {
        let feature =
            format!("rows of version {} under the columns of version {}, {what}", own.file.id, under.file.id);
        Err(Error::unsupported(table, feature))
    };
    let names = |columns: &Columns| -> Vec<String> {
        columns.partition.iter().map(|column| column.physical_name.clone()).collect()
    };
    if names(&own) != names(under) {
        return refuse("which is partitioned by others".to_owned());
    }
    match other_type(&own.file.fields, &under.file.fields, under.file.lookup) {
        Some(column) => refuse(format!("where {column} has another type")),
        None => Ok(()),
    }
}

/// A column whose values in the one schema are no values of the other.
fn other_type<'a>(from: &'a [SchemaField], to: &[SchemaField], lookup: FieldLookup) -> Option<&'a str> {
    let same = |one: &SchemaField, other: &SchemaField| match lookup {
        FieldLookup::ByName => one.name == other.name,
        FieldLookup::ById | FieldLookup::ByIdOrName => one.id == other.id,
    };
    let fits = |one: &SchemaField| {
        let other = to.iter().find(|other| same(one, other));
        other.is_none_or(|other| widens(&one.data_type, &other.data_type, lookup))
    };
    from.iter().find(|field| !fits(field)).map(|field| field.name.as_str())
}

/// Whether values of the one type are read as values of the other, by the rules of type widening.
fn widens(from: &LogicalType, to: &LogicalType, lookup: FieldLookup) -> bool {
    use LogicalType as T;
    match (from, to) {
        (T::Row { fields: from }, T::Row { fields: to }) => other_type(from, to, lookup).is_none(),
        (T::Array { element: from, .. }, T::Array { element: to, .. }) => widens(from, to, lookup),
        (T::Map { key, value, .. }, T::Map { key: to_key, value: to_value, .. }) => {
            widens(key, to_key, lookup) && widens(value, to_value, lookup)
        }
        (T::TinyInt, T::SmallInt | T::Int | T::BigInt)
        | (T::SmallInt, T::Int | T::BigInt)
        | (T::Int, T::BigInt)
        | (T::TinyInt | T::SmallInt | T::Int | T::Float, T::Double)
        | (T::Date, T::Timestamp { .. }) => true,
        (T::Decimal { precision, scale }, T::Decimal { precision: wider, scale: finer }) => {
            holds_decimals((*precision, *scale), (*wider, *finer))
        }
        (from, T::Decimal { precision, scale }) => {
            let digits = match from {
                T::TinyInt | T::SmallInt | T::Int => 10,
                T::BigInt => 20,
                _ => return false,
            };
            holds_decimals((digits, 0), (*precision, *scale))
        }
        (from, to) => from == to,
    }
}

/// Whether decimals of so many digits and places are decimals of others.
fn holds_decimals((precision, scale): (u8, i8), (wider, finer): (u8, i8)) -> bool {
    let before_point = |precision: u8, scale: i8| i16::from(precision) - i16::from(scale);
    scale <= finer && before_point(precision, scale) <= before_point(wider, finer)
}

struct SchemaReader<'a> {
    table: &'a str,
    mapping: Mapping,
    next_id: i32,
}

impl SchemaReader<'_> {
    fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(format!("the schema of table {}", self.table), reason)
    }

    /// The fields of a struct under their logical and their physical names.
    fn fields(&mut self, row: &Value) -> Result<(Vec<SchemaField>, Vec<SchemaField>)> {
        let fields = row.get("fields").and_then(Value::as_array);
        let fields = fields.ok_or_else(|| self.corrupt("a struct has no fields"))?;
        let mut both = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
        for field in fields {
            let field: JsonField =
                serde_json::from_value(field.clone()).map_err(|error| self.corrupt(error.to_string()))?;
            let (id, physical_name) = self.identity(&field)?;
            // No file holds it, and Delta's reader leaves it away.
            if field.data_type == VOID {
                continue;
            }
            let (mut logical, physical) = self.data_type(&field.data_type)?;
            if let Some(length) = char_length(&field.metadata) {
                logical = LogicalType::Char { length };
            }
            let comment = field.metadata.get("comment").and_then(Value::as_str).map(str::to_owned);
            let made = |name: &str, data_type| SchemaField {
                id,
                name: name.to_owned(),
                data_type,
                nullable: field.nullable,
                description: comment.clone(),
                default_value: None,
            };
            both.0.push(made(&field.name, logical));
            both.1.push(made(&physical_name, physical));
        }
        Ok(both)
    }

    fn identity(&mut self, field: &JsonField) -> Result<(i32, String)> {
        if self.mapping == Mapping::None {
            let id = self.next_id;
            self.next_id = id.saturating_add(1);
            return Ok((id, field.name.clone()));
        }
        let id = field.metadata.get(MAPPING_ID).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
        let name = field.metadata.get(PHYSICAL_NAME).and_then(Value::as_str);
        match (id, name) {
            (Some(id), Some(name)) => Ok((id, name.to_owned())),
            _ => Err(self.corrupt(format!("column {} is not mapped", field.name))),
        }
    }

    /// A type with logical and with physical names of its fields.
    fn data_type(&mut self, json: &Value) -> Result<(LogicalType, LogicalType)> {
        if let Some(name) = json.as_str() {
            let data_type = self.primitive(name)?;
            return Ok((data_type.clone(), data_type));
        }
        let part = |name: &str| json.get(name).unwrap_or(&Value::Null);
        let flag = |name: &str| json.get(name).and_then(Value::as_bool).unwrap_or(true);
        match json.get("type").and_then(Value::as_str) {
            Some("struct") => {
                let (logical, physical) = self.fields(json)?;
                Ok((LogicalType::Row { fields: logical }, LogicalType::Row { fields: physical }))
            }
            Some("array") => {
                let (logical, physical) = self.data_type(part("elementType"))?;
                let list = |element| LogicalType::Array {
                    element: Box::new(element),
                    element_nullable: flag("containsNull"),
                };
                Ok((list(logical), list(physical)))
            }
            Some("map") => {
                let (key, physical_key) = self.data_type(part("keyType"))?;
                let (value, physical_value) = self.data_type(part("valueType"))?;
                let map = |key, value| LogicalType::Map {
                    key: Box::new(key),
                    value: Box::new(value),
                    value_nullable: flag("valueContainsNull"),
                };
                Ok((map(key, value), map(physical_key, physical_value)))
            }
            _ => Err(self.corrupt(format!("{json} is no type"))),
        }
    }

    fn primitive(&self, name: &str) -> Result<LogicalType> {
        use LogicalType as T;
        Ok(match name {
            "boolean" => T::Boolean,
            "byte" => T::TinyInt,
            "short" => T::SmallInt,
            "integer" => T::Int,
            "long" => T::BigInt,
            "float" => T::Float,
            "double" => T::Double,
            "string" => T::STRING,
            "binary" => T::BYTES,
            "date" => T::Date,
            "timestamp" => T::TimestampLtz { precision: 6 },
            "timestamp_ntz" => T::Timestamp { precision: 6 },
            "variant" => T::Variant,
            other => match decimal(other) {
                Some(decimal) => decimal,
                None => return Err(Error::unsupported(self.table, format!("columns of type {other}"))),
            },
        })
    }
}

/// The length of a column that Spark declared as CHAR: it is a string with this beside it, and its values are
/// padded as they are read.
fn char_length(metadata: &Map<String, Value>) -> Option<u32> {
    let declared = metadata.get(CHAR_TYPE)?.as_str()?;
    declared.strip_prefix("char(")?.strip_suffix(')')?.parse().ok()
}

/// `decimal(10,2)`
fn decimal(name: &str) -> Option<LogicalType> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: i8 = scale.trim().parse().ok()?;
    (1..=38).contains(&precision).then_some(LogicalType::Decimal { precision, scale })
}
