//! What a file says of itself: its columns and how many rows it has.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use arrow::datatypes::SchemaRef;
use object_store::ObjectStore;
use object_store::path::Path;
use tarn_catalog::split::FileFormat;
use tarn_catalog::{Error, Result};

use super::{guard, orc, parquet};
use crate::scan::footer::FooterCache;

/// The columns and the row count of a file of `size` bytes.
pub async fn describe(
    store: &Arc<dyn ObjectStore>,
    footers: &FooterCache,
    path: &Path,
    format: FileFormat,
    size: u64,
) -> Result<(SchemaRef, u64)> {
    guard::catch_panics(path.as_ref(), async {
        match format {
            FileFormat::Parquet => {
                let failed = |error| parquet::parquet_error(path.as_ref(), error);
                let footer = footers.footer(store, path, size).await.map_err(failed)?;
                let rows = footer.file_metadata().num_rows();
                let rows = u64::try_from(rows)
                    .map_err(|_| Error::corrupt(path.as_ref(), format!("it has {rows} rows")))?;
                let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
                let metadata = ArrowReaderMetadata::try_new(footer, options).map_err(failed)?;
                Ok((Arc::clone(metadata.schema()), rows))
            }
            FileFormat::Orc => orc::describe(store, path, size).await,
            FileFormat::Avro => Err(Error::unsupported(path.as_ref(), "a folder of Avro files")),
        }
    })
    .await
}
