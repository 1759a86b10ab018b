//! Where deletion vectors stand in an index file.
//!
//! A record is a framed bitmap ([`crate::deletion_vector`]). The index manifest gives each record's
//! offset and a length, whose meaning depends on the bitmap's form: the payload's size for 32 bits, the
//! whole record's for 64 bits.

use std::ops::Range;

use object_store::path::Path;

use crate::deletion_vector::FRAME_BYTES;
use crate::error::{Error, Result};

/// The bytes to fetch for the record that an index-manifest entry names by `offset` (its `f1`) and
/// `length` (its `f2`), from an index file of `file_size` bytes.
///
/// The form is not known before the bytes are read, so the range may go eight bytes beyond a record
/// of the 64-bit form, but never beyond the file. `path` is for errors.
pub fn byte_range(offset: i32, length: i32, file_size: u64, path: &Path) -> Result<Range<u64>> {
    let range = || {
        let start = u64::try_from(offset).ok()?;
        let length = u64::try_from(length).ok()?;
        let end = start.checked_add(length)?;
        // A 64-bit record ends here, a 32-bit one behind the frame that its length leaves out.
        (end <= file_size).then(|| start..(end + FRAME_BYTES as u64).min(file_size))
    };
    range().ok_or_else(|| {
        Error::corrupt(
            path.as_ref(),
            format!("a deletion vector is said to be {length} bytes at {offset} of {file_size}"),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn path() -> Path {
        Path::from("index/index-1")
    }

    #[test]
    fn ranges_cover_either_form_and_stay_in_the_file() {
        assert_eq!(byte_range(1, 22, 31, &path()).unwrap(), 1..31);
        assert_eq!(byte_range(1, 30, 31, &path()).unwrap(), 1..31);
        assert_eq!(byte_range(31, 22, 100, &path()).unwrap(), 31..61);
        assert!(byte_range(1, 31, 31, &path()).is_err());
        assert!(byte_range(-1, 31, 31, &path()).is_err());
        assert!(byte_range(1, -1, 31, &path()).is_err());
    }
}
