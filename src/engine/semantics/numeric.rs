//! Numbers of type `numeric`, whose digits after the point are part of the value in Postgres: a cast to
//! `numeric` keeps them, `floor` and `ceil` leave none.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable};

use crate::pg::decimal_of_text;
use crate::pg::types::{TYPE_KEY, TYPMOD_KEY};

/// Digits of the widest integer.
const BIGINT_DIGITS: u8 = 19;

/// A literal that is too long for `bigint` is `numeric`.
pub(super) fn literal(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::Literal(ScalarValue::UInt64(Some(value)), metadata) => {
            let value = ScalarValue::Decimal128(Some(i128::from(value)), 20, 0);
            Transformed::yes(Expr::Literal(value, metadata))
        }
        other => Transformed::no(other),
    }
}

/// A cast to `numeric` without precision: to the digits that there are, where they are known.
pub(super) fn as_it_is(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let said = |key: &str| cast.field.metadata().get(key);
    let is_open = said(TYPE_KEY).is_some_and(|name| name == "numeric") && said(TYPMOD_KEY).is_none();
    if !is_open {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let Cast { expr, field } = cast;
    if let Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) = &*expr {
        let value = decimal_of_text(text.trim()).map_err(|e| DataFusionError::External(Box::new(e)))?;
        return Ok(Transformed::yes(Expr::Literal(value, None)));
    }
    if let Expr::Literal(ScalarValue::Int64(Some(value)), _) = &*expr {
        let value = ScalarValue::Decimal128(Some(i128::from(*value)), BIGINT_DIGITS, 0);
        return Ok(Transformed::yes(Expr::Literal(value, None)));
    }
    let data_type = match expr.get_type(schema) {
        Ok(decimal @ (DataType::Decimal128(..) | DataType::Decimal256(..))) => decimal,
        Ok(integer) if integer.is_signed_integer() => DataType::Decimal128(BIGINT_DIGITS, 0),
        _ => return Ok(Transformed::no(Expr::Cast(Cast { expr, field }))),
    };
    let is_settled = field.data_type() == &data_type;
    let field = Arc::new(field.as_ref().clone().with_data_type(data_type));
    let cast = Expr::Cast(Cast { expr, field });
    Ok(if is_settled { Transformed::no(cast) } else { Transformed::yes(cast) })
}

/// `floor` and `ceil` of a decimal have no digits after the point.
pub(super) fn whole(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let target = match (call.name(), call.args.as_slice()) {
        ("floor" | "ceil", [arg]) => match arg.get_type(schema) {
            Ok(DataType::Decimal128(precision, scale)) if scale > 0 => {
                let digits = precision.saturating_sub(scale.unsigned_abs()) + 1;
                Some(DataType::Decimal128(digits.min(DECIMAL128_MAX_PRECISION), 0))
            }
            _ => None,
        },
        _ => None,
    };
    let call = Expr::ScalarFunction(call);
    Ok(match target {
        Some(target) => Transformed::yes(Expr::Cast(Cast::new(Box::new(call), target))),
        None => Transformed::no(call),
    })
}
