//! Rows whose columns lie in several files, joined by position.
//!
//! A unit is a range of rows and groups of files, the newest first. The files of a group hold the same
//! columns and, one after the other, all rows of the range. A column comes from the first group that
//! holds it; a column that none holds is NULL.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::SchemaRef;
use futures::{StreamExt, stream};
use object_store::ObjectStore;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{DataFile, FileSchema};
use tarn_catalog::{Error, Result};

use super::rows::LiveRows;
use super::{BatchStream, FileToRead, ReadColumns, open, written_schema};
use crate::scan::footer::FooterCache;

/// A range of rows in groups of files, and what is needed to get at them.
#[derive(Clone)]
pub struct ZipToRead<'a> {
    pub groups: &'a [Vec<DataFile>],
    /// The schemas that files name by index.
    pub schemas: &'a [Arc<FileSchema>],
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FooterCache>,
    /// `database.table`, for errors.
    pub table: Arc<str>,
}

/// Reads the live rows of the range: the columns asked for, in the table's types and order.
///
/// `live` has one bit for each row of the range. System columns come from the first group.
pub async fn open_zip(
    source: ZipToRead<'_>,
    columns: &ReadColumns,
    live: Option<&BooleanBuffer>,
    batch_size: usize,
) -> Result<BatchStream> {
    let first = source.groups.first().and_then(|group| group.first());
    let first = first.ok_or_else(|| Error::invalid(format!("{}: no files to join", source.table)))?;
    // Checks the mask before it is cut up for the files.
    let rows = LiveRows::of(source.rows()?, live, first.path.as_ref())?;
    let layout = source.layout(columns)?;
    let mut parts = Vec::new();
    for (group, wanted) in source.groups.iter().zip(&layout.wanted) {
        if !wanted.fields.is_empty() || !wanted.system.is_empty() {
            parts.push(Part {
                batches: source.open_group(group, wanted, live, batch_size).await?,
                pending: None,
            });
        }
    }
    let zip = Zip {
        parts,
        sources: layout.sources,
        schema: columns.schema(),
        has_row_number: columns.row_number.is_some(),
        rows,
        batch_size: batch_size.max(1),
        path: first.path.as_ref().into(),
    };
    let batches =
        stream::try_unfold(
            zip,
            |mut zip| async move { Ok(zip.next_batch().await?.map(|batch| (batch, zip))) },
        );
    Ok(batches.boxed())
}

/// What is read from each group, and where each column of the result comes from.
struct Layout {
    wanted: Vec<ReadColumns>,
    sources: Vec<Source>,
}

/// Where a column of the result comes from.
#[derive(Debug, Clone)]
enum Source {
    /// The part with this number among those that are read, and the place in its batches.
    Part(usize, usize),
    /// No file has it.
    Nowhere(SchemaField),
}

impl ZipToRead<'_> {
    fn rows(&self) -> Result<u64> {
        let count = |group: &Vec<DataFile>| group.iter().map(|file| file.rows).sum::<u64>();
        let rows = self.groups.first().map_or(0, count);
        match self.groups.iter().find(|group| count(group) != rows) {
            Some(group) => Err(Error::corrupt(
                group.first().map_or("", |file| file.path.as_ref()),
                format!(
                    "it and the files after it have {} rows, others of the same rows have {rows}",
                    count(group)
                ),
            )),
            None => Ok(rows),
        }
    }

    fn schema(&self, file: &DataFile) -> Result<&FileSchema> {
        let schema = self.schemas.get(file.file_schema).map(Arc::as_ref);
        schema.ok_or_else(|| Error::corrupt(file.path.as_ref(), "the plan has no schema for it"))
    }

    /// Gives every column to the first group that holds it.
    fn layout(&self, columns: &ReadColumns) -> Result<Layout> {
        let mut held = Vec::new();
        for group in self.groups {
            let Some(file) = group.first() else { return Err(Error::invalid("a group of no files to join")) };
            held.push(written_schema(file, self.schema(file)?));
        }
        let mut wanted = vec![ReadColumns::default(); self.groups.len()];
        let mut places = Vec::new();
        for field in &columns.fields {
            let group = held.iter().position(|schema| schema.field_by_id(field.id).is_some());
            if let Some(group) = group {
                places.push(Ok((group, wanted[group].fields.len())));
                wanted[group].fields.push(field.clone());
            } else if field.nullable {
                places.push(Err(field.clone()));
            } else {
                let reason = format!("column {} is NOT NULL and in none of its files", field.name);
                return Err(Error::corrupt(&*self.table, reason));
            }
        }
        if let Some(first) = wanted.first_mut() {
            first.system.clone_from(&columns.system);
            let place = first.fields.len();
            places.extend((0..columns.system.len()).map(|system| Ok((0, place + system))));
        }
        let sources = places.into_iter().map(|place| match place {
            Ok((group, place)) => Source::Part(part_number(&wanted, group), place),
            Err(field) => Source::Nowhere(field),
        });
        let sources = sources.collect();
        Ok(Layout { wanted, sources })
    }

    /// The files of a group, one after the other.
    async fn open_group(
        &self,
        group: &[DataFile],
        wanted: &ReadColumns,
        live: Option<&BooleanBuffer>,
        batch_size: usize,
    ) -> Result<BatchStream> {
        let mut files = Vec::with_capacity(group.len());
        let mut start = 0;
        for file in group {
            // The rows of the group are as many as the mask has.
            let rows = usize::try_from(file.rows).unwrap_or(usize::MAX);
            let within = live.map(|live| live.slice(start, rows));
            start += rows;
            let source = FileToRead {
                file,
                schema: self.schema(file)?,
                store: Arc::clone(&self.store),
                footers: Arc::clone(&self.footers),
                table: Arc::clone(&self.table),
            };
            files.push(open(source, wanted, within.as_ref(), batch_size).await?);
        }
        Ok(stream::iter(files).flatten().boxed())
    }
}

