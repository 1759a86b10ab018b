//! Casts that DataFusion would move from a column to the literal beside it though that changes the answer.
//!
//! DataFusion turns `CAST(column AS type) < literal` into `column < (literal as the column's type)` for any
//! two numeric or time types. Where the column's type is coarser, that drops digits of the literal
//! (milliseconds before `12:00:00.0005` would become those before `12:00:00.000`); where the cast rounds,
//! only one of the values that round to the literal is looked for; where the cast moves a time to another
//! zone, the literal isn't moved. Such a cast becomes a function here, which no rule takes for a cast. Its
//! preimage says what the comparison is for the column itself, so that it still prunes.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::compute::CastOptions;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::arrow::util::display::FormatOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, TryCast, Volatility,
};

/// Puts a function in the place of a cast that must stay on its side of a comparison.
pub(super) fn keep_in_place(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Cast { expr, field } = cast;
    if let Expr::Literal(value, metadata) = expr.as_ref()
        && let Ok(value) = value.cast_to(field.data_type())
    {
        // the types of some functions follow from a literal (`round(x, 2)`): they're known from here on
        return Ok(Transformed::yes(Expr::Literal(value, metadata.clone())));
    }
    match movable(&expr, &field, schema) {
        true => Ok(Transformed::no(Expr::Cast(Cast { expr, field }))),
        false => Ok(Transformed::yes(ExactCast::call(*expr, field, false))),
    }
}

/// The same for a cast that makes NULL of what it can't cast.
pub(super) fn keep_in_place_or_null(cast: TryCast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let TryCast { expr, field } = cast;
    match movable(&expr, &field, schema) {
        true => Ok(Transformed::no(Expr::TryCast(TryCast { expr, field }))),
        false => Ok(Transformed::yes(ExactCast::call(*expr, field, true))),
    }
}

/// Whether a comparison of the cast value is the same comparison of the value itself, for every literal
/// that DataFusion would move: each value has a cast of its own, and a literal without one isn't moved.
fn movable(expr: &Expr, target: &Field, schema: &DFSchema) -> bool {
    use DataType::{Date32, Date64, Timestamp};
    let Ok(source) = expr.get_type(schema) else { return true };
    match (&source, target.data_type()) {
        (source, target) if source == target => true,
        (Timestamp(from, from_zone), Timestamp(to, to_zone)) => {
            from == to && from_zone.is_some() == to_zone.is_some()
        }
        (Date64, Date32) => false,
        (from, to) => match (digits(from), digits(to)) {
            (Some((from_whole, from_scale)), Some((to_whole, to_scale))) => {
                from_whole <= to_whole && from_scale <= to_scale
            }
            // DataFusion moves no cast between the other types, or moves it well
            _ => true,
        },
    }
}

/// How many digits a number of a type has before and after its point, at most.
fn digits(data_type: &DataType) -> Option<(i16, i16)> {
    let whole = match data_type {
        DataType::Int8 | DataType::UInt8 => 3,
        DataType::Int16 | DataType::UInt16 => 5,
        DataType::Int32 | DataType::UInt32 => 10,
        DataType::Int64 => 19,
        DataType::UInt64 => 20,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            return Some((i16::from(*precision) - i16::from(*scale), i16::from(*scale)));
        }
        _ => return None,
    };
    Some((whole, 0))
}

#[derive(Debug)]
struct ExactCast {
    target: FieldRef,
    /// A value that can't be cast is NULL; else it is an error.
    or_null: bool,
    signature: Signature,
}

impl ExactCast {
    fn call(expr: Expr, target: FieldRef, or_null: bool) -> Expr {
        let signature = Signature::any(1, Volatility::Immutable);
        let func = Arc::new(ScalarUDF::from(Self { target, or_null, signature }));
        Expr::ScalarFunction(ScalarFunction { func, args: vec![expr] })
    }
}

impl PartialEq for ExactCast {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target && self.or_null == other.or_null
    }
}

impl Eq for ExactCast {}

impl Hash for ExactCast {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.target.data_type().hash(state);
        self.or_null.hash(state);
    }
}

impl ScalarUDFImpl for ExactCast {
    fn name(&self) -> &str {
        if self.or_null { "try_cast" } else { "cast" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = self.or_null || args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(self.target.as_ref().clone().with_name(self.name()).with_nullable(nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("a cast has one operand".to_owned()));
        };
        let options = CastOptions { safe: self.or_null, format_options: FormatOptions::default() };
        value.cast_to(self.target.data_type(), Some(&options))
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        let ([expr], Expr::Literal(literal, _)) = (args, literal) else { return Ok(PreimageResult::None) };
        let Some((from, until)) = coarser_preimage(&info.get_data_type(expr)?, literal) else {
            return Ok(PreimageResult::None);
        };
        let interval = Box::new(Interval::try_new(from, until)?);
        Ok(PreimageResult::Range { expr: expr.clone(), interval })
    }
}

/// The times of a coarser unit that a time of a finer one is made of: [time, time + 1) where the coarser
/// unit can say it, and an empty range at the next time where it can't, so that `<` means up to the time
/// before and `>=` from that next one on.
fn coarser_preimage(source: &DataType, literal: &ScalarValue) -> Option<(ScalarValue, ScalarValue)> {
    let DataType::Timestamp(unit, zone) = source else { return None };
    let DataType::Timestamp(literal_unit, literal_zone) = literal.data_type() else { return None };
    let value = match literal {
        ScalarValue::TimestampSecond(value, _)
        | ScalarValue::TimestampMillisecond(value, _)
        | ScalarValue::TimestampMicrosecond(value, _)
        | ScalarValue::TimestampNanosecond(value, _) => (*value)?,
        _ => return None,
    };
    let ratio = per_second(&literal_unit).checked_div(per_second(unit)).filter(|&ratio| ratio > 0)?;
    if zone.is_some() != literal_zone.is_some() {
        return None;
    }
    let whole = value.div_euclid(ratio);
    let next = whole.checked_add(1)?;
    let from = if value.rem_euclid(ratio) == 0 { whole } else { next };
    let time = |value| match unit {
        TimeUnit::Second => ScalarValue::TimestampSecond(Some(value), zone.clone()),
        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(value), zone.clone()),
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(value), zone.clone()),
        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(value), zone.clone()),
    };
    Some((time(from), time(next)))
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}
