//! Rows in Paimon's `BinaryRow` layout (little-endian), built from data.
//!
//! A row is a bit of header and null bits, one slot of eight bytes a field, and a part of variable
//! length whose items start at multiples of eight. Values of up to seven bytes stand in their slot.
//! Bucket numbers and hash indexes are hashes of these bytes, so every byte matters, padding and the
//! space of absent values included.

use crate::datum::Datum;
use crate::types::LogicalType;

/// Bits before the null bits: the row kind.
const HEADER_BITS: usize = 8;
const SLOT_BYTES: usize = 8;
/// Longest text or binary that stands in its slot.
const INLINE_BYTES: usize = 7;
/// Bytes reserved for a decimal that does not fit 64 bits.
const WIDE_DECIMAL_BYTES: usize = 16;
/// Precision up to which a decimal is a 64-bit integer.
const COMPACT_DECIMAL_PRECISION: u8 = 18;
/// Precision up to which a timestamp is only its milliseconds.
const COMPACT_TIMESTAMP_PRECISION: u8 = 3;

/// Encodes one row (kind insert), without the arity prefix that serialised rows carry.
///
/// `None` where a datum is not a value of its type (other variant, out of range) or the type is
/// nested: no such row can have been written by that path.
pub fn encode_row<'a>(fields: impl IntoIterator<Item = (&'a LogicalType, &'a Datum)>) -> Option<Vec<u8>> {
    let fields: Vec<_> = fields.into_iter().collect();
    let mut row = RowWriter::new(fields.len());
    for (position, (data_type, value)) in fields.into_iter().enumerate() {
        row.write(position, data_type, value)?;
    }
    Some(row.bytes)
}

struct RowWriter {
    null_bytes: usize,
    bytes: Vec<u8>,
}

impl RowWriter {
    fn new(arity: usize) -> Self {
        let null_bytes = (arity + 63 + HEADER_BITS) / 64 * 8;
        Self { null_bytes, bytes: vec![0; null_bytes + SLOT_BYTES * arity] }
    }

    fn write(&mut self, position: usize, data_type: &LogicalType, value: &Datum) -> Option<()> {
        use LogicalType as T;
        if value.is_null() {
            return self.write_null(position, data_type);
        }
        match (data_type, value) {
            (T::Boolean, Datum::Boolean(value)) => self.set_slot(position, u64::from(*value)),
            (T::TinyInt, Datum::Integer(value)) => {
                self.set_slot(position, u64::from(i8::try_from(*value).ok()? as u8))
            }
            (T::SmallInt, Datum::Integer(value)) => {
                self.set_slot(position, u64::from(i16::try_from(*value).ok()? as u16))
            }
            (T::Int | T::Date | T::Time { .. }, Datum::Integer(value)) => {
                self.set_slot(position, u64::from(i32::try_from(*value).ok()? as u32))
            }
            (T::BigInt, Datum::Integer(value)) => self.set_slot(position, *value as u64),
            (T::Float, Datum::Float(value)) => self.set_slot(position, u64::from(value.to_bits())),
            (T::Double, Datum::Double(value)) => self.set_slot(position, value.to_bits()),
            (T::Decimal { precision, .. }, Datum::Decimal(value)) => {
                self.write_decimal(position, *precision, *value)
            }
            (
                T::Timestamp { precision } | T::TimestampLtz { precision },
                Datum::Timestamp { millis, nanos_of_milli },
            ) => self.write_timestamp(position, *precision, *millis, *nanos_of_milli),
            (T::Char { .. } | T::Varchar { .. }, Datum::Text(text)) => {
                self.write_bytes(position, text.as_bytes())
            }
            (T::Binary { .. } | T::Varbinary { .. } | T::Blob, Datum::Bytes(bytes)) => {
                self.write_bytes(position, bytes)
            }
            _ => None,
        }
    }

    /// Wide decimals and timestamps keep the room that a later value would take.
    fn write_null(&mut self, position: usize, data_type: &LogicalType) -> Option<()> {
        let bit = position + HEADER_BITS;
        *self.bytes.get_mut(bit / 8)? |= 1 << (bit % 8);
        match data_type {
            LogicalType::Decimal { precision, .. } if *precision > COMPACT_DECIMAL_PRECISION => {
                let offset = self.append(&[0; WIDE_DECIMAL_BYTES])?;
                self.set_slot(position, pointer(offset, 0))
            }
            LogicalType::Timestamp { precision } | LogicalType::TimestampLtz { precision }
                if *precision > COMPACT_TIMESTAMP_PRECISION =>
            {
                let offset = self.append(&[0; 8])?;
                self.set_slot(position, pointer(offset, 0))
            }
            _ => Some(()),
        }
    }

    fn write_decimal(&mut self, position: usize, precision: u8, unscaled: i128) -> Option<()> {
        if precision <= COMPACT_DECIMAL_PRECISION {
            return self.set_slot(position, i64::try_from(unscaled).ok()? as u64);
        }
        let bytes = unscaled.to_be_bytes();
        let content = minimal_twos_complement(&bytes);
        let mut room = [0; WIDE_DECIMAL_BYTES];
        room.get_mut(..content.len())?.copy_from_slice(content);
        let length = u32::try_from(content.len()).ok()?;
        let offset = self.append(&room)?;
        self.set_slot(position, pointer(offset, length))
    }

