//! Fetching of the parts of an index file that a predicate needs.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};

use crate::error::{Error, Result};
use crate::paimon::file_index::container::{Entry, PREFIX_BYTES, entries, head_length};
use crate::split::FileIndexSource;

/// Bytes fetched at first: the head of nearly every file, and the whole of a small one.
const FIRST_READ_BYTES: u64 = 64 << 10;
/// Most bytes of one file that are worth fetching to leave out rows of its data file.
const MAX_READ_BYTES: u64 = 256 << 20;

/// An index that was fetched.
#[derive(Debug, Clone)]
pub struct Section {
    pub column: String,
    pub kind: String,
    pub bytes: Bytes,
}

/// Fetches the wanted indexes of a file; the name of the file, for errors, comes with them.
///
/// Nothing comes back for a container of a version that is not known, nor where the indexes are too
/// large to be worth reading.
pub async fn load(
    source: &FileIndexSource,
    data_file: &Path,
    store: &Arc<dyn ObjectStore>,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<(String, Vec<Section>)> {
    match source {
        FileIndexSource::Embedded(bytes) => {
            let name = format!("the file index in the manifest entry of {data_file}");
            let bytes = Bytes::from_owner(EmbeddedIndex(Arc::clone(bytes)));
            let sections = embedded(&bytes, &name, wanted)?;
            Ok((name, sections))
        }
        FileIndexSource::Sidecar(path) => {
            let sections = sidecar(path, store, wanted).await?;
            Ok((path.to_string(), sections))
        }
    }
}

struct EmbeddedIndex(Arc<Vec<u8>>);

impl AsRef<[u8]> for EmbeddedIndex {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn embedded(bytes: &Bytes, name: &str, wanted: impl Fn(&Entry) -> bool) -> Result<Vec<Section>> {
    let Some(length) = head_length(bytes, name)? else { return Ok(Vec::new()) };
    let head = bytes.get(..length).ok_or_else(|| Error::corrupt(name, "the index head is cut short"))?;
    let entries = entries(head, bytes.len() as u64, name)?;
    Ok(entries
        .into_iter()
        .filter(|entry| wanted(entry))
        .map(|entry| section(&entry, bytes.slice(entry.range.start as usize..entry.range.end as usize)))
        .collect())
}

async fn sidecar(
    path: &Path,
    store: &Arc<dyn ObjectStore>,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Vec<Section>> {
    let failed = |error| Error::storage(path.as_ref(), error);
    let first = GetOptions { range: Some(GetRange::Bounded(0..FIRST_READ_BYTES)), ..GetOptions::default() };
    let first = store.get_opts(path, first).await.map_err(failed)?;
    let file_size = first.meta.size;
    let mut start = first.bytes().await.map_err(failed)?;
    let prefix = start.get(..PREFIX_BYTES.min(start.len())).unwrap_or_default();
    let Some(length) = head_length(prefix, path.as_ref())? else { return Ok(Vec::new()) };
    if length > start.len() {
        start = store.get_range(path, 0..(length as u64).min(file_size)).await.map_err(failed)?;
    }
    let head =
        start.get(..length).ok_or_else(|| Error::corrupt(path.as_ref(), "the index head is cut short"))?;
    let mut entries = entries(head, file_size, path.as_ref())?;
    entries.retain(|entry| wanted(entry));
    let total: u64 = entries.iter().map(|entry| entry.range.end - entry.range.start).sum();
    if total > MAX_READ_BYTES {
        tracing::debug!(%path, bytes = total, "file index is too large to be worth reading");
        return Ok(Vec::new());
    }
    fetch(path, store, &start, entries).await
}

/// Takes indexes from the bytes at hand, and the others from the store in one call.
async fn fetch(
    path: &Path,
    store: &Arc<dyn ObjectStore>,
    start: &Bytes,
    entries: Vec<Entry>,
) -> Result<Vec<Section>> {
    let at_hand = |entry: &Entry| entry.range.end <= start.len() as u64;
    let (near, far): (Vec<_>, Vec<_>) = entries.into_iter().partition(at_hand);
    let mut sections: Vec<_> = near
        .iter()
        .map(|entry| section(entry, start.slice(entry.range.start as usize..entry.range.end as usize)))
        .collect();
    if !far.is_empty() {
        let ranges: Vec<_> = far.iter().map(|entry| entry.range.clone()).collect();
        let fetched = store.get_ranges(path, &ranges).await;
        let fetched = fetched.map_err(|error| Error::storage(path.as_ref(), error))?;
        sections.extend(far.iter().zip(fetched).map(|(entry, bytes)| section(entry, bytes)));
    }
    Ok(sections)
}

fn section(entry: &Entry, bytes: Bytes) -> Section {
    Section { column: entry.column.clone(), kind: entry.kind.clone(), bytes }
}
