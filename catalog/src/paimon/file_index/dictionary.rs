//! The sorted dictionary of a `range-bitmap` index: keys in chunks, each numbered by its rank.
//!
//! `[i32 head length][u8 version][i32 chunks][i32 offsets length][i32 chunks length]`, an `i32` offset
//! for each chunk, the chunks, and the keys. A chunk is `[u8 version][first key][i32 rank of it]
//! [i32 offset of its keys][i32 further keys]` and then, for keys of fixed width, `[i32 keys length]
//! [i32 width]`, else `[i32 offsets length][i32 keys length]`. The first key is not among the chunk's
//! keys. Keys of variable width have an `i32` offset each before them. Big-endian.

use crate::cursor::Cursor;
use crate::error::Result;
use crate::paimon::file_index::key::{Key, KeyType};

const VERSION: u8 = 1;
/// Bytes of the head behind its length.
const HEAD_BYTES: usize = 13;
const OFFSET_BYTES: usize = 4;

/// Where a key stands among the dictionary's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// How many keys are smaller: its number, if it is there.
    pub smaller: u64,
    pub found: bool,
}

#[derive(Debug)]
pub struct Dictionary<'a> {
    key_type: KeyType,
    path: &'a str,
    chunk_count: usize,
    offsets: &'a [u8],
    chunks: &'a [u8],
    keys: &'a [u8],
}

impl<'a> Dictionary<'a> {
    /// `None` for a version that is not known.
    pub fn parse(bytes: &'a [u8], key_type: KeyType, path: &'a str) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes, path);
        let head_length = cursor.length("the length of the dictionary's head")?;
        if cursor.u8()? != VERSION {
            return Ok(None);
        }
        let chunk_count = cursor.length("the number of chunks")?;
        let offsets_length = cursor.length("the length of the offsets")?;
        let chunks_length = cursor.length("the length of the chunks")?;
        if head_length != HEAD_BYTES || chunk_count.checked_mul(OFFSET_BYTES) != Some(offsets_length) {
            return Err(cursor.corrupt(format!(
                "a dictionary has {chunk_count} chunks, a head of {head_length} and offsets of \
                 {offsets_length} bytes"
            )));
        }
        let offsets = cursor.take(offsets_length)?;
        let chunks = cursor.take(chunks_length)?;
        let keys = cursor.take(cursor.remaining())?;
        Ok(Some(Self { key_type, path, chunk_count, offsets, chunks, keys }))
    }

    pub fn rank(&self, key: &Key) -> Result<Rank> {
        // The last chunk whose first key is not greater.
        let after = search(self.chunk_count, |index| Ok(self.chunk(index)?.first <= *key))?;
        match after.checked_sub(1) {
            Some(index) => self.chunk(index)?.rank(key),
            None => Ok(Rank { smaller: 0, found: false }),
        }
    }

    fn chunk(&self, index: usize) -> Result<Chunk<'a>> {
        let mut offset = Cursor::at(self.offsets, index.saturating_mul(OFFSET_BYTES), self.path)?;
        let offset = offset.length("the offset of a chunk")?;
        Chunk::parse(self, Cursor::at(self.chunks, offset, self.path)?)
    }
}

/// A run of keys.
#[derive(Debug)]
struct Chunk<'a> {
    key_type: KeyType,
    path: &'a str,
    first: Key,
    rank_of_first: u64,
    further: usize,
    layout: Layout<'a>,
}

#[derive(Debug)]
enum Layout<'a> {
    Fixed { keys: &'a [u8], width: usize },
    Variable { offsets: &'a [u8], keys: &'a [u8] },
}

impl<'a> Chunk<'a> {
    fn parse(dictionary: &Dictionary<'a>, mut cursor: Cursor<'a>) -> Result<Self> {
        let key_type = dictionary.key_type;
        let version = cursor.u8()?;
        if version != VERSION {
            return Err(cursor.corrupt(format!("a chunk of a dictionary has version {version}")));
        }
        let first = key_type.read(&mut cursor)?;
        let rank_of_first = cursor.length("the rank of a chunk")? as u64;
        let offset = cursor.length("the offset of a chunk's keys")?;
        let further = cursor.length("the number of a chunk's keys")?;
        let (first_length, second_length) = (cursor.length("a chunk's length")?, cursor.length("a width")?);
        let mut keys = Cursor::at(dictionary.keys, offset, dictionary.path)?;
        let layout = if key_type == KeyType::Text {
            Layout::Variable { offsets: keys.take(first_length)?, keys: keys.take(second_length)? }
        } else {
            Layout::Fixed { keys: keys.take(first_length)?, width: second_length }
        };
        Ok(Self { key_type, path: dictionary.path, first, rank_of_first, further, layout })
    }

