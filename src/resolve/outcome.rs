//! What resolving a section gives: masks, and the rows whose values have to be merged.

use arrow::buffer::BooleanBuffer;

/// Which rows of a file are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum RowMask {
    All,
    None,
    /// One bit for each physical row of the file.
    Some(BooleanBuffer),
}

impl RowMask {
    /// The simplest mask that says the same as these bits.
    pub fn from_bits(bits: BooleanBuffer) -> Self {
        match bits.count_set_bits() {
            0 if !bits.is_empty() => Self::None,
            set if set == bits.len() => Self::All,
            _ => Self::Some(bits),
        }
    }

    /// Rows that this mask keeps of a file of `rows` rows.
    pub fn count(&self, rows: u64) -> u64 {
        match self {
            Self::All => rows,
            Self::None => 0,
            Self::Some(bits) => bits.count_set_bits() as u64,
        }
    }

    fn memory_bytes(&self) -> usize {
        if let Self::Some(bits) = self { bits.inner().capacity() } else { 0 }
    }
}

/// What became of one file's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FileOutcome {
    /// Rows that are in the table as they stand.
    pub live: RowMask,
    /// Rows that have to be merged with others of their key; `None` for engines that pick a version.
    pub merging: RowMask,
}

/// One row of a group of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Index of the file in the section.
    pub file: u32,
    /// Index of the row among the rows that the file's `merging` mask keeps.
    pub ordinal: u32,
    /// Row kind: 0 insert, 1 update before, 2 update after, 3 delete.
    pub kind: i8,
}

/// Groups of versions, in key order; within a group from the oldest to the newest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Versions {
    /// Group `g` is `versions[offsets[g]..offsets[g + 1]]`.
    pub offsets: Vec<u32>,
    pub versions: Vec<Version>,
}

impl Versions {
    pub fn groups(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }
}

/// A section, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// In the order of the section's files.
    pub files: Vec<FileOutcome>,
    /// Present for engines that combine values.
    pub versions: Option<Versions>,
    /// Rows whose keys were read to find this out.
    pub rows_compared: u64,
}

impl Resolved {
    /// Bytes that keeping this in the cache costs.
    pub fn memory_bytes(&self) -> usize {
        let masks: usize =
            self.files.iter().map(|file| file.live.memory_bytes() + file.merging.memory_bytes()).sum();
        let versions = self.versions.as_ref().map_or(0, |versions| {
            versions.offsets.capacity() * size_of::<u32>()
                + versions.versions.capacity() * size_of::<Version>()
        });
        size_of::<Self>() + self.files.len() * size_of::<FileOutcome>() + masks + versions
    }
}
