//! Deletion vectors of a snapshot, by data file.

use std::collections::HashMap;

use object_store::path::Path;

use crate::error::Result;
use crate::split::{BitmapLayout, DeleteSource};

use crate::paimon::data_layout::DataLayout;
use crate::paimon::index_manifest::{DELETION_VECTORS, DeletionVectorRange, IndexEntry, IndexManifest};
use crate::paimon::manifest::{EntryKind, Partition};

/// Bytes of the size before and the checksum after a deletion vector's payload.
const FRAME: u64 = 8;

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
        Ok(Some(DeleteSource::Bitmap {
            path: layout.index_file(folder, entry)?,
            offset: range.offset,
            // 32-bit vectors are stored without their frame's length, 64-bit ones with it, and only
            // the bytes tell which it is: so this is the record or 8 bytes more.
            length: range.length.saturating_add(FRAME),
            layout: BitmapLayout::Paimon,
            cardinality: range.cardinality,
        }))
    }
}
