//! Schema files: columns by id, keys and options of a table at one schema id.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::path::Path;
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::schema::{SchemaField, TableSchema};

use super::data_type::{TypeError, parse_field};

/// One `schema-{id}` file.
#[derive(Debug, Clone, PartialEq)]
pub struct PaimonSchema {
    /// What Tarn's own schema says; options with the defaults of old versions filled in.
    pub table: Arc<TableSchema>,
    pub version: i64,
    pub highest_field_id: i32,
    /// Milliseconds since the epoch; 0 in files of old writers.
    pub time_millis: i64,
    /// The fields as the file writes them, for the `schemas` system table.
    pub fields_json: Json,
}

/// Versions of the schema file that are understood.
const NEWEST_VERSION: i64 = 3;

impl PaimonSchema {
    /// Parses a schema file of the table `table`.
    pub fn parse(table: &str, path: &Path, bytes: &[u8]) -> Result<Self> {
        let corrupt = |reason: String| Error::corrupt(path.as_ref(), reason);
        let json: Json = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        let field = |name: &str| json.get(name).filter(|value| !value.is_null());
        let long = |name: &str| field(name).and_then(Json::as_i64);
        let names =
            |name: &str| texts(field(name)).ok_or_else(|| corrupt(format!("{name} is no list of names")));

        let version = long("version").unwrap_or(1);
        if version > NEWEST_VERSION {
            return Err(Error::unsupported(table, format!("schema version {version}")));
        }
        let id = long("id").ok_or_else(|| corrupt("it has no id".into()))?;
        let fields_json = field("fields").cloned().unwrap_or_default();
        let fields = fields_json.as_array().ok_or_else(|| corrupt("it has no fields".into()))?;
        let fields = fields.iter().map(|json| column(table, path, json)).collect::<Result<Vec<_>>>()?;
        let mut options = options(field("options")).ok_or_else(|| corrupt("options are no map".into()))?;
        fill_defaults(version, &mut options);
        let schema = TableSchema {
            id,
            fields,
            partition_keys: names("partitionKeys")?,
            primary_key: names("primaryKeys")?,
            options,
            comment: field("comment").and_then(Json::as_str).map(str::to_string),
        };
        check(&schema).map_err(corrupt)?;
        Ok(Self {
            table: Arc::new(schema),
            version,
            highest_field_id: long("highestFieldId").and_then(|id| i32::try_from(id).ok()).unwrap_or(-1),
            time_millis: long("timeMillis").unwrap_or(0),
            fields_json,
        })
    }

    pub fn id(&self) -> i64 {
        self.table.id
    }

    /// The same columns and keys under other options.
    pub fn with_options(&self, options: BTreeMap<String, String>) -> Arc<TableSchema> {
        Arc::new(TableSchema { options, ..(*self.table).clone() })
    }

    /// The physical key: the primary key without the partition keys, in declaration order.
    pub fn trimmed_primary_key(&self) -> Vec<&SchemaField> {
        trimmed_primary_key(&self.table)
    }
}

/// The physical key and sort order of a table's files: primary key less partition keys, in the order
/// of the primary key's declaration (not of the columns).
pub fn trimmed_primary_key(schema: &TableSchema) -> Vec<&SchemaField> {
    let in_key = |name: &&String| !schema.partition_keys.contains(*name);
    schema.primary_key.iter().filter(in_key).filter_map(|name| schema.field(name)).collect()
}

/// The columns of the partition, in the order of the partition row.
pub fn partition_fields(schema: &TableSchema) -> Vec<&SchemaField> {
    schema.partition_keys.iter().filter_map(|name| schema.field(name)).collect()
}

fn column(table: &str, path: &Path, json: &Json) -> Result<SchemaField> {
    parse_field(json).map_err(|error| match error {
        TypeError::Unknown(name) => Error::unsupported(table, format!("column type {name}")),
        TypeError::Malformed(reason) => Error::corrupt(path.as_ref(), reason),
    })
}

fn texts(json: Option<&Json>) -> Option<Vec<String>> {
    let Some(json) = json else {
        return Some(Vec::new());
    };
    json.as_array()?.iter().map(|text| text.as_str().map(str::to_string)).collect()
}

fn options(json: Option<&Json>) -> Option<BTreeMap<String, String>> {
    let Some(json) = json else {
        return Some(BTreeMap::new());
    };
    let entry = |(name, value): (&String, &Json)| Some((name.clone(), value.as_str()?.to_string()));
    json.as_object()?.iter().map(entry).collect()
}

/// What old writers left out because it was the default of their time.
fn fill_defaults(version: i64, options: &mut BTreeMap<String, String>) {
    if version <= 1 {
        options.entry("bucket".into()).or_insert_with(|| "1".into());
    }
    if version <= 2 {
        options.entry("file.format".into()).or_insert_with(|| "orc".into());
    }
}

fn check(schema: &TableSchema) -> std::result::Result<(), String> {
    let mut ids: Vec<i32> = schema.fields.iter().map(|field| field.id).collect();
    let mut names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    ids.sort_unstable();
    names.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) || names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("two columns share an id or a name".into());
    }
    for key in schema.partition_keys.iter().chain(&schema.primary_key) {
        if schema.field(key).is_none() {
            return Err(format!("key column {key} is none of its columns"));
        }
    }
    if !schema.primary_key.is_empty() && trimmed_primary_key(schema).is_empty() {
        return Err("the primary key consists of partition keys alone".into());
    }
    Ok(())
}
