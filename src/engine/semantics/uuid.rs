//! UUIDs are texts in one spelling here: what they are compared with, and what is cast to them, is brought to it.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Between, Cast, InList};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use crate::error::{Error, ErrorKind};
use crate::pg::{TYPE_KEY, uuid_of};

/// A comparison of a UUID with a literal, or any other expression as it is.
pub(super) fn compared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { mut left, op, mut right }) => {
            let changed = compares(op)
                && (is_uuid(&left, schema) && spell(&mut right)?
                    || is_uuid(&right, schema) && spell(&mut left)?);
            Ok(changed_to(changed, Expr::BinaryExpr(BinaryExpr { left, op, right })))
        }
        Expr::InList(InList { expr, mut list, negated }) => {
            let mut changed = false;
            if is_uuid(&expr, schema) {
                for item in &mut list {
                    changed |= spell(item)?;
                }
            }
            Ok(changed_to(changed, Expr::InList(InList { expr, list, negated })))
        }
        Expr::Between(Between { expr, negated, mut low, mut high }) => {
            let is_uuid = is_uuid(&expr, schema);
            let changed = is_uuid && (spell(&mut low)? | spell(&mut high)?);
            Ok(changed_to(changed, Expr::Between(Between { expr, negated, low, high })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// A cast to UUID, of a literal or of a UUID.
pub(super) fn cast(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if !is_uuid_field(&cast.field) || is_uuid(&cast.expr, schema) {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let Cast { expr: mut inner, field } = cast;
    match inner.as_ref() {
        Expr::Literal(..) => {
            let changed = spell(&mut inner)?;
            Ok(changed_to(changed, Expr::Cast(Cast { expr: inner, field })))
        }
        Expr::Placeholder(_) => Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field }))),
        _ => {
            let error = Error::new(ErrorKind::Unsupported, "casts of texts that are no literals to uuid");
            Err(DataFusionError::External(Box::new(error)))
        }
    }
}

fn compares(op: Operator) -> bool {
    use Operator as O;
    matches!(
        op,
        O::Eq | O::NotEq | O::Lt | O::LtEq | O::Gt | O::GtEq | O::IsDistinctFrom | O::IsNotDistinctFrom
    )
}

fn changed_to(changed: bool, expr: Expr) -> Transformed<Expr> {
    if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
}

fn is_uuid(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| is_uuid_field(&field))
}

fn is_uuid_field(field: &Field) -> bool {
    let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    is_text && field.metadata().get(TYPE_KEY).is_some_and(|name| name == "uuid")
}

/// Brings a literal to the spelling in which UUIDs are kept; whether it was another.
fn spell(expr: &mut Expr) -> Result<bool> {
    let Expr::Literal(
        ScalarValue::Utf8(Some(text))
        | ScalarValue::Utf8View(Some(text))
        | ScalarValue::LargeUtf8(Some(text)),
        _,
    ) = expr
    else {
        return Ok(false);
    };
    let uuid = uuid_of(text.trim()).ok_or_else(|| {
        let message = format!("invalid input syntax for type uuid: \"{text}\"");
        DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidText, message)))
    })?;
    let spelled = uuid.hyphenated().to_string();
    let changed = *text != spelled;
    *text = spelled;
    Ok(changed)
}
