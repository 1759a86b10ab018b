//! Avro's object container files: a header with the schema, then compressed blocks of rows.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::ObjectStore;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tarn_catalog::{Error, Result};

use super::cursor::Cursor;
use crate::scan::reader::codec::Codec;

const MAGIC: &[u8] = b"Obj\x01";
const SYNC_BYTES: usize = 16;

/// The largest piece of a header, and the largest block before and after decompression.
const LARGEST_HEADER_BYTES: usize = 64 << 20;
const LARGEST_BLOCK_BYTES: usize = 512 << 20;

/// A file being read from front to back.
pub(super) struct Container {
    path: Arc<str>,
    chunks: BoxStream<'static, object_store::Result<Bytes>>,
    /// What has been fetched and not yet read.
    buffer: BytesMut,
    codec: Codec,
    sync: [u8; SYNC_BYTES],
}

/// A block as it is decompressed.
#[derive(Debug)]
pub(super) struct Block {
    pub rows: u64,
    pub bytes: Vec<u8>,
}

impl Container {
    /// Reads the header; gives the JSON of the schema beside the container.
    pub async fn open(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<(Self, Bytes)> {
        let chunks =
            store.get(path).await.map_err(|error| Error::storage(path.as_ref(), error))?.into_stream();
        let mut container = Self {
            path: path.as_ref().into(),
            chunks,
            buffer: BytesMut::new(),
            codec: Codec::None,
            sync: [0; SYNC_BYTES],
        };
        let magic = container.take(MAGIC.len()).await?;
        if magic != MAGIC {
            return Err(container.corrupt("it is not an Avro file"));
        }
        let mut metadata = container.metadata().await?;
        let sync = container.take(SYNC_BYTES).await?;
        container.sync.copy_from_slice(&sync);
        container.codec = match metadata.get("avro.codec").map(|codec| &codec[..]) {
            None | Some(b"null" | b"") => Codec::None,
            Some(b"deflate") => Codec::Deflate,
            Some(b"snappy") => Codec::SnappyWithChecksum,
            Some(b"zstandard") => Codec::Zstd,
            Some(b"bzip2") => Codec::Bzip2,
            Some(b"xz") => Codec::Xz,
            Some(other) => {
                let codec = String::from_utf8_lossy(other);
                return Err(
                    container.corrupt(format!("it is compressed with {codec}, which is no codec of Avro"))
                );
            }
        };
        let schema = metadata.remove("avro.schema").ok_or_else(|| container.corrupt("it has no schema"))?;
        Ok((container, schema))
    }

    pub fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(&*self.path, reason)
    }

    async fn metadata(&mut self) -> Result<HashMap<String, Bytes>> {
        let mut metadata = HashMap::new();
        loop {
            let count = self.long().await?;
            if count == 0 {
                return Ok(metadata);
            }
            if count < 0 {
                // The size of the run in bytes, which is not needed.
                self.long().await?;
            }
            for _ in 0..count.unsigned_abs() {
                let key = self.sized(LARGEST_HEADER_BYTES).await?;
                let key = String::from_utf8_lossy(&key).into_owned();
                let value = self.sized(LARGEST_HEADER_BYTES).await?;
                metadata.insert(key, value);
            }
        }
    }

    /// The next block; `None` at the end of the file.
    pub async fn next_block(&mut self) -> Result<Option<Block>> {
        if self.buffer.is_empty() && !self.fetch().await? {
            return Ok(None);
        }
        let rows = self.long().await?;
        let rows = u64::try_from(rows).map_err(|_| self.corrupt(format!("it has a block of {rows} rows")))?;
        let block = self.sized(LARGEST_BLOCK_BYTES).await?;
        let sync = self.take(SYNC_BYTES).await?;
        if sync != self.sync[..] {
            return Err(self.corrupt("a block does not end with the file's own mark"));
        }
        let bytes =
            self.codec.decompress(&block, LARGEST_BLOCK_BYTES).map_err(|reason| self.corrupt(reason))?;
        Ok(Some(Block { rows, bytes }))
    }

    /// Fetches more of the file; `false` at its end.
    async fn fetch(&mut self) -> Result<bool> {
        let Some(chunk) = self.chunks.next().await else { return Ok(false) };
        let chunk = chunk.map_err(|error| Error::storage(&*self.path, error))?;
        self.buffer.extend_from_slice(&chunk);
        Ok(true)
    }

    async fn take(&mut self, length: usize) -> Result<Bytes> {
        while self.buffer.len() < length {
            if !self.fetch().await? {
                return Err(self.corrupt("it ends in the middle of a block"));
            }
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn long(&mut self) -> Result<i64> {
        loop {
            let mut cursor = Cursor::new(&self.buffer);
            let value = cursor.long();
            let read = self.buffer.len() - cursor.remaining();
            match value {
                Ok(value) => {
                    self.buffer.advance(read);
                    return Ok(value);
                }
                // No number is longer than ten bytes: with fewer at hand it may go on.
                Err(reason) => {
                    if self.buffer.len() >= 10 || !self.fetch().await? {
                        return Err(self.corrupt(reason));
                    }
                }
            }
        }
    }

    /// Bytes after their length, at most `limit` of them.
    async fn sized(&mut self, limit: usize) -> Result<Bytes> {
        let length = self.long().await?;
        match usize::try_from(length) {
            Ok(length) if length <= limit => self.take(length).await,
            _ => Err(self.corrupt(format!("it has a piece of {length} bytes"))),
        }
    }
}
