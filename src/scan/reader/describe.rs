//! What a file says of itself: its columns and how many rows it has.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use arrow::datatypes::SchemaRef;
use object_store::{ObjectMeta, ObjectStore};
use tarn_catalog::split::FileFormat;
use tarn_catalog::{Error, Result};

use super::{guard, orc, parquet, text};
use crate::scan::footer::FooterCache;

/// The columns and the row count of a file as it is now.
pub async fn describe(
    store: &Arc<dyn ObjectStore>,
    footers: &FooterCache,
    file: &ObjectMeta,
    format: FileFormat,
) -> Result<(SchemaRef, u64)> {
    let (path, size) = (&file.location, file.size);
    guard::catch_panics(path.as_ref(), async {
        match format {
            FileFormat::Parquet => {
                let failed = |error| parquet::parquet_error(path.as_ref(), error);
                let footer = footers.current_footer(store, file).await.map_err(failed)?;
                let rows = footer.file_metadata().num_rows();
                let rows = u64::try_from(rows)
                    .map_err(|_| Error::corrupt(path.as_ref(), format!("it has {rows} rows")))?;
                let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
                let metadata = ArrowReaderMetadata::try_new(footer, options).map_err(failed)?;
                Ok((Arc::clone(metadata.schema()), rows))
            }
            FileFormat::Orc => orc::describe(store, path, size).await,
            FileFormat::Csv | FileFormat::Json => text::describe(store, path, format).await,
            FileFormat::Avro => Err(Error::unsupported(path.as_ref(), "a folder of Avro files")),
        }
    })
    .await
}
