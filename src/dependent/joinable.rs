//! Which correlated scalar subqueries DataFusion turns into joins itself.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr, JoinType, LogicalPlan, Operator};

/// An aggregate without groups over rows that equalities with outer columns choose. Whatever is not
/// plainly that is no: it then runs as it is written.
pub(super) fn is_joinable(subquery: &LogicalPlan) -> bool {
    match subquery {
        LogicalPlan::Projection(projection) => {
            !projection.expr.iter().any(has_outer) && is_joinable(&projection.input)
        }
        LogicalPlan::SubqueryAlias(alias) => is_joinable(&alias.input),
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) => {
            group_expr.is_empty() && !aggr_expr.iter().any(has_outer) && rows_are_joinable(input)
        }
        _ => false,
    }
}

fn rows_are_joinable(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => {
            split_conjunction(&filter.predicate).into_iter().all(|part| !has_outer(part) || is_equality(part))
                && rows_are_joinable(&filter.input)
        }
        LogicalPlan::Projection(projection) => {
            !projection.expr.iter().any(has_outer) && rows_are_joinable(&projection.input)
        }
        LogicalPlan::SubqueryAlias(alias) => rows_are_joinable(&alias.input),
        LogicalPlan::Join(join) => {
            join.join_type == JoinType::Inner
                && join.on.iter().all(|(left, right)| !has_outer(left) && !has_outer(right))
                && !join.filter.iter().any(has_outer)
                && rows_are_joinable(&join.left)
                && rows_are_joinable(&join.right)
        }
        LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_) => true,
        _ => false,
    }
}

/// Whether an expression looks outside, or holds a subquery, which may.
fn has_outer(expr: &Expr) -> bool {
    let mut found = false;
    let looked = expr.apply(|expr| {
        found |= matches!(
            expr,
            Expr::OuterReferenceColumn(..)
                | Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
        );
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || looked.is_err()
}

/// `inner = outer`, either way round.
fn is_equality(expr: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = expr else { return false };
    let outer = |expr: &Expr| matches!(expr, Expr::OuterReferenceColumn(..));
    (outer(left) && !has_outer(right)) || (outer(right) && !has_outer(left))
}
