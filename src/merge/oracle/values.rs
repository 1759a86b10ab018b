//! Plain values, and Arrow columns made of them and read back.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;
use tarn_catalog::datum::compare_floats;
use tarn_catalog::types::LogicalType;

/// A value; integers, dates and timestamps are all `Int`.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f32),
    Double(f64),
    Decimal(i128),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Row(Vec<Value>),
}

/// Java's equality: NaN equals NaN, 0.0 does not equal -0.0, maps have no order.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Row(a), Self::Row(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|entry| b.contains(entry))
                    && b.iter().all(|e| a.contains(e))
            }
            (Self::Null, Self::Null) => true,
            (Self::List(_) | Self::Row(_) | Self::Map(_) | Self::Null, _)
            | (_, Self::List(_) | Self::Row(_) | Self::Map(_) | Self::Null) => false,
            (a, b) => a.compare(b) == Ordering::Equal,
        }
    }
}

impl Value {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of two values of one atomic type, neither null.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => compare_floats(f64::from(*a), f64::from(*b)),
            (Self::Double(a), Self::Double(b)) => compare_floats(*a, *b),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            _ => panic!("{self:?} and {other:?} have no order"),
        }
    }

    pub(super) fn nulls_first(&self, other: &Self) -> Ordering {
        match (self.is_null(), other.is_null()) {
            (false, false) => self.compare(other),
            (a, b) => b.cmp(&a),
        }
    }

    /// The elements of a list, the fields of a row.
    pub(super) fn items(&self) -> &[Value] {
        match self {
            Self::List(items) | Self::Row(items) => items,
            _ => panic!("{self:?} has no items"),
        }
    }

    pub(super) fn entries(&self) -> &[(Value, Value)] {
        match self {
            Self::Map(entries) => entries,
            _ => panic!("{self:?} has no entries"),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => panic!("{self:?} is no text"),
        }
    }

    /// The same list in an order of its own, for lists whose order means nothing.
    pub(super) fn sorted(mut self) -> Self {
        if let Self::List(items) = &mut self {
            items.sort_by_cached_key(|item| format!("{item:?}"));
        }
        self
    }
}

macro_rules! primitive {
    ($values:expr, $array:ty, $variant:path, $native:ty) => {
        Arc::new(<$array>::from_iter($values.iter().map(|value| match value {
            Value::Null => None,
            $variant(value) => Some(<$native>::try_from(*value).unwrap()),
            other => panic!("{other:?}"),
        })))
    };
}

