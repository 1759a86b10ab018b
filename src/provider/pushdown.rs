//! SQL filters as predicates that planning understands.
//!
//! What cannot be said exactly becomes `True`, which prunes nothing: the filter itself is evaluated
//! again above the scan.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Like, Operator};
use tarn_catalog::datum::Datum;
use tarn_catalog::predicate::{Leaf, Predicate, Test};
use tarn_catalog::schema::{SchemaField, TableSchema};

use super::datum::datum_of;

/// Longest IN list that takes part in planning.
const IN_LIST_MAX: usize = 10_000;

/// The conjunction of these filters over a table's columns.
pub fn predicate_of(filters: &[Expr], schema: &TableSchema) -> Predicate {
    all(filters.iter().map(|filter| convert(filter, schema)).collect())
}

fn all(parts: Vec<Predicate>) -> Predicate {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Predicate::True => {}
            Predicate::And(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => Predicate::True,
        1 => flat.remove(0),
        _ => Predicate::And(flat),
    }
}

fn any(parts: Vec<Predicate>) -> Predicate {
    if parts.contains(&Predicate::True) { Predicate::True } else { Predicate::Or(parts) }
}

fn convert(filter: &Expr, schema: &TableSchema) -> Predicate {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            all(vec![convert(left, schema), convert(right, schema)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            any(vec![convert(left, schema), convert(right, schema)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => comparison(left, *op, right, schema),
        Expr::Between(Between { expr, negated: false, low, high }) => all(vec![
            comparison(expr, Operator::GtEq, low, schema),
            comparison(expr, Operator::LtEq, high, schema),
        ]),
        Expr::InList(InList { expr, list, negated: false }) if list.len() <= IN_LIST_MAX => {
            in_list(expr, list, schema)
        }
        Expr::IsNull(expr) => leaf(column(expr, schema), |_| Some(Test::IsNull)),
        Expr::IsNotNull(expr) => leaf(column(expr, schema), |_| Some(Test::IsNotNull)),
        Expr::Like(like) => prefix(like, schema),
        Expr::Column(_) => leaf(column(filter, schema), |field| boolean_test(field, true)),
        Expr::Not(inner) if matches!(**inner, Expr::Column(_)) => {
            leaf(column(inner, schema), |field| boolean_test(field, false))
        }
        Expr::Alias(alias) => convert(&alias.expr, schema),
        _ => Predicate::True,
    }
}

fn boolean_test(field: &SchemaField, value: bool) -> Option<Test> {
    (field.data_type == tarn_catalog::types::LogicalType::Boolean)
        .then_some(Test::Equal(Datum::Boolean(value)))
}

fn leaf(field: Option<&SchemaField>, test: impl FnOnce(&SchemaField) -> Option<Test>) -> Predicate {
    match field.and_then(|field| test(field).map(|test| (field.id, test))) {
        Some((field_id, test)) => Predicate::Leaf(Leaf { field_id, test }),
        None => Predicate::True,
    }
}

fn column<'a>(expr: &Expr, schema: &'a TableSchema) -> Option<&'a SchemaField> {
    match expr {
        Expr::Column(column) => schema.field(&column.name),
        _ => None,
    }
}

/// A literal of the column's type that is not null.
fn constant(expr: &Expr, field: &SchemaField) -> Option<Datum> {
    match expr {
        Expr::Literal(value, _) => datum_of(value, &field.data_type).filter(|datum| !datum.is_null()),
        _ => None,
    }
}

fn comparison(left: &Expr, op: Operator, right: &Expr, schema: &TableSchema) -> Predicate {
    let (field, literal, op) = match (column(left, schema), column(right, schema)) {
        (Some(field), None) => (field, right, Some(op)),
        (None, Some(field)) => (field, left, op.swap()),
        _ => return Predicate::True,
    };
    leaf(Some(field), |field| {
        let value = constant(literal, field)?;
        match op? {
            Operator::Eq => Some(Test::Equal(value)),
            Operator::NotEq => Some(Test::NotEqual(value)),
            Operator::Lt => Some(Test::Less(value)),
            Operator::LtEq => Some(Test::LessOrEqual(value)),
            Operator::Gt => Some(Test::Greater(value)),
            Operator::GtEq => Some(Test::GreaterOrEqual(value)),
            _ => None,
        }
    })
}

fn in_list(expr: &Expr, list: &[Expr], schema: &TableSchema) -> Predicate {
    leaf(column(expr, schema), |field| {
        let values = list.iter().map(|value| constant(value, field)).collect::<Option<Vec<_>>>()?;
        Some(Test::In(values))
    })
}

/// `LIKE 'abc%...'` as a test of the prefix before the first wildcard.
fn prefix(like: &Like, schema: &TableSchema) -> Predicate {
    if like.negated || like.case_insensitive || like.escape_char.is_some() {
        return Predicate::True;
    }
    leaf(column(&like.expr, schema), |field| {
        let Some(Datum::Text(pattern)) = constant(&like.pattern, field) else {
            return None;
        };
        let prefix: String = pattern.chars().take_while(|c| !matches!(c, '%' | '_' | '\\')).collect();
        (!prefix.is_empty()).then_some(Test::StartsWith(prefix))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::prelude::{col, lit};
    use tarn_catalog::types::LogicalType;

    use super::*;

    fn schema() -> TableSchema {
        let field = |id, name: &str, data_type| SchemaField {
            id,
            name: name.into(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        };
        TableSchema {
            id: 0,
            fields: vec![
                field(7, "a", LogicalType::BigInt),
                field(8, "s", LogicalType::STRING),
                field(9, "b", LogicalType::Boolean),
            ],
            partition_keys: vec![],
            primary_key: vec![],
            options: BTreeMap::new(),
            comment: None,
        }
    }

    fn test(field_id: i32, test: Test) -> Predicate {
        Predicate::Leaf(Leaf { field_id, test })
    }

    #[test]
    fn comparisons_turn_to_the_column_and_keep_their_direction() {
        let schema = schema();
        let convert = |filter: Expr| predicate_of(&[filter], &schema);
        assert_eq!(convert(col("a").lt(lit(5_i64))), test(7, Test::Less(Datum::Integer(5))));
        assert_eq!(convert(lit(5_i64).lt(col("a"))), test(7, Test::Greater(Datum::Integer(5))));
        assert_eq!(convert(col("b")), test(9, Test::Equal(Datum::Boolean(true))));
        assert_eq!(convert(!col("b")), test(9, Test::Equal(Datum::Boolean(false))));
    }

    #[test]
    fn what_is_not_exact_prunes_nothing() {
        let schema = schema();
        let convert = |filter: Expr| predicate_of(&[filter], &schema);
        assert_eq!(convert(col("a").eq(lit(5_i32))), Predicate::True);
        assert_eq!(convert(col("a").eq(col("s"))), Predicate::True);
        assert_eq!(convert(col("a").eq(lit(5_i64)).or(col("s").eq(col("s")))), Predicate::True);
        assert_eq!(convert(col("a").in_list(vec![lit(1_i64)], true)), Predicate::True);
        assert_eq!(convert(col("s").like(lit("%x"))), Predicate::True);
    }
}
