//! Files whose rows tell what is deleted: by position, or by being equal.
//!
//! Each is read once for all data files of a scan. A data file that equality deletes apply to is read
//! twice: first the columns that they compare, which gives the mask, and then what the query wants.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanBufferBuilder, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use parking_lot::Mutex;
use roaring::RoaringTreemap;
use tarn_catalog::row_positions::RowPositions;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{DataFile, DeleteFile};
use tarn_catalog::{Error, Result};
use tokio::sync::OnceCell;

use super::footer::FooterCache;
use super::reader::{self, BatchStream, FileToRead, ReadColumns};

const BATCH_ROWS: usize = 8192;

/// Positions by the name of the data file that they are of.
pub type PositionsByFile = HashMap<String, RowPositions>;

type Loaded<T> = Mutex<HashMap<Path, Arc<OnceCell<Arc<T>>>>>;

/// The delete files of a scan, read when they are first asked for.
pub struct DeleteFiles {
    table: Arc<str>,
    store: Arc<dyn ObjectStore>,
    footers: Arc<FooterCache>,
    positions: Loaded<PositionsByFile>,
    rows: Loaded<DeletedRows>,
}

impl fmt::Debug for DeleteFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteFiles").field("table", &self.table).finish_non_exhaustive()
    }
}

impl DeleteFiles {
    pub fn new(table: Arc<str>, store: Arc<dyn ObjectStore>, footers: Arc<FooterCache>) -> Self {
        Self { table, store, footers, positions: Loaded::default(), rows: Loaded::default() }
    }

    /// All that a file of positions deletes.
    pub async fn positions(&self, delete: &DeleteFile) -> Result<Arc<PositionsByFile>> {
        let cell = Arc::clone(self.positions.lock().entry(delete.file.path.clone()).or_default());
        cell.get_or_try_init(async || self.read_positions(delete).await.map(Arc::new)).await.cloned()
    }

    async fn read_positions(&self, delete: &DeleteFile) -> Result<PositionsByFile> {
        let mut by_file: HashMap<String, RoaringTreemap> = HashMap::new();
        let mut batches = self.open(delete).await?;
        while let Some(batch) = batches.try_next().await? {
            let [names, positions] = batch.columns() else { return Err(misfit(&delete.file)) };
            let names = names.as_string_view_opt().ok_or_else(|| misfit(&delete.file))?;
            let positions = positions.as_primitive_opt::<Int64Type>().ok_or_else(|| misfit(&delete.file))?;
            for (name, position) in names.iter().zip(positions) {
                let position = position.and_then(|position| u64::try_from(position).ok());
                let (Some(name), Some(position)) = (name, position) else { return Err(misfit(&delete.file)) };
                match by_file.get_mut(name) {
                    Some(known) => known.insert(position),
                    None => by_file.entry(name.to_owned()).or_default().insert(position),
                };
            }
        }
        Ok(by_file.into_iter().map(|(name, positions)| (name, positions.into())).collect())
    }

    /// Takes away the rows of a data file that are equal to a row of one of these files.
    pub async fn bury_equal_rows(
        &self,
        undeleted: &mut BooleanBufferBuilder,
        source: FileToRead<'_>,
        deletes: &[&Arc<DeleteFile>],
    ) -> Result<()> {
        if deletes.is_empty() {
            return Ok(());
        }
        let mut fields: Vec<SchemaField> = Vec::new();
        let mut tests = Vec::new();
        for delete in deletes {
            let places: Vec<usize> = delete.fields.iter().map(|field| place_of(field, &mut fields)).collect();
            tests.push((places, self.rows(delete).await?));
        }
        let file = source.file;
        let mut batches = reader::open(source, &ReadColumns::of_table(fields), None, BATCH_ROWS).await?;
        let mut first = 0;
        while let Some(batch) = batches.try_next().await? {
            for (places, deleted) in &tests {
                let columns: Vec<ArrayRef> =
                    places.iter().map(|place| Arc::clone(batch.column(*place))).collect();
                for row in deleted.matches(&columns, file)? {
                    undeleted.set_bit(first + row, false);
                }
            }
            first += batch.num_rows();
        }
        Ok(())
    }

    async fn rows(&self, delete: &DeleteFile) -> Result<Arc<DeletedRows>> {
        let cell = Arc::clone(self.rows.lock().entry(delete.file.path.clone()).or_default());
        let read = async || {
            let mut rows = DeletedRows::new(&delete.fields, &delete.file)?;
            let mut batches = self.open(delete).await?;
            while let Some(batch) = batches.try_next().await? {
                rows.add(&batch, &delete.file)?;
            }
            Ok(Arc::new(rows))
        };
        cell.get_or_try_init(read).await.cloned()
    }

    async fn open(&self, delete: &DeleteFile) -> Result<BatchStream> {
        let source = FileToRead {
            file: &delete.file,
            schema: &delete.schema,
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            table: Arc::clone(&self.table),
        };
        reader::open(source, &ReadColumns::of_table(delete.fields.clone()), None, BATCH_ROWS).await
    }
}

/// The place of a field among those to read, to which it is added if need be.
fn place_of(field: &SchemaField, fields: &mut Vec<SchemaField>) -> usize {
    fields.iter().position(|known| known.id == field.id).unwrap_or_else(|| {
        fields.push(field.clone());
        fields.len() - 1
    })
}

fn misfit(file: &DataFile) -> Error {
    Error::corrupt(file.path.as_ref(), "it does not hold the columns of a delete file")
}

/// Rows in a form that compares as a whole, NULL being equal to NULL.
struct DeletedRows {
    converter: RowConverter,
    rows: HashSet<Box<[u8]>>,
}

impl DeletedRows {
    fn new(fields: &[SchemaField], file: &DataFile) -> Result<Self> {
        let types = fields.iter().map(|field| SortField::new(field.data_type.arrow())).collect();
        let converter = RowConverter::new(types)
            .map_err(|error| Error::corrupt(file.path.as_ref(), error.to_string()))?;
        Ok(Self { converter, rows: HashSet::new() })
    }

    fn add(&mut self, batch: &RecordBatch, file: &DataFile) -> Result<()> {
        let rows = self.converter.convert_columns(batch.columns());
        let rows = rows.map_err(|error| Error::corrupt(file.path.as_ref(), error.to_string()))?;
        self.rows.extend(rows.iter().map(|row| Box::from(row.as_ref())));
        Ok(())
    }

    /// The rows of these columns that are among them.
    fn matches(&self, columns: &[ArrayRef], file: &DataFile) -> Result<Vec<usize>> {
        let rows = self.converter.convert_columns(columns);
        let rows = rows.map_err(|error| Error::corrupt(file.path.as_ref(), error.to_string()))?;
        let found = rows.iter().enumerate().filter(|(_, row)| self.rows.contains(row.as_ref()));
        Ok(found.map(|(at, _)| at).collect())
    }
}
