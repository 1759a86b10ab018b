//! Parquet footers, read once for each immutable file and shared by all sessions.
//!
//! The cache is keyed by the store as well as the path: two lakes may hold files of the same name. Files that
//! no metadata keeps from being written anew are looked up with the state in which a listing saw them.
//! Page indexes are kept with the footer, because every reader of a file prunes by them.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::error::Result as DataFusionResult;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, MetadataFetch};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Bytes asked for at a file's end in the hope that the whole footer is among them.
const FOOTER_PREFETCH_BYTES: usize = 64 * 1024;

/// Identifies an object store within the process; see [`FooterCache::store_id`].
pub type StoreId = u32;

type NumberedStore = (StoreId, Arc<dyn ObjectStore>);

/// Footers of Parquet files by store and path, within a bound of bytes.
pub struct FooterCache {
    footers: Cache<(StoreId, Path), CachedFooter, FooterWeight>,
    /// Stores seen so far, by the address of their allocation; the `Arc` keeps the address taken.
    stores: Mutex<HashMap<usize, NumberedStore>>,
}

#[derive(Clone)]
struct CachedFooter {
    footer: Arc<ParquetMetaData>,
    /// The file as it was listed; `None` where it is immutable.
    state: Option<FileState>,
}

/// What changes when a file is written anew.
#[derive(Clone, PartialEq)]
struct FileState {
    modified: DateTime<Utc>,
    size: u64,
    tag: Option<String>,
}

#[derive(Clone)]
struct FooterWeight;

impl Weighter<(StoreId, Path), CachedFooter> for FooterWeight {
    fn weight(&self, key: &(StoreId, Path), cached: &CachedFooter) -> u64 {
        (cached.footer.memory_size() + key.1.as_ref().len()) as u64
    }
}

impl fmt::Debug for FooterCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FooterCache").field("files", &self.footers.len()).finish()
    }
}

impl FooterCache {
    pub fn new(limit_bytes: u64) -> Self {
        let expected_files = usize::try_from(limit_bytes / (32 * 1024)).unwrap_or(usize::MAX).max(16);
        Self {
            footers: Cache::with_weighter(expected_files, limit_bytes, FooterWeight),
            stores: Mutex::default(),
        }
    }

    /// A small number that stands for this store as long as the cache lives.
    pub fn store_id(&self, store: &Arc<dyn ObjectStore>) -> StoreId {
        let address = Arc::as_ptr(store).cast::<()>().addr();
        let mut stores = self.stores.lock();
        let next = StoreId::try_from(stores.len()).unwrap_or(StoreId::MAX);
        stores.entry(address).or_insert_with(|| (next, Arc::clone(store))).0
    }

    /// The footer of a file of `size` bytes, from the cache or from the store.
    pub async fn footer(
        &self,
        store: &Arc<dyn ObjectStore>,
        path: &Path,
        size: u64,
    ) -> ParquetResult<Arc<ParquetMetaData>> {
        let key = (self.store_id(store), path.clone());
        let read = async { Ok(CachedFooter { footer: read(store, path, size).await?, state: None }) };
        self.footers.get_or_insert_async(&key, read).await.map(|cached| cached.footer)
    }

    /// The footer of a file in the state in which it was listed, which is kept in place of an older one.
    pub async fn current_footer(
        &self,
        store: &Arc<dyn ObjectStore>,
        file: &ObjectMeta,
    ) -> ParquetResult<Arc<ParquetMetaData>> {
        let key = (self.store_id(store), file.location.clone());
        let state = FileState { modified: file.last_modified, size: file.size, tag: file.e_tag.clone() };
        if let Some(cached) = self.footers.get(&key).filter(|cached| cached.state.as_ref() == Some(&state)) {
            return Ok(cached.footer);
        }
        let footer = read(store, &file.location, file.size).await?;
        self.footers.insert(key, CachedFooter { footer: Arc::clone(&footer), state: Some(state) });
        Ok(footer)
    }
}

async fn read(store: &Arc<dyn ObjectStore>, path: &Path, size: u64) -> ParquetResult<Arc<ParquetMetaData>> {
    let fetch = StoreFetch { store, path };
    let reader = ParquetMetaDataReader::new()
        .with_prefetch_hint(Some(FOOTER_PREFETCH_BYTES))
        .with_page_index_policy(PageIndexPolicy::Optional);
    Ok(Arc::new(reader.load_and_finish(fetch, size).await?))
}

struct StoreFetch<'a> {
    store: &'a Arc<dyn ObjectStore>,
    path: &'a Path,
}

impl MetadataFetch for StoreFetch<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.store.get_range(self.path, range).map_err(external).boxed()
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Makes readers that take footers from the shared cache and count the bytes they read.
#[derive(Debug, Clone)]
pub struct CachedReaderFactory {
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FooterCache>,
}

impl ParquetFileReaderFactory for CachedReaderFactory {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let location = file.object_meta.location;
        let metrics = ParquetFileMetrics::new(partition_index, location.as_ref(), metrics);
        Ok(Box::new(CachedReader {
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            size: file.object_meta.size,
            path: location,
            metrics: Some(metrics),
        }))
    }
}

/// Reads one Parquet file, its footer through the cache.
pub struct CachedReader {
    store: Arc<dyn ObjectStore>,
    footers: Arc<FooterCache>,
    path: Path,
    size: u64,
    metrics: Option<ParquetFileMetrics>,
}

impl CachedReader {
    pub fn new(store: Arc<dyn ObjectStore>, footers: Arc<FooterCache>, path: Path, size: u64) -> Self {
        Self { store, footers, path, size, metrics: None }
    }

    fn count(&self, bytes: u64) {
        if let Some(metrics) = &self.metrics {
            metrics.bytes_scanned.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
    }
}

impl AsyncFileReader for CachedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.count(range.end.saturating_sub(range.start));
        self.store.get_range(&self.path, range).map_err(external).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.count(ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum());
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            self.footers.footer(&self.store, &self.path, self.size).await.map_err(|error| {
                ParquetError::General(format!("cannot read the Parquet footer of {}: {error}", self.path))
            })
        }
        .boxed()
    }
}
