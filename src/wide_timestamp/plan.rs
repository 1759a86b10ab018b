//! The change of a plan that keeps wide timestamps whole.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, internal_datafusion_err};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::logical_plan::{TableScan, TableScanBuilder};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, LogicalPlanBuilder, Union};

use super::expression::Scope;
use super::function::narrowed;
use crate::engine::wide_provider;

/// The plan with tables that give their timestamps whole. Its result has the same columns; those that are
/// a table's as they stand are wide.
pub(crate) fn keep_wide(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(widen(&plan)?.unwrap_or(plan))
}

/// `None` where nothing changes.
fn widen(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    if let LogicalPlan::TableScan(scan) = plan {
        return wide_scan(scan);
    }
    let old = plan.inputs();
    let new = old.iter().map(|input| widen(input)).collect::<Result<Vec<_>>>()?;
    if new.iter().all(Option::is_none) {
        return Ok(None);
    }
    let new = old.iter().zip(new).map(|(old, new)| new.unwrap_or_else(|| (*old).clone()));
    let new = new.collect::<Vec<_>>();
    let carried = carries_wide(plan, &new) && !has_correlated_subquery(plan)?;
    if carried { carried_up(plan, new).map(Some) } else { over_narrow(plan, new).map(Some) }
}

fn wide_scan(scan: &TableScan) -> Result<Option<LogicalPlan>> {
    let Some(provider) = source_as_provider(&scan.source).ok().and_then(|table| wide_provider(&table)) else {
        return Ok(None);
    };
    if !scan.filters.is_empty() {
        return Ok(None);
    }
    let (source, projection) = (provider_as_source(provider), scan.projection.clone());
    let wide = TableScanBuilder::new(scan.table_name.clone(), source);
    let wide = wide.with_projection(projection).with_fetch(scan.fetch).build()?;
    let is_same = types(&wide.projected_schema).eq(types(&scan.projected_schema));
    Ok((!is_same).then_some(LogicalPlan::TableScan(wide)))
}

fn types(schema: &DFSchema) -> impl Iterator<Item = &DataType> {
    schema.fields().iter().map(|field| field.data_type())
}

/// Whether a node works on inputs with wide columns; the others get them narrowed.
fn carries_wide(plan: &LogicalPlan, inputs: &[LogicalPlan]) -> bool {
    match plan {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => true,
        LogicalPlan::Aggregate(aggregate) => {
            !aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)))
        }
        LogicalPlan::Union(_) => {
            inputs.windows(2).all(|pair| types(pair[0].schema()).eq(types(pair[1].schema())))
        }
        _ => false,
    }
}

/// Subqueries read the outer row's columns as they were.
fn has_correlated_subquery(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        expr.apply(|expr| {
            let subquery = match expr {
                Expr::ScalarSubquery(subquery) => subquery,
                Expr::Exists(exists) => &exists.subquery,
                Expr::InSubquery(within) => &within.subquery,
                Expr::SetComparison(comparison) => &comparison.subquery,
                _ => return Ok(TreeNodeRecursion::Continue),
            };
            subquery.subquery.apply_with_subqueries(|node| {
                node.apply_expressions(|expr| {
                    found |= expr.contains_outer();
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })
    })?;
    Ok(found)
}

/// The node over its inputs as they were before, which are the new ones narrowed.
fn over_narrow(plan: &LogicalPlan, new: Vec<LogicalPlan>) -> Result<LogicalPlan> {
    let narrow = plan.inputs().into_iter().zip(new).map(|(old, new)| narrow_again(new, old.schema()));
    let mut narrow = narrow.collect::<Result<Vec<_>>>()?.into_iter();
    let next = |_| {
        let input =
            narrow.next().ok_or_else(|| internal_datafusion_err!("a plan has more inputs than it had"));
        input.map(Transformed::yes)
    };
    Ok(plan.clone().map_children(next)?.data)
}

fn narrow_again(plan: LogicalPlan, old: &DFSchema) -> Result<LogicalPlan> {
    if types(plan.schema()).eq(types(old)) {
        return Ok(plan);
    }
    let columns = plan.schema().iter().zip(old.fields()).map(|((qualifier, field), old)| {
        let column = Expr::from((qualifier, field));
        match field.data_type() == old.data_type() {
            true => column,
            false => {
                narrowed(column, old.data_type().clone()).alias_qualified(qualifier.cloned(), field.name())
            }
        }
    });
    let columns = columns.collect::<Vec<_>>();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

fn carried_up(plan: &LogicalPlan, new: Vec<LogicalPlan>) -> Result<LogicalPlan> {
    if let LogicalPlan::Union(union) = plan {
        return union_of(union, new);
    }
    let scope =
        Scope { old: merge_schema(&plan.inputs()), new: merge_schema(&new.iter().collect::<Vec<_>>()) };
    let names = NamePreserver::new(plan);
    let kept = |exprs: Vec<Expr>, change: &dyn Fn(Expr) -> Result<Expr>| {
        exprs
            .into_iter()
            .map(|expr| {
                let name = names.save(&expr);
                change(expr).map(|expr| name.restore(expr))
            })
            .collect::<Result<Vec<_>>>()
    };
    let mut exprs = plan.expressions();
    let exprs = match plan {
        LogicalPlan::Projection(_) => kept(exprs, &|expr| scope.any_type(expr))?,
        LogicalPlan::Sort(_) => exprs.into_iter().map(|expr| scope.any_type(expr)).collect::<Result<_>>()?,
        LogicalPlan::Window(_) => kept(exprs, &|expr| scope.window(expr))?,
        LogicalPlan::Aggregate(aggregate) => {
            let aggregates = exprs.split_off(aggregate.group_expr.len());
            let mut groups = kept(exprs, &|expr| scope.any_type(expr))?;
            groups.extend(kept(aggregates, &|expr| scope.aggregate(expr))?);
            groups
        }
        LogicalPlan::Join(join) => {
            let mut changed = Vec::with_capacity(exprs.len());
            for (left, right) in &join.on {
                let (left, right) = scope.sides(left.clone(), right.clone())?;
                changed.extend([left, right]);
            }
            changed.extend(join.filter.clone().map(|filter| scope.same_type(filter)).transpose()?);
            changed
        }
        _ => exprs.into_iter().map(|expr| scope.same_type(expr)).collect::<Result<_>>()?,
    };
    plan.with_new_exprs(exprs, new)
}

fn union_of(union: &Union, inputs: Vec<LogicalPlan>) -> Result<LogicalPlan> {
    let first = inputs.first().ok_or_else(|| internal_datafusion_err!("a union of nothing"))?;
    let fields = union.schema.iter().zip(first.schema().fields()).map(|((qualifier, field), input)| {
        let field = field.as_ref().clone().with_data_type(input.data_type().clone());
        (qualifier.cloned(), Arc::new(field))
    });
    let schema = DFSchema::new_with_metadata(fields.collect(), HashMap::new())?;
    let inputs = inputs.into_iter().map(Arc::new).collect();
    Ok(LogicalPlan::Union(Union { inputs, schema: Arc::new(schema) }))
}
