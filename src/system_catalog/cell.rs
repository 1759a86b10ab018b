//! Values of system relations, and the arrays that they become.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    ListArray, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;

/// One value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    #[default]
    Null,
    Bool(bool),
    /// Integers of any width, and object identifiers.
    Int(i64),
    Float(f64),
    Text(Cow<'static, str>),
    /// An instant in microseconds since 1970.
    Micros(i64),
    List(Vec<Cell>),
}

impl Cell {
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(value.into()))
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of a row of an array; `None` for a type that no system relation has.
    pub fn of(array: &ArrayRef, row: usize) -> Option<Self> {
        if array.is_null(row) {
            return Some(Self::Null);
        }
        use arrow::datatypes::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
        Some(match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int16 => Self::Int(array.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => Self::text(array.as_string::<i32>().value(row)),
            DataType::Utf8View => Self::text(array.as_string_view().value(row)),
            DataType::LargeUtf8 => Self::text(array.as_string::<i64>().value(row)),
            DataType::List(_) => {
                let items = array.as_list::<i32>().value(row);
                Self::List((0..items.len()).map(|item| Self::of(&items, item)).collect::<Option<_>>()?)
            }
            DataType::Null => Self::Null,
            _ => return None,
        })
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<&'static str> for Cell {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Cell>> FromIterator<T> for Cell {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// The array of a column. A value of another type than the column's is an error.
pub fn array_of(cells: &[Cell], data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let unfit = |cell: &Cell| ArrowError::CastError(format!("{cell:?} is no value of type {data_type}"));
    let ints = || {
        cells.iter().map(|cell| match cell {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(*value)),
            other => Err(unfit(other)),
        })
    };
    let floats = || {
        cells.iter().map(|cell| match cell {
            Cell::Null => Ok(None),
            Cell::Float(value) => Ok(Some(*value)),
            other => Err(unfit(other)),
        })
    };
    macro_rules! narrowed {
        ($array:ty, $native:ty) => {{
            let values = ints().map(|value| match value? {
                None => Ok(None),
                Some(value) => <$native>::try_from(value).map(Some).map_err(|_| unfit(&Cell::Int(value))),
            });
            Arc::new(values.collect::<Result<$array, ArrowError>>()?)
        }};
    }
    Ok(match data_type {
        DataType::Boolean => {
            let values = cells.iter().map(|cell| match cell {
                Cell::Null => Ok(None),
                Cell::Bool(value) => Ok(Some(*value)),
                other => Err(unfit(other)),
            });
            Arc::new(values.collect::<Result<BooleanArray, ArrowError>>()?)
        }
        DataType::Int16 => narrowed!(Int16Array, i16),
        DataType::Int32 => narrowed!(Int32Array, i32),
        DataType::Int64 => Arc::new(ints().collect::<Result<Int64Array, ArrowError>>()?),
        DataType::Float32 => {
            let values = floats().map(|value| Ok(value?.map(|value| value as f32)));
            Arc::new(values.collect::<Result<Float32Array, ArrowError>>()?)
        }
        DataType::Float64 => Arc::new(floats().collect::<Result<Float64Array, ArrowError>>()?),
        DataType::Utf8 => {
            let values = cells.iter().map(|cell| match cell {
                Cell::Null => Ok(None),
                Cell::Text(value) => Ok(Some(value.as_ref())),
                other => Err(unfit(other)),
            });
            Arc::new(values.collect::<Result<StringArray, ArrowError>>()?)
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let values = cells.iter().map(|cell| match cell {
                Cell::Null => Ok(None),
                Cell::Micros(value) => Ok(Some(*value)),
                other => Err(unfit(other)),
            });
            let array = values.collect::<Result<TimestampMicrosecondArray, ArrowError>>()?;
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        DataType::List(item) => {
            let (mut items, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
            for cell in cells {
                let list: &[Cell] = match cell {
                    Cell::List(list) => list,
                    Cell::Null => &[],
                    other => return Err(unfit(other)),
                };
                items.extend_from_slice(list);
                lengths.push(list.len());
                valid.push(matches!(cell, Cell::List(_)));
            }
            let values = array_of(&items, item.data_type())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, Some(NullBuffer::from(valid)))?)
        }
        other => match cells.iter().find(|cell| **cell != Cell::Null) {
            None => new_null_array(other, cells.len()),
            Some(cell) => return Err(unfit(cell)),
        },
    })
}
