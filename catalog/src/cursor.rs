//! Reading of big-endian binary structures whose every byte may be wrong.

use roaring::RoaringBitmap;

use crate::error::{Error, Result};

/// A place in a byte string that came from the file `path`; reads past the end are errors.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    path: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], path: &'a str) -> Self {
        Self { bytes, position: 0, path }
    }

    /// A cursor over `bytes[start..]`.
    pub fn at(bytes: &'a [u8], start: usize, path: &'a str) -> Result<Self> {
        let cursor = Self { bytes, position: start, path };
        if start > bytes.len() { Err(cursor.overrun(0)) } else { Ok(cursor) }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.position.checked_add(length);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(taken) => {
                self.position += length;
                Ok(taken)
            }
            None => Err(self.overrun(length)),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.overrun(N))
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// An `i32` that counts or measures something, so that it is not negative.
    pub fn length(&mut self, what: &str) -> Result<usize> {
        let value = self.i32()?;
        usize::try_from(value).map_err(|_| self.corrupt(format!("{what} is negative ({value})")))
    }

    /// A count of items of at least `item_bytes` bytes each, which must still follow: what makes it
    /// safe to reserve room for them.
    pub fn count(&mut self, what: &str, item_bytes: usize) -> Result<usize> {
        let count = self.length(what)?;
        if count.checked_mul(item_bytes).is_none_or(|needed| needed > self.remaining()) {
            let remaining = self.remaining();
            return Err(self.corrupt(format!("{what} is {count}, but only {remaining} bytes follow")));
        }
        Ok(count)
    }

    /// `DataOutput.writeUTF`: a length in bytes and the text in modified UTF-8.
    ///
    /// Modified UTF-8 differs only in the zero character and in characters outside the basic plane,
    /// which it writes as two surrogates of three bytes.
    pub fn utf(&mut self) -> Result<String> {
        let length = usize::from(self.u16()?);
        let bytes = self.take(length)?;
        decode_modified_utf8(bytes).ok_or_else(|| self.corrupt("a name is not modified UTF-8"))
    }

    /// A Roaring bitmap in the portable format, which knows its own length.
    pub fn roaring(&mut self) -> Result<RoaringBitmap> {
        let mut rest = self.bytes.get(self.position..).unwrap_or_default();
        let bitmap = RoaringBitmap::deserialize_from(&mut rest)
            .map_err(|error| self.corrupt(format!("a Roaring bitmap cannot be read: {error}")))?;
        self.position = self.bytes.len() - rest.len();
        Ok(bitmap)
    }

    pub fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(self.path, format!("{} (near byte {})", reason.into(), self.position))
    }

    fn overrun(&self, wanted: usize) -> Error {
        self.corrupt(format!("{wanted} bytes are wanted where {} remain", self.remaining()))
    }
}

fn decode_modified_utf8(bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter().copied();
    while let Some(first) = bytes.next() {
        let mut continuation = || {
            let byte = u16::from(bytes.next()?);
            (byte & 0xc0 == 0x80).then_some(byte & 0x3f)
        };
        let first = u16::from(first);
        units.push(match first {
            0x01..0x80 => first,
            0xc0..0xe0 => (first & 0x1f) << 6 | continuation()?,
            0xe0..0xf0 => (first & 0x0f) << 12 | continuation()? << 6 | continuation()?,
            _ => return None,
        });
    }
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn reads_stop_at_the_end() {
        let mut cursor = Cursor::new(&[0, 0, 0, 7, 9], "f");
        assert_eq!(cursor.i32().unwrap(), 7);
        let error = cursor.i32().unwrap_err().to_string();
        assert_eq!(
            error,
            "f is corrupt or not what it should be: 4 bytes are wanted where 1 remain (near byte 4)"
        );
        assert_eq!(cursor.u8().unwrap(), 9);
        assert!(cursor.take(usize::MAX).is_err());
        assert!(Cursor::at(&[1], 2, "f").is_err());
    }

    #[test]
    fn counts_are_checked_against_what_follows() {
        let bytes = [0, 0, 0, 2, 1, 2, 3, 4];
        assert_eq!(Cursor::new(&bytes, "f").count("items", 2).unwrap(), 2);
        assert!(Cursor::new(&bytes, "f").count("items", 3).is_err());
        assert!(Cursor::new(&[0xff; 4], "f").length("size").is_err());
    }

    #[test]
    fn java_text_decodes() {
        let utf = |bytes: &[u8]| Cursor::new(bytes, "f").utf();
        assert_eq!(utf(b"\0\x05ab\xc3\xa9c").unwrap(), "abéc");
        assert_eq!(utf(&[0, 2, 0xc0, 0x80]).unwrap(), "\0");
        assert_eq!(utf(&[0, 6, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]).unwrap(), "😀");
        assert!(utf(&[0, 3, 0xed, 0xa0, 0xbd]).is_err());
        assert!(utf(&[0, 1, 0xc3]).is_err());
    }
}
