//! Values as bytes that are equal exactly when Java calls the values equal: nested values by their
//! contents, maps whatever the order of their entries, all NaNs alike, and zeros by their sign.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, downcast_primitive};
use arrow::datatypes::{DataType, Float32Type, Float64Type, ToByteSlice};

use tarn_catalog::Error;

use crate::merge::fault::Fault;

/// The key of each row of one or several columns.
pub struct Keys {
    bytes: Vec<u8>,
    /// The end of each row's key in `bytes`.
    ends: Vec<usize>,
}

impl Keys {
    /// Rows are compared by all the columns together, which are of one length.
    pub(super) fn try_new(columns: &[ArrayRef]) -> Result<Self, Fault> {
        let rows = columns.first().map_or(0, |column| column.len());
        let encoders = columns.iter().map(encoder).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::encode(rows, &encoders))
    }

    /// The same for rows of a table, where the lists of columns with the mark are sets.
    pub fn of_rows(table: &str, columns: &[(ArrayRef, bool)]) -> Result<Self, Error> {
        let encoder = |(column, is_set): &(ArrayRef, bool)| match is_set {
            true => set_encoder(column),
            false => encoder(column),
        };
        let encoders = columns.iter().map(encoder).collect::<Result<Vec<_>, _>>();
        let encoders = encoders.map_err(|fault| fault.at(table, "values that are compared"))?;
        Ok(Self::encode(columns.first().map_or(0, |(column, _)| column.len()), &encoders))
    }

    fn encode(rows: usize, encoders: &[Encoder]) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(rows));
        for row in 0..rows {
            encoders.iter().for_each(|encode| encode(row, &mut bytes));
            ends.push(bytes.len());
        }
        Self { bytes, ends }
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    pub fn get(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

/// Appends the key of a row. No key is a prefix of another of the same column.
type Encoder = Box<dyn Fn(usize, &mut Vec<u8>)>;

fn encoder(column: &ArrayRef) -> Result<Encoder, Fault> {
    let nulls = column.logical_nulls();
    let encode = value_encoder(column)?;
    Ok(Box::new(move |row, out| {
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        out.push(u8::from(valid));
        if valid {
            encode(row, out);
        }
    }))
}

/// The same for a column whose lists are sets; other columns have their usual keys.
fn set_encoder(column: &ArrayRef) -> Result<Encoder, Fault> {
    let Some(lists) = column.as_list_opt::<i32>().cloned() else { return encoder(column) };
    let element = encoder(lists.values())?;
    Ok(Box::new(move |row, out| {
        out.push(u8::from(lists.is_valid(row)));
        if lists.is_valid(row) {
            let offsets = lists.value_offsets();
            unordered(offsets[row] as usize..offsets[row + 1] as usize, out, |index, out| {
                element(index, out)
            });
        }
    }))
}

fn value_encoder(column: &ArrayRef) -> Result<Encoder, Fault> {
    macro_rules! fixed {
        ($primitive:ty) => {
            fixed_width::<$primitive>(column)
        };
    }
    Ok(downcast_primitive! {
        column.data_type() => (fixed),
        DataType::Boolean => {
            let column = column.as_boolean().clone();
            Box::new(move |row, out| out.push(u8::from(column.value(row))))
        },
        DataType::Utf8View => {
            let column = column.as_string_view().clone();
            Box::new(move |row, out| variable_width(column.value(row).as_bytes(), out))
        },
        DataType::BinaryView => {
            let column = column.as_binary_view().clone();
            Box::new(move |row, out| variable_width(column.value(row), out))
        },
        DataType::List(_) => {
            let (column, element) = (column.as_list::<i32>().clone(), encoder(column.as_list::<i32>().values())?);
            Box::new(move |row, out| {
                let offsets = column.value_offsets();
                elements(&element, offsets[row] as usize..offsets[row + 1] as usize, out);
            })
        },
        DataType::FixedSizeList(_, length) => {
            let (length, element) = (*length as usize, encoder(column.as_fixed_size_list().values())?);
            Box::new(move |row, out| elements(&element, row * length..(row + 1) * length, out))
        },
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter().map(encoder).collect::<Result<Vec<_>, _>>()?;
            Box::new(move |row, out| fields.iter().for_each(|field| field(row, out)))
        },
        DataType::Map(..) => {
            let column = column.as_map().clone();
            let (key, value) = (encoder(column.keys())?, encoder(column.values())?);
            Box::new(move |row, out| {
                let offsets = column.value_offsets();
                unordered(offsets[row] as usize..offsets[row + 1] as usize, out, |index, out| {
                    key(index, out);
                    value(index, out);
                });
            })
        },
        other => return Err(Fault::refused(format!("values of type {other} cannot be told apart")))
    })
}

