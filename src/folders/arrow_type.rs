//! From a file's Arrow type to the type of a column.

use arrow::datatypes::{DataType, Field, TimeUnit};
use tarn_catalog::schema::SchemaField;
use tarn_catalog::types::LogicalType;

/// The fields of a file as a schema of their own: ids are places, to be replaced by those of the table. A field
/// that has no value in the file, and so no type, is left out.
pub fn schema_fields<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Result<Vec<SchemaField>, String> {
    fields.into_iter().filter(|field| *field.data_type() != DataType::Null).map(schema_field).collect()
}

fn schema_field(field: &Field) -> Result<SchemaField, String> {
    let data_type = logical_type(field.data_type()).ok_or_else(|| {
        format!("column {} is of type {}, which Tarn does not read", field.name(), field.data_type())
    })?;
    Ok(SchemaField {
        id: 0,
        name: field.name().clone(),
        data_type,
        nullable: true,
        description: None,
        default_value: None,
    })
}

/// `None` for types that Tarn has none for.
fn logical_type(of: &DataType) -> Option<LogicalType> {
    use LogicalType as T;
    Some(match of {
        DataType::Boolean => T::Boolean,
        DataType::Int8 => T::TinyInt,
        DataType::Int16 | DataType::UInt8 => T::SmallInt,
        DataType::Int32 | DataType::UInt16 => T::Int,
        DataType::Int64 | DataType::UInt32 => T::BigInt,
        DataType::Float32 => T::Float,
        DataType::Float64 => T::Double,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => T::STRING,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => T::BYTES,
        DataType::FixedSizeBinary(length) => T::Binary { length: u32::try_from(*length).ok()? },
        DataType::Date32 => T::Date,
        DataType::Timestamp(unit, zone) => {
            let precision = match unit {
                TimeUnit::Second | TimeUnit::Millisecond => 3,
                TimeUnit::Microsecond => 6,
                TimeUnit::Nanosecond => 9,
            };
            if zone.is_some() { T::TimestampLtz { precision } } else { T::Timestamp { precision } }
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => T::Decimal { precision: *precision, scale: *scale },
        DataType::List(element) | DataType::LargeList(element) => {
            T::Array { element: Box::new(logical_type(element.data_type())?), element_nullable: true }
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(parts) = entries.data_type() else { return None };
            let [key, value] = &parts[..] else { return None };
            T::Map {
                key: Box::new(logical_type(key.data_type())?),
                value: Box::new(logical_type(value.data_type())?),
                value_nullable: true,
            }
        }
        DataType::Struct(fields) => T::Row { fields: schema_fields(fields.iter().map(AsRef::as_ref)).ok()? },
        _ => return None,
    })
}
