//! What deletes rows, as masks of the rows that it leaves.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBufferBuilder};
use arrow::buffer::BooleanBuffer;
use object_store::{ObjectStore, ObjectStoreExt};
use tarn_catalog::row_positions::RowPositions;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{DataFile, DeleteFile, DeleteSource};
use tarn_catalog::{Error, Result};

use super::delete_files::DeleteFiles;
use super::footer::FooterCache;
use super::reader::FileToRead;
use super::touched_keys::TouchedKeys;

/// Reads the deletes of a scan.
#[derive(Debug)]
pub struct DeleteReader {
    store: Arc<dyn ObjectStore>,
    files: DeleteFiles,
    /// Where the scan is about the rows of some keys alone.
    touched: Option<Arc<TouchedKeys>>,
}

impl DeleteReader {
    pub fn new(
        table: Arc<str>,
        store: Arc<dyn ObjectStore>,
        footers: Arc<FooterCache>,
        touched: Option<Arc<TouchedKeys>>,
    ) -> Self {
        Self { files: DeleteFiles::new(table, Arc::clone(&store), footers), store, touched }
    }

    /// The keys of the rows that a scan of some keys is about, in these columns, where they are known already.
    pub async fn known_keys(
        &self,
        source: FileToRead<'_>,
        fields: &[&SchemaField],
    ) -> Result<Option<Vec<ArrayRef>>> {
        match &self.touched {
            // Rows that are deleted are among those of the keys.
            Some(touched) if source.file.deletes.is_empty() && source.file.deleted_by.is_none() => {
                touched.keys_of(source, fields).await
            }
            _ => Ok(None),
        }
    }

    /// Whether masks depend on more than the scan's files and deletes.
    pub fn is_restricted(&self) -> bool {
        self.touched.is_some()
    }

    /// The rows of a file that the scan is about: those that its deletes leave, and of these the ones that
    /// it is to be read for. `None` where that is all of them.
    pub async fn undeleted_rows(
        &self,
        source: FileToRead<'_>,
        deletes: &[DeleteSource],
    ) -> Result<Option<BooleanBuffer>> {
        let Some(touched) = &self.touched else { return self.wanted_rows(source, deletes).await };
        let touched = touched.rows_of(source.clone()).await?;
        let wanted = self.wanted_rows(source, deletes).await?;
        Ok(match (wanted, touched) {
            (Some(wanted), Some(touched)) => Some(&wanted & &touched),
            (wanted, touched) => wanted.or(touched),
        })
    }

    /// The same, whatever the keys of the rows.
    async fn wanted_rows(
        &self,
        source: FileToRead<'_>,
        deletes: &[DeleteSource],
    ) -> Result<Option<BooleanBuffer>> {
        let file = source.file;
        let left = self.left_by(source.clone(), &file.deletes, deletes).await?;
        let Some(deleted_by) = &file.deleted_by else { return Ok(left) };
        let spared = self.left_by(source, deleted_by, deletes).await?;
        let deleted = match spared {
            Some(spared) => !&spared,
            None => BooleanBuffer::new_unset(row_count(file)?),
        };
        Ok(Some(left.map_or_else(|| deleted.clone(), |left| &left & &deleted)))
    }

    /// The rows of a file that some of the scan's deletes leave; `None` without any.
    async fn left_by(
        &self,
        source: FileToRead<'_>,
        chosen: &[usize],
        deletes: &[DeleteSource],
    ) -> Result<Option<BooleanBuffer>> {
        if chosen.is_empty() {
            return Ok(None);
        }
        let file = source.file;
        let rows = row_count(file)?;
        let mut undeleted = BooleanBufferBuilder::new(rows);
        undeleted.append_n(rows, true);
        let mut by_value: Vec<&Arc<DeleteFile>> = Vec::new();
        for &index in chosen {
            let delete = deletes.get(index).ok_or_else(|| {
                let reason = format!("it names delete source {index}, which is not there");
                Error::corrupt(file.path.to_string(), reason)
            })?;
            match delete {
                DeleteSource::Bitmap { path, offset, length, layout, .. } => {
                    let end = offset.checked_add(*length).ok_or_else(|| {
                        let reason = format!("impossible range of {length} bytes at {offset}");
                        Error::corrupt(path.to_string(), reason)
                    })?;
                    let bytes = self.store.get_range(path, *offset..end).await;
                    let bytes = bytes.map_err(|error| Error::storage(path.to_string(), error))?;
                    bury(&mut undeleted, file, &RowPositions::decode(&bytes, *layout, path)?)?;
                }
                DeleteSource::Inline(positions) => bury(&mut undeleted, file, positions)?,
                DeleteSource::Positions { file: delete, of } => {
                    if let Some(positions) = self.files.positions(delete).await?.get(of) {
                        bury(&mut undeleted, file, positions)?;
                    }
                }
                DeleteSource::Equality(delete) => by_value.push(delete),
            }
        }
        self.files.bury_equal_rows(&mut undeleted, source, &by_value).await?;
        Ok(Some(undeleted.finish()))
    }
}

fn row_count(file: &DataFile) -> Result<usize> {
    usize::try_from(file.rows)
        .map_err(|_| Error::corrupt(file.path.to_string(), "it has too many rows to address"))
}

fn bury(undeleted: &mut BooleanBufferBuilder, file: &DataFile, positions: &RowPositions) -> Result<()> {
    let rows = undeleted.len();
    for position in positions.iter() {
        match usize::try_from(position) {
            Ok(position) if position < rows => undeleted.set_bit(position, false),
            _ => {
                let reason = format!("a deletion vector names row {position} of {rows}");
                return Err(Error::corrupt(file.path.to_string(), reason));
            }
        }
    }
    Ok(())
}
