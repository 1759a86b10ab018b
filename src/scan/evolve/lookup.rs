//! Finding a column of a file's schema among the physical columns.

use arrow::datatypes::{Field, Fields};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FieldLookup;

use super::error::{CastError, CastResult};

/// The place of a field among the physical ones; `None` where the file does not hold it.
pub(super) fn find_field(stored: &Fields, field: &SchemaField, lookup: FieldLookup) -> Option<usize> {
    let by_name = || stored.iter().position(|stored| *stored.name() == field.name);
    let by_id = || stored.iter().position(|stored| stored_id(stored) == Some(field.id));
    match lookup {
        FieldLookup::ByName => by_name(),
        FieldLookup::ById => by_id(),
        FieldLookup::ByIdOrName if has_ids(stored) => by_id(),
        FieldLookup::ByIdOrName => by_name(),
    }
}

/// Refuses fields without ids where ids alone tell what they are: a name may have meant another column.
pub(super) fn check_ids(stored: &Fields, lookup: FieldLookup) -> CastResult<()> {
    match lookup {
        FieldLookup::ById if !stored.is_empty() && !has_ids(stored) => Err(CastError::Form(
            "a file whose columns carry no field ids, in a table that maps no names to its columns,".into(),
        )),
        _ => Ok(()),
    }
}

fn has_ids(stored: &Fields) -> bool {
    stored.iter().any(|stored| stored_id(stored).is_some())
}

fn stored_id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}