    fn write_timestamp(&mut self, position: usize, precision: u8, millis: i64, nanos: i32) -> Option<()> {
        if precision <= COMPACT_TIMESTAMP_PRECISION {
            return self.set_slot(position, millis as u64);
        }
        let nanos = u32::try_from(nanos).ok()?;
        let offset = self.append(&millis.to_le_bytes())?;
        self.set_slot(position, pointer(offset, nanos))
    }

    fn write_bytes(&mut self, position: usize, bytes: &[u8]) -> Option<()> {
        if bytes.len() <= INLINE_BYTES {
            let mut slot = [0; SLOT_BYTES];
            slot.get_mut(..bytes.len())?.copy_from_slice(bytes);
            slot[INLINE_BYTES] = 0x80 | bytes.len() as u8;
            return self.set_slot(position, u64::from_le_bytes(slot));
        }
        let length = i32::try_from(bytes.len()).ok()? as u32;
        let offset = self.append(bytes)?;
        self.set_slot(position, pointer(offset, length))
    }

    /// Puts an item into the variable part, padded to eight bytes, and gives its offset in the row.
    fn append(&mut self, item: &[u8]) -> Option<u32> {
        let offset = i32::try_from(self.bytes.len()).ok()? as u32;
        self.bytes.extend_from_slice(item);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        Some(offset)
    }

    fn set_slot(&mut self, position: usize, slot: u64) -> Option<()> {
        let start = self.null_bytes + SLOT_BYTES * position;
        self.bytes.get_mut(start..start + SLOT_BYTES)?.copy_from_slice(&slot.to_le_bytes());
        Some(())
    }
}

fn pointer(offset: u32, length: u32) -> u64 {
    u64::from(offset) << 32 | u64::from(length)
}

/// The shortest big-endian two's complement of a number: Java's `BigInteger.toByteArray`.
fn minimal_twos_complement(bytes: &[u8; 16]) -> &[u8] {
    let negative = bytes[0] & 0x80 != 0;
    let sign = if negative { 0xff } else { 0 };
    let redundant = bytes.windows(2).take_while(|pair| pair[0] == sign && (pair[1] & 0x80 != 0) == negative);
    bytes.get(redundant.count()..).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn encode(fields: &[(LogicalType, Datum)]) -> String {
        hex(&encode_row(fields.iter().map(|(data_type, value)| (data_type, value))).unwrap())
    }

    #[test]
    fn short_text_stands_in_its_slot_and_long_text_behind() {
        let text = |value: &str| encode(&[(LogicalType::STRING, Datum::Text(value.into()))]);
        assert_eq!(text(""), "00000000000000000000000000000080");
        assert_eq!(text("abcdefg"), "00000000000000006162636465666787");
        assert_eq!(text("abcdefgh"), "000000000000000008000000100000006162636465666768");
        assert_eq!(text("hello world"), "00000000000000000b0000001000000068656c6c6f20776f726c640000000000");
    }

    #[test]
    fn numbers_fill_the_low_bytes_of_their_slot() {
        assert_eq!(encode(&[(LogicalType::Int, Datum::Integer(-1))]), "0000000000000000ffffffff00000000");
        assert_eq!(encode(&[(LogicalType::BigInt, Datum::Integer(-1))]), "0000000000000000ffffffffffffffff");
        assert_eq!(encode(&[(LogicalType::TinyInt, Datum::Integer(-2))]), "0000000000000000fe00000000000000");
        assert_eq!(encode(&[(LogicalType::Int, Datum::Null)]), "00010000000000000000000000000000");
    }

    #[test]
    fn wide_decimals_are_minimal_big_endian_in_sixteen_bytes() {
        let wide = LogicalType::Decimal { precision: 38, scale: 2 };
        let head = "00000000000000000200000010000000";
        let expected = format!("{head}0080{}", "00".repeat(14));
        assert_eq!(encode(&[(wide.clone(), Datum::Decimal(128))]), expected);
        let expected = format!("00000000000000000100000010000000ff{}", "00".repeat(15));
        assert_eq!(encode(&[(wide.clone(), Datum::Decimal(-1))]), expected);
        let extreme = encode(&[(wide.clone(), Datum::Decimal(i128::MIN))]);
        assert_eq!(extreme, format!("0000000000000000100000001000000080{}", "00".repeat(15)));
        let null = encode(&[(wide, Datum::Null)]);
        assert_eq!(null, format!("00010000000000000000000010000000{}", "00".repeat(16)));
    }

    #[test]
    fn precise_timestamps_keep_nanoseconds_in_the_slot() {
        let value = Datum::Timestamp { millis: 1, nanos_of_milli: 1000 };
        let micros = LogicalType::Timestamp { precision: 6 };
        let expected = "0000000000000000e8030000100000000100000000000000";
        assert_eq!(encode(&[(micros.clone(), value.clone())]), expected);
        let null = "0001000000000000000000001000000000000000 00000000".replace(' ', "");
        assert_eq!(encode(&[(micros, Datum::Null)]), null);
        let millis = LogicalType::TimestampLtz { precision: 3 };
        assert_eq!(encode(&[(millis, value)]), "00000000000000000100000000000000");
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let row = |data_type, value| encode_row([(&data_type, &value)]);
        assert_eq!(row(LogicalType::Int, Datum::Integer(1 << 40)), None);
        assert_eq!(row(LogicalType::Int, Datum::Text("1".into())), None);
        assert_eq!(row(LogicalType::Decimal { precision: 10, scale: 0 }, Datum::Decimal(1 << 70)), None);
        let array = LogicalType::Array { element: Box::new(LogicalType::Int), element_nullable: true };
        assert_eq!(row(array, Datum::Integer(1)), None);
    }
}