    /// Ranks a key that is not below the chunk's first.
    fn rank(&self, key: &Key) -> Result<Rank> {
        if self.first == *key {
            return Ok(Rank { smaller: self.rank_of_first, found: true });
        }
        let index = search(self.further, |index| Ok(self.key(index)? < *key))?;
        let found = index < self.further && self.key(index)? == *key;
        Ok(Rank { smaller: self.rank_of_first + 1 + index as u64, found })
    }

    fn key(&self, index: usize) -> Result<Key> {
        match self.layout {
            Layout::Fixed { keys, width } => {
                self.key_type.read(&mut Cursor::at(keys, index.saturating_mul(width), self.path)?)
            }
            Layout::Variable { offsets, keys } => {
                let mut offset = Cursor::at(offsets, index.saturating_mul(OFFSET_BYTES), self.path)?;
                let offset = offset.length("the offset of a key")?;
                self.key_type.read(&mut Cursor::at(keys, offset, self.path)?)
            }
        }
    }
}

/// The first of `0..count` that is not `before`, where those that are come first.
fn search(count: usize, before: impl Fn(usize) -> Result<bool>) -> Result<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn int(bytes: &mut Vec<u8>, value: usize) {
        bytes.extend_from_slice(&(value as i32).to_be_bytes());
    }

    /// A dictionary of encoded keys in chunks of `size`, as Java's appender lays it out.
    pub fn dictionary(keys: &[Vec<u8>], size: usize, text: bool) -> Vec<u8> {
        let (mut offsets, mut chunks, mut body) = (Vec::new(), Vec::new(), Vec::new());
        for (number, chunk) in keys.chunks(size).enumerate() {
            int(&mut offsets, chunks.len());
            chunks.push(VERSION);
            chunks.extend_from_slice(&chunk[0]);
            int(&mut chunks, number * size);
            int(&mut chunks, body.len());
            int(&mut chunks, chunk.len() - 1);
            let further = chunk[1..].concat();
            if text {
                int(&mut chunks, (chunk.len() - 1) * OFFSET_BYTES);
                int(&mut chunks, further.len());
                let mut offset = 0;
                for key in &chunk[1..] {
                    int(&mut body, offset);
                    offset += key.len();
                }
            } else {
                int(&mut chunks, further.len());
                int(&mut chunks, chunk[0].len());
            }
            body.extend(further);
        }
        let mut bytes = Vec::new();
        int(&mut bytes, HEAD_BYTES);
        bytes.push(VERSION);
        int(&mut bytes, offsets.len() / OFFSET_BYTES);
        int(&mut bytes, offsets.len());
        int(&mut bytes, chunks.len());
        [bytes, offsets, chunks, body].concat()
    }

    pub fn text_key(text: &str) -> Vec<u8> {
        [&(text.len() as i32).to_be_bytes(), text.as_bytes()].concat()
    }

    #[test]
    fn numbers_rank_across_chunks_of_any_size() {
        let values = [-20, -3, 0, 7, 8, 100, 5000];
        let keys: Vec<_> = values.map(|value: i32| value.to_be_bytes().to_vec()).into();
        for size in 1..=values.len() {
            let bytes = dictionary(&keys, size, false);
            let dictionary = Dictionary::parse(&bytes, KeyType::Int, "f").unwrap().unwrap();
            for constant in [-21, -20, -4, -3, 0, 1, 7, 8, 9, 100, 4999, 5000, 5001] {
                let smaller = values.iter().filter(|value| **value < constant).count() as u64;
                let expected = Rank { smaller, found: values.contains(&constant) };
                let rank = dictionary.rank(&Key::Number(i64::from(constant))).unwrap();
                assert_eq!(rank, expected, "{constant} in chunks of {size}");
            }
        }
    }

    #[test]
    fn texts_rank_by_their_bytes() {
        let texts = ["", "a", "aa", "b", "é", "😀"];
        let keys: Vec<_> = texts.map(text_key).into();
        for size in 1..=texts.len() {
            let bytes = dictionary(&keys, size, true);
            let dictionary = Dictionary::parse(&bytes, KeyType::Text, "f").unwrap().unwrap();
            for constant in ["", "A", "a", "ab", "b", "z", "é", "😀", "😁"] {
                let smaller = texts.iter().filter(|text| **text < constant).count() as u64;
                let expected = Rank { smaller, found: texts.contains(&constant) };
                let rank = dictionary.rank(&Key::Text(constant.into())).unwrap();
                assert_eq!(rank, expected, "{constant:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn damage_never_panics() {
        let keys: Vec<_> = (0..20_i32).map(|value| value.to_be_bytes().to_vec()).collect();
        let good = dictionary(&keys, 4, false);
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] = 0xff;
            for bytes in [&bad[..], &good[..index]] {
                if let Ok(Some(dictionary)) = Dictionary::parse(bytes, KeyType::Int, "f") {
                    // Any answer or error will do here: values of keys have no checksum.
                    let _ = dictionary.rank(&Key::Number(13));
                }
            }
        }
        Dictionary::parse(&good[..10], KeyType::Int, "f").unwrap_err();
    }
}
