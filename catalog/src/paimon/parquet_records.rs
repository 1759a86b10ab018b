//! Records of a metadata file in Parquet (`manifest.format` = `parquet`).
//!
//! This is the one place of the catalog that decodes Parquet, and it sees manifests only.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType,
};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

pub const MAGIC: &[u8] = b"PAR1";

const BATCH_ROWS: usize = 1024;

/// Calls `visit` with each record of the file, in order.
pub fn for_each_record(file: Bytes, mut visit: impl FnMut(&Record<'_>) -> Decoded<()>) -> Decoded<()> {
    // The Parquet reader panics on some damaged files. Nothing of it outlives the call, so that the
    // panic can end here, as the error that it should have been.
    let decoding = std::panic::AssertUnwindSafe(|| decode(file, &mut visit));
    std::panic::catch_unwind(decoding).unwrap_or_else(|_| Err(broken("its reader gave up")))
}

fn decode(file: Bytes, visit: &mut impl FnMut(&Record<'_>) -> Decoded<()>) -> Decoded<()> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let reader = reader.with_batch_size(BATCH_ROWS).build().map_err(broken)?;
    for batch in reader {
        let batch: RecordBatch = batch.map_err(broken)?;
        let rows = StructArray::from(batch);
        for row in 0..rows.len() {
            visit(&record(&rows, row)?)?;
        }
    }
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> Malformed {
    Malformed::new(format!("the Parquet file cannot be decoded: {error}"))
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
