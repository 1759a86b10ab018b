//! Which aggregates of a plan have other types in Postgres: sums of `bigint`, averages of integers.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan, WindowFunctionDefinition};

use super::exact_aggregates::{average, average_of_decimals, sum};
use super::result_types::Input;

/// The plan with exact aggregates, and the types that follow from them.
pub(super) fn exact(plan: LogicalPlan) -> Result<LogicalPlan> {
    let changed = plan.transform_up_with_subqueries(exact_node)?;
    match changed.transformed {
        true => {
            changed.data.transform_up_with_subqueries(|node| node.recompute_schema().map(Transformed::yes))
        }
        false => Ok(changed),
    }
    .map(|plan| plan.data)
}

fn exact_node(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let input = match &node {
        LogicalPlan::Aggregate(aggregate) => Arc::clone(&aggregate.input),
        LogicalPlan::Window(window) => Arc::clone(&window.input),
        _ => return Ok(Transformed::no(node)),
    };
    let input = Input::of(&input);
    let names = NamePreserver::new(&node);
    let changed = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let changed = expr.transform_up(|expr| exact_expr(expr, &input))?;
        Ok(changed.update_data(|expr| name.restore(expr)))
    })?;
    match changed.transformed {
        true => changed.map_data(LogicalPlan::recompute_schema),
        false => Ok(changed),
    }
}

fn exact_expr(expr: Expr, input: &Input<'_>) -> Result<Transformed<Expr>> {
    match expr {
        Expr::AggregateFunction(mut call) => {
            let changed = match exact_function(call.func.name(), &call.params.args, input) {
                Some(_) if call.params.distinct => widened(call.func.name(), &mut call.params.args, input),
                Some(func) => {
                    call.func = func;
                    true
                }
                None => false,
            };
            Ok(Transformed::new_transformed(Expr::AggregateFunction(call), changed))
        }
        Expr::WindowFunction(mut call) => {
            let changed = match exact_function(call.fun.name(), &call.params.args, input) {
                Some(_) if call.params.distinct => widened(call.fun.name(), &mut call.params.args, input),
                Some(func) => {
                    call.fun = WindowFunctionDefinition::AggregateUDF(func);
                    true
                }
                None => false,
            };
            Ok(Transformed::new_transformed(Expr::WindowFunction(call), changed))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// What stands for `sum` or `avg` of these arguments, if DataFusion's function does not.
fn exact_function(name: &str, args: &[Expr], input: &Input<'_>) -> Option<Arc<AggregateUDF>> {
    let [arg] = args else { return None };
    let data_type = arg.get_type(input.schema()).ok()?;
    match name {
        "sum" if data_type == DataType::Int64 && !input.is_narrow(arg) => Some(sum()),
        "avg" => match data_type {
            integer if integer.is_signed_integer() => Some(average()),
            DataType::Decimal128(precision, scale) if scale >= 0 => {
                Some(average_of_decimals(precision, scale))
            }
            _ => None,
        },
        _ => None,
    }
}

/// DataFusion's own function for decimals, for DISTINCT: its digits come out as those of [`average`].
fn widened(name: &str, args: &mut [Expr], input: &Input<'_>) -> bool {
    for arg in args {
        let data_type = match (name, arg.get_type(input.schema())) {
            // It gives four digits more.
            ("avg", Ok(DataType::Decimal128(precision, scale))) if scale < 12 => {
                let whole = precision.saturating_sub(scale.unsigned_abs());
                DataType::Decimal128((whole + 12).min(34), 12)
            }
            (_, Ok(DataType::Decimal128(..))) => return false,
            ("avg", _) => DataType::Decimal128(31, 12),
            _ => DataType::Decimal128(19, 0),
        };
        let value = std::mem::take(arg);
        *arg = Expr::Cast(Cast::new(Box::new(value), data_type));
    }
    true
}
