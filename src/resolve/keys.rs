//! Key columns, in a form that compares fast.
//!
//! A single key column of fixed width becomes a vector of `i64` that orders like the column; any
//! other key becomes rows of bytes that compare with `memcmp` (arrow-row). Keys are never null in
//! the formats that merge; were one null, it would come first, as in the files.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::compute::SortOptions;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use arrow::row::{Row, RowConverter, Rows, SortField};

/// Keys in order, addressed by position: a window over the keys of a run that moves forward.
pub trait Keys: Send + Sync {
    /// One key; comparable with the keys of other runs of the same table.
    type Key<'a>: Ord + Copy
    where
        Self: 'a;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn key(&self, at: usize) -> Self::Key<'_>;

    /// Keys that compare with these: the key columns, in the key's order. Without a copy where their
    /// form allows.
    fn of_columns(&self, columns: &[ArrayRef]) -> Result<Self, ArrowError>
    where
        Self: Sized;

    /// Takes up more keys behind those that are here.
    fn extend(&mut self, more: &Self);

    /// Forgets the first `count` keys.
    fn drop_front(&mut self, count: usize);

    /// The first position in `positions` whose key is not below `bound`, found by galloping: probes
    /// at doubling distances, then a binary search. Costs O(log distance).
    fn gallop<'a>(&'a self, positions: Range<usize>, bound: Self::Key<'a>) -> usize {
        let mut low = positions.start;
        let mut step = 1;
        while let probe = low.saturating_add(step)
            && probe < positions.end
            && self.key(probe) < bound
        {
            low = probe;
            step *= 2;
        }
        let mut high = low.saturating_add(step).min(positions.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < bound {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first position in `positions` whose key is below the key before it.
    fn descent(&self, positions: Range<usize>) -> Option<usize> {
        (positions.start.max(1)..positions.end).find(|&at| self.key(at - 1) > self.key(at))
    }
}

/// Keys of a single fixed-width column.
pub struct FixedKeys(pub ScalarBuffer<i64>);

impl Default for FixedKeys {
    fn default() -> Self {
        Self(Vec::new().into())
    }
}

/// Keys that are looked at one after the other, without a branch for each, before galloping starts.
/// Where a run meets one a few times its size the next key is that near, and a branch that is
/// guessed wrong costs more than the whole block.
const BLOCK: usize = 8;

impl Keys for FixedKeys {
    type Key<'a> = i64;

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn key(&self, at: usize) -> i64 {
        self.0[at]
    }

    fn of_columns(&self, columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        match columns {
            [column] => fixed_values(column).map(Self),
            _ => Err(ArrowError::InvalidArgumentError("a fixed-width key is one column".into())),
        }
    }

    fn extend(&mut self, more: &Self) {
        self.0 = self.0.iter().chain(more.0.iter()).copied().collect::<Vec<i64>>().into();
    }

    fn drop_front(&mut self, count: usize) {
        let count = count.min(self.0.len());
        self.0 = self.0.slice(count, self.0.len() - count);
    }

    #[inline]
    fn gallop(&self, positions: Range<usize>, bound: i64) -> usize {
        let Range { mut start, end } = positions;
        if let Some(block) = self.0[start..end].first_chunk::<BLOCK>() {
            let below = block.iter().map(|key| usize::from(*key < bound)).sum::<usize>();
            start += below;
            if below < BLOCK {
                return start;
            }
        }
        let mut step = BLOCK;
        while start + step < end && self.0[start + step] < bound {
            start += step;
            step *= 2;
        }
        let stretch = &self.0[start..end.min(start + step)];
        start + stretch.partition_point(|key| *key < bound)
    }

    fn descent(&self, positions: Range<usize>) -> Option<usize> {
        let first = positions.start.max(1);
        let pairs = self.0[first - 1..positions.end.max(first - 1)].windows(2);
        let descends = |pair: &[i64]| matches!(pair, [a, b] if a > b);
        // Looked through as a whole first: that takes no branch for each key.
        if !pairs.clone().fold(false, |any, pair| any | descends(pair)) {
            return None;
        }
        pairs.enumerate().find(|(_, pair)| descends(pair)).map(|(at, _)| first + at)
    }
}

/// Keys of any other shape.
pub struct RowKeys {
    rows: Rows,
    converter: Arc<RowConverter>,
}

impl RowKeys {
    pub fn new(converter: Arc<RowConverter>) -> Self {
        Self { rows: converter.empty_rows(0, 0), converter }
    }

    /// No keys, that compare with these.
    pub fn like(&self) -> Self {
        Self::new(Arc::clone(&self.converter))
    }

    /// Puts the keys in order, each once.
    pub fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.rows.num_rows()).collect();
        order.sort_unstable_by(|a, b| self.rows.row(*a).cmp(&self.rows.row(*b)));
        order.dedup_by(|a, b| self.rows.row(*a) == self.rows.row(*b));
        let mut sorted = self.converter.empty_rows(order.len(), 0);
        order.into_iter().for_each(|at| sorted.push(self.rows.row(at)));
        self.rows = sorted;
    }

    pub fn memory_bytes(&self) -> usize {
        self.rows.size()
    }
}

impl Keys for RowKeys {
    type Key<'a> = Row<'a>;

    fn len(&self) -> usize {
        self.rows.num_rows()
    }

