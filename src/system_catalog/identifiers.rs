//! Values that are identifiers and show as names (`regclass` and its like), in a plan.
//!
//! Their columns hold identifiers, so that `typreceive <> 0` and joins need nothing. Here a plan
//! learns what the type says beside: as a text such a value is its name, a literal beside it is a
//! name to be looked up, and as a result it shows as its name.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Alias, Cast, InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Like, LogicalPlan, LogicalPlanBuilder, Operator,
};

use super::cell::{Cell, array_of};
use super::functions::{self, REG_TYPES};
use super::view::CatalogView;
use crate::pg::types::TYPE_KEY;

/// Settles what identifiers with names mean in a plan, and shows them by name in its result.
pub fn settle(plan: LogicalPlan, view: &Arc<CatalogView>) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let schema = match &node {
            LogicalPlan::TableScan(scan) => scan.projected_schema.as_ref().clone(),
            other => merge_schema(&other.inputs()),
        };
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let settled = expr.transform_up(|expr| settle_expr(expr, &schema, view))?;
            Ok(settled.update_data(|expr| name.restore(expr)))
        })?;
        node.transform_data(|node| node.recompute_schema().map(Transformed::yes))
    })?;
    show_names(plan.data, view)
}

/// The type of an expression, where its values are identifiers with names.
fn reg_type(expr: &Expr, schema: &DFSchema) -> Option<&'static str> {
    let (_, field) = expr.to_field(schema).ok()?;
    of_field(&field)
}

fn of_field(field: &Field) -> Option<&'static str> {
    let named = field.metadata().get(TYPE_KEY).filter(|_| field.data_type().is_integer())?;
    REG_TYPES.into_iter().find(|known| known == named)
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_literal_text(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::LargeUtf8(_), _)
    )
}

/// `regclassin(...)`, `regclassout(...)`.
fn call(reg: &str, direction: &str, view: &Arc<CatalogView>, arg: Expr) -> Expr {
    match functions::find(&format!("{reg}{direction}"), view) {
        Some(function) => Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![arg])),
        None => arg,
    }
}

fn settle_expr(expr: Expr, schema: &DFSchema, view: &Arc<CatalogView>) -> Result<Transformed<Expr>> {
    let shown = |expr: &mut Box<Expr>| {
        let reg = reg_type(expr, schema);
        if let Some(reg) = reg {
            **expr = call(reg, "out", view, (**expr).clone());
        }
        reg.is_some()
    };
    let read = |expr: &mut Expr, reg: &str| *expr = call(reg, "in", view, expr.clone());
    match expr {
        Expr::Cast(Cast { expr: inner, field }) if is_text(field.data_type()) => {
            Ok(match reg_type(&inner, schema) {
                Some(reg) => Transformed::yes(call(reg, "out", view, *inner)),
                None => Transformed::no(Expr::Cast(Cast { expr: inner, field })),
            })
        }
        Expr::BinaryExpr(BinaryExpr { mut left, op, mut right }) => {
            let changed = if is_of_text(op) {
                let sides = [shown(&mut left), shown(&mut right)];
                sides.contains(&true)
            } else {
                let literals = [as_list(&left, &right, schema), as_list(&right, &left, schema)];
                if let [Some(literal), _] = literals {
                    *right = literal;
                } else if let [_, Some(literal)] = literals {
                    *left = literal;
                }
                match (reg_type(&left, schema), reg_type(&right, schema)) {
                    (Some(reg), None) if is_literal_text(&right) => {
                        read(&mut right, reg);
                        true
                    }
                    (None, Some(reg)) if is_literal_text(&left) => {
                        read(&mut left, reg);
                        true
                    }
                    _ => false,
                }
            };
            let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::Like(mut like) => {
            let changed = shown(&mut like.expr);
            let expr = Expr::Like(Like { ..like });
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::InList(InList { expr: inner, mut list, negated }) => {
            let reg = reg_type(&inner, schema);
            if let Some(reg) = reg {
                list.iter_mut().filter(|item| is_literal_text(item)).for_each(|item| read(item, reg));
            }
            let expr = Expr::InList(InList { expr: inner, list, negated });
            Ok(if reg.is_some() { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        other => Ok(Transformed::no(other)),
    }
}

/// A literal beside an array is an array of the same type: `polroles = '{0}'`.
fn as_list(list: &Expr, literal: &Expr, schema: &DFSchema) -> Option<Expr> {
    let data_type = list.get_type(schema).ok()?;
    let DataType::List(item) = &data_type else { return None };
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = literal else { return None };
    let cell = |part: Option<String>| match part {
        None => Some(Cell::Null),
        Some(part) if item.data_type().is_integer() => part.parse().ok().map(Cell::Int),
        Some(part) => Some(Cell::text(part)),
    };
    let cells = crate::sql::array_items(text)?.into_iter().map(cell).collect::<Option<Vec<Cell>>>()?;
    let array = array_of(&[Cell::List(cells)], &data_type).ok()?;
    Some(Expr::Literal(ScalarValue::try_from_array(&array, 0).ok()?, None))
}

/// Operators that take texts alone.
fn is_of_text(op: Operator) -> bool {
    matches!(
        op,
        Operator::StringConcat
            | Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
            | Operator::LikeMatch
            | Operator::ILikeMatch
            | Operator::NotLikeMatch
            | Operator::NotILikeMatch
    )
}

/// A last projection, where the result has identifiers with names.
fn show_names(plan: LogicalPlan, view: &Arc<CatalogView>) -> Result<LogicalPlan> {
    if !plan.schema().fields().iter().any(|field| of_field(field).is_some()) {
        return Ok(plan);
    }
    let columns = plan.schema().iter().map(|(qualifier, field)| {
        let column = Expr::from((qualifier, field));
        match of_field(field) {
            None => column,
            Some(reg) => Expr::Alias(Alias {
                expr: Box::new(call(reg, "out", view, column)),
                relation: qualifier.cloned(),
                name: field.name().clone(),
                metadata: Some(FieldMetadata::from(
                    field.metadata().clone().into_iter().collect::<std::collections::HashMap<_, _>>(),
                )),
            }),
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
