//! Java's order of values, which decides sequences, minima and maxima.
//!
//! It differs from Arrow's in one thing: all NaNs are one value, greater than any number.

use std::cmp::Ordering;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryViewArray, BooleanArray, PrimitiveArray,
    StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::*;
use tarn_catalog::datum::compare_floats;

use super::fault::Fault;

/// Compares two rows of a column, neither of them null.
pub(super) type Comparator = Box<dyn Fn(usize, usize) -> Ordering + Send + Sync>;

/// The order of a column's values. Nested columns have none that Tarn implements.
pub(super) fn comparator(column: &ArrayRef) -> Result<Comparator, Fault> {
    Ok(match column.data_type() {
        DataType::Boolean => booleans(column.as_boolean().clone()),
        DataType::Int8 => integers::<Int8Type>(column),
        DataType::Int16 => integers::<Int16Type>(column),
        DataType::Int32 => integers::<Int32Type>(column),
        DataType::Int64 => integers::<Int64Type>(column),
        DataType::Float32 => floats::<Float32Type>(column),
        DataType::Float64 => floats::<Float64Type>(column),
        DataType::Decimal128(..) => integers::<Decimal128Type>(column),
        DataType::Date32 => integers::<Date32Type>(column),
        DataType::Time32(TimeUnit::Millisecond) => integers::<Time32MillisecondType>(column),
        DataType::Timestamp(TimeUnit::Millisecond, _) => integers::<TimestampMillisecondType>(column),
        DataType::Timestamp(TimeUnit::Microsecond, _) => integers::<TimestampMicrosecondType>(column),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => integers::<TimestampNanosecondType>(column),
        DataType::Utf8View => texts(column.as_string_view().clone()),
        DataType::BinaryView => bytes(column.as_binary_view().clone()),
        other => return Err(Fault::refused(format!("values of type {other} have no order"))),
    })
}

fn integers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Comparator
where
    T::Native: Ord,
{
    let column: PrimitiveArray<T> = column.as_primitive::<T>().clone();
    Box::new(move |a, b| column.value(a).cmp(&column.value(b)))
}

fn floats<T: ArrowPrimitiveType>(column: &ArrayRef) -> Comparator
where
    f64: From<T::Native>,
{
    let column: PrimitiveArray<T> = column.as_primitive::<T>().clone();
    Box::new(move |a, b| compare_floats(f64::from(column.value(a)), f64::from(column.value(b))))
}

fn booleans(column: BooleanArray) -> Comparator {
    Box::new(move |a, b| column.value(a).cmp(&column.value(b)))
}

fn texts(column: StringViewArray) -> Comparator {
    Box::new(move |a, b| column.value(a).as_bytes().cmp(column.value(b).as_bytes()))
}

fn bytes(column: BinaryViewArray) -> Comparator {
    Box::new(move |a, b| column.value(a).cmp(column.value(b)))
}

/// The order of rows by several columns, ascending, nulls first.
pub(super) struct RowOrder {
    columns: Vec<(Option<NullBuffer>, Comparator)>,
}

impl RowOrder {
    pub(super) fn try_new<'a>(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Result<Self, Fault> {
        let columns = columns.into_iter().map(|column| Ok((column.logical_nulls(), comparator(column)?)));
        Ok(Self { columns: columns.collect::<Result<_, Fault>>()? })
    }

    /// Whether all columns are null in a row.
    pub(super) fn is_empty(&self, row: usize) -> bool {
        self.columns.iter().all(|(nulls, _)| is_null(nulls, row))
    }

    /// Compares two rows; `None` is a row of nulls.
    pub(super) fn compare(&self, a: usize, b: Option<usize>) -> Ordering {
        for (nulls, compare) in &self.columns {
            let order = match (is_null(nulls, a), b.filter(|b| !is_null(nulls, *b))) {
                (true, None) => Ordering::Equal,
                (true, Some(_)) => Ordering::Less,
                (false, None) => Ordering::Greater,
                (false, Some(b)) => compare(a, b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

fn is_null(nulls: &Option<NullBuffer>, row: usize) -> bool {
    nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, ListArray};

    use super::*;

    #[test]
    fn all_nans_are_equal_and_greatest_and_zeros_have_signs() {
        let negative_nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63);
        let column: ArrayRef =
            Arc::new(Float64Array::from(vec![f64::NAN, negative_nan, f64::INFINITY, 0.0, -0.0]));
        let compare = comparator(&column).unwrap();
        assert_eq!(compare(0, 1), Ordering::Equal);
        assert_eq!(compare(1, 2), Ordering::Greater);
        assert_eq!(compare(3, 4), Ordering::Greater);
    }

    #[test]
    fn rows_compare_by_column_with_nulls_first() {
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(1), None, None]));
        let b: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), None, Some(9), None]));
        let order = RowOrder::try_new([&a, &b]).unwrap();
        assert_eq!(order.compare(0, Some(1)), Ordering::Greater);
        assert_eq!(order.compare(2, Some(1)), Ordering::Less);
        assert_eq!(order.compare(2, None), Ordering::Greater);
        assert_eq!(order.compare(3, None), Ordering::Equal);
        assert!(order.is_empty(3) && !order.is_empty(2));
    }

    #[test]
    fn nested_values_have_no_order() {
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]));
        assert!(comparator(&lists).is_err());
    }
}
