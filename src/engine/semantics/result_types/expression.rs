//! The types of expressions in Postgres.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use super::{PgType, columns};
use crate::engine::semantics::character;
use crate::pg::types::TYPE_KEY;
use crate::sql::ARRAY_OF_ROWS;
use crate::system_catalog;

/// What the expressions of a node work on: its schema, and the types of its columns.
pub(in crate::engine::semantics) struct Input<'a> {
    schema: &'a DFSchema,
    types: Vec<PgType>,
}

impl<'a> Input<'a> {
    pub fn of(plan: &'a LogicalPlan) -> Self {
        Self { schema: plan.schema(), types: columns(plan) }
    }

    /// For expressions without columns.
    pub(super) fn nothing(schema: &'a DFSchema) -> Self {
        Self { schema, types: Vec::new() }
    }

    pub fn schema(&self) -> &DFSchema {
        self.schema
    }

    /// Whether an expression over these columns is no wider than `integer`, or an array of those.
    pub fn is_narrow(&self, expr: &Expr) -> bool {
        self.type_of(expr) == PgType::Integer
    }

    pub(super) fn types<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Vec<PgType> {
        exprs.map(|expr| self.type_of(expr)).collect()
    }

    pub(super) fn into_types(self) -> Vec<PgType> {
        self.types
    }

    pub(super) fn type_of(&self, expr: &Expr) -> PgType {
        match expr {
            Expr::Alias(alias) => match alias.metadata.as_ref().and_then(|said| said.inner().get(TYPE_KEY)) {
                Some(name) => PgType::Named(name.clone(), -1),
                None => self.type_of(&alias.expr),
            },
            Expr::Literal(value, metadata) => match metadata.as_ref().and_then(|m| m.inner().get(TYPE_KEY)) {
                Some(name) => PgType::Named(name.clone(), -1),
                None => of_literal(value),
            },
            Expr::Column(column) => {
                let at = self.schema.maybe_index_of_column(column);
                at.and_then(|at| self.types.get(at).cloned()).unwrap_or(PgType::OfArrow)
            }
            Expr::OuterReferenceColumn(field, _) => PgType::of_field(field).computed(),
            Expr::Placeholder(parameter) => match &parameter.field {
                Some(field) => PgType::of_field(field).computed(),
                None => PgType::Open,
            },
            // DataFusion casts the NULLs of VALUES and UNION to the type of their column.
            Expr::Cast(cast) if cast.expr.get_type(self.schema).is_ok_and(|found| found.is_null()) => {
                match PgType::of_field(&cast.field) {
                    PgType::OfArrow => PgType::Open,
                    said => said,
                }
            }
            Expr::Cast(cast) => PgType::of_field(&cast.field),
            Expr::TryCast(cast) => PgType::of_field(&cast.field),
            Expr::Negative(inner) => self.type_of(inner).computed(),
            Expr::BinaryExpr(binary) => self.of_binary(binary),
            Expr::Case(case) => {
                let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
                self.together(results.chain(case.else_expr.as_deref()))
            }
            Expr::ScalarFunction(call) => self.of_call(call, expr),
            Expr::AggregateFunction(AggregateFunction { func, params }) => {
                self.of_many(func.name(), &params.args, expr)
            }
            Expr::WindowFunction(window) => {
                let WindowFunction { fun, params } = window.as_ref();
                self.of_many(fun.name(), &params.args, expr)
            }
            Expr::ScalarSubquery(subquery) => {
                columns(&subquery.subquery).into_iter().next().unwrap_or(PgType::OfArrow).closed()
            }
            Expr::Unnest(unnest) => self.type_of(&unnest.expr).element(),
            _ => PgType::OfArrow,
        }
    }

    fn together<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> PgType {
        PgType::together(exprs.map(|expr| self.type_of(expr)))
    }

    fn first(&self, args: &[Expr]) -> PgType {
        args.first().map_or(PgType::OfArrow, |arg| self.type_of(arg))
    }

