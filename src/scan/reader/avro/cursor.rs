//! Avro's binary encoding of primitives, read from a block.

/// A place in the bytes of a block.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

/// The reason why a block cannot be read.
pub(super) type Decoded<T> = Result<T, String>;

const ENDS: &str = "a block ends in the middle of a value";

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ENDS)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ENDS)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn boolean(&mut self) -> Decoded<bool> {
        let [byte] = self.take_array()?;
        match byte {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("a block has {other} where a boolean belongs")),
        }
    }

    /// A zigzag varint of at most 64 bits.
    pub fn long(&mut self) -> Decoded<i64> {
        let mut value = 0_u64;
        for (place, &byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if place == 9 && byte > 1 {
                break;
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[place + 1..];
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(if self.rest.len() < 10 { ENDS } else { "a block has a number of over 64 bits" }.to_owned())
    }

    pub fn int(&mut self) -> Decoded<i32> {
        let value = self.long()?;
        i32::try_from(value).map_err(|_| format!("a block has {value} where an int belongs"))
    }

    pub fn float(&mut self) -> Decoded<f32> {
        self.take_array().map(f32::from_le_bytes)
    }

    pub fn double(&mut self) -> Decoded<f64> {
        self.take_array().map(f64::from_le_bytes)
    }

    /// Bytes after their length.
    pub fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| format!("a block has a value of {length} bytes"))?;
        self.take(length)
    }

    pub fn text(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a block has text that is not UTF-8".to_owned())
    }

    /// The head of a run of items of an array or map: how many, and how many bytes where it says so.
    /// Each item takes a byte at least, which bounds the number.
    pub fn items(&mut self) -> Decoded<(usize, Option<usize>)> {
        let count = self.long()?;
        let bytes = if count < 0 { Some(self.long()?) } else { None };
        let bad = || format!("a block has a list of {count} items in {} bytes", self.rest.len());
        let bytes = bytes.map(usize::try_from).transpose().map_err(|_| bad())?;
        let count = usize::try_from(count.unsigned_abs()).ok().filter(|&count| count <= self.rest.len());
        Ok((count.ok_or_else(bad)?, bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_are_zigzag_varints() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0x80, 0x01], 64),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MAX),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MIN),
        ] {
            let mut cursor = Cursor::new(bytes);
            assert_eq!(cursor.long(), Ok(value));
            assert_eq!(cursor.remaining(), 0);
        }
    }

    #[test]
    fn bad_bytes_are_refused() {
        assert!(Cursor::new(&[]).long().is_err());
        assert!(Cursor::new(&[0x80]).long().is_err());
        assert!(Cursor::new(&[0xff; 11]).long().is_err());
        assert!(Cursor::new(&[0x80, 0x80, 0x80, 0x80, 0x20]).int().is_err());
        assert!(Cursor::new(&[2]).boolean().is_err());
        assert!(Cursor::new(&[0x01]).bytes().is_err());
        assert!(Cursor::new(&[0x06, b'a']).bytes().is_err());
        assert!(Cursor::new(&[0x02, 0xff]).text().is_err());
        assert!(Cursor::new(&[0x0a, 0, 0]).items().is_err());
        assert_eq!(Cursor::new(&[0x03, 0x04, 0, 0, 0]).items(), Ok((2, Some(2))));
    }
}
