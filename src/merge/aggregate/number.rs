//! `sum` and `product` of integers and floats. Integer overflow is an error, as in Java.

use std::marker::PhantomData;

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use super::decimal::{DecimalProduct, DecimalSum};
use super::fold::{Fold, Outcome, Work, fold};
use crate::merge::fault::Fault;
use crate::wide_timestamp::is_wide;

/// Which arithmetic function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Sum,
    Product,
}

/// Merges a numeric column of any type.
pub(super) fn arithmetic(
    function: Arithmetic,
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    match column.data_type() {
        DataType::Int8 => native::<Int8Type>(function, column, work, ignore_retract),
        DataType::Int16 => native::<Int16Type>(function, column, work, ignore_retract),
        DataType::Int32 => native::<Int32Type>(function, column, work, ignore_retract),
        DataType::Int64 => native::<Int64Type>(function, column, work, ignore_retract),
        DataType::Float32 => native::<Float32Type>(function, column, work, ignore_retract),
        DataType::Float64 => native::<Float64Type>(function, column, work, ignore_retract),
        wide if is_wide(wide) => Err(Fault::refused("timestamps are not numbers")),
        DataType::Decimal128(precision, scale) => match function {
            Arithmetic::Sum => {
                primitive::<Decimal128Type, _>(column, work, ignore_retract, DecimalSum::new(*precision))
            }
            Arithmetic::Product => {
                let product = DecimalProduct::try_new(*precision, *scale)?;
                primitive::<Decimal128Type, _>(column, work, ignore_retract, product)
            }
        },
        other => Err(Fault::refused(format!("values of type {other} are not numbers"))),
    }
}

fn native<T: ArrowPrimitiveType<Native: Number>>(
    function: Arithmetic,
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    match function {
        Arithmetic::Sum => primitive::<T, _>(column, work, ignore_retract, Sum(PhantomData)),
        Arithmetic::Product => primitive::<T, _>(column, work, ignore_retract, Product(PhantomData)),
    }
}

fn primitive<T: ArrowPrimitiveType, F: Fold<Value = T::Native>>(
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
    mut function: F,
) -> Result<ArrayRef, Fault> {
    use arrow::array::Array;
    let values = column.as_primitive::<T>();
    let mut merged = Vec::with_capacity(work.groups.len());
    let read = |row: usize| values.is_valid(row).then(|| values.value(row));
    fold(work, ignore_retract, &mut function, read, |value| {
        merged.push(value);
        Ok(())
    })?;
    let merged = PrimitiveArray::<T>::from_iter(merged).with_data_type(column.data_type().clone());
    Ok(std::sync::Arc::new(merged))
}

/// Arithmetic that fails where Java's exact methods throw.
pub(super) trait Number: Copy {
    fn plus(self, other: Self) -> Result<Self, Fault>;
    fn minus(self, other: Self) -> Result<Self, Fault>;
    fn times(self, other: Self) -> Result<Self, Fault>;
    fn over(self, other: Self) -> Result<Self, Fault>;
    fn negated(self) -> Result<Self, Fault>;
}

macro_rules! exact {
    ($($integer:ty),*) => {$(
        impl Number for $integer {
            fn plus(self, other: Self) -> Result<Self, Fault> {
                self.checked_add(other).ok_or_else(|| overflow(format!("{self} + {other}")))
            }

            fn minus(self, other: Self) -> Result<Self, Fault> {
                self.checked_sub(other).ok_or_else(|| overflow(format!("{self} - {other}")))
            }

            fn times(self, other: Self) -> Result<Self, Fault> {
                self.checked_mul(other).ok_or_else(|| overflow(format!("{self} * {other}")))
            }

            fn over(self, other: Self) -> Result<Self, Fault> {
                self.checked_div(other).ok_or_else(|| overflow(format!("{self} / {other}")))
            }

            fn negated(self) -> Result<Self, Fault> {
                self.checked_neg().ok_or_else(|| overflow(format!("-({self})")))
            }
        }
    )*};
}

macro_rules! floating {
    ($($float:ty),*) => {$(
        impl Number for $float {
            fn plus(self, other: Self) -> Result<Self, Fault> {
                Ok(self + other)
            }

            fn minus(self, other: Self) -> Result<Self, Fault> {
                Ok(self - other)
            }

            fn times(self, other: Self) -> Result<Self, Fault> {
                Ok(self * other)
            }

            fn over(self, other: Self) -> Result<Self, Fault> {
                Ok(self / other)
            }

            fn negated(self) -> Result<Self, Fault> {
                Ok(-self)
            }
        }
    )*};
}

exact!(i8, i16, i32, i64);
floating!(f32, f64);

fn overflow(operation: String) -> Fault {
    Fault::refused(format!("{operation} has no result in the column's type"))
}

struct Sum<N>(PhantomData<N>);

impl<N: Number> Fold for Sum<N> {
    type Value = N;

    fn add(&mut self, merged: Option<N>, value: Option<N>) -> Outcome<N> {
        match (merged, value) {
            (Some(a), Some(b)) => a.plus(b).map(Some),
            (a, b) => Ok(a.or(b)),
        }
    }

    fn retract(&mut self, merged: Option<N>, value: Option<N>) -> Outcome<N> {
        match (merged, value) {
            (Some(a), Some(b)) => a.minus(b).map(Some),
            (None, Some(b)) => b.negated().map(Some),
            (a, None) => Ok(a),
        }
    }
}

struct Product<N>(PhantomData<N>);

impl<N: Number> Fold for Product<N> {
    type Value = N;

    fn add(&mut self, merged: Option<N>, value: Option<N>) -> Outcome<N> {
        match (merged, value) {
            (Some(a), Some(b)) => a.times(b).map(Some),
            (a, b) => Ok(a.or(b)),
        }
    }

    fn retract(&mut self, merged: Option<N>, value: Option<N>) -> Outcome<N> {
        match (merged, value) {
            (Some(a), Some(b)) => a.over(b).map(Some),
            (a, _) => Ok(a),
        }
    }
}
