//! Finding a column of a file's schema among the physical columns.

use arrow::datatypes::{Field, Fields};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FieldLookup;

/// The place of a field among the physical ones; `None` where the file does not hold it.
pub(super) fn find_field(stored: &Fields, field: &SchemaField, lookup: FieldLookup) -> Option<usize> {
    let by_name = || stored.iter().position(|stored| *stored.name() == field.name);
    match lookup {
        FieldLookup::ByName => by_name(),
        // A file without any ids was written by something that knew names alone.
        FieldLookup::ById if stored.iter().all(|stored| stored_id(stored).is_none()) => by_name(),
        FieldLookup::ById => stored.iter().position(|stored| stored_id(stored) == Some(field.id)),
    }
}

fn stored_id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}
