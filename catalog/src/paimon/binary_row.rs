//! Paimon's `BinaryRow`: partition values, key bounds and statistics, as manifests store them.
//!
//! A serialised row is its arity (4 bytes, big-endian), then the row, little-endian throughout:
//!
//! ```text
//! kind (1 byte), null bits (from bit 8), padding to 8 | 8 bytes a field | variable part
//! ```
//!
//! A field's slot holds the value, or up to seven bytes inline (top bit of the slot's last byte set),
//! or `offset << 32 | length` into the variable part, offsets counted from the row's start. Slots
//! are decoded by type; nothing here trusts an offset or a length. (paimon-format section 4)

use crate::datum::Datum;
use crate::types::LogicalType;

use super::malformed::{Decoded, Malformed};

/// A row over borrowed bytes.
#[derive(Debug, Clone, Copy)]
pub struct BinaryRow<'a> {
    arity: usize,
    body: &'a [u8],
}

/// More fields than any table has; guards the arithmetic on corrupt arities.
const MAX_ARITY: usize = 1 << 20;

impl<'a> BinaryRow<'a> {
    /// A row after its arity prefix.
    pub fn parse(serialized: &'a [u8]) -> Decoded<Self> {
        let (prefix, body) = serialized
            .split_first_chunk::<4>()
            .ok_or_else(|| Malformed::new("a binary row is shorter than its prefix"))?;
        let arity = u32::from_be_bytes(*prefix) as usize;
        let fits = arity <= MAX_ARITY && null_bits_width(arity) + 8 * arity <= body.len();
        if !fits {
            return Err(Malformed::new(format!("a binary row of {arity} fields in {} bytes", body.len())));
        }
        Ok(Self { arity, body })
    }

    pub fn arity(&self) -> usize {
        self.arity
    }

    /// The row without its prefix: what hashes and equality are over.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// All fields, one for each type.
    pub fn values<'t>(&self, types: impl IntoIterator<Item = &'t LogicalType>) -> Decoded<Vec<Datum>> {
        types.into_iter().enumerate().map(|(index, data_type)| self.value(index, data_type)).collect()
    }

    pub fn value(&self, index: usize, data_type: &LogicalType) -> Decoded<Datum> {
        if index >= self.arity {
            return Err(Malformed::new(format!("field {index} of a binary row of {}", self.arity)));
        }
        if self.is_null(index) {
            return Ok(Datum::Null);
        }
        let start = null_bits_width(self.arity) + 8 * index;
        let slot = self.body.get(start..).and_then(<[u8]>::first_chunk::<8>);
        self.decode(slot.ok_or_else(|| Malformed::new("a binary row is cut short"))?, data_type)
    }

    fn is_null(&self, index: usize) -> bool {
        let bit = index + 8;
        self.body.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    fn decode(&self, slot: &'a [u8; 8], data_type: &LogicalType) -> Decoded<Datum> {
        let [b0, b1, b2, b3, ..] = *slot;
        let int = i32::from_le_bytes([b0, b1, b2, b3]);
        let long = i64::from_le_bytes(*slot);
        Ok(match data_type {
            LogicalType::Boolean => Datum::Boolean(b0 != 0),
            LogicalType::TinyInt => Datum::Integer(i8::from_le_bytes([b0]).into()),
            LogicalType::SmallInt => Datum::Integer(i16::from_le_bytes([b0, b1]).into()),
            LogicalType::Int | LogicalType::Date | LogicalType::Time { .. } => Datum::Integer(int.into()),
            LogicalType::BigInt => Datum::Integer(long),
            LogicalType::Float => Datum::Float(f32::from_bits(int as u32)),
            LogicalType::Double => Datum::Double(f64::from_bits(long as u64)),
            LogicalType::Decimal { precision: 0..=18, .. } => Datum::Decimal(long.into()),
            LogicalType::Decimal { .. } => Datum::Decimal(big_integer(self.pointed(slot)?)?),
            LogicalType::Timestamp { precision } | LogicalType::TimestampLtz { precision } => {
                self.timestamp(slot, *precision)?
            }
            LogicalType::Char { .. } | LogicalType::Varchar { .. } => {
                let text = std::str::from_utf8(self.bytes(slot)?);
                Datum::Text(text.map_err(|_| Malformed::new("a text is not UTF-8"))?.to_string())
            }
            LogicalType::Binary { .. } | LogicalType::Varbinary { .. } | LogicalType::Blob => {
                Datum::Bytes(self.bytes(slot)?.to_vec())
            }
            // Bounds of nested values mean nothing: their writers store none.
            _ => Datum::Null,
        })
    }

    fn timestamp(&self, slot: &[u8; 8], precision: u8) -> Decoded<Datum> {
        if precision <= 3 {
            return Ok(Datum::Timestamp { millis: i64::from_le_bytes(*slot), nanos_of_milli: 0 });
        }
        let [n0, n1, n2, n3, o0, o1, o2, o3] = *slot;
        let nanos_of_milli = i32::from_le_bytes([n0, n1, n2, n3]);
        let offset = u32::from_le_bytes([o0, o1, o2, o3]);
        let millis = self.range(offset, 8)?.try_into().map(i64::from_le_bytes);
        match millis {
            Ok(millis) if (0..1_000_000).contains(&nanos_of_milli) => {
                Ok(Datum::Timestamp { millis, nanos_of_milli })
            }
            _ => Err(Malformed::new(format!("{nanos_of_milli} nanoseconds of a millisecond"))),
        }
    }

    fn bytes(&self, slot: &'a [u8; 8]) -> Decoded<&'a [u8]> {
        let [inline @ .., tag] = slot;
        if tag & 0x80 == 0 {
            return self.pointed(slot);
        }
        let length = usize::from(tag & 0x7f);
        inline.get(..length).ok_or_else(|| Malformed::new(format!("{length} bytes inline")))
    }

    fn pointed(&self, slot: &[u8; 8]) -> Decoded<&'a [u8]> {
        let [l0, l1, l2, l3, o0, o1, o2, o3] = *slot;
        self.range(u32::from_le_bytes([o0, o1, o2, o3]), u32::from_le_bytes([l0, l1, l2, l3]))
    }

    fn range(&self, offset: u32, length: u32) -> Decoded<&'a [u8]> {
        let end = (offset as usize).checked_add(length as usize);
        let bytes = end.and_then(|end| self.body.get(offset as usize..end));
        bytes.ok_or_else(|| {
            let size = self.body.len();
            Malformed::new(format!("{length} bytes at {offset} in a binary row of {size} bytes"))
        })
    }
}

/// Bytes before the first slot: a byte for the kind, a bit a field, rounded up to 8 bytes.
fn null_bits_width(arity: usize) -> usize {
    (arity + 63 + 8) / 64 * 8
}

/// Java's `BigInteger.toByteArray`: big-endian two's complement, as short as can be.
fn big_integer(bytes: &[u8]) -> Decoded<i128> {
    let first = bytes.first().filter(|_| bytes.len() <= 16);
    let first = first.ok_or_else(|| Malformed::new(format!("a decimal of {} bytes", bytes.len())))?;
    let seed = if first & 0x80 != 0 { -1i128 } else { 0 };
    Ok(bytes.iter().fold(seed, |value, byte| value << 8 | i128::from(*byte)))
}
