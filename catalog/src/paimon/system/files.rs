//! `t$files`: the data files of a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::paimon::binary_row::BinaryRow;
use crate::paimon::datum_text::java_text;
use crate::paimon::manifest::{FileSource, ManifestEntry};
use crate::paimon::schema::trimmed_primary_key;
use crate::schema::TableSchema;
use crate::system::{SystemRow, SystemValue};
use crate::types::LogicalType;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::Context;
use super::file_key_ranges::{file_columns, file_values};
use super::file_stats::stats_of;
use super::time::wall_clock;

pub fn columns() -> Columns {
    file_columns()
        .required("null_value_counts", TEXT)
        .required("min_value_stats", TEXT)
        .required("max_value_stats", TEXT)
        .optional("min_sequence_number", LONG)
        .optional("max_sequence_number", LONG)
        .optional("creation_time", TIME)
        .optional("deleteRowCount", LONG)
        .optional("file_source", TEXT)
        .optional("first_row_id", LONG)
        .optional("write_cols", LogicalType::Array { element: Box::new(TEXT), element_nullable: true })
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let manifests = version.all_manifests().await?;
    let mut schemas = FileSchemas::default();
    let mut rows = Vec::new();
    for file in version.live_files(context, &manifests).await? {
        let written = schemas.get(context, file.entry.file.schema_id).await?;
        let mut row = file_values(&file, &written)?;
        row.extend(statistics(&file, &written, &version.schema)?);
        row.extend(origin(&file));
        rows.push(row);
    }
    Ok(rows)
}

/// Null counts and bounds of the table's columns, each a map printed as `{a=1, b=null}`.
fn statistics(file: &LiveFile<'_>, written: &TableSchema, table: &TableSchema) -> Result<SystemRow> {
    let (mut nulls, mut mins, mut maxs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for field in &table.fields {
        let stats = stats_of(&file.entry.file, written, field).map_err(|reason| file.corrupt(reason))?;
        let name = field.name.as_str();
        nulls.insert(name, stats.null_count.map_or_else(|| "null".into(), |count| count.to_string()));
        mins.insert(name, java_text(&stats.min, &field.data_type));
        maxs.insert(name, java_text(&stats.max, &field.data_type));
    }
    Ok(vec![map_text(&nulls).into(), map_text(&mins).into(), map_text(&maxs).into()])
}

fn map_text(map: &BTreeMap<&str, String>) -> String {
    let entries = map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    format!("{{{}}}", entries.join(", "))
}

fn origin(file: &LiveFile<'_>) -> SystemRow {
    let meta = &file.entry.file;
    let source = meta.source.map(|source| match source {
        FileSource::Append => "APPEND",
        FileSource::Compact => "COMPACT",
    });
    let columns = |columns: &Arc<Vec<String>>| columns.iter().map(|name| name.as_str().into()).collect();
    vec![
        meta.min_sequence.into(),
        meta.max_sequence.into(),
        meta.creation_time_local_millis.and_then(wall_clock).into(),
        meta.delete_row_count.into(),
        source.into(),
        meta.first_row_id.into(),
        meta.write_columns.as_ref().map_or(SystemValue::NULL, |names| SystemValue::List(columns(names))),
    ]
}

/// A data file and where it lies.
#[derive(Debug)]
pub struct LiveFile<'a> {
    pub entry: &'a ManifestEntry,
    /// `{v1, v2}`.
    pub partition: String,
    /// The full path.
    pub path: String,
}

impl LiveFile<'_> {
    /// The format by the file's name; a compression may follow the format there.
    pub fn format(&self) -> &str {
        const COMPRESSIONS: [&str; 6] = ["gz", "bz2", "deflate", "snappy", "lz4", "zst"];
        let mut parts = self.entry.file.file_name.rsplit('.');
        let last = parts.next().unwrap_or_default();
        if COMPRESSIONS.contains(&last) { parts.next().unwrap_or(last) } else { last }
    }

    /// `[v1, v2]`: a key bound, where the file has one.
    pub fn key_text(&self, row: &[u8], schema: &TableSchema) -> Result<Option<String>> {
        let row = BinaryRow::parse(row).map_err(|reason| self.corrupt(reason))?;
        if row.arity() == 0 {
            return Ok(None);
        }
        let types: Vec<&LogicalType> =
            trimmed_primary_key(schema).into_iter().map(|field| &field.data_type).collect();
        let values = row.values(types.iter().copied()).map_err(|reason| self.corrupt(reason))?;
        let texts = values.iter().zip(types).map(|(value, data_type)| java_text(value, data_type));
        Ok(Some(format!("[{}]", texts.collect::<Vec<_>>().join(", "))))
    }

    fn corrupt(&self, reason: impl std::fmt::Display) -> Error {
        Error::corrupt(self.path.as_str(), format!("its manifest entry cannot be read: {reason}"))
    }
}

/// The schemas that files were written with.
#[derive(Debug, Default)]
pub struct FileSchemas(HashMap<i64, Arc<TableSchema>>);

impl FileSchemas {
    pub async fn get(&mut self, context: &Context, id: i64) -> Result<Arc<TableSchema>> {
        if let Some(known) = self.0.get(&id) {
            return Ok(Arc::clone(known));
        }
        let schema = Arc::clone(&context.schemas().get(id).await?.table);
        self.0.insert(id, Arc::clone(&schema));
        Ok(schema)
    }
}
