//! Where DataFusion's SQL means something else than Postgres's, plans are changed to what Postgres
//! means: integers that overflow, days with hours added to them, formats of dates, types of results.

mod aggregates;
mod bytea;
mod casts;
mod character;
mod checked;
mod division;
mod exact_aggregates;
mod extract;
mod format;
mod intervals;
mod literals;
mod numeric;
mod plain_value;
mod result_types;
mod rewrite;
mod rounding;
mod text;
mod time_zone;
mod times;
mod unknown;
mod uuid;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

pub(super) use extract::ExtractPlanner;
pub(super) use intervals::IntervalPlanner;
pub(super) use plain_value::plain_value;
pub(super) use result_types::{Announced, Integers, announce, is_integer};
use rewrite::rewrite_expressions;
pub(super) use time_zone::time_zone;
pub(super) use unknown::UnknownPlanner;

/// What has to be said before types are coerced, and the types of the result.
pub(super) fn prepare(plan: LogicalPlan) -> Result<(LogicalPlan, Announced)> {
    let plan = rewrite_expressions(plan, &mut |expr, schema| match expr {
        expr @ (Expr::BinaryExpr(_) | Expr::InList(_) | Expr::Between(_)) => times::compared(expr, schema)?
            .transform_data(|expr| uuid::compared(expr, schema))?
            .transform_data(|expr| match expr {
                Expr::BinaryExpr(binary) => date_arithmetic(binary, schema),
                other => Ok(Transformed::no(other)),
            }),
        Expr::Cast(cast) => uuid::cast(cast, schema)?.transform_data(|expr| match expr {
            Expr::Cast(cast) => written_cast(cast, schema),
            other => Ok(Transformed::no(other)),
        }),
        Expr::ScalarFunction(call) => function(call, schema),
        Expr::Literal(..) => Ok(numeric::literal(expr)),
        other => Ok(Transformed::no(other)),
    })?;
    let plan = rewrite_expressions(aggregates::exact(plan)?, &mut |expr, schema| match expr {
        Expr::BinaryExpr(binary) => division::exact(binary, schema),
        other => Ok(Transformed::no(other)),
    })?;
    result_types::as_announced(plan)
}

fn written_cast(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    bytea::literal(cast)?
        .transform_data(|expr| match expr {
            Expr::Cast(cast) => literals::cast_text(cast),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::Cast(cast) => numeric::as_it_is(cast, schema),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::Cast(cast) => character::with_length(cast),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::Cast(cast) => rounding::to_integer(cast, schema),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::Cast(cast) => rounding::to_precision(cast),
            other => Ok(Transformed::no(other)),
        })
}

fn function(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    format_of_dates(call)?
        .transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => extract::settle(call, schema),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => numeric::whole(call, schema),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => Ok(plain_value::bare(call)),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => time_zone::settle(call, schema),
            other => Ok(Transformed::no(other)),
        })?
        .transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => text::concatenated(call, schema),
            other => Ok(Transformed::no(other)),
        })
}

/// What needs the types that coercion has settled.
pub(super) fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    rewrite_expressions(plan, &mut |expr, schema| match expr {
        Expr::BinaryExpr(binary) => checked::arithmetic(binary, schema),
        Expr::Cast(cast) => text::as_text(cast, schema)?.transform_data(|expr| match expr {
            Expr::Cast(cast) => casts::keep_in_place(cast, schema),
            other => Ok(Transformed::no(other)),
        }),
        Expr::TryCast(cast) => casts::keep_in_place_or_null(cast, schema),
        other => Ok(Transformed::no(other)),
    })
}

/// A date and an interval make a timestamp: the interval may have hours.
fn date_arithmetic(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let BinaryExpr { left, op, right } = binary;
    let is =
        |expr: &Expr, wanted: fn(&DataType) -> bool| expr.get_type(schema).is_ok_and(|found| wanted(&found));
    let date = |found: &DataType| matches!(found, DataType::Date32 | DataType::Date64);
    let interval = |found: &DataType| matches!(found, DataType::Interval(_));
    let plus_or_minus = matches!(op, Operator::Plus | Operator::Minus);
    let timestamp = |expr: Box<Expr>| {
        Box::new(Expr::Cast(Cast::new(expr, DataType::Timestamp(TimeUnit::Microsecond, None))))
    };
    let (left, right, changed) = if plus_or_minus && is(&left, date) && is(&right, interval) {
        (timestamp(left), right, true)
    } else if op == Operator::Plus && is(&left, interval) && is(&right, date) {
        (left, timestamp(right), true)
    } else {
        (left, right, false)
    };
    let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

fn format_of_dates(call: ScalarFunction) -> Result<Transformed<Expr>> {
    if !matches!(call.name(), "to_char" | "date_format") {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let ScalarFunction { func, mut args } = call;
    if let Some(pattern) = args.get_mut(1) {
        format::translate(pattern)?;
    }
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
}
