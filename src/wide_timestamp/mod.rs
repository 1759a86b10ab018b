//! Timestamps of more than six digits, which scans give in 128 bits ([`WIDE_TIMESTAMP`]).
//!
//! SQL is planned as if such columns were Arrow's 64-bit nanoseconds, so that every function and operator
//! takes them. Then [`keep_wide`] changes the plan: columns stay wide where they are only carried, compared,
//! sorted, grouped or cast, and everything else gets them narrowed, which is an error for a value that 64 bits
//! do not hold. What a client sees is a timestamp in either form.

mod array;
mod expression;
mod function;
mod plan;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use tarn_catalog::types::{WIDE_INSTANT, WIDE_TIMESTAMP};

pub(crate) use array::in_micros;
pub(crate) use function::narrowed_scan;
pub(crate) use plan::keep_wide;

pub(crate) fn is_wide(data_type: &DataType) -> bool {
    matches!(data_type, &WIDE_TIMESTAMP | &WIDE_INSTANT)
}

/// The wide scalar of so many nanoseconds since 1970.
pub(crate) fn scalar(nanos: i128, wide: &DataType) -> Option<ScalarValue> {
    match wide {
        &DataType::Decimal128(precision, scale) if is_wide(wide) => {
            Some(ScalarValue::Decimal128(Some(nanos), precision, scale))
        }
        _ => None,
    }
}

/// The type with 64-bit nanoseconds in the place of wide timestamps, at every depth.
pub(crate) fn narrow_type(data_type: &DataType) -> DataType {
    let field = |field: &FieldRef| Arc::new(narrow_field(field));
    match data_type {
        &WIDE_TIMESTAMP => DataType::Timestamp(TimeUnit::Nanosecond, None),
        &WIDE_INSTANT => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        DataType::List(element) => DataType::List(field(element)),
        DataType::LargeList(element) => DataType::LargeList(field(element)),
        DataType::FixedSizeList(element, size) => DataType::FixedSizeList(field(element), *size),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

fn narrow_field(field: &Field) -> Field {
    field.clone().with_data_type(narrow_type(field.data_type()))
}

/// The columns as SQL is planned over them.
pub(crate) fn narrow_schema(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| narrow_field(field)).collect::<Vec<_>>();
    let narrow = Schema::new_with_metadata(fields, schema.metadata().clone());
    if narrow == **schema { Arc::clone(schema) } else { Arc::new(narrow) }
}
