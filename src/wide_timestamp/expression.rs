//! Expressions over an input of which some columns have become wide.

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Alias, Cast, InList, Sort};
use datafusion::logical_expr::{
    Between, BinaryExpr, Expr, ExprSchemable, Operator, WindowFrame, WindowFrameBound, WindowFrameUnits,
};
use tarn_catalog::types::WIDE_TIMESTAMP;

use super::function::{narrowed, widened};
use super::{is_wide, scalar};

/// The columns that an expression sees, before and after the change.
pub(super) struct Scope {
    pub old: DFSchema,
    pub new: DFSchema,
}

impl Scope {
    /// An expression of the same type as before. Comparisons look at the whole value; where another
    /// operation takes a wide column, it is narrowed.
    pub fn same_type(&self, expr: Expr) -> Result<Expr> {
        Ok(expr.transform_down(|expr| self.same_type_step(expr))?.data)
    }

    /// An expression whose type does not matter: a column stays as it is.
    pub fn any_type(&self, expr: Expr) -> Result<Expr> {
        match expr {
            Expr::Column(_) => Ok(expr),
            Expr::Alias(alias) => {
                let inner = self.any_type(*alias.expr)?;
                Ok(Expr::Alias(Alias { expr: Box::new(inner), ..alias }))
            }
            other => self.same_type(other),
        }
    }

    /// An aggregate: the least and the greatest value are found among wide ones, and counting asks for
    /// no type.
    pub fn aggregate(&self, expr: Expr) -> Result<Expr> {
        match expr {
            Expr::Alias(alias) => {
                let inner = self.aggregate(*alias.expr)?;
                Ok(Expr::Alias(Alias { expr: Box::new(inner), ..alias }))
            }
            Expr::AggregateFunction(mut call) if matches!(call.func.name(), "min" | "max" | "count") => {
                let params = &mut call.params;
                params.args = self.each(std::mem::take(&mut params.args), Self::any_type)?;
                if let Some(filter) = params.filter.take() {
                    params.filter = Some(Box::new(self.same_type(*filter)?));
                }
                params.order_by = self.sorts(std::mem::take(&mut params.order_by))?;
                Ok(Expr::AggregateFunction(call))
            }
            other => self.same_type(other),
        }
    }

    /// A window function: its partitions and its order may be of wide columns.
    pub fn window(&self, expr: Expr) -> Result<Expr> {
        match expr {
            Expr::Alias(alias) => {
                let inner = self.window(*alias.expr)?;
                Ok(Expr::Alias(Alias { expr: Box::new(inner), ..alias }))
            }
            Expr::WindowFunction(mut call) => {
                let params = &mut call.params;
                params.args = self.each(std::mem::take(&mut params.args), Self::same_type)?;
                params.partition_by = self.each(std::mem::take(&mut params.partition_by), Self::any_type)?;
                if let Some(filter) = params.filter.take() {
                    params.filter = Some(Box::new(self.same_type(*filter)?));
                }
                // A frame that begins so much before the row's own value computes with it.
                if !reaches_by_value(&params.window_frame) {
                    params.order_by = self.sorts(std::mem::take(&mut params.order_by))?;
                } else {
                    for sort in &mut params.order_by {
                        sort.expr = self.same_type(std::mem::take(&mut sort.expr))?;
                    }
                }
                Ok(Expr::WindowFunction(call))
            }
            other => self.same_type(other),
        }
    }

    /// Two sides of an equality or another comparison, of the same type on both.
    pub fn sides(&self, left: Expr, right: Expr) -> Result<(Expr, Expr)> {
        let wide = self.wide_type(&left).or_else(|| self.wide_type(&right));
        if let Some(wide) = wide
            && let (Some(left), Some(right)) = (self.operand(&left, &wide)?, self.operand(&right, &wide)?)
        {
            return Ok((left, right));
        }
        Ok((self.same_type(left)?, self.same_type(right)?))
    }

