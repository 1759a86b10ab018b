//! Sums of integers and averages of integers and decimals as Postgres has them: exact, of type `numeric`.
//!
//! DataFusion's sum of 64-bit integers wraps around, its average of them goes through floating point, and
//! its average of decimals is cut. Here the sum is 128 bits wide, which no number of integers fills, and
//! the average has [`AVERAGE_SCALE`] digits or those of its input. The sum of a `smallint` or `integer` is
//! a `bigint` in Postgres, and stays DataFusion's.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Decimal128Array, Decimal128Builder,
    Int64Array, PrimitiveArray,
};
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Field, FieldRef, Int64Type,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use crate::error::{Error, ErrorKind};

/// Digits after an average's point.
const AVERAGE_SCALE: i8 = 16;
const AVERAGE_PRECISION: u8 = 35;
/// Room for the sum of ten thousand million of the greatest integers; what is over that is an error.
const SUM_PRECISION: u8 = 29;
/// A sum between two steps of an aggregation, whatever its scale.
const STATE_TYPE: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0);

/// `sum(bigint)`.
pub(super) fn sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(ExactAggregate::new(Outcome::SUM, DataType::Int64)))
}

/// `avg(smallint)`, `avg(integer)`, `avg(bigint)`.
pub(super) fn average() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(ExactAggregate::new(Outcome::of_integers(), DataType::Int64)))
}

/// `avg(numeric)`.
pub(super) fn average_of_decimals(precision: u8, scale: i8) -> Arc<AggregateUDF> {
    let input = DataType::Decimal128(precision, scale);
    Arc::new(AggregateUDF::from(ExactAggregate::new(Outcome::of_decimals(scale), input)))
}

/// What comes of a sum and a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Outcome {
    average: bool,
    /// Digits after the result's point, and how many more they are than the input's.
    scale: i8,
    more: u8,
    precision: u8,
}

impl Outcome {
    const SUM: Self = Self { average: false, scale: 0, more: 0, precision: SUM_PRECISION };

    const fn of_integers() -> Self {
        let more = AVERAGE_SCALE.unsigned_abs();
        Self { average: true, scale: AVERAGE_SCALE, more, precision: AVERAGE_PRECISION }
    }

    fn of_decimals(input: i8) -> Self {
        let scale = input.max(AVERAGE_SCALE);
        let more = scale.abs_diff(input);
        Self { average: true, scale, more, precision: DECIMAL128_MAX_PRECISION }
    }

    fn data_type(self) -> DataType {
        DataType::Decimal128(self.precision, self.scale)
    }

    /// The result for values of which there is at least one.
    fn of(self, sum: i128, count: i64) -> Result<i128> {
        let value = if self.average { average_of(sum, count, self.more) } else { Some(sum) };
        value
            .filter(|value| value.unsigned_abs() < 10_u128.pow(u32::from(self.precision)))
            .ok_or_else(out_of_range)
    }
}

/// The average with so many digits more, rounded half away from zero.
fn average_of(sum: i128, count: i64, more: u8) -> Option<i128> {
    let (count, unit) = (i128::from(count), 10_i128.checked_pow(u32::from(more))?);
    let whole = sum.checked_div(count)?.checked_mul(unit)?;
    let rest = sum.checked_rem(count)?.checked_mul(unit)?;
    let (digits, beyond) = (rest / count, rest % count);
    let up = if beyond.unsigned_abs() * 2 >= count.unsigned_abs() { rest.signum() } else { 0 };
    whole.checked_add(digits + up)
}

fn out_of_range() -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(ErrorKind::NumericOutOfRange, "the sum is out of range")))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactAggregate {
    outcome: Outcome,
    signature: Signature,
}

impl ExactAggregate {
    fn new(outcome: Outcome, input: DataType) -> Self {
        Self { outcome, signature: Signature::exact(vec![input], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for ExactAggregate {
    fn name(&self) -> &str {
        if self.outcome.average { "avg" } else { "sum" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.outcome.data_type())
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field =
            |part: &str, data_type| Arc::new(Field::new(format!("{}[{part}]", args.name), data_type, true));
        Ok(vec![field("sum", STATE_TYPE), field("count", DataType::Int64)])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneSum { outcome: self.outcome, sum: 0, count: 0 }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(SumOfGroups { outcome: self.outcome, sums: Vec::new(), counts: Vec::new() }))
    }
}

/// The columns of these functions' state, or an error where DataFusion gives others.
fn state(values: &[ArrayRef]) -> Result<(&Decimal128Array, &Int64Array)> {
    let sums = values.first().and_then(|array| array.as_primitive_opt::<Decimal128Type>());
    let counts = values.get(1).and_then(|array| array.as_primitive_opt::<Int64Type>());
    sums.zip(counts).ok_or_else(unexpected)
}

fn unexpected() -> DataFusionError {
    DataFusionError::Internal("an exact aggregate was given something else".to_owned())
}

/// Works on the only column of these functions' input, whichever type it has.
macro_rules! with_numbers {
    ($values:expr, $numbers:ident => $work:expr) => {
        match $values.first() {
            Some(array) => match (array.as_primitive_opt::<Int64Type>(), array.as_primitive_opt()) {
                (Some($numbers), _) => $work,
                (_, Some::<&Decimal128Array>($numbers)) => $work,
                _ => Err(unexpected()),
            },
            None => Err(unexpected()),
        }
    };
}

fn plus(a: i128, b: i128) -> Result<i128> {
    a.checked_add(b).ok_or_else(out_of_range)
}

/// The values that are not NULL: their sum and how many they are.
fn total<T>(values: &PrimitiveArray<T>) -> Result<(i128, i64)>
where
    T: ArrowPrimitiveType<Native: Into<i128>>,
{
    let count = values.len() - values.null_count();
    let sum = values.iter().flatten().try_fold(0, |sum, value| plus(sum, value.into()))?;
    Ok((sum, i64::try_from(count).unwrap_or(i64::MAX)))
}

#[derive(Debug)]
struct OneSum {
    outcome: Outcome,
    sum: i128,
    count: i64,
}

impl Accumulator for OneSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, count) = with_numbers!(values, numbers => total(numbers))?;
        self.sum = plus(self.sum, sum)?;
        self.count += count;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, count) = with_numbers!(values, numbers => total(numbers))?;
        self.sum = self.sum.checked_sub(sum).ok_or_else(out_of_range)?;
        self.count -= count;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = if self.count == 0 { None } else { Some(self.outcome.of(self.sum, self.count)?) };
        Ok(ScalarValue::Decimal128(value, self.outcome.precision, self.outcome.scale))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = ScalarValue::Decimal128(Some(self.sum), DECIMAL128_MAX_PRECISION, 0);
        Ok(vec![sum, ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (sums, counts) = state(states)?;
        self.sum = sums.iter().flatten().try_fold(self.sum, plus)?;
        self.count += counts.iter().flatten().sum::<i64>();
        Ok(())
    }
}

struct SumOfGroups {
    outcome: Outcome,
    sums: Vec<i128>,
    counts: Vec<i64>,
}

impl SumOfGroups {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, group: usize, sum: i128, count: i64) -> Result<()> {
        if let (Some(sums), Some(counts)) = (self.sums.get_mut(group), self.counts.get_mut(group)) {
            *sums = plus(*sums, sum)?;
            *counts += count;
        }
        Ok(())
    }

