//! Sets of row positions in a data file: what deletion vectors decode to.

use object_store::path::Path;
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::deletion_vector;
use crate::error::Result;
use crate::split::BitmapLayout;

/// Positions of physical rows in one data file, counted from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowPositions(RoaringTreemap);

impl RowPositions {
    /// Decodes a deletion vector: all bytes of the range that a
    /// [`DeleteSource`](crate::split::DeleteSource) names. The path is for errors.
    pub fn decode(bytes: &[u8], layout: BitmapLayout, path: &Path) -> Result<Self> {
        match layout {
            BitmapLayout::Framed => deletion_vector::decode(bytes, path),
        }
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, position: u64) -> bool {
        self.0.contains(position)
    }

    /// The greatest position; whoever applies the set to a file compares it with the file's rows.
    pub fn max(&self) -> Option<u64> {
        self.0.max()
    }

    /// Positions in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter()
    }

    /// The set by ranges of 2^32 positions: the range's number and the positions within it. Files
    /// rarely have rows beyond range 0, and one bitmap is quicker to walk than [`Self::iter`].
    pub fn ranges(&self) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        self.0.bitmaps()
    }
}

impl From<RoaringTreemap> for RowPositions {
    fn from(positions: RoaringTreemap) -> Self {
        Self(positions)
    }
}

impl From<RoaringBitmap> for RowPositions {
    fn from(positions: RoaringBitmap) -> Self {
        Self(RoaringTreemap::from_bitmaps([(0, positions)]))
    }
}
