//! Literals of arrays and of times in all forms that Postgres reads.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Cast;

use crate::pg::array_of_text;
use crate::settings::with_seconds;

/// A literal text that is cast, as DataFusion reads it.
pub(super) fn cast_text(cast: Cast) -> Result<Transformed<Expr>> {
    let text = match cast.expr.as_ref() {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => text,
        _ => return Ok(Transformed::no(Expr::Cast(cast))),
    };
    let value = match cast.field.data_type() {
        DataType::List(_) => {
            let array = array_of_text(text, &cast.field);
            array.map_err(|error| DataFusionError::External(Box::new(error)))?
        }
        DataType::Timestamp(..) => match with_seconds(text) {
            completed if completed == *text => return Ok(Transformed::no(Expr::Cast(cast))),
            completed => ScalarValue::Utf8(Some(completed)),
        },
        _ => return Ok(Transformed::no(Expr::Cast(cast))),
    };
    let expr = Box::new(Expr::Literal(value, None));
    Ok(Transformed::yes(Expr::Cast(Cast { expr, field: cast.field })))
}
