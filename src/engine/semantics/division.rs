//! Quotients of decimals: rounded, and with as many digits as Postgres gives them, where DataFusion's are
//! cut after four digits more than their operands have.
//!
//! Postgres chooses the digits by the two values (`select_div_scale` in `numeric.c`), so that there are
//! sixteen that count. A column has one scale for all of its rows here: constants have Postgres's own, other
//! quotients [`SCALE`] digits, which are Postgres's for quotients from 1 to 9999.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, i256};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use crate::error::{Error, ErrorKind};

/// Digits after a quotient's point.
const SCALE: i8 = 16;
/// Digits that leave room for others before the point.
const SCALE_MAX: i8 = 30;
/// Decimal digits of one digit of Postgres's numbers, and how many digits of a quotient shall count.
const GROUP: i32 = 4;
const SIGNIFICANT: i32 = 16;

/// Puts an exact quotient in the place of a division of decimals.
pub(super) fn exact(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let unchanged = |binary| Ok(Transformed::no(Expr::BinaryExpr(binary)));
    if binary.op != Operator::Divide {
        return unchanged(binary);
    }
    let types = (binary.left.get_type(schema), binary.right.get_type(schema));
    let (Ok(left), Ok(right)) = types else { return unchanged(binary) };
    let (Some(left_scale), Some(right_scale)) = (scale_of(&left), scale_of(&right)) else {
        return unchanged(binary);
    };
    if left.is_integer() && right.is_integer() {
        return unchanged(binary);
    }
    let scale = match (constant(&binary.left), constant(&binary.right)) {
        (Some(left), Some(right)) => scale_of_constants(left, right),
        _ => SCALE,
    };
    let scale = scale.max(left_scale).max(right_scale).min(SCALE_MAX.max(left_scale).max(right_scale));
    let func =
        Arc::new(ScalarUDF::from(Quotient { scale, signature: Signature::any(2, Volatility::Immutable) }));
    let call = ScalarFunction { func, args: vec![*binary.left, *binary.right] };
    Ok(Transformed::yes(Expr::ScalarFunction(call)))
}

/// Digits after the point of what can be divided exactly.
fn scale_of(data_type: &DataType) -> Option<i8> {
    match data_type {
        integer if integer.is_signed_integer() => Some(0),
        DataType::Decimal128(_, scale) if *scale >= 0 => Some(*scale),
        _ => None,
    }
}

fn constant(expr: &Expr) -> Option<(i128, i8)> {
    match expr {
        Expr::Literal(ScalarValue::Decimal128(Some(value), _, scale), _) => Some((*value, *scale)),
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => Some((i128::from(*value), 0)),
        _ => None,
    }
}

/// `select_div_scale`.
fn scale_of_constants(left: (i128, i8), right: (i128, i8)) -> i8 {
    let ((left_weight, left_first), (right_weight, right_first)) = (first_group(left), first_group(right));
    let weight = left_weight - right_weight - i32::from(left_first <= right_first);
    i8::try_from((SIGNIFICANT - weight * GROUP).max(0)).unwrap_or(SCALE_MAX)
}

/// The place of a number's first digit in base 10000, 0 before the point, and that digit.
fn first_group((value, scale): (i128, i8)) -> (i32, u128) {
    let (mut value, scale) = (value.unsigned_abs(), i32::from(scale));
    if value == 0 {
        return (0, 0);
    }
    // the point comes between two digits
    let fill = (GROUP - scale % GROUP) % GROUP;
    let mut weight = -((scale + fill) / GROUP);
    let unit = 10_u128.pow(fill.unsigned_abs());
    let group = 10_u128.pow(GROUP.unsigned_abs());
    let Some(mut filled) = value.checked_mul(unit) else {
        // the last digits do not matter for the first
        while value >= group {
            value /= group;
            weight += 1;
        }
        return (weight + 1, value);
    };
    while filled >= group {
        filled /= group;
        weight += 1;
    }
    (weight, filled)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quotient {
    scale: i8,
    signature: Signature,
}

impl ScalarUDFImpl for Quotient {
    fn name(&self) -> &str {
        "divide"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(DECIMAL128_MAX_PRECISION, self.scale))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let [left, right] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("a division has two operands".to_owned()));
        };
        let quotients: ArrayRef = Arc::new(self.divide(&left.to_array(rows)?, &right.to_array(rows)?)?);
        match constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&quotients, 0)?)),
            false => Ok(ColumnarValue::Array(quotients)),
        }
    }
}

