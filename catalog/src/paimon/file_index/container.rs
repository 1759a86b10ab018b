//! The index file's directory: where the index of each column and type lies.
//!
//! `[i64 magic][i32 version][i32 head length][i32 columns]`, and for each column `[name][i32 indexes]`
//! with `[type][i32 start][i32 length]` for each index, then `[i32 length][reserved bytes]`: all of that
//! is the head, counted from the start of the file. Starts count from there too; -1 marks an index
//! without content. Big-endian.

use std::ops::Range;

use crate::cursor::Cursor;
use crate::error::Result;

const MAGIC: i64 = 1_493_475_289_347_502;
const VERSION: i32 = 1;
/// Bytes that tell the length of the head.
pub const PREFIX_BYTES: usize = 16;
/// Longest head that is read: thousands of columns.
const MAX_HEAD_BYTES: usize = 16 << 20;
/// Fewest bytes of a column: an empty name and a count.
const MIN_COLUMN_BYTES: usize = 6;
/// Fewest bytes of an index: an empty type, start and length.
const MIN_INDEX_BYTES: usize = 10;
/// The start of an index without content.
const EMPTY: i32 = -1;

/// One index of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub column: String,
    pub kind: String,
    /// Where its bytes lie in the file.
    pub range: Range<u64>,
}

/// Reads how many bytes the head has from the file's first [`PREFIX_BYTES`]. `None` for a version
/// that is not known.
pub fn head_length(bytes: &[u8], path: &str) -> Result<Option<usize>> {
    let mut cursor = Cursor::new(bytes, path);
    let magic = cursor.i64()?;
    if magic != MAGIC {
        return Err(cursor.corrupt(format!("{magic} is not the magic number of a file index")));
    }
    if cursor.i32()? != VERSION {
        return Ok(None);
    }
    let length = cursor.length("the length of the index head")?;
    if !(PREFIX_BYTES..=MAX_HEAD_BYTES).contains(&length) {
        return Err(cursor.corrupt(format!("the index head cannot be {length} bytes")));
    }
    Ok(Some(length))
}

/// Reads the head of a file of `file_size` bytes: its indexes that have content.
pub fn entries(head: &[u8], file_size: u64, path: &str) -> Result<Vec<Entry>> {
    let mut cursor = Cursor::at(head, PREFIX_BYTES, path)?;
    let mut entries = Vec::new();
    for _ in 0..cursor.count("the number of indexed columns", MIN_COLUMN_BYTES)? {
        let column = cursor.utf()?;
        for _ in 0..cursor.count("the number of indexes", MIN_INDEX_BYTES)? {
            let kind = cursor.utf()?;
            let (start, length) = (cursor.i32()?, cursor.i32()?);
            if start == EMPTY {
                continue;
            }
            let (Ok(start), Ok(length)) = (u64::try_from(start), u64::try_from(length)) else {
                return Err(cursor.corrupt(format!("index {kind} of {column} lies at {start}+{length}")));
            };
            let range = start..start + length;
            if range.end > file_size {
                return Err(cursor.corrupt(format!(
                    "index {kind} of {column} ends at {} of {file_size} bytes",
                    range.end
                )));
            }
            entries.push(Entry { column: column.clone(), kind, range });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A head with one column `c` that has a Bloom filter at `start` and an index without content.
    fn head(start: i32, length: i32) -> Vec<u8> {
        let mut body = 1_i32.to_be_bytes().to_vec();
        body.extend_from_slice(b"\0\x01c");
        body.extend_from_slice(&2_i32.to_be_bytes());
        for (kind, start, length) in [("bloom-filter", start, length), ("bsi", EMPTY, 0)] {
            body.extend_from_slice(&(kind.len() as u16).to_be_bytes());
            body.extend_from_slice(kind.as_bytes());
            body.extend_from_slice(&start.to_be_bytes());
            body.extend_from_slice(&length.to_be_bytes());
        }
        body.extend_from_slice(&0_i32.to_be_bytes());
        let mut head = MAGIC.to_be_bytes().to_vec();
        head.extend_from_slice(&VERSION.to_be_bytes());
        head.extend_from_slice(&((PREFIX_BYTES + body.len()) as i32).to_be_bytes());
        head.extend_from_slice(&body);
        head
    }

    #[test]
    fn indexes_with_content_are_listed() {
        let head = head(60, 40);
        assert_eq!(head_length(&head, "f").unwrap(), Some(head.len()));
        let expected = Entry { column: "c".into(), kind: "bloom-filter".into(), range: 60..100 };
        assert_eq!(entries(&head, 100, "f").unwrap(), [expected]);
    }

    #[test]
    fn places_outside_the_file_are_refused() {
        assert!(entries(&head(60, 41), 100, "f").unwrap_err().to_string().contains("ends at 101 of 100"));
        entries(&head(-2, 40), 100, "f").unwrap_err();
        entries(&head(60, -1), 100, "f").unwrap_err();
        entries(&head(i32::MAX, i32::MAX), 100, "f").unwrap_err();
    }

    #[test]
    fn damaged_heads_are_refused_and_newer_versions_left_alone() {
        let good = head(60, 40);
        for length in 0..good.len() - 4 {
            entries(&good[..length], 100, "f").unwrap_err();
        }
        let mut newer = good.clone();
        newer[11] = 2;
        assert_eq!(head_length(&newer, "f").unwrap(), None);
        let mut other = good.clone();
        other[0] = 1;
        head_length(&other, "f").unwrap_err();
        let mut endless = good;
        endless[16..20].copy_from_slice(&i32::MAX.to_be_bytes());
        entries(&endless, 100, "f").unwrap_err();
    }
}