    fn each(&self, exprs: Vec<Expr>, change: fn(&Self, Expr) -> Result<Expr>) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| change(self, expr)).collect()
    }

    fn sorts(&self, sorts: Vec<Sort>) -> Result<Vec<Sort>> {
        let sorts = sorts.into_iter().map(|sort| Ok(Sort { expr: self.any_type(sort.expr)?, ..sort }));
        sorts.collect()
    }

    fn same_type_step(&self, expr: Expr) -> Result<Transformed<Expr>> {
        let done = |expr| Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump));
        match expr {
            Expr::Column(column) => match self.changed_type(&column) {
                Some(old) => done(narrowed(Expr::Column(column), old)),
                None => Ok(Transformed::no(Expr::Column(column))),
            },
            Expr::IsNull(inner) if matches!(*inner, Expr::Column(_)) => done(Expr::IsNull(inner)),
            Expr::IsNotNull(inner) if matches!(*inner, Expr::Column(_)) => done(Expr::IsNotNull(inner)),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
                let (left, right) = self.sides(*left, *right)?;
                done(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) }))
            }
            Expr::Between(between) => done(self.between(between)?),
            Expr::InList(list) => done(self.in_list(list)?),
            Expr::Cast(cast) => {
                let to = cast.field.data_type();
                if self.wide_type(&cast.expr).is_some()
                    && matches!(to, DataType::Timestamp(..) | DataType::Date32)
                {
                    let to = to.clone();
                    return done(narrowed(*cast.expr, to));
                }
                Ok(Transformed::no(Expr::Cast(cast)))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    fn between(&self, between: Between) -> Result<Expr> {
        let Between { expr, negated, low, high } = between;
        let (low_expr, low) = self.sides((*expr).clone(), *low)?;
        let (high_expr, high) = self.sides(*expr, *high)?;
        if low_expr == high_expr {
            return Ok(Expr::Between(Between::new(
                Box::new(low_expr),
                negated,
                Box::new(low),
                Box::new(high),
            )));
        }
        let within = low_expr.gt_eq(low).and(high_expr.lt_eq(high));
        Ok(if negated { Expr::Not(Box::new(within)) } else { within })
    }

    fn in_list(&self, list: InList) -> Result<Expr> {
        let InList { expr, list: items, negated } = list;
        if let Some(wide) = self.wide_type(&expr) {
            let operands = items.iter().map(|item| self.operand(item, &wide));
            if let Some(items) = operands.collect::<Result<Option<Vec<_>>>>()? {
                return Ok(Expr::InList(InList::new(expr, items, negated)));
            }
        }
        let expr = self.same_type(*expr)?;
        let items = self.each(items, Self::same_type)?;
        Ok(Expr::InList(InList::new(Box::new(expr), items, negated)))
    }

    /// What a column's type was, where it has changed.
    fn changed_type(&self, column: &Column) -> Option<DataType> {
        let old = self.old.field_from_column(column).ok()?.data_type();
        let new = self.new.field_from_column(column).ok()?.data_type();
        (old != new).then(|| old.clone())
    }

    /// The type of a column that is a wide timestamp itself.
    fn wide_type(&self, expr: &Expr) -> Option<DataType> {
        let Expr::Column(column) = expr else { return None };
        self.changed_type(column)?;
        let new = self.new.field_from_column(column).ok()?.data_type();
        is_wide(new).then(|| new.clone())
    }

    /// One side of a comparison of wide timestamps, if it can be one.
    fn operand(&self, expr: &Expr, wide: &DataType) -> Result<Option<Expr>> {
        if let Some(own) = self.wide_type(expr) {
            return Ok((own == *wide).then(|| expr.clone()));
        }
        let Ok(DataType::Timestamp(_, zone)) = expr.get_type(&self.old) else { return Ok(None) };
        if zone.is_some() == (*wide == WIDE_TIMESTAMP) {
            return Ok(None);
        }
        let before = self.before_cast(expr.clone());
        if let Some(constant) = constant(&before, wide) {
            return Ok(Some(constant));
        }
        Ok(Some(widened(self.same_type(before)?, wide.clone())))
    }

    /// What was cast to nanoseconds for the sake of the comparison: it may lie beyond them.
    fn before_cast(&self, expr: Expr) -> Expr {
        let Expr::Cast(cast) = &expr else { return expr };
        let DataType::Timestamp(_, zone) = cast.field.data_type() else { return expr };
        match cast.expr.get_type(&self.old) {
            Ok(DataType::Timestamp(_, from)) if from.is_some() == zone.is_some() => {
                self.before_cast((*cast.expr).clone())
            }
            Ok(DataType::Date32) if zone.is_none() => in_micros(cast),
            _ => expr,
        }
    }
}

fn in_micros(cast: &Cast) -> Expr {
    let zone = match cast.field.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let micros = DataType::Timestamp(TimeUnit::Microsecond, zone);
    Expr::Cast(Cast::new(cast.expr.clone(), micros))
}

/// The wide value of a text that is read as nanoseconds; `None` for anything else.
fn constant(expr: &Expr, wide: &DataType) -> Option<Expr> {
    let Expr::Cast(cast) = expr else { return None };
    let DataType::Timestamp(TimeUnit::Nanosecond, zone) = cast.field.data_type() else { return None };
    let Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) =
        cast.expr.as_ref()
    else {
        return None;
    };
    let zone: Tz = zone.as_deref().unwrap_or("UTC").parse().ok()?;
    let moment = string_to_datetime(&zone, text).ok()?;
    let nanos = i128::from(moment.timestamp()) * 1_000_000_000 + i128::from(moment.timestamp_subsec_nanos());
    Some(Expr::Literal(scalar(nanos, wide)?, None))
}

fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn reaches_by_value(frame: &WindowFrame) -> bool {
    let is_plain =
        |bound: &WindowFrameBound| matches!(bound, WindowFrameBound::CurrentRow) || bound.is_unbounded();
    frame.units == WindowFrameUnits::Range && !(is_plain(&frame.start_bound) && is_plain(&frame.end_bound))
}