    fn add_all<T>(
        &mut self,
        values: &PrimitiveArray<T>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()>
    where
        T: ArrowPrimitiveType<Native: Into<i128>>,
    {
        if filter.is_none() && values.null_count() == 0 {
            let mut pairs = groups.iter().zip(values.values());
            return pairs.try_for_each(|(group, value)| self.add(*group, (*value).into(), 1));
        }
        for (row, (&group, value)) in groups.iter().zip(values).enumerate() {
            if let Some(value) = value.filter(|_| is_wanted(filter, row)) {
                self.add(group, value.into(), 1)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, emit_to: EmitTo) -> (Vec<i128>, Vec<i64>) {
        (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts))
    }
}

fn is_wanted(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// Each row as the state of a sum of its own.
fn states<T>(values: &PrimitiveArray<T>, filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>>
where
    T: ArrowPrimitiveType<Native: Into<i128>>,
{
    let kept = values.iter().enumerate().map(|(row, value)| value.filter(|_| is_wanted(filter, row)));
    let (sums, counts): (Vec<i128>, Vec<i64>) =
        kept.map(|value| (value.map_or(0, Into::into), i64::from(value.is_some()))).unzip();
    let sums: Decimal128Array = sums.into();
    Ok(vec![Arc::new(sums.with_data_type(STATE_TYPE)), Arc::new(Int64Array::from(counts))])
}

impl GroupsAccumulator for SumOfGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.resize(total_num_groups);
        with_numbers!(values, numbers => self.add_all(numbers, group_indices, filter))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, counts) = self.take(emit_to);
        let mut results =
            Decimal128Builder::with_capacity(sums.len()).with_data_type(self.outcome.data_type());
        for (sum, count) in sums.into_iter().zip(counts) {
            match count {
                0 => results.append_null(),
                _ => results.append_value(self.outcome.of(sum, count)?),
            }
        }
        Ok(Arc::new(results.finish()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, counts) = self.take(emit_to);
        let sums = Decimal128Array::from(sums).with_data_type(STATE_TYPE);
        Ok(vec![Arc::new(sums), Arc::new(Int64Array::from(counts))])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let (sums, counts) = state(values)?;
        self.resize(total_num_groups);
        let mut each = group_indices.iter().zip(sums.values()).zip(counts.values());
        each.try_for_each(|((group, sum), count)| self.add(*group, *sum, *count))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        with_numbers!(values, numbers => states(numbers, filter))
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.counts.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn averages_round_half_away_from_zero_at_their_last_digit() {
        let unit = 10_i128.pow(16);
        assert_eq!(average_of(3, 2, 16).unwrap(), 3 * unit / 2);
        assert_eq!(average_of(2, 3, 16).unwrap(), 6_666_666_666_666_667);
        assert_eq!(average_of(-2, 3, 16).unwrap(), -6_666_666_666_666_667);
        assert_eq!(average_of(1, 3, 16).unwrap(), 3_333_333_333_333_333);
        assert_eq!(average_of(375, 2, 14).unwrap(), 18_750_000_000_000_000, "avg of 1.50 and 2.25");
        let greatest = i128::from(i64::MAX);
        assert_eq!(average_of(greatest * 1_000_000, 1_000_000, 16).unwrap(), greatest * unit);
        assert_eq!(average_of(i128::from(i64::MIN) * 7, 7, 16).unwrap(), i128::from(i64::MIN) * unit);
    }

    #[test]
    fn sums_have_a_limit_and_no_wrap() {
        let limit = 10_i128.pow(29);
        assert_eq!(Outcome::SUM.of(limit - 1, 1).unwrap(), limit - 1);
        assert!(Outcome::SUM.of(limit, 1).is_err());
        assert!(Outcome::SUM.of(-limit, 1).is_err());
    }
}
