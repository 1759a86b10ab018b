//! Casts round as Postgres rounds, where DataFusion cuts: decimals to integers half away from zero, floats
//! half to even, timestamps to their precision up from the half.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::functions::math::round;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, ErrorKind};
use crate::pg::types::TYPMOD_KEY;

/// Rounds what is cast to an integer.
pub(super) fn to_integer(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if !cast.field.data_type().is_integer() {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let Cast { expr, field } = cast;
    let (func, value) = match expr.get_type(schema) {
        Ok(DataType::Decimal128(_, 1..) | DataType::Decimal256(_, 1..)) => (round(), *expr),
        Ok(DataType::Float32 | DataType::Float64) => {
            let signature = Signature::any(1, Volatility::Immutable);
            let value = Expr::Cast(Cast::new(expr, DataType::Float64));
            (Arc::new(ScalarUDF::from(HalfToEven { signature })), value)
        }
        _ => return Ok(Transformed::no(Expr::Cast(Cast { expr, field }))),
    };
    let rounded = Expr::ScalarFunction(ScalarFunction { func, args: vec![value] });
    Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(rounded), field })))
}

/// Rounds what is cast to a timestamp of fewer than six digits.
pub(super) fn to_precision(cast: Cast) -> Result<Transformed<Expr>> {
    let said = |key: &str| cast.field.metadata().get(key);
    let is_timestamp = matches!(cast.field.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _));
    let precision = said(TYPMOD_KEY).filter(|_| is_timestamp).and_then(|typmod| typmod.parse::<u32>().ok());
    let unit = precision.and_then(|precision| 10_i64.checked_pow(6_u32.checked_sub(precision)?));
    let Some(unit @ 2..) = unit else { return Ok(Transformed::no(Expr::Cast(cast))) };
    let Cast { expr, field } = cast;
    let time = Expr::Cast(Cast::new(expr, field.data_type().clone()));
    let signature = Signature::any(1, Volatility::Immutable);
    let func = Arc::new(ScalarUDF::from(ToPrecision { unit, field: Arc::clone(&field), signature }));
    let rounded = Expr::ScalarFunction(ScalarFunction { func, args: vec![time] });
    Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(rounded), field })))
}

#[derive(Debug, PartialEq, Eq)]
struct ToPrecision {
    /// In microseconds.
    unit: i64,
    field: FieldRef,
    signature: Signature,
}

impl Hash for ToPrecision {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.unit.hash(state);
    }
}

impl ScalarUDFImpl for ToPrecision {
    fn name(&self) -> &str {
        "timestamp"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rounded =
            |micros: i64| micros.checked_add(self.unit / 2).map(|m| m.div_euclid(self.unit) * self.unit);
        let too_late = || {
            let error = Error::new(ErrorKind::DatetimeOutOfRange, "timestamp out of range");
            DataFusionError::External(Box::new(error))
        };
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(value, zone))] => {
                let value = value.map(|micros| rounded(micros).ok_or_else(too_late)).transpose()?;
                Ok(ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(value, zone.clone())))
            }
            [ColumnarValue::Array(array)] if array.data_type() == self.field.data_type() => {
                let times = array.as_primitive::<TimestampMicrosecondType>();
                let times: TimestampMicrosecondArray =
                    times.try_unary(|micros| rounded(micros).ok_or_else(too_late))?;
                let times = times.with_data_type(array.data_type().clone());
                Ok(ColumnarValue::Array(Arc::new(times) as ArrayRef))
            }
            _ => Err(DataFusionError::Internal("only timestamps are rounded to a precision".to_owned())),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HalfToEven {
    signature: Signature,
}

impl ScalarUDFImpl for HalfToEven {
    fn name(&self) -> &str {
        "rint"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Float64(value))] => {
                Ok(ColumnarValue::Scalar(ScalarValue::Float64(value.map(f64::round_ties_even))))
            }
            [ColumnarValue::Array(array)] if *array.data_type() == DataType::Float64 => {
                let rounded: Float64Array = array.as_primitive::<Float64Type>().unary(f64::round_ties_even);
                Ok(ColumnarValue::Array(Arc::new(rounded) as ArrayRef))
            }
            _ => Err(DataFusionError::Internal("only floats are rounded to even".to_owned())),
        }
    }
}
