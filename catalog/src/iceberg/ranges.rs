//! What a partition's values say of the columns that they were made from.

use iceberg::spec::{
    Datum as IcebergDatum, NestedField, PartitionSpec, PrimitiveLiteral, PrimitiveType, Schema, Transform,
};
use iceberg::transform::create_transform_function;

use super::data_file::Raw;
use super::value::{from_units, raw};
use crate::datum::Datum;
use crate::predicate::{Leaf, Predicate, Test};
use crate::pruning::{Nulls, Range, may_match};

const MILLIS_PER_HOUR: i64 = 3_600_000;
const HOURS_PER_DAY: i64 = 24;

/// A partition under its spec, as the columns of a schema see it.
#[derive(Debug)]
pub struct PartitionRanges {
    /// By the id of the source column.
    ranges: Vec<(i32, Range)>,
    /// Buckets: the source column, its type, the transform and the bucket.
    buckets: Vec<(i32, PrimitiveType, Transform, i64)>,
}

impl PartitionRanges {
    pub fn new(spec: &PartitionSpec, values: &[Raw], schema: &Schema) -> Self {
        let (mut ranges, mut buckets) = (Vec::new(), Vec::new());
        for (field, value) in spec.fields().iter().zip(values) {
            let source = schema.as_struct().fields().iter().find(|column| column.id == field.source_id);
            let Some(of) = source.and_then(|column| column.field_type.as_primitive_type()) else { continue };
            let range = match value {
                // A void partition is null whatever its source.
                Raw::Null if field.transform == Transform::Void => Range::UNKNOWN,
                Raw::Null => Range::ALL_NULL,
                value => {
                    if let (Transform::Bucket(_), Raw::Integer(bucket)) = (field.transform, value) {
                        buckets.push((field.source_id, of.clone(), field.transform, *bucket));
                    }
                    preimage(field.transform, value, of)
                }
            };
            ranges.push((field.source_id, range));
        }
        Self { ranges, buckets }
    }

    /// Whether the partition can hold a row that satisfies the predicate.
    pub fn may_match(&self, predicate: &Predicate) -> bool {
        // Several fields may be made from one column: each says something of it.
        let by_range = self.ranges.iter().all(|(source, range)| {
            may_match(predicate, &mut |id| if id == *source { range.clone() } else { Range::UNKNOWN })
        });
        by_range && self.buckets_may_match(predicate)
    }

    fn buckets_may_match(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::True => true,
            Predicate::And(parts) => parts.iter().all(|part| self.buckets_may_match(part)),
            Predicate::Or(parts) => parts.iter().any(|part| self.buckets_may_match(part)),
            Predicate::Leaf(Leaf { field_id, test }) => {
                let mut of_column = self.buckets.iter().filter(|(source, ..)| source == field_id);
                of_column.all(|(_, of, transform, bucket)| {
                    let may_be = |value: &Datum| {
                        bucket_of(value, of, *transform).is_none_or(|of| i64::from(of) == *bucket)
                    };
                    match test {
                        Test::Equal(value) => may_be(value),
                        Test::In(values) => values.iter().any(may_be),
                        _ => true,
                    }
                })
            }
        }
    }
}

/// The values that a transform turns into this one.
fn preimage(transform: Transform, value: &Raw, of: &PrimitiveType) -> Range {
    let within = |min: Datum, max: Datum| Range { min, max, nulls: Nulls::None };
    let unknown = || Range { nulls: Nulls::None, ..Range::UNKNOWN };
    match (transform, value) {
        (Transform::Identity, value) => match raw(value, of) {
            Some(value) => Range::exactly(&value),
            None => unknown(),
        },
        (Transform::Truncate(width), value) => truncated(value, of, width.into()).unwrap_or_else(unknown),
        (Transform::Year | Transform::Month | Transform::Day | Transform::Hour, Raw::Integer(value)) => {
            let value = *value;
            // Some writers have rounded times before 1970 toward it, not down.
            let first = if value <= 0 { value.saturating_sub(1) } else { value };
            let hours = |value: i64| match transform {
                Transform::Hour => Some(value),
                Transform::Day => value.checked_mul(HOURS_PER_DAY),
                Transform::Month => hours_of_month(value),
                _ => hours_of_month(value.checked_mul(12)?),
            };
            match (hours(first), hours(value.saturating_add(1))) {
                (Some(start), Some(end)) => match (moment(start, of), moment(end, of)) {
                    // The end is not within, which as a bound does no harm.
                    (Some(min), Some(max)) => within(min, max),
                    _ => unknown(),
                },
                _ => unknown(),
            }
        }
        (Transform::Unknown | Transform::Void, _) => Range::UNKNOWN,
        _ => unknown(),
    }
}

