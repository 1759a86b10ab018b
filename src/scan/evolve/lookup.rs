//! Finding a column of a file's schema among the physical columns.

use std::borrow::Cow;

use arrow::datatypes::{DataType, Field, Fields};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{FieldLookup, FileSchema};
use tarn_catalog::types::LogicalType;

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

/// The schema under those of its names that the physical fields have.
pub fn settled<'a>(schema: &'a FileSchema, physical: &Fields) -> Cow<'a, FileSchema> {
    if schema.aliases.is_empty() || has_ids(physical) {
        return Cow::Borrowed(schema);
    }
    let mut schema = schema.clone();
    settle(&mut schema.fields, physical, &schema.aliases);
    Cow::Owned(schema)
}

fn settle(fields: &mut [SchemaField], physical: &Fields, aliases: &[(i32, Vec<String>)]) {
    let is_stored = |name: &String| physical.iter().any(|stored| stored.name() == name);
    for field in fields {
        let others = aliases.iter().find(|(id, _)| *id == field.id).map(|(_, names)| names);
        if let Some(stored) = others.into_iter().flatten().find(|name| is_stored(name)) {
            field.name.clone_from(stored);
        }
        if let Some((_, stored)) = physical.find(&field.name) {
            settle_type(&mut field.data_type, stored.data_type(), aliases);
        }
    }
}

fn settle_type(of: &mut LogicalType, stored: &DataType, aliases: &[(i32, Vec<String>)]) {
    match (of, stored) {
        (LogicalType::Row { fields }, DataType::Struct(stored)) => settle(fields, stored, aliases),
        (LogicalType::Array { element, .. }, DataType::List(stored)) => {
            settle_type(element, stored.data_type(), aliases);
        }
        (LogicalType::Map { key, value, .. }, DataType::Map(stored, _)) => {
            if let DataType::Struct(parts) = stored.data_type()
                && let [stored_key, stored_value] = &parts[..]
            {
                settle_type(key, stored_key.data_type(), aliases);
                settle_type(value, stored_value.data_type(), aliases);
            }
        }
        _ => {}
    }
}

fn has_ids(stored: &Fields) -> bool {
    stored.iter().any(|stored| stored_id(stored).is_some())
}

fn stored_id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}
