//! Decoded metadata, kept across queries within a bound on its bytes.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use object_store::path::Path;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Decoded manifests, snapshots and schemas, by file. One cache may serve many warehouses: each
/// opens a scope of its own, so that equal paths in two stores do not meet.
///
/// Manifests have unique names and never change; snapshots and schemas can (a rollback rewrites an
/// id, a table is dropped and made anew), so they carry the entity tag under which they were read.
#[derive(Debug)]
pub struct MetadataCache {
    entries: Cache<Key, Entry, ByBytes>,
    scopes: AtomicU64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    scope: u64,
    path: Path,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    tag: Option<String>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Key, Entry> for ByBytes {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        entry.bytes + key.path.as_ref().len() as u64 + 128
    }
}

/// What a decoded file occupies in memory, about.
pub trait Footprint {
    fn bytes(&self) -> u64;
}

impl MetadataCache {
    /// A decoded metadata file is tens of kilobytes; only the hint of the table's size.
    const EXPECTED_ENTRY_BYTES: u64 = 64 << 10;

    pub fn new(capacity_bytes: u64) -> Self {
        let items = usize::try_from(capacity_bytes / Self::EXPECTED_ENTRY_BYTES).unwrap_or(1 << 20).max(64);
        Self { entries: Cache::with_weighter(items, capacity_bytes, ByBytes), scopes: AtomicU64::new(0) }
    }

    /// A new scope, for one object store.
    pub fn scope(self: &Arc<Self>) -> CacheScope {
        CacheScope { cache: Arc::clone(self), id: self.scopes.fetch_add(1, Ordering::Relaxed) }
    }

    /// Bytes that the entries occupy, about.
    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }
}

impl Default for MetadataCache {
    /// 256 MiB.
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

/// The part of a [`MetadataCache`] that belongs to one object store.
#[derive(Debug, Clone)]
pub struct CacheScope {
    cache: Arc<MetadataCache>,
    id: u64,
}

impl CacheScope {
    /// A decoded file and the entity tag under which it was read.
    pub fn get<T: Any + Send + Sync>(&self, path: &Path) -> Option<(Arc<T>, Option<String>)> {
        let entry = self.cache.entries.get(&self.key(path))?;
        Some((entry.value.downcast().ok()?, entry.tag))
    }

    pub fn insert<T: Any + Send + Sync + Footprint>(&self, path: &Path, value: &Arc<T>, tag: Option<String>) {
        let entry = Entry { bytes: value.bytes(), value: Arc::clone(value) as _, tag };
        self.cache.entries.insert(self.key(path), entry);
    }

    fn key(&self, path: &Path) -> Key {
        Key { scope: self.id, path: path.clone() }
    }
}
