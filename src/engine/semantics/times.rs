//! Times of day compare whatever their units are: literals have nanoseconds, tables milli- or microseconds.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Between, Cast};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable};

/// The finest unit, which holds the values of all others.
const FINEST: DataType = DataType::Time64(TimeUnit::Nanosecond);

/// A comparison of times of different units, brought to one of them.
pub(super) fn compared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let unit = |expr: &Expr| {
        let found = expr.get_type(schema).ok()?;
        matches!(found, DataType::Time32(_) | DataType::Time64(_)).then_some(found)
    };
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let units = (unit(&left), unit(&right));
            let expr = |left, right| Expr::BinaryExpr(BinaryExpr { left, op, right });
            Ok(match units {
                (Some(one), Some(other)) if one != other && op.supports_propagation() => {
                    Transformed::yes(expr(finest(left), finest(right)))
                }
                _ => Transformed::no(expr(left, right)),
            })
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let units = [unit(&expr), unit(&low), unit(&high)];
            let differ = units.iter().all(Option::is_some) && units.iter().any(|one| *one != units[0]);
            let (expr, low, high) = match differ {
                true => (finest(expr), finest(low), finest(high)),
                false => (expr, low, high),
            };
            let between = Expr::Between(Between { expr, negated, low, high });
            Ok(if differ { Transformed::yes(between) } else { Transformed::no(between) })
        }
        other => Ok(Transformed::no(other)),
    }
}

fn finest(expr: Box<Expr>) -> Box<Expr> {
    Box::new(Expr::Cast(Cast::new(expr, FINEST)))
}
