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

use crate::malformed::{Decoded, Malformed};

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A row of these slots and this variable part, with its arity prefix.
    fn row(slots: &[[u8; 8]], variable: &[u8]) -> Vec<u8> {
        let mut bytes = (slots.len() as u32).to_be_bytes().to_vec();
        bytes.extend(vec![0; null_bits_width(slots.len())]);
        bytes.extend(slots.iter().flatten());
        bytes.extend(variable);
        bytes
    }

    fn pointer(offset: u32, length: u32) -> [u8; 8] {
        (u64::from(offset) << 32 | u64::from(length)).to_le_bytes()
    }

    fn one(slot: [u8; 8], variable: &[u8], data_type: LogicalType) -> Decoded<Datum> {
        BinaryRow::parse(&row(&[slot], variable))?.value(0, &data_type)
    }

    #[test]
    fn values_of_every_type_are_decoded() {
        let negative = (-2i64).to_le_bytes();
        for (data_type, expected) in [
            (LogicalType::TinyInt, Datum::Integer(-2)),
            (LogicalType::SmallInt, Datum::Integer(-2)),
            (LogicalType::Int, Datum::Integer(-2)),
            (LogicalType::BigInt, Datum::Integer(-2)),
            (LogicalType::Date, Datum::Integer(-2)),
            (LogicalType::Decimal { precision: 18, scale: 2 }, Datum::Decimal(-2)),
            (LogicalType::Timestamp { precision: 3 }, Datum::Timestamp { millis: -2, nanos_of_milli: 0 }),
        ] {
            assert_eq!(one(negative, &[], data_type.clone()).unwrap(), expected, "{data_type:?}");
        }
        assert_eq!(one([1, 0, 0, 0, 0, 0, 0, 0], &[], LogicalType::Boolean).unwrap(), Datum::Boolean(true));
        assert_eq!(one(1.5f64.to_le_bytes(), &[], LogicalType::Double).unwrap(), Datum::Double(1.5));
        let float = u64::from(0.5f32.to_bits()).to_le_bytes();
        assert_eq!(one(float, &[], LogicalType::Float).unwrap(), Datum::Float(0.5));
        let inline = [b'a', b'b', 0, 0, 0, 0, 0, 0x82];
        assert_eq!(one(inline, &[], LogicalType::STRING).unwrap(), Datum::Text("ab".into()));
        assert_eq!(
            one(pointer(16, 8), b"abcdefgh", LogicalType::BYTES).unwrap(),
            Datum::Bytes(b"abcdefgh".to_vec())
        );
        let decimal = LogicalType::Decimal { precision: 38, scale: 0 };
        assert_eq!(one(pointer(16, 2), &[0xff, 0x7f], decimal).unwrap(), Datum::Decimal(-129));
        let micros = LogicalType::Timestamp { precision: 6 };
        let expected = Datum::Timestamp { millis: 7, nanos_of_milli: 9000 };
        assert_eq!(one(pointer(16, 9000), &7i64.to_le_bytes(), micros).unwrap(), expected);
    }

    #[test]
    fn null_bits_are_counted_from_the_second_byte() {
        let mut bytes = row(&[[1, 0, 0, 0, 0, 0, 0, 0]; 60], &[]);
        for field in [0, 55, 56, 59] {
            bytes[4 + (field + 8) / 8] |= 1 << (field % 8);
        }
        let row = BinaryRow::parse(&bytes).unwrap();
        assert_eq!(row.arity(), 60);
        let values = row.values(std::iter::repeat_n(&LogicalType::Int, 60)).unwrap();
        for (field, value) in values.iter().enumerate() {
            assert_eq!(value.is_null(), [0, 55, 56, 59].contains(&field), "{field}");
        }
    }

    #[test]
    fn nothing_outside_the_row_is_read() {
        let text = LogicalType::STRING;
        for slot in [pointer(16, 1), pointer(u32::MAX, 1), pointer(0, u32::MAX >> 1), pointer(17, 0)] {
            assert!(one(slot, &[], text.clone()).is_err(), "{slot:?}");
        }
        assert!(one([0, 0, 0, 0, 0, 0, 0, 0xff], &[], text.clone()).is_err());
        assert!(one([0xff, 0xfe, 0, 0, 0, 0, 0, 0x82], &[], text).is_err());
        let micros = LogicalType::Timestamp { precision: 6 };
        assert!(one(pointer(16, 1_000_000), &[0; 8], micros).is_err());
        let decimal = LogicalType::Decimal { precision: 38, scale: 0 };
        assert!(one(pointer(16, 17), &[0; 24], decimal).is_err());
        for bytes in [&[][..], &[0, 0, 0], &[0, 0, 0, 0], &[0xff; 12], &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert!(BinaryRow::parse(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(BinaryRow::parse(&[0; 12]).unwrap().arity(), 0);
        assert!(BinaryRow::parse(&[0; 12]).unwrap().value(0, &LogicalType::Int).is_err());
    }
}