/// The number of a group among those that are read at all.
fn part_number(wanted: &[ReadColumns], group: usize) -> usize {
    let is_read = |wanted: &&ReadColumns| !wanted.fields.is_empty() || !wanted.system.is_empty();
    wanted.iter().take(group).filter(is_read).count()
}

/// One group being read.
struct Part {
    batches: BatchStream,
    /// Rows that have been read and not yet joined.
    pending: Option<RecordBatch>,
}

impl Part {
    /// The rows at hand; none at the end.
    async fn fill(&mut self) -> Result<usize> {
        if self.pending.is_none() {
            self.pending = self.batches.next().await.transpose()?;
        }
        Ok(self.pending.as_ref().map_or(0, RecordBatch::num_rows))
    }

    fn take(&mut self, rows: usize) -> Option<RecordBatch> {
        let pending = self.pending.take()?;
        if rows < pending.num_rows() {
            self.pending = Some(pending.slice(rows, pending.num_rows() - rows));
        }
        Some(pending.slice(0, rows))
    }
}

struct Zip {
    parts: Vec<Part>,
    sources: Vec<Source>,
    schema: SchemaRef,
    has_row_number: bool,
    rows: LiveRows,
    batch_size: usize,
    /// One of the files, for errors.
    path: Arc<str>,
}

impl Zip {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut at_hand = Vec::new();
        for part in &mut self.parts {
            at_hand.push(part.fill().await?);
        }
        let rows = match (at_hand.iter().min(), at_hand.iter().max()) {
            (Some(0), Some(1..)) => return Err(self.unequal()),
            (Some(&rows), _) => rows,
            // No file is needed to know how many rows there are.
            (None, _) => self.rows.live_rows_left().min(self.batch_size),
        };
        if rows == 0 {
            return if self.rows.has_live_rows_left() { Err(self.unequal()) } else { Ok(None) };
        }
        let parts: Option<Vec<_>> = self.parts.iter_mut().map(|part| part.take(rows)).collect();
        let positions = self.rows.pass_live(rows);
        let (Some(parts), Some(positions)) = (parts, positions) else { return Err(self.unequal()) };
        self.join(&parts, rows, positions).map(Some)
    }

    fn join(&self, parts: &[RecordBatch], rows: usize, positions: ArrayRef) -> Result<RecordBatch> {
        let column = |source: &Source| match source {
            Source::Part(part, place) => parts.get(*part)?.columns().get(*place).cloned(),
            Source::Nowhere(field) => Some(new_null_array(&field.data_type.arrow(), rows)),
        };
        let arrays: Option<Vec<_>> = self.sources.iter().map(column).collect();
        let mut arrays = arrays.ok_or_else(|| self.unequal())?;
        arrays.extend(self.has_row_number.then_some(positions));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| Error::corrupt(&*self.path, error.to_string()))
    }

    fn unequal(&self) -> Error {
        Error::corrupt(&*self.path, "the files that hold other columns of its rows have not as many rows")
    }
}
