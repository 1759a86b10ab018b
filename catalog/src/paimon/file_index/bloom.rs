//! Bloom filters: `[i32 number of hash functions][bits]`.
//!
//! The functions are `h1 + i * h2` for i from 1, made of the halves of one 64-bit hash: XXH64 for text
//! and bytes, Thomas Wang's integer hash for numbers.

use xxhash_rust::xxh64::xxh64;

use crate::cursor::Cursor;
use crate::datum::Datum;
use crate::error::Result;
use crate::paimon::file_index::Matching;
use crate::predicate::Test;
use crate::types::LogicalType;

/// Most hash functions that a filter can sensibly have; more are damage.
const MAX_FUNCTIONS: usize = 1 << 16;

#[derive(Debug)]
struct BloomFilter<'a> {
    functions: u32,
    bits: &'a [u8],
}

/// Answers `=` and `IN`; a Bloom filter knows nothing else.
pub fn matching(bytes: &[u8], path: &str, data_type: &LogicalType, test: &Test) -> Result<Matching> {
    let constants = match test {
        Test::Equal(constant) => std::slice::from_ref(constant),
        Test::In(constants) => constants,
        _ => return Ok(Matching::All),
    };
    let filter = BloomFilter::parse(bytes, path)?;
    for constant in constants.iter().filter(|constant| !constant.is_null()) {
        let Some(hashes) = hashes(constant, data_type) else { return Ok(Matching::All) };
        if hashes.iter().any(|hash| filter.may_contain(*hash)) {
            return Ok(Matching::All);
        }
    }
    Ok(Matching::Skip)
}

impl<'a> BloomFilter<'a> {
    fn parse(bytes: &'a [u8], path: &'a str) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, path);
        let functions = cursor.length("the number of hash functions")?;
        let bits = cursor.take(cursor.remaining())?;
        // Java counts bits in an int.
        if !(1..=MAX_FUNCTIONS).contains(&functions) || bits.is_empty() || bits.len() > i32::MAX as usize / 8
        {
            return Err(cursor.corrupt(format!(
                "a Bloom filter has {functions} hash functions over {} bytes",
                bits.len()
            )));
        }
        Ok(Self { functions: functions as u32, bits })
    }

    fn may_contain(&self, hash: u64) -> bool {
        let (first, second) = (hash as u32, (hash >> 32) as u32);
        let bit_count = self.bits.len() as u32 * 8;
        (1..=self.functions).all(|index| {
            let combined = first.wrapping_add(index.wrapping_mul(second)) as i32;
            let position = (if combined < 0 { !combined } else { combined }) as u32 % bit_count;
            self.bits.get(position as usize / 8).is_some_and(|byte| byte & (1 << (position % 8)) != 0)
        })
    }
}

/// The hashes that values equal to the constant may have been added with; `None` where the type has no
/// hash or the constant is of another type.
fn hashes(constant: &Datum, data_type: &LogicalType) -> Option<Vec<u64>> {
    use LogicalType as T;
    let both_zeros = |is_zero, hash, negative| if is_zero { vec![hash, negative] } else { vec![hash] };
    Some(match (data_type, constant) {
        (T::Char { .. } | T::Varchar { .. }, Datum::Text(text)) => vec![xxh64(text.as_bytes(), 0)],
        (T::Binary { .. } | T::Varbinary { .. }, Datum::Bytes(bytes)) => vec![xxh64(bytes, 0)],
        (T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Date | T::Time { .. }, Datum::Integer(value)) => {
            vec![hash_long(*value)]
        }
        (T::Float, Datum::Float(value)) => {
            let bits = |value: f32| hash_long(i64::from(canonical_float(value).to_bits() as i32));
            both_zeros(*value == 0.0, bits(*value), bits(-*value))
        }
        (T::Double, Datum::Double(value)) => {
            let bits = |value: f64| hash_long(canonical_double(value).to_bits() as i64);
            both_zeros(*value == 0.0, bits(*value), bits(-*value))
        }
        (
            T::Timestamp { precision } | T::TimestampLtz { precision },
            Datum::Timestamp { millis, nanos_of_milli },
        ) => {
            let value = match precision {
                0..=3 => *millis,
                _ => millis.checked_mul(1000)?.checked_add(i64::from(nanos_of_milli / 1000))?,
            };
            vec![hash_long(value)]
        }
        _ => return None,
    })
}

