//! Intervals times numbers and through them, which DataFusion does not have (`interval_mul` in
//! `timestamp.c`): fractions of a month become days of thirty, fractions of a day its time.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, IntervalMonthDayNanoArray};
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Cast, Placeholder, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, ErrorKind};

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const DAYS_OF_MONTH: f64 = 30.0;
const SECONDS_OF_DAY: f64 = 86_400.0;
const MICROS_OF_SECOND: f64 = 1e6;
const NANOS_OF_MICRO: i64 = 1000;

/// Plans products and quotients of intervals, which DataFusion's planner refuses at once.
#[derive(Debug)]
pub(in crate::engine) struct IntervalPlanner;

impl ExprPlanner for IntervalPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let is = |expr: &Expr, wanted: fn(&DataType) -> bool| expr.get_type(schema).is_ok_and(|t| wanted(&t));
        let interval = |expr: &Expr| is(expr, |found| matches!(found, DataType::Interval(_)));
        // A text beside an interval is a number, as a parameter without a type is.
        let number = |expr: &Expr| is(expr, |t| t.is_numeric() || t.is_string() || t.is_null());
        let RawBinaryExpr { op, left, right } = expr;
        let divides = op == BinaryOperator::Divide;
        let (interval, factor) = match op {
            BinaryOperator::Multiply | BinaryOperator::Divide if interval(&left) && number(&right) => {
                (left, right)
            }
            BinaryOperator::Multiply if number(&left) && interval(&right) => (right, left),
            op => return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
        };
        let factor = match factor {
            Expr::Placeholder(Placeholder { id, field: None }) => {
                let field = Arc::new(Field::new("parameter", DataType::Float64, true));
                Expr::Placeholder(Placeholder::new_with_field(id, Some(field)))
            }
            other => cast(other, DataType::Float64),
        };
        let signature = Signature::any(2, Volatility::Immutable);
        let func = Arc::new(ScalarUDF::from(Scaled { divides, signature }));
        let args = vec![cast(interval, INTERVAL), factor];
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction { func, args })))
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), data_type))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Scaled {
    divides: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Scaled {
    fn name(&self) -> &str {
        if self.divides { "interval_div" } else { "interval_mul" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(INTERVAL)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let operands = match arrays.as_slice() {
            [intervals, factors] => intervals
                .as_primitive_opt::<IntervalMonthDayNanoType>()
                .zip(factors.as_primitive_opt::<Float64Type>()),
            _ => None,
        };
        let Some((intervals, factors)) = operands else {
            return Err(DataFusionError::Internal("an interval and a number are multiplied".to_owned()));
        };
        let scaled = intervals.iter().zip(factors).map(|pair| match pair {
            (Some(_), Some(0.0)) if self.divides => {
                Err(failed(ErrorKind::DivisionByZero, "division by zero"))
            }
            (Some(interval), Some(factor)) => {
                let factor = if self.divides { 1.0 / factor } else { factor };
                let out_of_range = || failed(ErrorKind::DatetimeOutOfRange, "interval out of range");
                scale(interval, factor).map(Some).ok_or_else(out_of_range)
            }
            _ => Ok(None),
        });
        let scaled: ArrayRef = Arc::new(scaled.collect::<Result<IntervalMonthDayNanoArray>>()?);
        match constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&scaled, 0)?)),
            false => Ok(ColumnarValue::Array(scaled)),
        }
    }
}

fn failed(kind: ErrorKind, message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(kind, message)))
}

/// `None` where a part is out of range.
fn scale(interval: IntervalMonthDayNano, factor: f64) -> Option<IntervalMonthDayNano> {
    let to_micro = |value: f64| (value * MICROS_OF_SECOND).round_ties_even() / MICROS_OF_SECOND;
    let months = f64::from(interval.months) * factor;
    let days = f64::from(interval.days) * factor;
    let days_of_months = to_micro((months - months.trunc()) * DAYS_OF_MONTH);
    let fraction_of_day = (days - days.trunc()) + (days_of_months - days_of_months.trunc());
    let seconds = to_micro(fraction_of_day * SECONDS_OF_DAY);
    let more_days = (seconds / SECONDS_OF_DAY).trunc();
    let seconds = seconds - more_days * SECONDS_OF_DAY;
    let micros = interval.nanoseconds / NANOS_OF_MICRO;
    let micros = (micros as f64 * factor + seconds * MICROS_OF_SECOND).round_ties_even();
    let whole = |value: f64| {
        let fits = value.is_finite() && value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX);
        fits.then_some(value as i32)
    };
    let fits = micros.is_finite() && micros.abs() <= i64::MAX as f64;
    Some(IntervalMonthDayNano::new(
        whole(months.trunc())?,
        whole(days.trunc() + days_of_months.trunc() + more_days)?,
        fits.then_some(micros as i64)?.checked_mul(NANOS_OF_MICRO)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of PostgreSQL 15.
    #[test]
    fn fractions_become_smaller_units() {
        let hours = |hours: i64| hours * 3_600_000_000_000;
        for ((months, days, nanos), factor, (months_out, days_out, nanos_out)) in [
            ((0, 1, hours(2)), 2.0, (0, 2, hours(4))),
            ((1, 0, 0), 0.5, (0, 15, 0)),
            ((0, 1, 0), 1.5, (0, 1, hours(12))),
            ((1, 1, 0), -0.5, (0, -15, hours(-12))),
            ((0, 0, hours(1)), 0.25, (0, 0, hours(1) / 4)),
        ] {
            let scaled = scale(IntervalMonthDayNano::new(months, days, nanos), factor);
            assert_eq!(scaled, Some(IntervalMonthDayNano::new(months_out, days_out, nanos_out)));
        }
        assert_eq!(scale(IntervalMonthDayNano::new(i32::MAX, 0, 0), 2.0), None);
        assert_eq!(scale(IntervalMonthDayNano::new(1, 0, 0), f64::NAN), None);
    }
}