/// A column of values.
pub(super) fn column(values: &[Value], data_type: &LogicalType) -> ArrayRef {
    let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
    let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
    match data_type {
        LogicalType::Boolean => primitive!(values, BooleanArray, Value::Bool, bool),
        LogicalType::TinyInt => primitive!(values, Int8Array, Value::Int, i8),
        LogicalType::SmallInt => primitive!(values, Int16Array, Value::Int, i16),
        LogicalType::Int => primitive!(values, Int32Array, Value::Int, i32),
        LogicalType::BigInt => primitive!(values, Int64Array, Value::Int, i64),
        LogicalType::Float => primitive!(values, Float32Array, Value::Float, f32),
        LogicalType::Double => primitive!(values, Float64Array, Value::Double, f64),
        LogicalType::Date => primitive!(values, Date32Array, Value::Int, i32),
        LogicalType::Decimal { .. } => {
            let array: Arc<Decimal128Array> = primitive!(values, Decimal128Array, Value::Decimal, i128);
            Arc::new(array.as_ref().clone().with_data_type(data_type.arrow()))
        }
        LogicalType::Timestamp { precision: ..=3 } => {
            primitive!(values, TimestampMillisecondArray, Value::Int, i64)
        }
        LogicalType::Timestamp { precision: ..=6 } => {
            primitive!(values, TimestampMicrosecondArray, Value::Int, i64)
        }
        LogicalType::Timestamp { .. } => {
            let nanos = values.iter().map(|value| match value {
                Value::Int(nanos) => Some(i128::from(*nanos)),
                _ => None,
            });
            Arc::new(nanos.collect::<Decimal128Array>().with_data_type(data_type.arrow()))
        }
        LogicalType::Varchar { .. } => Arc::new(StringViewArray::from_iter(
            values.iter().map(|value| (!value.is_null()).then(|| value.text().to_owned())),
        )),
        LogicalType::Varbinary { .. } => {
            Arc::new(BinaryViewArray::from_iter(values.iter().map(|value| match value {
                Value::Bytes(bytes) => Some(bytes.clone()),
                _ => None,
            })))
        }
        LogicalType::Row { fields } => {
            let columns = (0..fields.len()).map(|field| {
                let items = values.iter().map(|row| match row {
                    Value::Null => Value::Null,
                    row => row.items()[field].clone(),
                });
                column(&items.collect::<Vec<_>>(), &fields[field].data_type)
            });
            let DataType::Struct(arrow) = data_type.arrow() else { panic!() };
            Arc::new(StructArray::new(arrow, columns.collect(), nulls))
        }
        LogicalType::Array { element, .. } => {
            let lists = values.iter().map(|list| if list.is_null() { &[] } else { list.items() });
            let offsets = OffsetBuffer::from_lengths(lists.clone().map(<[Value]>::len));
            let items: Vec<Value> = lists.flatten().cloned().collect();
            let DataType::List(field) = data_type.arrow() else { panic!() };
            Arc::new(ListArray::new(field, offsets, column(&items, element), nulls))
        }
        LogicalType::Map { key, value, .. } => {
            let maps = values.iter().map(|map| if map.is_null() { &[] } else { map.entries() });
            let offsets = OffsetBuffer::from_lengths(maps.clone().map(<[(Value, Value)]>::len));
            let (keys, items): (Vec<Value>, Vec<Value>) = maps.flatten().cloned().unzip();
            let DataType::Map(field, ordered) = data_type.arrow() else { panic!() };
            let DataType::Struct(fields) = field.data_type() else { panic!() };
            let entries =
                StructArray::new(fields.clone(), vec![column(&keys, key), column(&items, value)], None);
            Arc::new(MapArray::new(field, offsets, entries, nulls, ordered))
        }
        other => panic!("{other:?}"),
    }
}

/// The value of a row of a column.
pub(super) fn value(array: &ArrayRef, row: usize, data_type: &LogicalType) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match data_type {
        LogicalType::Boolean => Value::Bool(array.as_boolean().value(row)),
        LogicalType::TinyInt => Value::Int(array.as_primitive::<Int8Type>().value(row).into()),
        LogicalType::SmallInt => Value::Int(array.as_primitive::<Int16Type>().value(row).into()),
        LogicalType::Int => Value::Int(array.as_primitive::<Int32Type>().value(row).into()),
        LogicalType::BigInt => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        LogicalType::Float => Value::Float(array.as_primitive::<Float32Type>().value(row)),
        LogicalType::Double => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        LogicalType::Date => Value::Int(array.as_primitive::<Date32Type>().value(row).into()),
        LogicalType::Decimal { .. } => Value::Decimal(array.as_primitive::<Decimal128Type>().value(row)),
        LogicalType::Timestamp { precision: ..=3 } => {
            Value::Int(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        LogicalType::Timestamp { precision: ..=6 } => {
            Value::Int(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        LogicalType::Timestamp { .. } => {
            Value::Int(i64::try_from(array.as_primitive::<Decimal128Type>().value(row)).unwrap())
        }
        LogicalType::Varchar { .. } => Value::Text(array.as_string_view().value(row).to_owned()),
        LogicalType::Varbinary { .. } => Value::Bytes(array.as_binary_view().value(row).to_vec()),
        LogicalType::Row { fields } => {
            let columns = array.as_struct().columns().iter().zip(fields);
            Value::Row(columns.map(|(column, field)| value(column, row, &field.data_type)).collect())
        }
        LogicalType::Array { element, .. } => {
            let items = array.as_list::<i32>().value(row);
            Value::List((0..items.len()).map(|item| value(&items, item, element)).collect())
        }
        LogicalType::Map { key, value: item, .. } => {
            let entries = array.as_map().value(row);
            let entry = |index| (value(entries.column(0), index, key), value(entries.column(1), index, item));
            Value::Map((0..entries.len()).map(entry).collect())
        }
        other => panic!("{other:?}"),
    }
}
