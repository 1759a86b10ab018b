//! Where DataFusion's SQL means something else than Postgres's, plans are changed to what Postgres
//! means: integers that overflow, days with hours added to them, formats of dates, types of results.

mod aggregates;
mod bytea;
mod casts;
mod checked;
mod extract;
mod format;
mod integer_aggregates;
mod integers;
mod rewrite;
mod text;
mod uuid;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

pub(super) use extract::ExtractPlanner;
use rewrite::rewrite_expressions;

/// What has to be said before types are coerced. The second part is what [`settle`] needs then.
pub(super) fn prepare(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = rewrite_expressions(plan, &mut |expr, schema| match expr {
        expr @ (Expr::BinaryExpr(_) | Expr::InList(_) | Expr::Between(_)) => uuid::compared(expr, schema)?
            .transform_data(|expr| match expr {
                Expr::BinaryExpr(binary) => date_arithmetic(binary, schema),
                other => Ok(Transformed::no(other)),
            }),
        Expr::Cast(cast) => uuid::cast(cast, schema)?.transform_data(|expr| match expr {
            Expr::Cast(cast) => bytea::literal(cast),
            other => Ok(Transformed::no(other)),
        }),
        Expr::ScalarFunction(call) => format_of_dates(call)?.transform_data(|expr| match expr {
            Expr::ScalarFunction(call) => extract::settle(call, schema),
            other => Ok(Transformed::no(other)),
        }),
        other => Ok(Transformed::no(other)),
    })?;
    integers::as_announced(aggregates::exact(plan)?)
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
