//! Outer references: which columns a subquery reads, and putting values in their place.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, Subquery};

use super::node::DependentJoin;

/// The columns of a query that a subquery of it reads, each once.
pub(super) fn columns_read(subquery: &LogicalPlan, query: &DFSchema) -> Result<Vec<Column>> {
    let mut read = Vec::new();
    collect(subquery, &mut |column| {
        if query.has_column(column) && !read.contains(column) {
            read.push(column.clone());
        }
    })?;
    Ok(read)
}

/// Calls back for every outer reference that the plan has no scope of its own for.
fn collect(plan: &LogicalPlan, found: &mut dyn FnMut(&Column)) -> Result<()> {
    let (children, inner): (Vec<&LogicalPlan>, Vec<&LogicalPlan>) = match dependent(plan) {
        Some(join) => (vec![&join.input], join.subqueries.iter().map(|one| &one.plan).collect()),
        None => (plan.inputs(), vec![]),
    };
    children.into_iter().try_for_each(|child| collect(child, found))?;
    let scope = scope_of(plan);
    let mut outside = |column: &Column| {
        if !scope.iter().any(|schema| schema.has_column(column)) {
            found(column);
        }
    };
    inner.into_iter().try_for_each(|subquery| collect(subquery, &mut outside))?;
    let mut subqueries = Vec::new();
    let mut direct = Vec::new();
    plan.apply_expressions(|expr| {
        expr.apply(|expr| {
            match expr {
                Expr::OuterReferenceColumn(_, column) => direct.push(column.clone()),
                other => subqueries.extend(subquery_of(other).map(|found| Arc::clone(&found.subquery))),
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    subqueries.iter().try_for_each(|subquery| collect(subquery, &mut outside))?;
    direct.iter().for_each(found);
    Ok(())
}

fn dependent(plan: &LogicalPlan) -> Option<&DependentJoin> {
    match plan {
        LogicalPlan::Extension(Extension { node }) => node.as_any().downcast_ref(),
        _ => None,
    }
}

/// The columns that subqueries in a node's expressions see.
fn scope_of(plan: &LogicalPlan) -> Vec<&DFSchema> {
    match dependent(plan) {
        Some(join) => vec![join.input.schema().as_ref()],
        None => plan.inputs().into_iter().map(|input| input.schema().as_ref()).collect(),
    }
}

fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery)
        | Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

fn subquery_of_mut(expr: &mut Expr) -> Option<&mut Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery)
        | Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

/// Puts values in the place of outer references. A reference that a scope within the plan answers is
/// left to that scope.
pub(super) fn bind(plan: &LogicalPlan, values: &HashMap<Column, ScalarValue>) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan.clone());
    }
    if let Some(join) = dependent(plan) {
        let inner = without(values, &[join.input.schema().as_ref()]);
        let mut subqueries = join.subqueries.clone();
        for subquery in &mut subqueries {
            subquery.plan = bind(&subquery.plan, &inner)?;
        }
        let bound = DependentJoin::try_new(bind(&join.input, values)?, subqueries, join.sealed)?;
        return Ok(LogicalPlan::Extension(Extension { node: Arc::new(bound) }));
    }
    let inner = without(values, &scope_of(plan));
    let plan = plan.clone().map_children(|child| bind(&child, values).map(Transformed::yes))?.data;
    let plan = plan.map_expressions(|expr| expr.transform_up(|expr| bind_expr(expr, values, &inner)))?.data;
    if let LogicalPlan::Subquery(subquery) = plan {
        let subquery = still_outer(subquery, values);
        // without references to the outside it is a plan like any other
        return Ok(match subquery.outer_ref_columns.is_empty() {
            true => Arc::unwrap_or_clone(subquery.subquery),
            false => LogicalPlan::Subquery(subquery),
        });
    }
    plan.recompute_schema()
}

fn bind_expr(
    expr: Expr,
    values: &HashMap<Column, ScalarValue>,
    inner: &HashMap<Column, ScalarValue>,
) -> Result<Transformed<Expr>> {
    if let Expr::OuterReferenceColumn(_, column) = &expr {
        return Ok(match values.get(column) {
            Some(value) => Transformed::yes(Expr::Literal(value.clone(), None)),
            None => Transformed::no(expr),
        });
    }
    let mut expr = expr;
    if let Some(subquery) = subquery_of_mut(&mut expr) {
        let bound = Arc::new(bind(&subquery.subquery, inner)?);
        *subquery = still_outer(Subquery { subquery: bound, ..subquery.clone() }, inner);
        return Ok(Transformed::yes(expr));
    }
    Ok(Transformed::no(expr))
}

/// A subquery that no longer lists the references that are values now.
fn still_outer(mut subquery: Subquery, values: &HashMap<Column, ScalarValue>) -> Subquery {
    subquery.outer_ref_columns.retain(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => !values.contains_key(column),
        _ => true,
    });
    subquery
}

fn without(values: &HashMap<Column, ScalarValue>, scope: &[&DFSchema]) -> HashMap<Column, ScalarValue> {
    let outside = values.iter().filter(|(column, _)| !scope.iter().any(|schema| schema.has_column(column)));
    outside.map(|(column, value)| (column.clone(), value.clone())).collect()
}
