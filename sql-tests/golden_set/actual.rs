//! Results: Arrow batches, read by the SQL types of the answer.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use chrono::{DateTime, NaiveDate, TimeDelta};

use tarn_catalog::types::{WIDE_INSTANT, WIDE_TIMESTAMP};

use super::manifest::Columns;
use super::sql_type::SqlType;
use super::value::{Row, Value};
use super::{Result, variant};

/// Reads batches as rows of an answer.
pub struct Reader<'a> {
    pub columns: &'a Columns,
    /// Spellings of the warehouse's place that stand as `${WAREHOUSE}` in answers, longest first.
    pub warehouse: Vec<String>,
}

/// The ways in which a path under the warehouse may be written.
pub fn spellings_of(warehouse: &Path) -> Vec<String> {
    let path = warehouse.display();
    vec![format!("file://{path}"), format!("file:{path}"), path.to_string()]
}

impl Reader<'_> {
    /// The rows of a batch; `kind_column` goes first where given.
    pub fn rows(&self, batch: &RecordBatch, kind_column: Option<usize>) -> Result<Vec<Row>> {
        let mut rows = vec![Row::with_capacity(batch.num_columns()); batch.num_rows()];
        if let Some(kind) = kind_column {
            self.append(&mut rows, batch.column(kind), "_kind", &SqlType::Text)?;
        }
        let data = (0..batch.num_columns()).filter(|position| Some(*position) != kind_column);
        for (position, (name, column)) in data.zip(self.columns) {
            self.append(&mut rows, batch.column(position), name, column)?;
        }
        Ok(rows)
    }

    fn append(&self, rows: &mut [Row], array: &ArrayRef, name: &str, column: &SqlType) -> Result<()> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => arrow::compute::cast(array, values)?,
            _ => array.clone(),
        };
        for (position, row) in rows.iter_mut().enumerate() {
            let value = self.value(&array, position, column);
            row.push(value.map_err(|error| format!("column {name}: {error}"))?);
        }
        Ok(())
    }

    fn value(&self, array: &ArrayRef, row: usize, column: &SqlType) -> Result<Value> {
        if array.is_null(row) {
            return Ok(Value::Null);
        }
        let value = match column {
            SqlType::Boolean => array.as_boolean_opt().map(|array| Value::Boolean(array.value(row))),
            SqlType::Integer => integer(array, row).map(Value::Integer),
            SqlType::Float => {
                array.as_primitive_opt::<Float32Type>().map(|array| Value::float(array.value(row)))
            }
            SqlType::Double => {
                array.as_primitive_opt::<Float64Type>().map(|array| Value::double(array.value(row)))
            }
            SqlType::Decimal => decimal(array, row).map(Value::Text),
            SqlType::Text => text(array, row).map(|text| Value::Text(self.portable(text))),
            SqlType::Uuid => text(array, row).map(|text| Value::Text(text.to_owned())),
            SqlType::Binary => binary(array, row).map(|bytes| Value::Text(hex(bytes))),
            SqlType::Date => date(array, row).map(Value::Text),
            SqlType::Time { digits } => time(array, row, *digits).map(Value::Text),
            SqlType::Timestamp { digits, utc } => timestamp(array, row, *digits, *utc).map(Value::Text),
            SqlType::List(element) => return self.list(array, row, element),
            SqlType::Map(key, value) => return self.map(array, row, key, value),
            SqlType::Row(fields) => return self.row(array, row, fields),
            SqlType::Variant => return variant_json(array, row).map(Value::Text),
        };
        value.ok_or_else(|| mismatch(array, column))
    }

    /// Text with the warehouse's place replaced by its placeholder.
    fn portable(&self, text: &str) -> String {
        let replaced = self.warehouse.iter().find_map(|place| {
            text.contains(place.as_str()).then(|| text.replace(place.as_str(), "${WAREHOUSE}"))
        });
        replaced.unwrap_or_else(|| text.to_owned())
    }

    fn list(&self, array: &ArrayRef, row: usize, element: &SqlType) -> Result<Value> {
        let items = match array.data_type() {
            DataType::List(_) => array.as_list::<i32>().value(row),
            DataType::LargeList(_) => array.as_list::<i64>().value(row),
            DataType::ListView(_) => array.as_list_view::<i32>().value(row),
            DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
            _ => return Err(mismatch(array, &SqlType::List(Box::new(element.clone())))),
        };
        (0..items.len())
            .map(|position| self.value(&items, position, element))
            .collect::<Result<_>>()
            .map(Value::List)
    }

    fn map(&self, array: &ArrayRef, row: usize, key: &SqlType, value: &SqlType) -> Result<Value> {
        let Some(map) = array.as_map_opt() else {
            return Err(mismatch(array, &SqlType::Map(Box::new(key.clone()), Box::new(value.clone()))));
        };
        let entries = map.value(row);
        let pairs = (0..entries.len()).map(|position| {
            Ok((
                self.value(entries.column(0), position, key)?,
                self.value(entries.column(1), position, value)?,
            ))
        });
        Ok(Value::map(pairs.collect::<Result<Vec<_>>>()?))
    }

    fn row(&self, array: &ArrayRef, row: usize, fields: &[(String, SqlType)]) -> Result<Value> {
        let Some(row_array) = array.as_struct_opt() else {
            return Err(mismatch(array, &SqlType::Row(fields.to_vec())));
        };
        let names: Vec<&str> = row_array.column_names();
        if !names.iter().copied().eq(fields.iter().map(|(name, _)| name.as_str())) {
            return Err(format!("fields are {names:?} in the result").into());
        }
        let values = fields
            .iter()
            .zip(row_array.columns())
            .map(|((name, field), child)| Ok((name.clone(), self.value(child, row, field)?)));
        values.collect::<Result<_>>().map(Value::Row)
    }
}

