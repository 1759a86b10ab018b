//! Integers in results have the type that they have in Postgres: a literal is `integer` where
//! DataFusion makes all of them 64 bits wide, ranks are `bigint` where DataFusion counts without a sign.
//!
//! The work is done at DataFusion's width; the result is cast at its very end, and a value that does
//! not fit is the error that it is in Postgres.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Cast, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Operator,
};

/// The plan with its results cast. Types must not have been coerced yet: coercion's casts look like
/// those that were written.
pub(super) fn as_announced(plan: LogicalPlan) -> Result<LogicalPlan> {
    let narrow = columns(&plan);
    let types: Vec<(DataType, DataType)> = plan
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let narrow = narrow.get(at).copied().unwrap_or(false);
            (field.data_type().clone(), announced(field.data_type(), narrow))
        })
        .collect();
    if types.iter().all(|(is, wanted)| is == wanted) {
        return Ok(plan);
    }
    let exprs = plan.schema().columns().into_iter().zip(types).map(|(column, (is, wanted))| {
        let (relation, name) = (column.relation.clone(), column.name.clone());
        match is == wanted {
            true => Expr::Column(column),
            false => {
                Expr::Cast(Cast::new(Box::new(Expr::Column(column)), wanted)).alias_qualified(relation, name)
            }
        }
    });
    LogicalPlanBuilder::from(plan.clone()).project(exprs.collect::<Vec<_>>())?.build()
}

fn announced(data_type: &DataType, narrow: bool) -> DataType {
    match data_type {
        DataType::UInt64 => DataType::Int64,
        DataType::Int64 if narrow => DataType::Int32,
        DataType::List(item) if narrow => {
            let item_type = announced(item.data_type(), narrow);
            let item: FieldRef = Arc::new(Field::new(item.name(), item_type, item.is_nullable()));
            DataType::List(item)
        }
        other => other.clone(),
    }
}

/// What the expressions of a node work on: its schema, and which of its columns are `integer`.
pub(super) struct Input<'a> {
    schema: &'a DFSchema,
    narrow: Vec<bool>,
}

impl<'a> Input<'a> {
    pub(super) fn of(plan: &'a LogicalPlan) -> Self {
        Self { schema: plan.schema(), narrow: columns(plan) }
    }

    pub(super) fn schema(&self) -> &DFSchema {
        self.schema
    }

    /// Whether an expression over these columns is `integer`, or an array of it, in Postgres.
    pub(super) fn is_narrow(&self, expr: &Expr) -> bool {
        is_narrow(expr, self)
    }

    fn flags<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Vec<bool> {
        exprs.map(|expr| is_narrow(expr, self)).collect()
    }
}

/// Which columns of a plan's result are `integer`, or arrays of it, in Postgres.
fn columns(plan: &LogicalPlan) -> Vec<bool> {
    let nothing = || vec![false; plan.schema().fields().len()];
    match plan {
        LogicalPlan::Projection(projection) => Input::of(&projection.input).flags(projection.expr.iter()),
        LogicalPlan::Values(values) => {
            let input = Input { schema: &values.schema, narrow: Vec::new() };
            (0..values.schema.fields().len())
                .map(|at| together(values.values.iter().filter_map(|row| row.get(at)), &input))
                .collect()
        }
        LogicalPlan::Filter(filter) => columns(&filter.input),
        LogicalPlan::Sort(sort) => columns(&sort.input),
        LogicalPlan::Limit(limit) => columns(&limit.input),
        LogicalPlan::SubqueryAlias(alias) => columns(&alias.input),
        LogicalPlan::Distinct(Distinct::All(input)) => columns(input),
        LogicalPlan::Union(union) => union
            .inputs
            .iter()
            .map(|input| columns(input))
            .reduce(|all, one| all.iter().zip(&one).map(|(a, b)| *a && *b).collect())
            .unwrap_or_else(nothing),
        LogicalPlan::Aggregate(aggregate) => of_aggregate(aggregate).unwrap_or_else(nothing),
        LogicalPlan::Join(Join { left, right, schema, .. }) => {
            let sides = [columns(left), columns(right)].concat();
            if sides.len() == schema.fields().len() { sides } else { nothing() }
        }
        LogicalPlan::Window(window) => {
            let input = Input::of(&window.input);
            let own = input.flags(window.window_expr.iter());
            [input.narrow, own].concat()
        }
        LogicalPlan::TableScan(_) => {
            plan.schema().fields().iter().map(|field| is_integer(field.data_type())).collect()
        }
        _ => nothing(),
    }
}

fn of_aggregate(aggregate: &Aggregate) -> Option<Vec<bool>> {
    let exprs = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
    let narrow = Input::of(&aggregate.input).flags(exprs);
    (narrow.len() == aggregate.schema.fields().len()).then_some(narrow)
}

fn is_integer(data_type: &DataType) -> bool {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => true,
        DataType::List(item) => is_integer(item.data_type()),
        _ => false,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if *value == ScalarValue::Null)
}

/// Whether alternatives have the type together: NULLs have any, but not alone.
fn together<'a>(mut exprs: impl Iterator<Item = &'a Expr>, input: &Input<'_>) -> bool {
    let mut some = false;
    exprs.all(|expr| {
        is_null(expr) || {
            some = true;
            is_narrow(expr, input)
        }
    }) && some
}

fn is_narrow(expr: &Expr, input: &Input<'_>) -> bool {
    match expr {
        Expr::Alias(alias) => is_narrow(&alias.expr, input),
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => i32::try_from(*value).is_ok(),
        Expr::Column(column) => match input.schema.maybe_index_of_column(column) {
            Some(at) => input.narrow.get(at).copied().unwrap_or(false),
            None => false,
        },
        Expr::Cast(cast) => is_integer(cast.field.data_type()),
        Expr::TryCast(cast) => is_integer(cast.field.data_type()),
        Expr::Negative(inner) => is_narrow(inner, input),
        Expr::BinaryExpr(binary) => of_binary(binary, input),
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            together(results.chain(case.else_expr.as_deref()), input)
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) => match func.name() {
            "coalesce" | "greatest" | "least" | "nullif" | "make_array" => together(args.iter(), input),
            "abs" => together(args.iter(), input),
            "array_element" => args.first().is_some_and(|array| is_narrow(array, input)),
            _ => false,
        },
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            keeps_type(func.name()) && together(params.args.iter().take(1), input)
        }
        Expr::WindowFunction(window) => {
            let WindowFunction { fun, params } = window.as_ref();
            keeps_type(fun.name()) && together(params.args.iter().take(1), input)
        }
        Expr::ScalarSubquery(subquery) => columns(&subquery.subquery).first().copied().unwrap_or(false),
        _ => false,
    }
}

/// Functions over many rows whose result is one of the values, or all of them.
fn keeps_type(function: &str) -> bool {
    matches!(
        function,
        "min" | "max" | "first_value" | "last_value" | "nth_value" | "lag" | "lead" | "array_agg"
    )
}

fn of_binary(binary: &BinaryExpr, input: &Input<'_>) -> bool {
    let BinaryExpr { left, op, right } = binary;
    let date = |expr: &Expr| matches!(expr.get_type(input.schema), Ok(DataType::Date32));
    match op {
        Operator::Minus if date(left) && date(right) => true,
        Operator::Plus
        | Operator::Minus
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo
        | Operator::BitwiseAnd
        | Operator::BitwiseOr
        | Operator::BitwiseXor
        | Operator::BitwiseShiftLeft
        | Operator::BitwiseShiftRight => is_narrow(left, input) && is_narrow(right, input),
        _ => false,
    }
}
