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
    let mut take = |subquery: &Subquery, kind: Kind, guard: Option<&Expr>| -> Result<Expr> {
        let reads = columns_read(&subquery.subquery, input.schema())?;
        *count += 1;
        let name = format!("{PREFIX}{count}");
        let plan = LogicalPlan::Subquery(subquery.clone());
        lifted.push(Dependent { plan, kind, name: name.clone(), reads, guard: guard.cloned() });
        Ok(Expr::Column(Column::new_unqualified(name)))
    };
    let node = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let guards = guards(&expr)?;
        let replaced = expr.transform_down(|expr| {
            let guard = |subquery: &Subquery| {
                guards.iter().find(|(guarded, _)| guarded == subquery).map(|(_, guard)| guard)
            };
            let taken = match &expr {
                Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == ARRAY_OF_ROWS => {
                    match args.as_slice() {
                        [Expr::ScalarSubquery(subquery)] => take(subquery, Kind::Array, guard(subquery))?,
                        _ => return Ok(Transformed::no(expr)),
                    }
                }
                Expr::ScalarSubquery(subquery)
                    if !(subquery.outer_ref_columns.is_empty()
                        || takes_scalars && is_joinable(&subquery.subquery)) =>
                {
                    take(subquery, Kind::Scalar, guard(subquery))?
                }
                Expr::Exists(Exists { subquery, negated }) if !is_filter => {
                    let exists = take(subquery, Kind::Exists, guard(subquery))?;
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

/// The subqueries that stand behind a WHEN, with its condition: `CASE WHEN x THEN (SELECT ...) END` looks at
/// the subquery only where `x` is true. Only conditions that are computed for every row anyway are taken:
/// the first WHEN of a CASE that stands in no other. One that holds a subquery itself guards nothing.
fn guards(expr: &Expr) -> Result<Vec<(Subquery, Expr)>> {
    let mut found: Vec<(Subquery, Expr)> = Vec::new();
    let mut unguarded: Vec<Subquery> = Vec::new();
    collect_guards(expr, None, &mut found, &mut unguarded)?;
    // one that stands elsewhere too is needed there
    found.retain(|(subquery, _)| !unguarded.contains(subquery));
    let mut seen: Vec<Subquery> = Vec::new();
    let repeated: Vec<Subquery> = found
        .iter()
        .filter(|(subquery, _)| {
            let again = seen.contains(subquery);
            seen.push(subquery.clone());
            again
        })
        .map(|(subquery, _)| subquery.clone())
        .collect();
    found.retain(|(subquery, _)| !repeated.contains(subquery));
    Ok(found)
}

fn collect_guards(
    expr: &Expr,
    guard: Option<&Expr>,
    found: &mut Vec<(Subquery, Expr)>,
    unguarded: &mut Vec<Subquery>,
) -> Result<()> {
    expr.apply(|expr| {
        match expr {
            Expr::ScalarSubquery(subquery) | Expr::Exists(Exists { subquery, .. }) => match guard {
                Some(guard) => found.push((subquery.clone(), guard.clone())),
                None => unguarded.push(subquery.clone()),
            },
            Expr::Case(case) if case.expr.is_none() => {
                for (at, (when, then)) in case.when_then_expr.iter().enumerate() {
                    collect_guards(when, guard, found, unguarded)?;
                    let own = (at == 0 && guard.is_none() && !has_subquery(when)?).then_some(when.as_ref());
                    collect_guards(then, own.or(guard), found, unguarded)?;
                }
                if let Some(other) = &case.else_expr {
                    collect_guards(other, guard, found, unguarded)?;
                }
                return Ok(TreeNodeRecursion::Jump);
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn has_subquery(expr: &Expr) -> Result<bool> {
    expr.exists(|expr| {
        Ok(matches!(
            expr,
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)
        ))
    })
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
    let rows = Dependent { plan, kind: Kind::Rows, name: String::new(), reads, guard: None };
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