    fn of_call(&self, call: &ScalarFunction, expr: &Expr) -> PgType {
        let ScalarFunction { func, args } = call;
        let integers = || match self.together(args.iter()) {
            PgType::Integer => PgType::Integer,
            _ => PgType::OfArrow,
        };
        match func.name() {
            "coalesce" | "greatest" | "least" => self.together(args.iter()).closed(),
            "nullif" => self.first(args).closed(),
            "make_array" => self.together(args.iter()).array(),
            ARRAY_OF_ROWS => self.first(args).array().computed(),
            "array_element" => self.first(args).element(),
            "abs" | "mod" | "gcd" | "lcm" | "generate_series" => integers(),
            "array_length" | "cardinality" | "array_ndims" | "array_position" | "array_positions" => {
                PgType::Integer
            }
            "array_append" | "array_prepend" | "array_concat" | "array_remove_all" | "array_replace_all" => {
                integers()
            }
            "array_slice" | "array_sort" | "array_distinct" | "array_reverse" => self.first(args).computed(),
            name => {
                let field = expr.to_field(self.schema).ok();
                match field.map(|(_, field)| PgType::of_field(&field)) {
                    Some(PgType::Integer) => PgType::Integer,
                    // DataFusion's functions hand on what is said of their arguments.
                    Some(named) if says_its_type(name) => named,
                    _ => PgType::OfArrow,
                }
            }
        }
    }

    /// The type of what a function over many rows gives.
    fn of_many(&self, function: &str, args: &[Expr], expr: &Expr) -> PgType {
        match function {
            // Those of text are over `text` itself.
            "min" | "max" => match self.first(args).computed() {
                PgType::Named(name, _) if matches!(name.as_str(), "varchar" | "name") => PgType::OfArrow,
                other => other.closed(),
            },
            "first_value" | "last_value" | "nth_value" | "lag" | "lead" | "bit_and" | "bit_or"
            | "bit_xor" => self.first(args).computed().closed(),
            "array_agg" => self.first(args).computed().array(),
            "ntile" => PgType::Integer,
            _ => match expr.get_type(self.schema) {
                Ok(DataType::Int8 | DataType::Int16 | DataType::Int32) => PgType::Integer,
                _ => PgType::OfArrow,
            },
        }
    }

    fn of_binary(&self, binary: &BinaryExpr) -> PgType {
        let BinaryExpr { left, op, right } = binary;
        let date = |expr: &Expr| matches!(expr.get_type(self.schema), Ok(DataType::Date32));
        let narrow = match op {
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
            | Operator::BitwiseShiftRight => self.is_narrow(left) && self.is_narrow(right),
            _ => false,
        };
        if narrow { PgType::Integer } else { PgType::OfArrow }
    }
}

/// Which operands of a node's expressions are `integer`.
pub(in crate::engine) struct Integers<'a>(Input<'a>);

impl<'a> Integers<'a> {
    pub fn of(node: &'a LogicalPlan) -> Self {
        match node.inputs().as_slice() {
            [input] => Self(Input::of(input)),
            _ => Self(Input::nothing(node.schema())),
        }
    }

    /// The Arrow type of an expression over the node's input; an integer's is its announced one.
    pub fn type_of(&self, expr: &Expr) -> Option<DataType> {
        match expr.get_type(self.0.schema).ok()? {
            DataType::Int64 if self.0.is_narrow(expr) => Some(DataType::Int32),
            DataType::Null => None,
            found => Some(found),
        }
    }

    pub fn is_integer(&self, expr: &Expr) -> bool {
        let width = expr.get_type(self.0.schema);
        // A smallint makes its partner one.
        let wide = matches!(width, Ok(DataType::Int32 | DataType::Int64));
        wide && self.0.is_narrow(expr)
    }
}

/// Whether a constant is `integer`.
pub(in crate::engine) fn is_integer(constant: &Expr) -> bool {
    Input::nothing(&DFSchema::empty()).is_narrow(constant)
}

fn of_literal(value: &ScalarValue) -> PgType {
    match value {
        ScalarValue::Null | ScalarValue::Int64(None) | ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) => {
            PgType::Open
        }
        ScalarValue::Int64(Some(value)) if i32::try_from(*value).is_ok() => PgType::Integer,
        _ => PgType::OfArrow,
    }
}

/// Whether a function's own field says its type.
fn says_its_type(function: &str) -> bool {
    function == character::NAME || system_catalog::function_names().any(|known| known == function)
}
