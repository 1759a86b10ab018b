//! `EXTRACT(field FROM time)` is a `numeric` in Postgres, and `date_part('field', time)` a `double
//! precision`; both have the fraction of a second, which DataFusion's `date_part` leaves out.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::functions::datetime::date_part;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, binary_expr, lit,
};

/// Tells EXTRACT from a call of `date_part`, which DataFusion's planner makes of it.
#[derive(Debug)]
pub(in crate::engine) struct ExtractPlanner;

impl ExprPlanner for ExtractPlanner {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let func = Arc::new(ScalarUDF::from(Extract { signature: Signature::any(2, Volatility::Immutable) }));
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction { func, args })))
    }
}

/// EXTRACT until [`settle`] knows the type of what it extracts from.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Extract {
    signature: Signature,
}

impl ScalarUDFImpl for Extract {
    fn name(&self) -> &str {
        "extract"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(38, 6))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("EXTRACT was left as it was written".to_owned()))
    }
}

/// How a part of a time is made of what DataFusion gives.
enum Part {
    /// A whole number, under DataFusion's name for it.
    Whole(&'static str),
    /// So many digits after the point of a number of microseconds of the minute.
    OfMinute(i8),
    /// Seconds since 1970, or in an interval.
    Epoch,
}

/// Puts together what EXTRACT and `date_part` mean in Postgres.
pub(super) fn settle(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let exact = match call.name() {
        "extract" => true,
        "date_part" => false,
        _ => return Ok(Transformed::no(Expr::ScalarFunction(call))),
    };
    let part = match call.args.first() {
        Some(Expr::Literal(value, _)) => value.try_as_str().flatten().and_then(part),
        _ => None,
    };
    let (Some(part), [name, time]) = (part, call.args.as_slice()) else {
        // DataFusion says what is wrong with it
        return Ok(Transformed::yes(whole_call(call.args)));
    };
    let number = number(part, name.clone(), time.clone(), schema)?;
    Ok(Transformed::yes(if exact { number } else { cast(number, DataType::Float64) }))
}

fn part(name: &str) -> Option<Part> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" | "years" | "y" => Part::Whole("year"),
        "isoyear" => Part::Whole("isoyear"),
        "quarter" | "qtr" => Part::Whole("quarter"),
        "month" | "months" | "mon" | "mons" => Part::Whole("month"),
        "week" | "weeks" | "w" => Part::Whole("week"),
        "day" | "days" | "d" => Part::Whole("day"),
        "doy" => Part::Whole("doy"),
        "dow" => Part::Whole("dow"),
        "isodow" => Part::Whole("isodow"),
        "hour" | "hours" | "h" => Part::Whole("hour"),
        "minute" | "minutes" | "m" | "min" | "mins" => Part::Whole("minute"),
        "second" | "seconds" | "s" | "sec" | "secs" => Part::OfMinute(6),
        "millisecond" | "milliseconds" | "msec" | "msecs" | "ms" => Part::OfMinute(3),
        "microsecond" | "microseconds" | "usec" | "usecs" | "us" => Part::OfMinute(0),
        "epoch" => Part::Epoch,
        _ => return None,
    })
}

fn number(part: Part, name: Expr, time: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match part {
        Part::Whole(name) => cast(of(lit(name), time), DataType::Decimal128(10, 0)),
        Part::OfMinute(scale) => {
            shifted(cast(of(lit("microsecond"), time), DataType::Decimal128(10, 0)), scale)
        }
        Part::Epoch => match time.get_type(schema)? {
            DataType::Timestamp(_, zone) => {
                let micros = cast(time, DataType::Timestamp(TimeUnit::Microsecond, zone));
                shifted(cast(cast(micros, DataType::Int64), DataType::Decimal128(19, 0)), 6)
            }
            _ => cast(of(name, time), DataType::Decimal128(24, 6)),
        },
    })
}

fn of(part: Expr, time: Expr) -> Expr {
    whole_call(vec![part, time])
}

fn whole_call(args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction { func: date_part(), args })
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), data_type))
}

/// A whole number with its point moved to the left.
fn shifted(number: Expr, digits: i8) -> Expr {
    match digits {
        0 => number,
        digits => {
            let last = ScalarValue::Decimal128(Some(1), digits.unsigned_abs(), digits);
            binary_expr(number, Operator::Multiply, Expr::Literal(last, None))
        }
    }
}
