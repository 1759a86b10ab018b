//! Which files a table has, and what can happen to one.

use std::fs;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::rngs::StdRng;

use crate::golden_set::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileClass {
    Snapshot,
    Schema,
    Manifest,
    Data,
}

impl FileClass {
    pub const ALL: [Self; 4] = [Self::Snapshot, Self::Schema, Self::Manifest, Self::Data];
}

pub struct TableFile {
    pub path: PathBuf,
    pub class: FileClass,
}

/// The files of a table, sorted by path. The hints `LATEST` and `EARLIEST` count as snapshots.
pub fn files_of(table: &Path) -> Result<Vec<TableFile>> {
    let mut files = Vec::new();
    let mut folders = vec![table.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let within = path.strip_prefix(table)?;
            let class = match within.iter().next().and_then(|part| part.to_str()) {
                Some("snapshot") => FileClass::Snapshot,
                Some("schema") => FileClass::Schema,
                Some("manifest") => FileClass::Manifest,
                Some("tag" | "branch" | "consumer" | "statistics" | "index") => continue,
                _ => FileClass::Data,
            };
            files.push(TableFile { path, class });
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// So many bytes, each replaced by another.
    Flip { bytes: u32 },
    /// The end is cut off.
    Truncate,
    /// Nothing is left.
    Empty,
    /// The file is gone.
    Remove,
    /// The same length of noise.
    Noise,
    /// A run of bytes in the middle is zero, as after a lost page.
    ZeroRun,
}

impl Damage {
    pub fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..10) {
            0..=3 => Self::Flip { bytes: random.random_range(1..=4) },
            4 | 5 => Self::Truncate,
            6 => Self::Empty,
            7 => Self::Remove,
            8 => Self::Noise,
            _ => Self::ZeroRun,
        }
    }

    pub fn apply(self, path: &Path, random: &mut StdRng) -> Result<()> {
        let mut bytes = fs::read(path)?;
        match self {
            Self::Flip { bytes: count } => {
                for _ in 0..count {
                    let at = random.random_range(0..bytes.len());
                    bytes[at] ^= random.random_range(1..=u8::MAX);
                }
            }
            Self::Truncate => bytes.truncate(random.random_range(0..bytes.len())),
            Self::Empty => bytes.clear(),
            Self::Remove => return Ok(fs::remove_file(path)?),
            Self::Noise => random.fill(bytes.as_mut_slice()),
            Self::ZeroRun => {
                let start = random.random_range(0..bytes.len());
                let end = (start + random.random_range(1..=64)).min(bytes.len());
                bytes[start..end].fill(0);
            }
        }
        Ok(fs::write(path, bytes)?)
    }

    /// Whether nothing in the format lets a reader see this damage: a byte inside a value, a number in JSON, a
    /// snapshot whose loss makes the one before it the newest.
    pub fn may_pass_as_data(self, class: FileClass) -> bool {
        match self {
            Self::Flip { .. } | Self::ZeroRun => true,
            Self::Remove => class == FileClass::Snapshot,
            Self::Truncate | Self::Empty | Self::Noise => false,
        }
    }
}