fn canonical_float(value: f32) -> f32 {
    if value.is_nan() { f32::NAN } else { value }
}

fn canonical_double(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

/// Thomas Wang's 64-bit integer hash, with the arithmetic shifts of Java's `>>`.
fn hash_long(key: i64) -> u64 {
    let mut key = (!key).wrapping_add(key << 21);
    key ^= key >> 24;
    key = key.wrapping_add(key << 3).wrapping_add(key << 8);
    key ^= key >> 14;
    key = key.wrapping_add(key << 2).wrapping_add(key << 4);
    key ^= key >> 28;
    key.wrapping_add(key << 31) as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A filter of 64 bytes and 5 functions that holds the constants, as Java's builder makes it.
    fn filter(data_type: &LogicalType, constants: &[Datum]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 5];
        bytes.resize(4 + 64, 0);
        for constant in constants {
            let hash = hashes(constant, data_type).unwrap()[0];
            for index in 1..=5_u32 {
                let combined = (hash as u32).wrapping_add(index.wrapping_mul((hash >> 32) as u32)) as i32;
                let position = (if combined < 0 { !combined } else { combined }) % 512;
                bytes[4 + position as usize / 8] |= 1 << (position % 8);
            }
        }
        bytes
    }

    fn test(bytes: &[u8], data_type: &LogicalType, test: Test) -> Matching {
        matching(bytes, "f", data_type, &test).unwrap()
    }

    #[test]
    fn absent_values_skip_the_file() {
        let bytes = filter(&LogicalType::Int, &[Datum::Integer(1), Datum::Integer(-7)]);
        let int = |value| test(&bytes, &LogicalType::Int, Test::Equal(Datum::Integer(value)));
        assert_eq!((int(1), int(-7)), (Matching::All, Matching::All));
        assert!((100..200).filter(|value| int(*value) == Matching::Skip).count() > 90);
        let list = |values: [Datum; 2]| test(&bytes, &LogicalType::Int, Test::In(values.to_vec()));
        assert_eq!(list([Datum::Integer(5), Datum::Integer(1)]), Matching::All);
        assert_eq!(list([Datum::Null, Datum::Null]), Matching::Skip);
        assert_eq!(test(&bytes, &LogicalType::Int, Test::Less(Datum::Integer(-99))), Matching::All);
    }

    #[test]
    fn either_zero_is_found_by_the_other() {
        let bytes = filter(&LogicalType::Double, &[Datum::Double(-0.0)]);
        let double = |value| test(&bytes, &LogicalType::Double, Test::Equal(Datum::Double(value)));
        assert_eq!((double(0.0), double(-0.0), double(1.0)), (Matching::All, Matching::All, Matching::Skip));
    }

    #[test]
    fn types_without_a_hash_prune_nothing() {
        let bytes = filter(&LogicalType::Int, &[]);
        let decimal = LogicalType::Decimal { precision: 10, scale: 2 };
        assert_eq!(test(&bytes, &decimal, Test::Equal(Datum::Decimal(1))), Matching::All);
        assert_eq!(test(&bytes, &LogicalType::Boolean, Test::Equal(Datum::Boolean(true))), Matching::All);
    }

    #[test]
    fn impossible_filters_are_refused() {
        let equal = Test::Equal(Datum::Integer(1));
        for bytes in [&[0, 0][..], &[0, 0, 0, 3], &[0, 0, 0, 0, 1], &[0x7f, 0, 0, 0, 1], &[0xff, 0, 0, 0, 1]]
        {
            matching(bytes, "f", &LogicalType::Int, &equal).unwrap_err();
        }
    }
}
