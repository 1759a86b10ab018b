//! Row counts of files whose metadata does not tell them.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use parquet::errors::ParquetError;
use tarn_catalog::split::{DataFile, FileFormat, TableScan};
use tarn_catalog::{Error, Result};

use super::footer::FooterCache;

/// Footers that are read at a time.
const CONCURRENT_READS: usize = 16;

/// Counts the rows of the scan's files where the metadata does not. The footers that are read for it
/// are those that reading the files needs anyway.
pub async fn count_rows(
    scan: &mut TableScan,
    store: &Arc<dyn ObjectStore>,
    footers: &Arc<FooterCache>,
) -> Result<()> {
    let files = scan.splits.iter_mut().flat_map(|split| split.unit.files_mut());
    let uncounted: Vec<_> =
        files.filter(|file| !file.rows_known).map(|file| count_file(file, store, footers)).collect();
    stream::iter(uncounted).buffer_unordered(CONCURRENT_READS).try_collect().await
}

async fn count_file(file: &mut DataFile, store: &Arc<dyn ObjectStore>, footers: &FooterCache) -> Result<()> {
    let corrupt = |reason: String| Error::corrupt(file.path.as_ref(), reason);
    if file.format != FileFormat::Parquet {
        return Err(corrupt("the table's metadata does not say how many rows it has".to_owned()));
    }
    let footer = footers.footer(store, &file.path, file.size).await.map_err(|error| match error {
        ParquetError::External(cause) => match cause.downcast::<object_store::Error>() {
            Ok(cause) => Error::storage(file.path.as_ref(), *cause),
            Err(cause) => corrupt(cause.to_string()),
        },
        error => corrupt(error.to_string()),
    })?;
    let rows = footer.file_metadata().num_rows();
    file.rows = u64::try_from(rows).map_err(|_| corrupt(format!("it has {rows} rows")))?;
    file.rows_known = true;
    Ok(())
}