fn mismatch(array: &ArrayRef, column: &SqlType) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{} in the result where the answer has {column:?}", array.data_type()).into()
}

fn integer(array: &ArrayRef, row: usize) -> Option<i128> {
    Some(match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).into(),
        // Sums of whole numbers.
        DataType::Decimal128(_, 0) => array.as_primitive::<Decimal128Type>().value(row),
        _ => return None,
    })
}

fn decimal(array: &ArrayRef, row: usize) -> Option<String> {
    fn plain<T: DecimalType>(array: &ArrayRef, row: usize) -> Option<String> {
        array.as_primitive_opt::<T>().map(|array| array.value_as_string(row))
    }
    plain::<Decimal128Type>(array, row)
        .or_else(|| plain::<Decimal256Type>(array, row))
        .or_else(|| plain::<Decimal64Type>(array, row))
        .or_else(|| plain::<Decimal32Type>(array, row))
}

fn text(array: &ArrayRef, row: usize) -> Option<&str> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    }
}

fn binary(array: &ArrayRef, row: usize) -> Option<&[u8]> {
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Some(array.as_fixed_size_binary().value(row)),
        _ => None,
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn date(array: &ArrayRef, row: usize) -> Option<String> {
    let days = array.as_primitive_opt::<Date32Type>()?.value(row);
    NaiveDate::from_epoch_days(days).map(|date| date.to_string())
}

fn time(array: &ArrayRef, row: usize, digits: u32) -> Option<String> {
    let nanos = match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            i64::from(array.as_primitive::<Time32SecondType>().value(row)) * 1_000_000_000
        }
        DataType::Time32(_) => {
            i64::from(array.as_primitive::<Time32MillisecondType>().value(row)) * 1_000_000
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            array.as_primitive::<Time64MicrosecondType>().value(row) * 1_000
        }
        DataType::Time64(_) => array.as_primitive::<Time64NanosecondType>().value(row),
        _ => return None,
    };
    let midnight = DateTime::UNIX_EPOCH.naive_utc();
    let moment = midnight.checked_add_signed(TimeDelta::nanoseconds(nanos))?;
    Some(moment.format("%H:%M:%S").to_string() + &fraction(nanos.rem_euclid(1_000_000_000), digits))
}

fn timestamp(array: &ArrayRef, row: usize, digits: u32, utc: bool) -> Option<String> {
    if let wide @ (&WIDE_TIMESTAMP | &WIDE_INSTANT) = array.data_type() {
        let nanos = array.as_primitive_opt::<Decimal128Type>()?.value(row);
        let (seconds, nanos) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        let moment = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
        let zone = if utc { "Z" } else { "" };
        let fraction = fraction(i64::try_from(nanos).ok()?, digits);
        let text = moment.format("%Y-%m-%dT%H:%M:%S").to_string() + &fraction + zone;
        return (utc == (*wide == WIDE_INSTANT)).then_some(text);
    }
    let DataType::Timestamp(unit, zone) = array.data_type() else { return None };
    if zone.is_some() != utc {
        return None;
    }
    let (value, per_second) = match unit {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1),
        TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000),
        TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000),
        TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000_000),
    };
    let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let moment = DateTime::from_timestamp(value.div_euclid(per_second), 0)?;
    let zone = if utc { "Z" } else { "" };
    Some(moment.format("%Y-%m-%dT%H:%M:%S").to_string() + &fraction(nanos, digits) + zone)
}

/// `.` and so many digits; digits beyond them that are not zero are kept, so that they show as a difference.
fn fraction(nanos: i64, digits: u32) -> String {
    let all = format!("{nanos:09}");
    let (kept, beyond) = all.split_at(digits.min(9) as usize);
    if beyond.bytes().any(|digit| digit != b'0') {
        return format!(".{all}");
    }
    if kept.is_empty() { String::new() } else { format!(".{kept}") }
}

/// A variant as JSON: text as the engine rendered it, or decoded from its two binary parts.
fn variant_json(array: &ArrayRef, row: usize) -> Result<String> {
    if let Some(text) = text(array, row) {
        return Ok(text.to_owned());
    }
    let parts: &StructArray = array.as_struct_opt().ok_or_else(|| mismatch(array, &SqlType::Variant))?;
    let part = |name: &str| -> Result<&[u8]> {
        let child = parts.column_by_name(name).ok_or_else(|| format!("a variant without {name}"))?;
        binary(child, row).ok_or_else(|| mismatch(child, &SqlType::Binary))
    };
    variant::to_json(part("metadata")?, part("value")?)
}
