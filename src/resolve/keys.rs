//! Key columns of one file, in a form that compares fast.
//!
//! A single key column of fixed width becomes a vector of `i64` that orders like the column; any
//! other key becomes rows of bytes that compare with `memcmp` (arrow-row). Keys are never null in
//! the formats that merge; were one null, it would come first, as in the files.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::SortOptions;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};

/// Keys in order, addressed by position.
pub trait Keys: Send + Sync {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Compares the key at `at` with the key at `other_at` of another file of the same table.
    fn compare(&self, at: usize, other: &Self, other_at: usize) -> Ordering;

    /// The first position in `from..self.len()` whose key is not below the other key, found by
    /// galloping: probes at doubling distances, then a binary search. Costs O(log distance).
    fn gallop(&self, from: usize, other: &Self, other_at: usize) -> usize {
        let mut low = from;
        let mut step = 1;
        while let probe = low.saturating_add(step)
            && probe < self.len()
            && self.compare(probe, other, other_at) == Ordering::Less
        {
            low = probe;
            step *= 2;
        }
        let mut high = low.saturating_add(step).min(self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.compare(middle, other, other_at) == Ordering::Less {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Keys of a single fixed-width column.
pub struct FixedKeys(pub Vec<i64>);

impl Keys for FixedKeys {
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn compare(&self, at: usize, other: &Self, other_at: usize) -> Ordering {
        self.0[at].cmp(&other.0[other_at])
    }
}

/// Keys of any other shape.
pub struct RowKeys(pub Rows);

impl Keys for RowKeys {
    fn len(&self) -> usize {
        self.0.num_rows()
    }

    #[inline]
    fn compare(&self, at: usize, other: &Self, other_at: usize) -> Ordering {
        self.0.row(at).cmp(&other.0.row(other_at))
    }
}

/// The keys of every file of a section, all in one form.
pub enum SectionKeys {
    Fixed(Vec<FixedKeys>),
    Rows(Vec<RowKeys>),
}

impl SectionKeys {
    /// Takes the key columns of each file, in the key's order.
    pub fn try_new(types: &[DataType], files: &[Vec<ArrayRef>]) -> Result<Self, ArrowError> {
        if let [only] = types
            && fixed_width(only)
        {
            let keys = files
                .iter()
                .map(|columns| columns.first().map_or(Ok(Vec::new()), fixed_values).map(FixedKeys))
                .collect::<Result<_, _>>()?;
            return Ok(Self::Fixed(keys));
        }
        let converter = RowConverter::new(sort_fields(types, SortOptions::default()))?;
        let keys = files
            .iter()
            .map(|columns| converter.convert_columns(columns).map(RowKeys))
            .collect::<Result<_, _>>()?;
        Ok(Self::Rows(keys))
    }
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

fn fixed_values(array: &ArrayRef) -> Result<Vec<i64>, ArrowError> {
    if array.null_count() > 0 {
        return Err(ArrowError::InvalidArgumentError("a key column holds nulls".into()));
    }
    macro_rules! widen {
        ($kind:ty) => {
            Ok(array.as_primitive::<$kind>().values().iter().map(|value| i64::from(*value)).collect())
        };
    }
    match array.data_type() {
        DataType::Int8 => widen!(Int8Type),
        DataType::Int16 => widen!(Int16Type),
        DataType::Int32 => widen!(Int32Type),
        DataType::Int64 => widen!(Int64Type),
        DataType::Date32 => widen!(Date32Type),
        DataType::Time32(TimeUnit::Millisecond) => widen!(Time32MillisecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => widen!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => widen!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => widen!(TimestampNanosecondType),
        DataType::Decimal128(..) => array
            .as_primitive::<Decimal128Type>()
            .values()
            .iter()
            .map(|value| i64::try_from(*value).map_err(|e| ArrowError::CastError(e.to_string())))
            .collect(),
        other => Err(ArrowError::InvalidArgumentError(format!("{other} is no fixed-width key"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gallop_finds_the_lower_bound_wherever_it_is() {
        let keys = FixedKeys((0..1000).map(|n| n * 3).collect());
        for target in -1..3005 {
            let bound = FixedKeys(vec![target]);
            for from in [0, 1, 500, 999, 1000] {
                let expected = (from..1000).find(|&at| keys.0[at] >= target).unwrap_or(1000);
                assert_eq!(keys.gallop(from, &bound, 0), expected, "target {target} from {from}");
            }
        }
    }
}
