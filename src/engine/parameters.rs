//! Parameters of a statement: `$1`, `$2`, the types and the values that they have.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as PlanResult, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan};

use super::semantics;
use crate::error::{Error, ErrorKind, Result};

pub(super) fn field(data_type: &DataType) -> FieldRef {
    Arc::new(Field::new("parameter", data_type.clone(), true))
}

/// The types of `$1`, `$2`, ...: declared, else what the plan says first, else text as in Postgres.
pub(super) fn types(plan: &LogicalPlan, declared: &[Option<DataType>]) -> PlanResult<Vec<Option<DataType>>> {
    let mut types = declared.to_vec();
    plan.apply_with_subqueries(|node| {
        let integers = semantics::Integers::of(node);
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                // Outer expressions come first, and what is said first counts.
                match expr {
                    Expr::BinaryExpr(BinaryExpr { left, right, .. }) => {
                        for (operand, other) in [(left, right), (right, left)] {
                            if let Expr::Placeholder(parameter) = &**operand
                                && integers.is_integer(other)
                            {
                                tell(&mut types, parameter, &DataType::Int32);
                            }
                        }
                    }
                    Expr::Cast(cast) => {
                        if let Expr::Placeholder(parameter) = &*cast.expr {
                            tell(&mut types, parameter, cast.field.data_type());
                        }
                    }
                    // `x = ANY ($1)`
                    Expr::ScalarFunction(call) if call.name() == "array_has" => {
                        if let [Expr::Placeholder(parameter), element] = call.args.as_slice()
                            && let Some(element) = integers.type_of(element)
                        {
                            let list = DataType::List(Arc::new(Field::new_list_field(element, true)));
                            tell(&mut types, parameter, &list);
                        }
                    }
                    Expr::Placeholder(parameter) => {
                        let told = parameter.field.as_ref().map_or(&DataType::Null, |f| f.data_type());
                        tell(&mut types, parameter, told);
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    refuse_unknown(plan, &types)?;
    Ok(types.into_iter().map(|known| known.or(Some(DataType::Utf8))).collect())
}

/// `$1 IS NULL` alone says nothing of a type.
fn refuse_unknown(plan: &LogicalPlan, types: &[Option<DataType>]) -> PlanResult<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::IsNull(inner) | Expr::IsNotNull(inner) = expr
                    && let Expr::Placeholder(parameter) = &**inner
                    && index_of(&parameter.id).is_some_and(|index| !matches!(types.get(index), Some(Some(_))))
                {
                    let message = format!("could not determine data type of parameter {}", parameter.id);
                    let error = Error::new(ErrorKind::IndeterminateDatatype, message);
                    return Err(DataFusionError::External(Box::new(error)));
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

/// Notes a type of a parameter, if none is known yet; Null says none.
fn tell(types: &mut Vec<Option<DataType>>, parameter: &Placeholder, told: &DataType) {
    let Some(index) = index_of(&parameter.id) else { return };
    if types.len() <= index {
        types.resize(index + 1, None);
    }
    if let Some(slot) = types.get_mut(index).filter(|_| !told.is_null()) {
        slot.get_or_insert_with(|| told.clone());
    }
}

pub(super) fn with_types(plan: LogicalPlan, types: &[Option<DataType>]) -> PlanResult<LogicalPlan> {
    let typed = |expr: Expr| match expr {
        Expr::Placeholder(Placeholder { id, .. }) => {
            let told = index_of(&id).and_then(|index| types.get(index)?.as_ref()).map(field);
            Ok(Transformed::yes(Expr::Placeholder(Placeholder::new_with_field(id, told))))
        }
        other => Ok(Transformed::no(other)),
    };
    let plan = plan.transform_up_with_subqueries(|node| {
        node.map_expressions(|expr| expr.transform_up(typed))?
            .transform_data(|node| node.recompute_schema().map(Transformed::yes))
    })?;
    Ok(plan.data)
}

/// More parameters than a Postgres message can bind are a mistake, and must not size a vector.
const PARAMETERS_MAX: usize = 65_535;

fn index_of(id: &str) -> Option<usize> {
    let number: usize = id.strip_prefix('$')?.parse().ok()?;
    number.checked_sub(1).filter(|index| *index < PARAMETERS_MAX)
}

/// Puts the parameters' values into a plan, each cast to the type that the plan was made for.
pub(super) fn bind(
    plan: LogicalPlan,
    types: &[Option<DataType>],
    parameters: Vec<ScalarValue>,
) -> Result<LogicalPlan> {
    if parameters.len() < types.len() {
        let message = format!("there is no parameter ${}", parameters.len() + 1);
        return Err(Error::new(ErrorKind::UndefinedParameter, message));
    }
    if types.is_empty() {
        return Ok(plan);
    }
    let values: Result<Vec<ScalarValue>> = parameters
        .into_iter()
        .enumerate()
        .map(|(index, value)| match types.get(index).and_then(Option::as_ref) {
            Some(wanted) if value.data_type() != *wanted => Ok(value.cast_to(wanted)?),
            _ => Ok(value),
        })
        .collect();
    Ok(plan.with_param_values(values?)?)
}