fn truncated(value: &Raw, of: &PrimitiveType, width: i64) -> Option<Range> {
    let min = raw(value, of)?;
    let max = match &min {
        Datum::Integer(value) => Datum::Integer(value.checked_add(width)?),
        Datum::Decimal(value) => Datum::Decimal(value.checked_add(width.into())?),
        // Longer texts begin with it: they are greater, and no text is the greatest of them.
        _ => Datum::Null,
    };
    Some(Range { min, max, nulls: Nulls::None })
}

/// Hours from 1970 to the beginning of a month, counted from January 1970.
fn hours_of_month(month: i64) -> Option<i64> {
    let year = i32::try_from(month.div_euclid(12).checked_add(1970)?).ok()?;
    let month = u32::try_from(month.rem_euclid(12)).ok()?.checked_add(1)?;
    let first = chrono::NaiveDate::from_ymd_opt(year, month, 1)?;
    first.signed_duration_since(chrono::NaiveDate::default()).num_days().checked_mul(HOURS_PER_DAY)
}

/// Hours since 1970 as a value of a type.
fn moment(hours: i64, of: &PrimitiveType) -> Option<Datum> {
    Some(match of {
        PrimitiveType::Date => Datum::Integer(hours.div_euclid(HOURS_PER_DAY)),
        PrimitiveType::Timestamp
        | PrimitiveType::Timestamptz
        | PrimitiveType::TimestampNs
        | PrimitiveType::TimestamptzNs => from_units(hours.checked_mul(MILLIS_PER_HOUR)?, 1),
        _ => return None,
    })
}

/// The bucket of a value; `None` where it is not known how the column's values are hashed.
fn bucket_of(value: &Datum, of: &PrimitiveType, transform: Transform) -> Option<i32> {
    let value = match (value, of) {
        (Datum::Integer(value), PrimitiveType::Int) => IcebergDatum::int(i32::try_from(*value).ok()?),
        (Datum::Integer(value), PrimitiveType::Long) => IcebergDatum::long(*value),
        (Datum::Integer(value), PrimitiveType::Date) => IcebergDatum::date(i32::try_from(*value).ok()?),
        (Datum::Text(value), PrimitiveType::String) => IcebergDatum::string(value),
        (Datum::Bytes(value), PrimitiveType::Binary) => IcebergDatum::binary(value.iter().copied()),
        _ => return None,
    };
    let function = create_transform_function(&transform).ok()?;
    match function.transform_literal(&value).ok()??.literal() {
        PrimitiveLiteral::Int(bucket) => Some(*bucket),
        _ => None,
    }
}

/// The value of an identity partition, which stands for its column in every row.
pub fn identity_value(value: &Raw, column: &NestedField) -> Option<Datum> {
    raw(value, column.field_type.as_primitive_type()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(transform: Transform, value: i32, of: PrimitiveType) -> (Datum, Datum) {
        let range = preimage(transform, &Raw::Integer(value.into()), &of);
        (range.min, range.max)
    }

    #[test]
    fn times_lie_between_the_ends_of_their_partition() {
        let millis = |millis| Datum::Timestamp { millis, nanos_of_milli: 0 };
        let day = 24 * MILLIS_PER_HOUR;
        assert_eq!(range(Transform::Day, 2, PrimitiveType::Timestamp), (millis(2 * day), millis(3 * day)));
        assert_eq!(range(Transform::Day, 0, PrimitiveType::Timestamp), (millis(-day), millis(day)));
        assert_eq!(range(Transform::Month, 1, PrimitiveType::Date), (Datum::Integer(31), Datum::Integer(59)));
        assert_eq!(
            range(Transform::Year, 2, PrimitiveType::Date),
            (Datum::Integer(730), Datum::Integer(1096))
        );
        assert_eq!(
            range(Transform::Truncate(10), -10, PrimitiveType::Int),
            (Datum::Integer(-10), Datum::Integer(0))
        );
    }

    /// The examples of the Iceberg specification.
    #[test]
    fn values_hash_as_the_specification_says() {
        let bucket = |value: Datum, of| bucket_of(&value, &of, Transform::Bucket(i32::MAX as u32));
        assert_eq!(bucket(Datum::Integer(34), PrimitiveType::Int), Some(2_017_239_379));
        assert_eq!(bucket(Datum::Integer(34), PrimitiveType::Long), Some(2_017_239_379));
        assert_eq!(bucket(Datum::Text("iceberg".into()), PrimitiveType::String), Some(1_210_000_089));
        assert_eq!(bucket(Datum::Boolean(true), PrimitiveType::Boolean), None);
    }
}
