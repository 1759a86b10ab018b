//! An ORC file in an object store.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use orc_rust::reader::AsyncChunkReader;
use tarn_catalog::{Error, Result, orc_tail};

/// As much of a file's end as is read in the hope that its footer lies in it, in bytes.
const TAIL_BYTES: u64 = 16 * 1024;

/// Gives ranges of a file, and none outside the file. Its end is read once.
pub(super) struct StoreReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    tail: Bytes,
}

impl StoreReader {
    pub(super) async fn open(store: Arc<dyn ObjectStore>, path: Path, size: u64) -> Result<Self> {
        let mut reader = Self { store, path, size, tail: Bytes::new() };
        reader.tail = reader.last(TAIL_BYTES).await?;
        let length = orc_tail::length(&reader.tail).map_err(|reason| reason.of_file(&reader.path))?;
        if length > TAIL_BYTES {
            reader.tail = reader.last(length).await?;
        }
        Ok(reader)
    }

    /// The file's end, from its metadata on if not from before it.
    pub(super) fn tail(&self) -> &Bytes {
        &self.tail
    }

    async fn last(&self, length: u64) -> Result<Bytes> {
        let start = self.size.saturating_sub(length);
        if start == self.size {
            return Ok(Bytes::new());
        }
        let bytes = self.store.get_range(&self.path, start..self.size).await;
        bytes.map_err(|error| Error::storage(self.path.as_ref(), error))
    }

    /// A range that lies in the end that has been read.
    fn in_tail(&self, offset: u64, length: u64) -> Option<Bytes> {
        let tail_start = self.size.checked_sub(self.tail.len() as u64)?;
        let start = usize::try_from(offset.checked_sub(tail_start)?).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        (end <= self.tail.len()).then(|| self.tail.slice(start..end))
    }
}

impl AsyncChunkReader for StoreReader {
    fn len(&mut self) -> BoxFuture<'_, io::Result<u64>> {
        let size = self.size;
        async move { Ok(size) }.boxed()
    }

    fn get_bytes(&mut self, offset: u64, length: u64) -> BoxFuture<'_, io::Result<Bytes>> {
        async move {
            if length == 0 {
                return Ok(Bytes::new());
            }
            let end = offset.checked_add(length).filter(|&end| end <= self.size);
            let end = end.ok_or_else(|| {
                let reason = format!("{length} bytes at {offset} are not within its {} bytes", self.size);
                io::Error::new(io::ErrorKind::InvalidData, reason)
            })?;
            match self.in_tail(offset, length) {
                Some(bytes) => Ok(bytes),
                None => self.store.get_range(&self.path, offset..end).await.map_err(io::Error::other),
            }
        }
        .boxed()
    }
}
