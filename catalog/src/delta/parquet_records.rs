//! Actions of a checkpoint in Parquet.
//!
//! This is the one place of the format that decodes Parquet, and it sees checkpoints only.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, StructArray};
use arrow_schema::DataType;
use bytes::Bytes;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::{Map, Value};

use super::action::{Line, Lines};
use crate::error::{Error, Result};

/// The actions that the state of a table is made of.
const ACTIONS: [&str; 4] = ["add", "metaData", "protocol", "sidecar"];
/// Columns that repeat in typed form what stands beside them as text.
const TYPED_SUFFIX: &str = "_parsed";

const BATCH_ROWS: usize = 1024;

/// The actions of a checkpoint file.
pub fn decode(path: &Path, file: Bytes) -> Result<Lines> {
    let size = file.len();
    // The Parquet reader panics on some damaged files. Nothing of it outlives the call, so that the
    // panic can end here, as the error that it should have been.
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lines(file)));
    match decoded.unwrap_or_else(|_| Err("its reader gave up".to_owned())) {
        Ok(lines) => Ok(Lines::new(lines, size)),
        Err(reason) => Err(Error::corrupt(path.as_ref(), format!("it cannot be decoded: {reason}"))),
    }
}

fn lines(file: Bytes) -> Result<Vec<Line>, String> {
    // The types are Parquet's own, not those that the writer would like to have back.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(text)?;
    let roots = reader.schema().fields().iter().enumerate();
    let wanted = roots.filter(|(_, field)| ACTIONS.contains(&field.name().as_str())).map(|(place, _)| place);
    let mask = ProjectionMask::roots(reader.parquet_schema(), wanted.collect::<Vec<_>>());
    let reader = reader.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(text)?;
    let mut lines = Vec::new();
    for batch in reader {
        let rows = StructArray::from(batch.map_err(text)?);
        for row in 0..rows.len() {
            let line: Line = serde_json::from_value(record(&rows, row)?).map_err(text)?;
            if line != Line::default() {
                lines.push(line);
            }
        }
    }
    Ok(lines)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn record(rows: &StructArray, row: usize) -> Result<Value, String> {
    let mut object = Map::new();
    for (field, column) in rows.fields().iter().zip(rows.columns()) {
        if !field.name().ends_with(TYPED_SUFFIX) && !column.is_null(row) {
            object.insert(field.name().clone(), value(column, row)?);
        }
    }
    Ok(Value::Object(object))
}

fn value(column: &dyn Array, row: usize) -> Result<Value, String> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Struct(_) => record(column.as_struct(), row)?,
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| value(&items, item)).collect::<Result<Vec<_>, _>>()?.into()
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let mut object = Map::new();
            for entry in 0..entries.len() {
                let Value::String(key) = value(entries.column(0), entry)? else {
                    return Err("a key of a map is no text".to_owned());
                };
                object.insert(key, value(entries.column(1), entry)?);
            }
            Value::Object(object)
        }
        other => return Err(format!("a column of type {other}")),
    })
}
