//! Reading metadata files of one object store, through the cache.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::error::{Error, Result};

use crate::cache::{CacheScope, Footprint};

/// Largest metadata file that is read, in bytes. Manifests aim at 8 MB.
const MAX_FILE: u64 = 2 << 30;
/// Files larger than this are decoded away from the network's threads.
const INLINE_DECODE: usize = 128 << 10;

/// An object store and what is known of its files.
#[derive(Debug, Clone)]
pub struct MetadataFiles {
    store: Arc<dyn ObjectStore>,
    cache: CacheScope,
}

impl MetadataFiles {
    pub fn new(store: Arc<dyn ObjectStore>, cache: CacheScope) -> Self {
        Self { store, cache }
    }

    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub async fn read(&self, path: &Path) -> Result<Bytes> {
        let found = self.store.get(path).await.map_err(|error| Error::storage(path.as_ref(), error))?;
        body(path, found).await
    }

    /// `None` when there is no such file.
    pub async fn try_read(&self, path: &Path) -> Result<Option<Bytes>> {
        optional(self.read(path).await)
    }

    pub async fn exists(&self, path: &Path) -> Result<bool> {
        let found = self.store.head(path).await.map_err(|error| Error::storage(path.as_ref(), error));
        Ok(optional(found)?.is_some())
    }

    /// A file whose name is never used twice, decoded once. It must have the size that was recorded for
    /// it, if one was: a file cut short between two blocks of records looks whole.
    pub async fn immutable<T, F>(&self, path: &Path, recorded_size: Option<u64>, decode: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync + Footprint,
        F: FnOnce(&Path, Bytes) -> Result<T> + Send + 'static,
    {
        if let Some((value, _)) = self.cache.get::<T>(path) {
            return Ok(value);
        }
        let bytes = self.read(path).await?;
        if let Some(size) = recorded_size.filter(|size| *size != bytes.len() as u64) {
            let reason = format!("it has {} bytes, but {size} were written", bytes.len());
            return Err(Error::corrupt(path.as_ref(), reason));
        }
        let value = Arc::new(decode_aside(path, bytes, decode).await?);
        self.cache.insert(path, &value, None);
        Ok(value)
    }

    /// A file that may be replaced: asks the store whether it still is what was decoded before.
    pub async fn current<T, F>(&self, path: &Path, decode: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync + Footprint,
        F: FnOnce(&Path, Bytes) -> Result<T>,
    {
        let known = self.cache.get::<T>(path);
        let if_none_match = known.as_ref().and_then(|(_, tag)| tag.clone());
        let options = GetOptions { if_none_match, ..GetOptions::default() };
        match (self.store.get_opts(path, options).await, known) {
            (Err(object_store::Error::NotModified { .. }), Some((value, _))) => Ok(value),
            (Err(error), _) => Err(Error::storage(path.as_ref(), error)),
            (Ok(found), _) => {
                let tag = found.meta.e_tag.clone();
                let value = Arc::new(decode(path, body(path, found).await?)?);
                self.cache.insert(path, &value, tag);
                Ok(value)
            }
        }
    }

    /// [`Self::current`], `None` when there is no such file.
    pub async fn try_current<T, F>(&self, path: &Path, decode: F) -> Result<Option<Arc<T>>>
    where
        T: Any + Send + Sync + Footprint,
        F: FnOnce(&Path, Bytes) -> Result<T>,
    {
        optional(self.current(path, decode).await)
    }

    /// Names of the files directly in a folder, sorted; empty when there is no such folder.
    pub async fn file_names(&self, folder: &Path) -> Result<Vec<String>> {
        Ok(sorted_names(self.list(folder).await?.objects.iter().map(|file| &file.location)))
    }

    /// Names of the folders directly in a folder, sorted.
    pub async fn folder_names(&self, folder: &Path) -> Result<Vec<String>> {
        Ok(sorted_names(self.list(folder).await?.common_prefixes.iter()))
    }

    /// The files directly in a folder, in no order; none when there is no such folder.
    pub async fn objects(&self, folder: &Path) -> Result<Vec<ObjectMeta>> {
        Ok(self.list(folder).await?.objects)
    }

    async fn list(&self, folder: &Path) -> Result<ListResult> {
        let listing = self.store.list_with_delimiter(Some(folder)).await;
        let listing = optional(listing.map_err(|error| Error::storage(folder.as_ref(), error)))?;
        Ok(listing.unwrap_or(ListResult { common_prefixes: Vec::new(), objects: Vec::new() }))
    }

    /// The numbers of the files `{prefix}{number}` in a folder, in ascending order.
    pub async fn numbers(&self, folder: &Path, prefix: &str) -> Result<Vec<i64>> {
        let names = self.file_names(folder).await?;
        let number = |name: &String| name.strip_prefix(prefix)?.parse().ok();
        let mut numbers: Vec<i64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn sorted_names<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<String> {
    let mut names: Vec<String> = paths.filter_map(|path| path.filename().map(str::to_string)).collect();
    names.sort_unstable();
    names
}

fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing_file() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn body(path: &Path, found: GetResult) -> Result<Bytes> {
    if found.meta.size > MAX_FILE {
        return Err(Error::corrupt(path.as_ref(), format!("{} bytes of metadata", found.meta.size)));
    }
    found.bytes().await.map_err(|error| Error::storage(path.as_ref(), error))
}

/// Decodes large files on a thread for blocking work, so that several decode at once and the
/// network's threads stay free.
async fn decode_aside<T, F>(path: &Path, bytes: Bytes, decode: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Path, Bytes) -> Result<T> + Send + 'static,
{
    if bytes.len() <= INLINE_DECODE || tokio::runtime::Handle::try_current().is_err() {
        return decode(path, bytes);
    }
    let aside = path.clone();
    let decoded = tokio::task::spawn_blocking(move || decode(&aside, bytes)).await;
    decoded.map_err(|error| Error::corrupt(path.as_ref(), format!("decoding it failed: {error}")))?
}
