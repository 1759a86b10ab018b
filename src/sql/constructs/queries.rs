//! Parts of queries beside expressions.

use datafusion::sql::sqlparser::ast::{Expr, LimitClause, Query, SetExpr, Value};

use super::call;

/// The name of the function that hides what is known of a value's type.
pub(crate) const PLAIN_VALUE: &str = "plain value";

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`. What there is more of is left to be refused.
pub(super) fn fetch_as_limit(query: &mut Query) {
    let Some(fetch) = &query.fetch else { return };
    if fetch.with_ties || fetch.percent {
        return;
    }
    let one = || Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
    let count = fetch.quantity.clone().unwrap_or_else(one);
    match &mut query.limit_clause {
        None => {
            let clause = LimitClause::LimitOffset { limit: Some(count), offset: None, limit_by: vec![] };
            query.limit_clause = Some(clause);
        }
        Some(LimitClause::LimitOffset { limit: limit @ None, .. }) => *limit = Some(count),
        Some(_) => return,
    }
    query.fetch = None;
}

/// DataFusion wants the values of a column to say the same of their types. Casts say more, and are hidden
/// until the types of the columns are settled.
pub(super) fn plain_values(body: &mut SetExpr) {
    match body {
        SetExpr::Values(values) => {
            for item in values.rows.iter_mut().flat_map(|row| &mut row.content) {
                if is_cast(item) {
                    *item = call(PLAIN_VALUE, vec![item.clone()]);
                }
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            plain_values(left);
            plain_values(right);
        }
        _ => {}
    }
}

fn is_cast(expr: &Expr) -> bool {
    match expr {
        Expr::Cast { .. } | Expr::TypedString(_) => true,
        Expr::Nested(inner) => is_cast(inner),
        Expr::UnaryOp { expr, .. } => is_cast(expr),
        _ => false,
    }
}
