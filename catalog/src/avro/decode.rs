//! Avro's binary encoding, bounds checked.

use super::schema::Shape;
use crate::malformed::{Decoded, Malformed};
use crate::value::{Record, Value};

/// Reads forward through bytes; every read checks that the bytes are there.
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| Malformed::new(format!("{length} bytes expected, {} left", self.rest.len())))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Malformed::new("a fixed-size value is cut short"))
    }

    /// A variable-length zig-zag integer of at most ten bytes.
    pub fn long(&mut self) -> Decoded<i64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array::<1>()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(Malformed::new("an integer has more than 64 bits"))
    }

    /// A length that the rest of the input can hold.
    pub fn length(&mut self) -> Decoded<usize> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            _ => Err(Malformed::new(format!("length {length} where {} bytes are left", self.rest.len()))),
        }
    }

    pub fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub fn text(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::new("a string is not UTF-8"))
    }

    pub fn value<'s: 'a>(&mut self, shape: &'s Shape) -> Decoded<Value<'a>> {
        Ok(match shape {
            Shape::Null => Value::Null,
            Shape::Boolean => Value::Boolean(self.array::<1>()? != [0]),
            Shape::Integer => Value::Integer(self.long()?),
            Shape::Float => Value::Double(f64::from(f32::from_le_bytes(self.array()?))),
            Shape::Double => Value::Double(f64::from_le_bytes(self.array()?)),
            Shape::Bytes => Value::Bytes(self.bytes()?),
            Shape::Text => Value::Text(self.text()?),
            Shape::Fixed(size) => Value::Bytes(self.take(*size)?),
            Shape::Enum(symbols) => Value::Text(choose(symbols, self.long()?)?),
            Shape::Union(branches) => self.union(branches)?,
            Shape::Array(item) => Value::List(self.blocks(|cursor| cursor.value(item))?),
            Shape::Map(item) => {
                Value::Record(Record(self.blocks(|cursor| Ok((cursor.text()?, cursor.value(item)?)))?))
            }
            Shape::Record(fields) => Value::Record(self.record(fields)?),
        })
    }

    fn union<'s: 'a>(&mut self, branches: &'s [Shape]) -> Decoded<Value<'a>> {
        let branch = self.long()?;
        self.value(choose(branches, branch)?)
    }

    pub fn record<'s: 'a>(&mut self, fields: &'s [(String, Shape)]) -> Decoded<Record<'a>> {
        let mut record = Vec::with_capacity(fields.len());
        for (name, shape) in fields {
            let value = self.value(shape).map_err(|reason| reason.within(name))?;
            record.push((name.as_str(), value));
        }
        Ok(Record(record))
    }

    /// Items in blocks; a negative count is followed by the block's length in bytes.
    pub fn blocks<T>(&mut self, mut item: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let mut items = Vec::new();
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(items);
            }
            if count < 0 {
                self.long()?;
            }
            count = count.checked_abs().ok_or_else(|| Malformed::new("an impossible item count"))?;
            // No item of a metadata file is empty, so a count beyond the bytes left is a lie.
            if usize::try_from(count).is_ok_and(|count| count <= self.rest.len()) {
                for _ in 0..count {
                    items.push(item(self)?);
                }
            } else {
                return Err(Malformed::new(format!("{count} items in {} bytes", self.rest.len())));
            }
        }
    }
}

fn choose<T>(options: &[T], index: i64) -> Decoded<&T> {
    let option = usize::try_from(index).ok().and_then(|index| options.get(index));
    option.ok_or_else(|| Malformed::new(format!("branch {index} of {}", options.len())))
}
