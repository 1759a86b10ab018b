//! Which bucket a row lives in: a function of its bucket-key values and the number of buckets.
//!
//! The number is that of the manifest entry, not of the table's options: partitions may have been
//! rescaled one by one.

use std::str::FromStr;

use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::paimon::binary_row_writer::encode_row;
use crate::paimon::hash::{hive_bytes, hive_decimal, java_long, murmur_words};
use crate::types::LogicalType;

/// The option `bucket-function.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BucketFunction {
    /// Murmur3 of the key's `BinaryRow`.
    #[default]
    Default,
    /// The single INT or BIGINT key itself.
    Mod,
    /// Hive's hash.
    Hive,
}

impl FromStr for BucketFunction {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "default" => Ok(Self::Default),
            "mod" => Ok(Self::Mod),
            "hive" => Ok(Self::Hive),
            _ => Err(Error::invalid(format!(
                "bucket-function.type is '{name}', but Tarn knows only default, mod and hive"
            ))),
        }
    }
}

impl BucketFunction {
    /// Hashes bucket-key values, in the order of the bucket key.
    ///
    /// `None` where this function does not take such a key (see [`encode_row`]; `mod` takes one
    /// integer, `hive` takes no timestamps): then nothing is known about its bucket.
    pub fn hash<'a>(self, key: impl IntoIterator<Item = (&'a LogicalType, &'a Datum)>) -> Option<BucketHash> {
        match self {
            Self::Default => encode_row(key).map(|row| BucketHash::Murmur(murmur_words(&row))),
            Self::Mod => {
                let mut key = key.into_iter();
                match (key.next()?, key.next()) {
                    ((LogicalType::Int | LogicalType::BigInt, Datum::Integer(value)), None) => {
                        Some(BucketHash::Value(*value))
                    }
                    // Java reads the slot of a null, which is zero.
                    ((LogicalType::Int | LogicalType::BigInt, Datum::Null), None) => {
                        Some(BucketHash::Value(0))
                    }
                    _ => None,
                }
            }
            Self::Hive => {
                let mut hash = 0_i32;
                for (data_type, value) in key {
                    hash = hash.wrapping_mul(31).wrapping_add(hive_hash(data_type, value)?);
                }
                Some(BucketHash::Hive(hash))
            }
        }
    }
}

/// What a bucket key hashes to, whatever the number of buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketHash {
    Murmur(i32),
    Value(i64),
    Hive(i32),
}

impl BucketHash {
    /// The bucket among `total`; `None` where `total` is not positive (dynamic, unaware and postponed
    /// buckets are not chosen by hash).
    pub fn bucket(self, total: i32) -> Option<i32> {
        if total <= 0 {
            return None;
        }
        Some(match self {
            Self::Murmur(hash) => (hash % total).abs(),
            Self::Value(value) => value.rem_euclid(i64::from(total)) as i32,
            Self::Hive(hash) => (hash & i32::MAX) % total,
        })
    }
}

fn hive_hash(data_type: &LogicalType, value: &Datum) -> Option<i32> {
    use LogicalType as T;
    Some(match (data_type, value) {
        (_, Datum::Null) => 0,
        (T::Boolean, Datum::Boolean(value)) => i32::from(*value),
        (T::TinyInt | T::SmallInt | T::Int | T::Date | T::Time { .. }, Datum::Integer(value)) => {
            i32::try_from(*value).ok()?
        }
        (T::BigInt, Datum::Integer(value)) => java_long(*value),
        (T::Float, Datum::Float(value)) => float_bits(*value),
        (T::Double, Datum::Double(value)) => java_long(double_bits(*value)),
        (T::Char { .. } | T::Varchar { .. }, Datum::Text(text)) => hive_bytes(text.as_bytes()),
        (T::Binary { .. } | T::Varbinary { .. }, Datum::Bytes(bytes)) => hive_bytes(bytes),
        (T::Decimal { scale, .. }, Datum::Decimal(unscaled)) => hive_decimal(*unscaled, *scale),
        _ => return None,
    })
}

/// Java's `Float.floatToIntBits`, with both zeros as zero.
fn float_bits(value: f32) -> i32 {
    match value {
        0.0 => 0,
        value if value.is_nan() => f32::NAN.to_bits() as i32,
        value => value.to_bits() as i32,
    }
}

