//! Rows of Arrow as records of metadata, for the containers that are decoded by columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, TimeUnit};

use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

/// Rows of a batch while a file is decoded.
pub const BATCH_ROWS: usize = 1024;

/// Calls `visit` with each record of what `decode` reads.
///
/// The readers of columnar files panic on some damaged ones. Nothing of them outlives the call, so that
/// the panic can end here, as the error that it should have been.
pub fn for_each_record<Batches: Iterator<Item = Decoded<RecordBatch>>>(
    decode: impl FnOnce() -> Decoded<Batches>,
    mut visit: impl FnMut(&Record<'_>) -> Decoded<()>,
) -> Decoded<()> {
    let decoding = std::panic::AssertUnwindSafe(|| {
        for batch in decode()? {
            let rows = StructArray::from(batch?);
            for row in 0..rows.len() {
                visit(&record(&rows, row)?)?;
            }
        }
        Ok(())
    });
    std::panic::catch_unwind(decoding).unwrap_or_else(|_| Err(broken("its reader gave up")))
}

pub fn broken(error: impl std::fmt::Display) -> Malformed {
    Malformed::new(format!("the file cannot be decoded: {error}"))
}

fn record(rows: &StructArray, row: usize) -> Decoded<Record<'_>> {
    let columns = rows.fields().iter().zip(rows.columns());
    let fields = columns.map(|(field, column)| Ok((field.name().as_str(), value(column, row)?)));
    Ok(Record(fields.collect::<Decoded<_>>()?))
}

fn value(column: &dyn Array, row: usize) -> Decoded<Value<'_>> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Boolean => Value::Boolean(column.as_boolean().value(row)),
        DataType::Int8 => Value::Integer(column.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Integer(column.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Integer(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => Value::Double(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Value::Double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            Value::Integer(column.as_primitive::<TimestampMillisecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Value::Integer(column.as_primitive::<TimestampMicrosecondType>().value(row).div_euclid(1000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Value::Integer(column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000_000))
        }
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row)),
        DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row)),
        DataType::Struct(_) => Value::Record(record(column.as_struct(), row)?),
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let bounds = lists.value_offsets().get(row..row + 2).unwrap_or_default();
            let &[start, end] = bounds else {
                return Err(Malformed::new("a list has no bounds"));
            };
            let items = (start as usize..end as usize).map(|item| value(lists.values(), item));
            Value::List(items.collect::<Decoded<_>>()?)
        }
        other => return Err(Malformed::new(format!("a column of type {other} in a metadata file"))),
    })
}