impl Quotient {
    fn divide(&self, left: &ArrayRef, right: &ArrayRef) -> Result<Decimal128Array> {
        let (left_scale, left) = decimals(left)?;
        let (right_scale, right) = decimals(right)?;
        let more = i32::from(self.scale) - i32::from(left_scale) + i32::from(right_scale);
        let unit = i256::from_i128(10).checked_pow(more.unsigned_abs()).ok_or_else(out_of_range)?;
        let small = unit.to_i128();
        let quotients = left.iter().zip(&right).map(|pair| match pair {
            (Some(_), Some(0)) => Err(failed(ErrorKind::DivisionByZero, "division by zero")),
            (Some(left), Some(right)) => {
                let fast = small.and_then(|unit| left.checked_mul(unit)).and_then(|l| rounded(l, right));
                let value = fast.or_else(|| rounded_wide(left, unit, right));
                let fits =
                    |value: &i128| value.unsigned_abs() < 10_u128.pow(u32::from(DECIMAL128_MAX_PRECISION));
                value.filter(fits).map(Some).ok_or_else(out_of_range)
            }
            _ => Ok(None),
        });
        let quotients = quotients.collect::<Result<Decimal128Array>>()?;
        Ok(quotients.with_data_type(DataType::Decimal128(DECIMAL128_MAX_PRECISION, self.scale)))
    }
}

/// Numbers as decimals, with their scale.
fn decimals(array: &ArrayRef) -> Result<(i8, Decimal128Array)> {
    let array = match array.data_type() {
        DataType::Decimal128(..) => Arc::clone(array),
        _ => cast(array, &DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0))?,
    };
    match array.data_type() {
        DataType::Decimal128(_, scale) => Ok((*scale, array.as_primitive::<Decimal128Type>().clone())),
        other => Err(DataFusionError::Internal(format!("{other} is not divided here"))),
    }
}

/// A quotient rounded half away from zero.
fn rounded(left: i128, right: i128) -> Option<i128> {
    let (whole, rest) = (left.checked_div(right)?, left.checked_rem(right)?);
    // twice the rest may be too much
    let up = rest.unsigned_abs() >= right.unsigned_abs() - rest.unsigned_abs();
    let step = if (left < 0) == (right < 0) { 1 } else { -1 };
    if up { whole.checked_add(step) } else { Some(whole) }
}

fn rounded_wide(left: i128, unit: i256, right: i128) -> Option<i128> {
    let (left, divisor) = (i256::from_i128(left).checked_mul(unit)?, i256::from_i128(right));
    let (whole, rest) = (left.checked_div(divisor)?, left.checked_rem(divisor)?);
    let twice = rest.wrapping_abs().checked_mul(i256::from_i128(2))?;
    let step = if left.is_negative() == (right < 0) { 1 } else { -1 };
    let whole = whole.to_i128()?;
    if twice >= divisor.wrapping_abs() { whole.checked_add(step) } else { Some(whole) }
}

fn failed(kind: ErrorKind, message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(kind, message)))
}

fn out_of_range() -> DataFusionError {
    failed(ErrorKind::NumericOutOfRange, "the quotient is out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of PostgreSQL 15: `scale(a / b)`.
    #[test]
    fn constants_have_the_digits_of_postgres() {
        for (left, right, scale) in [
            ((70, 1), (2, 0), 16),
            ((10, 1), (3, 0), 20),
            ((20, 1), (2, 0), 20),
            ((100_000, 1), (3, 0), 16),
            ((10_000, 0), (3, 0), 16),
            ((40_000, 0), (3, 0), 12),
            ((1, 0), (40_000, 0), 24),
            ((0, 1), (3, 0), 20),
            ((5, 2), (1, 0), 20),
        ] {
            assert_eq!(scale_of_constants(left, right), scale, "{left:?} / {right:?}");
        }
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        for (left, right, quotient) in
            [(7, 2, 4), (-7, 2, -4), (7, -2, -4), (-7, -2, 4), (6, 4, 2), (5, 4, 1), (1, 3, 0)]
        {
            assert_eq!(rounded(left, right), Some(quotient), "{left} / {right}");
            assert_eq!(rounded_wide(left, i256::ONE, right), Some(quotient), "{left} / {right}");
        }
    }
}
