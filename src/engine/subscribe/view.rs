//! From a query over one table to filters and projections that are evaluated on rows at hand.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::PhysicalExpr;
use tarn_catalog::predicate::Predicate;
use tarn_catalog::schema::TableSchema;

use crate::changes::subscription::{Stage, View};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::predicate_of;

/// A step of the plan, from the table upwards, with the columns that it works on.
struct Step<'a> {
    input: &'a DFSchema,
    work: Work<'a>,
}

enum Work<'a> {
    Filter(&'a Expr),
    Project(&'a [Expr], &'a DFSchema),
}

/// The view that a plan is, and what its filters say of the table's columns.
pub(super) fn compile(
    plan: &LogicalPlan,
    state: &SessionState,
    table: &TableSchema,
) -> Result<(View, Predicate)> {
    let mut steps = Vec::new();
    collect(plan, &mut steps)?;
    steps.reverse();
    let of_table = steps.iter().position(|step| matches!(step.work, Work::Project(..)));
    let filters: Vec<Expr> = steps
        .iter()
        .take(of_table.unwrap_or(steps.len()))
        .filter_map(|step| match step.work {
            Work::Filter(predicate) => Some(predicate.clone()),
            Work::Project(..) => None,
        })
        .collect();
    let columns: Vec<usize> = match of_table {
        Some(first) => used(&steps[..=first])?.into_iter().collect(),
        None => (0..table.fields.len()).collect(),
    };
    let mut stages = Vec::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        // Up to the first projection, only the columns that it and the filters need are there.
        let input = match of_table {
            Some(first) if place <= first => &narrowed(step.input, &columns)?,
            _ => step.input,
        };
        let physical = |expr: &Expr| -> Result<Arc<dyn PhysicalExpr>> {
            Ok(state.create_physical_expr(expr.clone().unalias(), input)?)
        };
        stages.push(match step.work {
            Work::Filter(predicate) => Stage::Filter(physical(predicate)?),
            Work::Project(exprs, schema) => Stage::Project {
                exprs: exprs.iter().map(physical).collect::<Result<_>>()?,
                schema: Arc::clone(schema.inner()),
            },
        });
    }
    Ok((View { columns, stages }, predicate_of(&filters, table)))
}

/// Refuses a plan that is no view of one table's rows.
pub(super) fn check_plan(plan: &LogicalPlan) -> Result<()> {
    collect(plan, &mut Vec::new())
}

/// The steps from the top down.
fn collect<'a>(plan: &'a LogicalPlan, steps: &mut Vec<Step<'a>>) -> Result<()> {
    match plan {
        LogicalPlan::TableScan(_) => Ok(()),
        LogicalPlan::SubqueryAlias(alias) => collect(&alias.input, steps),
        LogicalPlan::Filter(filter) => {
            check(&filter.predicate)?;
            let work = Work::Filter(&filter.predicate);
            steps.push(Step { input: filter.input.schema(), work });
            collect(&filter.input, steps)
        }
        LogicalPlan::Projection(projection) => {
            projection.expr.iter().try_for_each(check)?;
            let work = Work::Project(&projection.expr, &projection.schema);
            steps.push(Step { input: projection.input.schema(), work });
            collect(&projection.input, steps)
        }
        other => Err(unsupported(match other {
            LogicalPlan::Join(_) => "a join",
            LogicalPlan::Aggregate(_) => "an aggregate or GROUP BY",
            LogicalPlan::Sort(_) => "ORDER BY",
            LogicalPlan::Limit(_) => "LIMIT or OFFSET",
            LogicalPlan::Distinct(_) => "DISTINCT",
            LogicalPlan::Window(_) => "a window function",
            LogicalPlan::Union(_) => "UNION",
            LogicalPlan::Unnest(_) => "unnest",
            _ => "more than filters and projections of a table",
        })),
    }
}

/// What a row's place in the view follows from must be the row alone.
fn check(expr: &Expr) -> Result<()> {
    let is_subquery = |expr: &Expr| {
        matches!(
            expr,
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_)
        )
    };
    if expr.exists(|expr| Ok(is_subquery(expr)))? {
        return Err(unsupported("a subquery"));
    }
    if expr.exists(|expr| Ok(expr.is_volatile_node()))? {
        return Err(unsupported("a function that gives another value at each call"));
    }
    Ok(())
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("SUBSCRIBE to a query with {what} is not supported"))
        .with_hint("It follows filters and projections over one table.")
}

/// The columns of the table that these steps use.
fn used(steps: &[Step<'_>]) -> Result<BTreeSet<usize>> {
    let mut used = BTreeSet::new();
    for step in steps {
        let exprs = match step.work {
            Work::Filter(predicate) => std::slice::from_ref(predicate),
            Work::Project(exprs, _) => exprs,
        };
        for column in exprs.iter().flat_map(Expr::column_refs) {
            used.insert(step.input.index_of_column(column)?);
        }
    }
    Ok(used)
}

fn narrowed(schema: &DFSchema, columns: &[usize]) -> Result<DFSchema> {
    let fields = columns.iter().map(|column| schema.qualified_field(*column));
    let fields = fields.map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
    Ok(DFSchema::new_with_metadata(fields.collect(), Default::default())?)
}

/// The columns of the result that are these columns of the table as they are.
pub(super) fn plain_columns(plan: &LogicalPlan) -> Vec<Option<usize>> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => plain_columns(&alias.input),
        LogicalPlan::Filter(filter) => plain_columns(&filter.input),
        LogicalPlan::Projection(projection) => {
            let (below, input) = (plain_columns(&projection.input), projection.input.schema());
            let plain = |expr: &Expr| match expr.clone().unalias() {
                Expr::Column(column) => *below.get(input.index_of_column(&column).ok()?)?,
                _ => None,
            };
            projection.expr.iter().map(plain).collect()
        }
        LogicalPlan::TableScan(scan) => (0..scan.projected_schema.fields().len()).map(Some).collect(),
        _ => Vec::new(),
    }
}
