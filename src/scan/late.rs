//! Which filters the Parquet decoder may evaluate itself, before it decodes the other columns.
//!
//! Filters are evaluated again above the scan, so that this only saves work. Two things speak against
//! it. A filter sees rows here that a mask buries later: it must not be able to fail on them. And a
//! filter that most rows pass costs more in the decoder than it saves, so that one of the conditions
//! has to ask for equality. On the bench table `top_brand = 'brand-4999'` over three columns took 1.3
//! times plain Parquet without this, and a lookup of all 42 columns by key decoded a page of each of
//! them in every file of the bucket.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};
use datafusion::physical_expr::utils::{collect_columns, split_conjunction};
use datafusion::physical_expr::{PhysicalExpr, PhysicalExprRef};
use tarn_catalog::schema::TableSchema;
use tarn_catalog::split::FileSchema;

/// The columns of a filter that the decoder may evaluate.
#[derive(Debug, Clone)]
pub struct LateColumns(Vec<String>);

impl LateColumns {
    /// `None` where the filter is better left to the operators above the scan.
    pub fn of(filter: &PhysicalExprRef) -> Result<Option<Self>> {
        let selective = split_conjunction(filter).into_iter().any(asks_for_equality);
        if !selective || !cannot_fail(filter)? {
            return Ok(None);
        }
        Ok(Some(Self(collect_columns(filter).iter().map(|column| column.name().to_owned()).collect())))
    }

    /// Whether a file holds these columns as the table has them, if it holds them, so that no value
    /// has to be converted.
    pub fn are_unchanged(&self, table: &TableSchema, file: &FileSchema) -> bool {
        self.0.iter().all(|column| {
            table.field(column).is_some_and(|wanted| {
                let written = file.field_by_id(wanted.id);
                !wanted.data_type.is_nested()
                    && written.is_none_or(|written| written.data_type == wanted.data_type)
            })
        })
    }
}

fn asks_for_equality(condition: &Arc<dyn PhysicalExpr>) -> bool {
    if let Some(binary) = condition.downcast_ref::<BinaryExpr>() {
        return *binary.op() == Operator::Eq;
    }
    condition.downcast_ref::<InListExpr>().is_some_and(|list| !list.negated())
}

/// Whether the filter is made of nothing but comparisons with constants and what combines them.
fn cannot_fail(filter: &PhysicalExprRef) -> Result<bool> {
    let mut safe = true;
    filter.apply(|node| {
        let compares = |binary: &BinaryExpr| {
            use Operator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
            matches!(binary.op(), And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq)
        };
        safe &= node.downcast_ref::<BinaryExpr>().is_some_and(compares)
            || node.is::<Column>()
            || node.is::<Literal>()
            || node.is::<InListExpr>()
            || node.is::<IsNullExpr>()
            || node.is::<IsNotNullExpr>()
            || node.is::<NotExpr>();
        Ok(if safe { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(safe)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::physical_expr::expressions::{binary, cast, col, in_list, lit};

    use super::*;

    fn schema() -> Schema {
        Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Int64, true)])
    }

    fn is_late(filter: PhysicalExprRef) -> bool {
        matches!(LateColumns::of(&filter), Ok(Some(_)))
    }

    fn both(left: &str, op: Operator, value: i64) -> PhysicalExprRef {
        let schema = schema();
        let Ok(column) = col(left, &schema) else { panic!("a column") };
        let Ok(filter) = binary(column, op, lit(value), &schema) else { panic!("a comparison") };
        filter
    }

    fn and(left: PhysicalExprRef, right: PhysicalExprRef) -> PhysicalExprRef {
        let Ok(filter) = binary(left, Operator::And, right, &schema()) else { panic!("a conjunction") };
        filter
    }

    #[test]
    fn an_equality_among_comparisons_is_evaluated_in_the_decoder() {
        assert!(is_late(both("a", Operator::Eq, 1)));
        assert!(is_late(and(both("a", Operator::Gt, 1), both("b", Operator::Eq, 1))));
        assert!(!is_late(both("a", Operator::Gt, 1)));
    }

    #[test]
    fn what_can_fail_on_a_buried_row_is_not() {
        let schema = schema();
        let divided = both("b", Operator::Divide, 0);
        let Ok(divides) = binary(divided, Operator::Eq, lit(1_i64), &schema) else { panic!("a filter") };
        assert!(!is_late(Arc::clone(&divides)));
        assert!(!is_late(and(both("a", Operator::Eq, 1), divides)));
        let Ok(column) = col("a", &schema) else { panic!("a column") };
        let Ok(narrowed) = cast(Arc::clone(&column), &schema, DataType::Int8) else { panic!("a cast") };
        let Ok(narrow) = in_list(narrowed, vec![lit(1_i8)], &false, &schema) else { panic!("a list") };
        assert!(!is_late(narrow));
        let Ok(list) = in_list(column, vec![lit(1_i64)], &false, &schema) else { panic!("a list") };
        assert!(is_late(list));
    }
}
