//! Manifest lists, manifests and index manifests: files of records in one of several containers.

use bytes::Bytes;
use object_store::path::Path;

use super::{orc_records, parquet_records};
use crate::avro;
use crate::error::Result;
use crate::malformed::Decoded;
use crate::value::Record;

/// Reads every record of a metadata file. The container is told by its first bytes, since the file
/// names have no extension and the table's `manifest.format` may have changed since.
pub fn read_records<T>(
    path: &Path,
    file: &Bytes,
    mut read: impl FnMut(&Record<'_>) -> Decoded<T>,
) -> Result<Vec<T>> {
    let mut records = Vec::new();
    let visit = |record: &Record<'_>| {
        records.push(read(record)?);
        Ok(())
    };
    let outcome = if file.starts_with(parquet_records::MAGIC) {
        parquet_records::for_each_record(file.clone(), visit)
    } else if file.starts_with(orc_records::MAGIC) {
        orc_records::for_each_record(file.clone(), visit)
    } else {
        avro::for_each_record(file, visit)
    };
    outcome.map_err(|reason| reason.of_file(path))?;
    Ok(records)
}
