//! Deletion vectors of a snapshot, by data file.

use std::collections::HashMap;

use object_store::path::Path;

use crate::error::Result;
use crate::split::{BitmapLayout, DeleteSource};

use crate::paimon::data_layout::DataLayout;
use crate::paimon::deletion_vector::byte_range;
use crate::paimon::index_manifest::{DELETION_VECTORS, DeletionVectorRange, IndexEntry, IndexManifest};
use crate::paimon::manifest::{EntryKind, Partition};

/// Where the deletion vector of a data file stands in the index manifest.
type Location<'a> = (&'a IndexEntry, &'a DeletionVectorRange);

/// Finds deletion vectors.
#[derive(Debug, Default)]
pub struct DeletionVectors<'a> {
    by_bucket: HashMap<(&'a [u8], i32), HashMap<&'a str, Location<'a>>>,
}

impl<'a> DeletionVectors<'a> {
    pub fn new(index: Option<&'a IndexManifest>) -> Self {
        let mut by_bucket: HashMap<_, HashMap<_, _>> = HashMap::new();
        for entry in index.into_iter().flat_map(|index| &index.0) {
            if entry.index_type == DELETION_VECTORS && entry.kind == EntryKind::Add {
                let bucket = by_bucket.entry((&*entry.partition, entry.bucket)).or_default();
                for range in &entry.deletion_vectors {
                    bucket.insert(range.data_file.as_str(), (entry, range));
                }
            }
        }
        Self { by_bucket }
    }

    pub fn source(
        &self,
        layout: &DataLayout<'_>,
        partition: &Partition,
        bucket: (i32, &Path),
        data_file: &str,
    ) -> Result<Option<DeleteSource>> {
        let (number, folder) = bucket;
        let found = self.by_bucket.get(&(&*partition.bytes, number)).and_then(|files| files.get(data_file));
        let Some((entry, range)) = found else {
            return Ok(None);
        };
        let path = layout.index_file(folder, entry)?;
        let bytes = byte_range(range.offset, range.length, entry.file_size, &path)?;
        Ok(Some(DeleteSource::Bitmap {
            path,
            offset: bytes.start,
            length: bytes.end - bytes.start,
            layout: BitmapLayout::Framed,
            cardinality: range.cardinality,
        }))
    }
}