fn fixed_width<T: ArrowPrimitiveType>(column: &ArrayRef) -> Encoder {
    match column.data_type() {
        DataType::Float32 => {
            let column = column.as_primitive::<Float32Type>().clone();
            Box::new(move |row, out| {
                let value = column.value(row);
                let value = if value.is_nan() { f32::NAN } else { value };
                out.extend_from_slice(&value.to_le_bytes());
            })
        }
        DataType::Float64 => {
            let column = column.as_primitive::<Float64Type>().clone();
            Box::new(move |row, out| {
                let value = column.value(row);
                let value = if value.is_nan() { f64::NAN } else { value };
                out.extend_from_slice(&value.to_le_bytes());
            })
        }
        _ => {
            let column = column.as_primitive::<T>().clone();
            Box::new(move |row, out| out.extend_from_slice(column.value(row).to_byte_slice()))
        }
    }
}

fn variable_width(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    out.extend_from_slice(value);
}

fn elements(element: &Encoder, range: std::ops::Range<usize>, out: &mut Vec<u8>) {
    out.extend_from_slice(&(range.len() as u64).to_le_bytes());
    range.for_each(|index| element(index, out));
}

/// The keys of elements whose order does not count.
fn unordered(range: std::ops::Range<usize>, out: &mut Vec<u8>, encode: impl Fn(usize, &mut Vec<u8>)) {
    let mut encoded: Vec<Vec<u8>> = range
        .map(|index| {
            let mut element = Vec::new();
            encode(index, &mut element);
            element
        })
        .collect();
    encoded.sort_unstable();
    out.extend_from_slice(&(encoded.len() as u64).to_le_bytes());
    encoded.iter().for_each(|element| out.extend_from_slice(element));
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Builder, MapBuilder, StringBuilder, StringViewArray};

    use super::*;

    #[test]
    fn nans_are_one_value_and_zeros_are_two() {
        let negative_nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63);
        let column: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, negative_nan, 0.0, -0.0]));
        let keys = Keys::try_new(&[column]).unwrap();
        assert_eq!(keys.get(0), keys.get(1));
        assert_ne!(keys.get(2), keys.get(3));
    }

    #[test]
    fn columns_do_not_run_into_each_other() {
        let a: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), Some("ab"), None, Some("")]));
        let b: ArrayRef = Arc::new(StringViewArray::from(vec![Some("bc"), Some("c"), Some(""), None]));
        let keys = Keys::try_new(&[a, b]).unwrap();
        for (i, j) in [(0, 1), (2, 3)] {
            assert_ne!(keys.get(i), keys.get(j));
        }
    }

    #[test]
    fn maps_are_equal_in_any_order() {
        let names = arrow::array::MapFieldNames {
            entry: "key_value".into(),
            key: "key".into(),
            value: "value".into(),
        };
        let mut maps = MapBuilder::new(Some(names), Int32Builder::new(), Int32Builder::new());
        for entries in [[(1, 10), (2, 20)], [(2, 20), (1, 10)], [(1, 20), (2, 10)]] {
            for (key, value) in entries {
                maps.keys().append_value(key);
                maps.values().append_value(value);
            }
            maps.append(true).unwrap();
        }
        let keys = Keys::try_new(&[Arc::new(maps.finish()) as ArrayRef]).unwrap();
        assert_eq!(keys.get(0), keys.get(1));
        assert_ne!(keys.get(0), keys.get(2));
    }

    #[test]
    fn lists_are_equal_in_any_order_where_they_are_sets() {
        let mut lists = arrow::array::ListBuilder::new(Int32Builder::new());
        for items in [[Some(1), None], [None, Some(1)], [Some(1), Some(1)]] {
            lists.append_value(items);
        }
        lists.append_null();
        let lists: ArrayRef = Arc::new(lists.finish());
        let sets = Keys::of_rows("t", &[(Arc::clone(&lists), true)]).unwrap();
        assert_eq!(sets.get(0), sets.get(1));
        assert_ne!(sets.get(0), sets.get(2));
        assert_ne!(sets.get(0), sets.get(3));
        let plain = Keys::of_rows("t", &[(lists, false)]).unwrap();
        assert_ne!(plain.get(0), plain.get(1));
    }

    #[test]
    fn texts_outside_of_the_lake_types_are_refused() {
        let mut texts = StringBuilder::new();
        texts.append_value("a");
        assert!(Keys::try_new(&[Arc::new(texts.finish()) as ArrayRef]).is_err());
    }
}
