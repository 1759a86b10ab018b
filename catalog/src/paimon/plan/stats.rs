//! Statistics of a data file by the names of its own schema.

use std::sync::Arc;

use crate::schema::TableSchema;
use crate::stats::{ColumnStats, FileStats};

use crate::malformed::{Decoded, Malformed};
use crate::paimon::manifest::DataFileMeta;
use crate::paimon::schema::trimmed_primary_key;

/// Decodes the statistics of a file that was written with `schema`; remembered with the manifest.
pub fn file_stats(file: &DataFileMeta, schema: &TableSchema) -> Decoded<Arc<FileStats>> {
    if let Some(known) = file.decoded_stats.get() {
        return Ok(Arc::clone(known));
    }
    let stats = decode(file, schema)
        .map_err(|reason: Malformed| reason.within(format!("statistics of {}", file.file_name)))?;
    Ok(Arc::clone(file.decoded_stats.get_or_init(|| Arc::new(stats))))
}

fn decode(file: &DataFileMeta, schema: &TableSchema) -> Decoded<FileStats> {
    let mut columns: Vec<(String, ColumnStats)> = Vec::new();
    for (index, name) in covered_columns(file, schema).into_iter().enumerate() {
        if let Some(field) = schema.field(name) {
            let stats =
                file.value_stats.column(index, &field.data_type).map_err(|reason| reason.within(name))?;
            columns.push((name.to_string(), stats));
        }
    }
    // Bounds of keys are always kept, whatever the mode of the value statistics.
    for (index, field) in trimmed_primary_key(schema).into_iter().enumerate() {
        let stats =
            file.key_stats.column(index, &field.data_type).map_err(|reason| reason.within(&field.name))?;
        match columns.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, known)) if known.min.is_null() => *known = stats,
            Some(_) => {}
            None => columns.push((field.name.clone(), stats)),
        }
    }
    Ok(FileStats { columns })
}

/// The columns of the value statistics, in their order. Without a list of their own they cover the
/// columns that the file holds.
fn covered_columns<'a>(file: &'a DataFileMeta, schema: &'a TableSchema) -> Vec<&'a str> {
    match (&file.value_stats_columns, &file.write_columns) {
        (Some(columns), _) => columns.iter().map(String::as_str).collect(),
        (None, Some(columns)) => {
            columns.iter().map(String::as_str).filter(|name| schema.field(name).is_some()).collect()
        }
        (None, None) => schema.fields.iter().map(|field| field.name.as_str()).collect(),
    }
}
