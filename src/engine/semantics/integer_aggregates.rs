//! Sums and averages of integers as Postgres has them: exact, of type `numeric`.
//!
//! DataFusion's sum of 64-bit integers wraps around, and its average goes through floating point. Here the
//! sum is 128 bits wide, which no number of rows fills, and the average has [`AVERAGE_SCALE`] digits.
//! The sum of a `smallint` or `integer` is a `bigint` in Postgres, and stays DataFusion's.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Decimal128Builder, Int64Array, PrimitiveArray,
};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
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
const AVERAGE_TYPE: DataType = DataType::Decimal128(AVERAGE_PRECISION, AVERAGE_SCALE);
/// Room for the sum of ten thousand million of the greatest integers; what is over that is an error.
const SUM_PRECISION: u8 = 29;
const SUM_TYPE: DataType = DataType::Decimal128(SUM_PRECISION, 0);
/// A sum between two steps of an aggregation.
const STATE_PRECISION: u8 = 38;
const STATE_TYPE: DataType = DataType::Decimal128(STATE_PRECISION, 0);

/// `sum(bigint)`.
pub(super) fn sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(IntegerAggregate::new(Outcome::Sum)))
}

/// `avg(smallint)`, `avg(integer)`, `avg(bigint)`.
pub(super) fn average() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(IntegerAggregate::new(Outcome::Average)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Sum,
    Average,
}

impl Outcome {
    fn data_type(self) -> DataType {
        match self {
            Self::Sum => SUM_TYPE,
            Self::Average => AVERAGE_TYPE,
        }
    }

    /// The result for values of which there is at least one.
    fn of(self, sum: i128, count: i64) -> Result<i128> {
        match self {
            Self::Sum if sum.unsigned_abs() < 10_u128.pow(u32::from(SUM_PRECISION)) => Ok(sum),
            Self::Sum => Err(out_of_range()),
            Self::Average => average_of(sum, count).ok_or_else(out_of_range),
        }
    }
}

/// The average times 10^[`AVERAGE_SCALE`], rounded half away from zero.
fn average_of(sum: i128, count: i64) -> Option<i128> {
    let (count, unit) = (i128::from(count), 10_i128.pow(u32::from(AVERAGE_SCALE.unsigned_abs())));
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
struct IntegerAggregate {
    outcome: Outcome,
    signature: Signature,
}

impl IntegerAggregate {
    fn new(outcome: Outcome) -> Self {
        Self { outcome, signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for IntegerAggregate {
    fn name(&self) -> &str {
        match self.outcome {
            Outcome::Sum => "sum",
            Outcome::Average => "avg",
        }
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

/// The only columns of these functions' input or state, or an error where DataFusion gives others.
fn integers(values: &[ArrayRef]) -> Result<&Int64Array> {
    values.first().and_then(|array| array.as_primitive_opt::<Int64Type>()).ok_or_else(unexpected)
}

fn state(values: &[ArrayRef]) -> Result<(&Decimal128Array, &Int64Array)> {
    let sums = values.first().and_then(|array| array.as_primitive_opt::<Decimal128Type>());
    let counts = values.get(1).and_then(|array| array.as_primitive_opt::<Int64Type>());
    sums.zip(counts).ok_or_else(unexpected)
}

fn unexpected() -> DataFusionError {
    DataFusionError::Internal("a sum of integers was given something else".to_owned())
}

/// The values that are not NULL: their sum and how many they are.
fn total(values: &Int64Array) -> (i128, i64) {
    let count = values.len() - values.null_count();
    let sum = values.iter().flatten().map(i128::from).sum();
    (sum, i64::try_from(count).unwrap_or(i64::MAX))
}

#[derive(Debug)]
struct OneSum {
    outcome: Outcome,
    sum: i128,
    count: i64,
}

impl Accumulator for OneSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, count) = total(integers(values)?);
        self.sum += sum;
        self.count += count;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, count) = total(integers(values)?);
        self.sum -= sum;
        self.count -= count;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = if self.count == 0 { None } else { Some(self.outcome.of(self.sum, self.count)?) };
        Ok(match self.outcome {
            Outcome::Sum => ScalarValue::Decimal128(value, SUM_PRECISION, 0),
            Outcome::Average => ScalarValue::Decimal128(value, AVERAGE_PRECISION, AVERAGE_SCALE),
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = ScalarValue::Decimal128(Some(self.sum), STATE_PRECISION, 0);
        Ok(vec![sum, ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (sums, counts) = state(states)?;
        self.sum += sums.iter().flatten().sum::<i128>();
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

    fn add(&mut self, group: usize, sum: i128, count: i64) {
        if let (Some(sums), Some(counts)) = (self.sums.get_mut(group), self.counts.get_mut(group)) {
            *sums += sum;
            *counts += count;
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> (Vec<i128>, Vec<i64>) {
        (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts))
    }
}

impl GroupsAccumulator for SumOfGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = integers(values)?;
        self.resize(total_num_groups);
        if filter.is_none() && values.null_count() == 0 {
            for (&group, &value) in group_indices.iter().zip(values.values()) {
                self.add(group, i128::from(value), 1);
            }
            return Ok(());
        }
        let wanted = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for (row, (&group, value)) in group_indices.iter().zip(values).enumerate() {
            if let Some(value) = value.filter(|_| wanted(row)) {
                self.add(group, i128::from(value), 1);
            }
        }
        Ok(())
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
        for ((&group, &sum), &count) in group_indices.iter().zip(sums.values()).zip(counts.values()) {
            self.add(group, sum, count);
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = integers(values)?;
        let wanted = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let kept = values.iter().enumerate().map(|(row, value)| value.filter(|_| wanted(row)));
        let (sums, counts): (Vec<i128>, Vec<i64>) =
            kept.map(|value| (i128::from(value.unwrap_or(0)), i64::from(value.is_some()))).unzip();
        let sums: PrimitiveArray<Decimal128Type> = sums.into();
        Ok(vec![Arc::new(sums.with_data_type(STATE_TYPE)), Arc::new(Int64Array::from(counts))])
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
        assert_eq!(average_of(3, 2).unwrap(), 3 * unit / 2);
        assert_eq!(average_of(2, 3).unwrap(), 6_666_666_666_666_667);
        assert_eq!(average_of(-2, 3).unwrap(), -6_666_666_666_666_667);
        assert_eq!(average_of(1, 3).unwrap(), 3_333_333_333_333_333);
        let greatest = i128::from(i64::MAX);
        assert_eq!(average_of(greatest * 1_000_000, 1_000_000).unwrap(), greatest * unit);
        assert_eq!(average_of(i128::from(i64::MIN) * 7, 7).unwrap(), i128::from(i64::MIN) * unit);
    }

    #[test]
    fn sums_have_a_limit_and_no_wrap() {
        let limit = 10_i128.pow(29);
        assert_eq!(Outcome::Sum.of(limit - 1, 1).unwrap(), limit - 1);
        assert!(Outcome::Sum.of(limit, 1).is_err());
        assert!(Outcome::Sum.of(-limit, 1).is_err());
    }
}
