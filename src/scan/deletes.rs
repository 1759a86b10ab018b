//! Deletion vectors as masks of the rows that they leave.

use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use object_store::{ObjectStore, ObjectStoreExt};
use tarn_catalog::row_positions::RowPositions;
use tarn_catalog::split::{DataFile, DeleteSource};
use tarn_catalog::{Error, Result};

/// The rows of a file that its deletion vectors leave; `None` where the file has none.
pub async fn undeleted_rows(
    file: &DataFile,
    deletes: &[DeleteSource],
    store: &Arc<dyn ObjectStore>,
) -> Result<Option<BooleanBuffer>> {
    if file.deletes.is_empty() {
        return Ok(None);
    }
    let rows = usize::try_from(file.rows)
        .map_err(|_| Error::corrupt(file.path.to_string(), "it has too many rows to address"))?;
    let mut undeleted = BooleanBufferBuilder::new(rows);
    undeleted.append_n(rows, true);
    for &index in &file.deletes {
        let source = deletes.get(index).ok_or_else(|| {
            Error::corrupt(
                file.path.to_string(),
                format!("it names delete source {index}, which is not there"),
            )
        })?;
        for position in load(source, store).await?.iter() {
            match usize::try_from(position) {
                Ok(position) if position < rows => undeleted.set_bit(position, false),
                _ => {
                    let reason = format!("a deletion vector names row {position} of {rows}");
                    return Err(Error::corrupt(file.path.to_string(), reason));
                }
            }
        }
    }
    Ok(Some(undeleted.finish()))
}

async fn load(source: &DeleteSource, store: &Arc<dyn ObjectStore>) -> Result<RowPositions> {
    match source {
        DeleteSource::Inline(positions) => Ok(RowPositions::clone(positions)),
        DeleteSource::Bitmap { path, offset, length, layout, .. } => {
            let end = offset.checked_add(*length).ok_or_else(|| {
                Error::corrupt(path.to_string(), format!("impossible range of {length} bytes at {offset}"))
            })?;
            let bytes = store.get_range(path, *offset..end).await;
            let bytes = bytes.map_err(|error| Error::storage(path.to_string(), error))?;
            RowPositions::decode(&bytes, *layout, path)
        }
    }
}
