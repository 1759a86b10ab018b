//! Statistics of a file as those of the table's columns of today.

use crate::datum::Datum;
use crate::malformed::Decoded;
use crate::paimon::datum_cast::cast;
use crate::paimon::manifest::DataFileMeta;
use crate::schema::{SchemaField, TableSchema};
use crate::stats::ColumnStats;

/// Statistics of one column of the table in a file that was written with `schema`: by field id, with
/// bounds cast to the column's type. All rows of a file without the column are null in it.
pub fn stats_of(file: &DataFileMeta, schema: &TableSchema, column: &SchemaField) -> Decoded<ColumnStats> {
    let stored = schema.fields.iter().find(|field| field.id == column.id).filter(|field| {
        let written = file.write_columns.as_ref();
        written.is_none_or(|columns| columns.contains(&field.name))
    });
    let Some(stored) = stored else {
        return Ok(ColumnStats { null_count: Some(file.row_count), ..ColumnStats::UNKNOWN });
    };
    let Some(position) = position(file, schema, stored) else { return Ok(ColumnStats::UNKNOWN) };
    let stats = file.value_stats.column(position, &stored.data_type)?;
    let evolved = |bound: &Datum| cast(bound, &stored.data_type, &column.data_type).unwrap_or(Datum::Null);
    Ok(ColumnStats { min: evolved(&stats.min), max: evolved(&stats.max), ..stats })
}

/// The place of a column among those that the value statistics cover.
fn position(file: &DataFileMeta, schema: &TableSchema, stored: &SchemaField) -> Option<usize> {
    let covered = file.value_stats_columns.as_ref().or(file.write_columns.as_ref());
    match covered {
        Some(names) => names
            .iter()
            .filter(|name| file.value_stats_columns.is_some() || schema.field(name).is_some())
            .position(|name| *name == stored.name),
        None => schema.fields.iter().position(|field| field.id == stored.id),
    }
}
