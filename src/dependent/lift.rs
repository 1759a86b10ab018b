//! Moving subqueries out of expressions into dependent joins.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::{Exists, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    Expr, Extension, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Subquery, SubqueryAlias,
};

use super::bind::columns_read;
use super::joinable::is_joinable;
use super::node::{Dependent, DependentJoin, Kind};
use crate::sql::ARRAY_OF_ROWS;

/// Begins the names of columns that hold what subqueries gave. No text can spell it.
const PREFIX: &str = "\u{1}subquery";

/// A plan without the subqueries that DataFusion cannot join.
pub fn lift(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut count = 0;
    Ok(plan.transform_up_with_subqueries(|node| lift_node(node, &mut count))?.data)
}

fn lift_node(node: LogicalPlan, count: &mut usize) -> Result<Transformed<LogicalPlan>> {
    match node {
        LogicalPlan::Join(join) => lift_lateral(join),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Window(_) => lift_expressions(node, count),
        other => Ok(Transformed::no(other)),
    }
}

fn lift_expressions(node: LogicalPlan, count: &mut usize) -> Result<Transformed<LogicalPlan>> {
    let is_filter = matches!(node, LogicalPlan::Filter(_));
    let takes_scalars = matches!(node, LogicalPlan::Filter(_) | LogicalPlan::Projection(_));
    let input = match node.inputs().as_slice() {
        [input] => (*input).clone(),
        _ => return Ok(Transformed::no(node)),
    };
    let before: Vec<Expr> = node.schema().columns().into_iter().map(Expr::Column).collect();
    let keeps_columns = matches!(node, LogicalPlan::Filter(_) | LogicalPlan::Sort(_));
    let mut lifted: Vec<Dependent> = Vec::new();
    let names = NamePreserver::new(&node);
    let mut take = |subquery: &Subquery, kind: Kind| -> Result<Expr> {
        let reads = columns_read(&subquery.subquery, input.schema())?;
        *count += 1;
        let name = format!("{PREFIX}{count}");
        let plan = LogicalPlan::Subquery(subquery.clone());
        lifted.push(Dependent { plan, kind, name: name.clone(), reads });
        Ok(Expr::Column(Column::new_unqualified(name)))
    };
    let node = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let replaced = expr.transform_down(|expr| {
            let taken = match &expr {
                Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == ARRAY_OF_ROWS => {
                    match args.as_slice() {
                        [Expr::ScalarSubquery(subquery)] => take(subquery, Kind::Array)?,
                        _ => return Ok(Transformed::no(expr)),
                    }
                }
                Expr::ScalarSubquery(subquery)
                    if !(subquery.outer_ref_columns.is_empty()
                        || takes_scalars && is_joinable(&subquery.subquery)) =>
                {
                    take(subquery, Kind::Scalar)?
                }
                Expr::Exists(Exists { subquery, negated }) if !is_filter => {
                    let exists = take(subquery, Kind::Exists)?;
                    if *negated { Expr::Not(Box::new(exists)) } else { exists }
                }
                _ => return Ok(Transformed::no(expr)),
            };
            Ok(Transformed::yes(taken))
        })?;
        Ok(replaced.update_data(|expr| name.restore(expr)))
    })?;
    if lifted.is_empty() {
        return Ok(Transformed::no(node.data));
    }
    let join = DependentJoin::try_new(input, lifted, false)?;
    let join = LogicalPlan::Extension(Extension { node: Arc::new(join) });
    let node = node.data.with_new_exprs(node.data.expressions(), vec![join])?;
    let node = if keeps_columns { LogicalPlanBuilder::from(node).project(before)?.build()? } else { node };
    Ok(Transformed::yes(node))
}

/// `FROM t, LATERAL (...) u` whose subquery does more than choose rows by outer columns.
fn lift_lateral(join: Join) -> Result<Transformed<LogicalPlan>> {
    let subquery = match join.right.as_ref() {
        LogicalPlan::Subquery(subquery) => subquery,
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => match input.as_ref() {
            LogicalPlan::Subquery(subquery) => subquery,
            _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
        },
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    let reads = columns_read(&subquery.subquery, join.left.schema())?;
    if join.join_type != JoinType::Inner || reads.is_empty() || !looks_out_beside_filters(&subquery.subquery)?
    {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let plan = join.right.as_ref().clone();
    let rows = Dependent { plan, kind: Kind::Rows, name: String::new(), reads };
    let node = DependentJoin::try_new(join.left.as_ref().clone(), vec![rows], false)?;
    let mut builder = LogicalPlanBuilder::from(LogicalPlan::Extension(Extension { node: Arc::new(node) }));
    for (left, right) in join.on {
        builder = builder.filter(left.eq(right))?;
    }
    if let Some(filter) = join.filter {
        builder = builder.filter(filter)?;
    }
    builder.build().map(Transformed::yes)
}

/// Whether a node that is no filter reads outer columns, or rows are cut off.
fn looks_out_beside_filters(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        found |= match node {
            LogicalPlan::Limit(_) => true,
            LogicalPlan::Filter(_) => false,
            other => other.expressions().iter().any(Expr::contains_outer),
        };
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}
