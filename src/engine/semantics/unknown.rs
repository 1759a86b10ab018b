//! A literal text beside a number is a number of that type: `1 + '2'`. DataFusion refuses it.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, ErrorKind};
use crate::pg::decimal_of_text;

/// Reads texts beside numbers in arithmetic.
#[derive(Debug)]
pub(in crate::engine) struct UnknownPlanner;

impl ExprPlanner for UnknownPlanner {
    fn plan_binary_op(
        &self,
        mut expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let is_arithmetic = matches!(
            expr.op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
        );
        if is_arithmetic {
            if let Some(value) = beside(&expr.left, &expr.right, schema)? {
                expr.right = value;
            } else if let Some(value) = beside(&expr.right, &expr.left, schema)? {
                expr.left = value;
            }
        }
        Ok(PlannerResult::Original(expr))
    }
}

/// What a literal text is beside a number.
fn beside(number: &Expr, literal: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = literal else { return Ok(None) };
    let value = match number.get_type(schema)? {
        integer if integer.is_integer() => {
            let value = text.trim().parse().map_err(|_| {
                let message = format!("invalid input syntax for type integer: \"{text}\"");
                external(Error::new(ErrorKind::InvalidText, message))
            })?;
            Expr::Literal(ScalarValue::Int64(Some(value)), None)
        }
        DataType::Decimal128(..) => Expr::Literal(decimal_of_text(text.trim()).map_err(external)?, None),
        float @ (DataType::Float32 | DataType::Float64) => {
            Expr::Cast(Cast::new(Box::new(literal.clone()), float))
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
