//! Records of a metadata file in Parquet (`manifest.format` = `parquet`).
//!
//! This is the one place of the catalog that decodes Parquet, and it sees manifests only.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::arrow_records::{self, BATCH_ROWS, broken};
use crate::malformed::Decoded;
use crate::value::Record;

pub const MAGIC: &[u8] = b"PAR1";

/// Calls `visit` with each record of the file, in order.
pub fn for_each_record(file: Bytes, visit: impl FnMut(&Record<'_>) -> Decoded<()>) -> Decoded<()> {
    let decode = || {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
        let reader = reader.with_batch_size(BATCH_ROWS).build().map_err(broken)?;
        Ok(reader.map(|batch| batch.map_err(broken)))
    };
    arrow_records::for_each_record(decode, visit)
}