    #[inline]
    fn key(&self, at: usize) -> Row<'_> {
        self.rows.row(at)
    }

    fn of_columns(&self, columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        let mut keys = self.like();
        self.converter.append(&mut keys.rows, columns)?;
        Ok(keys)
    }

    fn extend(&mut self, more: &Self) {
        more.rows.iter().for_each(|row| self.rows.push(row));
    }

    fn drop_front(&mut self, count: usize) {
        drop_rows(&mut self.rows, &self.converter, count);
    }
}

/// Forgets the first `count` rows.
pub fn drop_rows(rows: &mut Rows, converter: &RowConverter, count: usize) {
    let mut rest = converter.empty_rows(rows.num_rows().saturating_sub(count), 0);
    for at in count..rows.num_rows() {
        rest.push(rows.row(at));
    }
    *rows = rest;
}

/// Whether keys of these types are [`FixedKeys`].
pub fn are_fixed(types: &[DataType]) -> bool {
    matches!(types, [only] if fixed_width(only))
}

/// Sort fields with nulls first, which is where the formats put them in either direction.
pub fn sort_fields(types: &[DataType], options: SortOptions) -> Vec<SortField> {
    let options = SortOptions { nulls_first: true, ..options };
    types.iter().map(|data_type| SortField::new_with_options(data_type.clone(), options)).collect()
}

fn fixed_width(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Time32(TimeUnit::Millisecond)
            | DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond, _)
    ) || matches!(data_type, DataType::Decimal128(precision, _) if *precision <= 18)
}

/// The values of a column of fixed width as numbers that order alike.
pub fn fixed_values(array: &ArrayRef) -> Result<ScalarBuffer<i64>, ArrowError> {
    if array.null_count() > 0 {
        return Err(ArrowError::InvalidArgumentError("a key column holds nulls".into()));
    }
    macro_rules! widen {
        ($kind:ty) => {
            array.as_primitive::<$kind>().values().iter().map(|value| i64::from(*value)).collect::<Vec<_>>()
        };
    }
    macro_rules! as_they_are {
        ($kind:ty) => {
            return Ok(array.as_primitive::<$kind>().values().clone())
        };
    }
    let values: Vec<i64> = match array.data_type() {
        DataType::Int8 => widen!(Int8Type),
        DataType::Int16 => widen!(Int16Type),
        DataType::Int32 => widen!(Int32Type),
        DataType::Int64 => as_they_are!(Int64Type),
        DataType::Date32 => widen!(Date32Type),
        DataType::Time32(TimeUnit::Millisecond) => widen!(Time32MillisecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => as_they_are!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => as_they_are!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => as_they_are!(TimestampNanosecondType),
        DataType::Decimal128(..) => {
            let narrow =
                |value: &i128| i64::try_from(*value).map_err(|e| ArrowError::CastError(e.to_string()));
            let values = array.as_primitive::<Decimal128Type>().values().iter().map(narrow);
            values.collect::<Result<_, _>>()?
        }
        other => {
            return Err(ArrowError::InvalidArgumentError(format!("{other} is no fixed-width key")));
        }
    };
    Ok(values.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    #[test]
    fn gallop_finds_the_lower_bound_wherever_it_is() {
        let keys = FixedKeys((0..1000).map(|n| n * 3).collect::<Vec<_>>().into());
        for target in -1..3005 {
            for from in [0, 1, 500, 990, 999, 1000] {
                for end in [from, (from + 5).min(1000), (from + 30).min(1000), 1000] {
                    let expected = (from..end).find(|&at| keys.0[at] >= target).unwrap_or(end);
                    let found = keys.gallop(from..end, target);
                    assert_eq!(found, expected, "target {target} in {from}..{end}");
                }
            }
        }
    }

    #[test]
    fn a_descent_is_found_wherever_it_is() {
        let mut values: Vec<i64> = (0..100).collect();
        assert_eq!(FixedKeys(values.clone().into()).descent(0..100), None);
        values[40] = 3;
        let keys = FixedKeys(values.into());
        assert_eq!(keys.descent(0..100), Some(40));
        assert_eq!(keys.descent(40..100), Some(40));
        assert_eq!(keys.descent(41..100), None);
        assert_eq!(keys.descent(0..40), None);
        assert_eq!(FixedKeys::default().descent(0..0), None);
    }

    #[test]
    fn rows_move_forward_like_numbers() {
        let types = [DataType::Int64, DataType::Int64];
        let fields = sort_fields(&types, SortOptions::default());
        let Ok(converter) = RowConverter::new(fields) else { panic!("a converter") };
        let mut keys = RowKeys::new(Arc::new(converter));
        let column =
            |from: i64| -> ArrayRef { Arc::new((from..from + 5).collect::<arrow::array::Int64Array>()) };
        for from in [0, 5] {
            let Ok(more) = keys.of_columns(&[column(from), column(from)]) else { panic!("keys") };
            keys.extend(&more);
        }
        assert_eq!(keys.len(), 10);
        assert_eq!(keys.descent(0..10), None);
        keys.drop_front(4);
        let Ok(more) = keys.of_columns(&[column(0), column(0)]) else { panic!("keys") };
        keys.extend(&more);
        assert_eq!(keys.descent(0..11), Some(6));
        assert_eq!(keys.gallop(0..6, keys.key(3)), 3);
    }
}