/// Java's `Double.doubleToLongBits`, with both zeros as zero.
fn double_bits(value: f64) -> i64 {
    match value {
        0.0 => 0,
        value if value.is_nan() => f64::NAN.to_bits() as i64,
        value => value.to_bits() as i64,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hash(function: BucketFunction, data_type: LogicalType, value: Datum) -> BucketHash {
        function.hash([(&data_type, &value)]).unwrap()
    }

    fn buckets(hash: BucketHash) -> [i32; 4] {
        [2, 4, 5, 16].map(|total| hash.bucket(total).unwrap())
    }

    /// Hash codes and buckets among 2, 4, 5 and 16 that Java gives (paimon-format.md, section 23).
    #[test]
    fn default_function_agrees_with_java() {
        let text = |value: &str| (LogicalType::STRING, Datum::Text(value.into()));
        let int = |value| (LogicalType::Int, Datum::Integer(value));
        let long = |value| (LogicalType::BigInt, Datum::Integer(value));
        let vectors = [
            (int(0), -300_363_099, [1, 3, 4, 11]),
            (int(1), 1_465_514_398, [0, 2, 3, 14]),
            (long(1), 1_465_514_398, [0, 2, 3, 14]),
            (int(2), 1_340_390_384, [0, 0, 4, 0]),
            (int(42), 907_821_237, [1, 1, 2, 5]),
            (int(-1), 1_133_687_267, [1, 3, 2, 3]),
            (long(-1), -821_098_432, [0, 0, 2, 0]),
            (text(""), 302_122_119, [1, 3, 4, 7]),
            (text("a"), 943_281_246, [0, 2, 1, 14]),
            (text("abcdefg"), -1_431_907_323, [1, 3, 3, 11]),
            (text("abcdefgh"), -843_760_178, [0, 2, 3, 2]),
            (text("hello world"), 161_593_394, [0, 2, 4, 2]),
        ];
        for ((data_type, value), code, expected) in vectors {
            let hash = hash(BucketFunction::Default, data_type, value);
            assert_eq!(hash, BucketHash::Murmur(code));
            assert_eq!(buckets(hash), expected);
        }
        let null = hash(BucketFunction::Default, LogicalType::Int, Datum::Null);
        assert_eq!(null, BucketHash::Murmur(-1_748_325_344));
    }

    #[test]
    fn mod_is_a_floor_modulus_of_one_integer() {
        let value = |value| hash(BucketFunction::Mod, LogicalType::BigInt, Datum::Integer(value));
        assert_eq!(buckets(value(7)), [1, 3, 2, 7]);
        assert_eq!(buckets(value(-1)), [1, 3, 4, 15]);
        assert_eq!(BucketFunction::Mod.hash([(&LogicalType::SmallInt, &Datum::Integer(1))]), None);
        let pair = [(&LogicalType::Int, &Datum::Integer(1)), (&LogicalType::Int, &Datum::Integer(1))];
        assert_eq!(BucketFunction::Mod.hash(pair), None);
    }

    #[test]
    fn hive_folds_field_hashes_and_clears_the_sign() {
        let pair = [(&LogicalType::Int, &Datum::Integer(3)), (&LogicalType::Int, &Datum::Integer(4))];
        assert_eq!(BucketFunction::Hive.hash(pair), Some(BucketHash::Hive(97)));
        assert_eq!(BucketHash::Hive(-1).bucket(16), Some(15));
        let timestamp = LogicalType::Timestamp { precision: 3 };
        let value = Datum::Timestamp { millis: 0, nanos_of_milli: 0 };
        assert_eq!(BucketFunction::Hive.hash([(&timestamp, &value)]), None);
    }

    #[test]
    fn buckets_without_a_number_have_no_place() {
        assert_eq!(BucketHash::Murmur(i32::MIN).bucket(-1), None);
        assert_eq!(BucketHash::Murmur(i32::MIN).bucket(3), Some((i64::from(i32::MIN) % 3).abs() as i32));
        assert!("modulo".parse::<BucketFunction>().is_err());
    }
}
