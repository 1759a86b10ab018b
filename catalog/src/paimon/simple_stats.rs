//! `SimpleStats`: bounds and null counts of a row of columns, as manifests store them.

use crate::datum::Datum;
use crate::stats::ColumnStats;
use crate::types::LogicalType;

use super::binary_row::BinaryRow;
use crate::malformed::Decoded;
use crate::value::Value;

/// Bounds as serialised rows; decoding needs the types of the columns, which the caller knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimpleStats {
    pub min_values: Box<[u8]>,
    pub max_values: Box<[u8]>,
    /// Nulls of each column, where they were counted.
    pub null_counts: Box<[Option<u64>]>,
}

impl SimpleStats {
    pub fn decode(value: &Value<'_>) -> Decoded<Self> {
        let record = value.record()?;
        Ok(Self {
            min_values: record.required("_MIN_VALUES", Value::bytes)?.into(),
            max_values: record.required("_MAX_VALUES", Value::bytes)?.into(),
            null_counts: record.optional("_NULL_COUNTS", null_counts)?.unwrap_or_default().into(),
        })
    }

    /// The statistics of one column by its position among the columns that have them. Positions that
    /// the writer did not fill are unknown.
    pub fn column(&self, index: usize, data_type: &LogicalType) -> Decoded<ColumnStats> {
        let (min, max) = (BinaryRow::parse(&self.min_values)?, BinaryRow::parse(&self.max_values)?);
        let bound = |row: &BinaryRow<'_>| match index < row.arity() {
            true => row.value(index, data_type),
            false => Ok(Datum::Null),
        };
        Ok(ColumnStats {
            min: bound(&min)?,
            max: bound(&max)?,
            null_count: self.null_counts.get(index).copied().flatten(),
            exact: bounds_are_exact(data_type),
        })
    }

    pub fn bytes(&self) -> usize {
        self.min_values.len() + self.max_values.len() + 16 * self.null_counts.len()
    }
}

fn null_counts(value: &Value<'_>) -> Decoded<Vec<Option<u64>>> {
    // Some writers store -1 for a count that they do not know.
    let count =
        |value: &Value<'_>| Ok(value.optional(Value::long)?.and_then(|count| u64::try_from(count).ok()));
    value.list()?.iter().map(count).collect()
}

/// Texts and bytes may be cut short; NaN and signed zeros make floating point bounds doubtful.
fn bounds_are_exact(data_type: &LogicalType) -> bool {
    !matches!(
        data_type,
        LogicalType::Char { .. }
            | LogicalType::Varchar { .. }
            | LogicalType::Binary { .. }
            | LogicalType::Varbinary { .. }
            | LogicalType::Blob
            | LogicalType::Float
            | LogicalType::Double
    )
}
