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
pub mod tests;
