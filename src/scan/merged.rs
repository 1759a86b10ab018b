//! The rows of a section whose values have to be merged: gathered file by file, merged in batches.
//!
//! A file's merging rows come in key order, and so do the groups, so each file is read once, forward,
//! and only as far ahead as one batch of groups needs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat_batches, interleave};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::physical_plan::metrics::Count;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

use super::output::Output;
use super::plan::ScanPlan;
use super::reader::{self, BatchStream, ReadColumns};
use crate::merge::{Merged, Merger, Retractions};
use crate::resolve::{Resolved, RowMask, Version, Versions};

/// A stream of merged rows in the scan's output columns.
pub fn open(
    plan: Arc<ScanPlan>,
    section: usize,
    resolved: Arc<Resolved>,
    output: Output,
    batch_rows: usize,
    rows_merged: Count,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let merged = open_with_kinds(plan, section, resolved, &output.columns, batch_rows, rows_merged)?;
    Ok(merged.map(move |merged| output.project(&merged?.rows)).boxed())
}

/// A stream of merged rows in these columns of the table, with their kinds.
pub fn open_with_kinds(
    plan: Arc<ScanPlan>,
    section: usize,
    resolved: Arc<Resolved>,
    columns: &[usize],
    batch_rows: usize,
    rows_merged: Count,
) -> Result<BoxStream<'static, Result<Merged>>> {
    let planned = &plan.sections[section].section;
    let retractions = planned.retractions;
    let merger = Merger::try_new(&plan.table, &planned.rule, &plan.schema, columns).map_err(external)?;
    let fields: Vec<_> =
        merger.required_columns().iter().map(|&index| plan.schema.fields[index].clone()).collect();
    let schema = Arc::new(Schema::new(fields.iter().map(|field| field.arrow()).collect::<Vec<_>>()));
    let files = resolved.files.len();
    let gather = Gather {
        columns: ReadColumns::of_table(fields),
        cursors: (0..files).map(|_| None).collect(),
        schema,
        plan,
        section,
        resolved,
        merger,
        retractions,
        batch_rows,
        next_group: 0,
        rows_merged,
    };
    Ok(stream::try_unfold(gather, |mut gather| async move {
        Ok(gather.next().await?.map(|batch| (batch, gather)))
    })
    .boxed())
}

struct Gather {
    plan: Arc<ScanPlan>,
    section: usize,
    resolved: Arc<Resolved>,
    merger: Merger,
    retractions: Retractions,
    columns: ReadColumns,
    schema: SchemaRef,
    /// One for each file of the section, opened when its first row is needed.
    cursors: Vec<Option<Cursor>>,
    batch_rows: usize,
    next_group: usize,
    rows_merged: Count,
}

/// The merging rows of one file, read forward.
struct Cursor {
    rows: BatchStream,
    /// Rows that are read and not yet merged.
    buffered: RecordBatch,
    /// Ordinal of the first buffered row.
    first: usize,
}

impl Gather {
    async fn next(&mut self) -> Result<Option<Merged>> {
        let resolved = Arc::clone(&self.resolved);
        let Some(versions) = &resolved.versions else {
            return Ok(None);
        };
        while self.next_group < versions.groups() {
            let groups = self.next_groups(versions);
            let base = versions.offsets[groups.start];
            let rows = &versions.versions[base as usize..versions.offsets[groups.end] as usize];
            let offsets: Vec<u32> =
                versions.offsets[groups.start..=groups.end].iter().map(|offset| offset - base).collect();
            self.next_group = groups.end;
            self.rows_merged.add(rows.len());
            let gathered = self.gather(rows).await?;
            let kinds: Vec<i8> = rows.iter().map(|row| row.kind).collect();
            let merged =
                self.merger.merge(&gathered, &kinds, &offsets, self.retractions).map_err(external)?;
            if merged.rows.num_rows() > 0 {
                return Ok(Some(merged));
            }
        }
        Ok(None)
    }

    /// As many groups as make about one batch of versions, and at least one.
    fn next_groups(&self, versions: &Versions) -> std::ops::Range<usize> {
        let start = self.next_group;
        let limit = versions.offsets[start] as usize + self.batch_rows;
        let end = versions.offsets.partition_point(|&offset| offset as usize <= limit) - 1;
        start..end.clamp(start + 1, versions.groups())
    }

    /// The required columns of these versions, in their order.
    async fn gather(&mut self, rows: &[Version]) -> Result<RecordBatch> {
        let mut needed = vec![0; self.cursors.len()];
        for row in rows {
            let end = &mut needed[row.file as usize];
            *end = (*end).max(row.ordinal as usize + 1);
        }
        for (file, &end) in needed.iter().enumerate() {
            if end > 0 {
                self.read_to(file, end).await?;
            }
        }
        let places: Vec<(usize, usize)> = rows
            .iter()
            .map(|row| {
                let first = self.cursors[row.file as usize].as_ref().map_or(0, |cursor| cursor.first);
                (row.file as usize, row.ordinal as usize - first)
            })
            .collect();
        let batch = self.interleave(&places)?;
        for (file, &end) in needed.iter().enumerate() {
            if let (Some(cursor), true) = (&mut self.cursors[file], end > 0) {
                let used = end - cursor.first;
                cursor.buffered = cursor.buffered.slice(used, cursor.buffered.num_rows() - used);
                cursor.first = end;
            }
        }
        Ok(batch)
    }

    fn interleave(&self, places: &[(usize, usize)]) -> Result<RecordBatch> {
        let columns = (0..self.schema.fields().len())
            .map(|column| {
                let empty = arrow::array::new_empty_array(self.schema.field(column).data_type());
                let sources: Vec<&dyn Array> = self
                    .cursors
                    .iter()
                    .map(|cursor| match cursor {
                        Some(cursor) => cursor.buffered.column(column).as_ref(),
                        None => empty.as_ref(),
                    })
                    .collect();
                Ok(interleave(&sources, places)?)
            })
            .collect::<Result<Vec<ArrayRef>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(places.len()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// Buffers the file's merging rows up to the ordinal `end`.
    async fn read_to(&mut self, file: usize, end: usize) -> Result<()> {
        if self.cursors[file].is_none() {
            self.cursors[file] = Some(self.open_cursor(file).await?);
        }
        let Some(cursor) = &mut self.cursors[file] else {
            return Err(internal_datafusion_err!("a cursor was opened and is not there"));
        };
        let mut parts = vec![cursor.buffered.clone()];
        let mut buffered = cursor.first + cursor.buffered.num_rows();
        while buffered < end {
            match cursor.rows.next().await {
                Some(batch) => {
                    let batch = batch.map_err(external)?;
                    buffered += batch.num_rows();
                    parts.push(batch);
                }
                None => {
                    return Err(internal_datafusion_err!(
                        "table {}: a data file ended before its row {end} of the merge",
                        self.plan.table
                    ));
                }
            }
        }
        if parts.len() > 1 {
            cursor.buffered = concat_batches(&self.schema, &parts)?;
        }
        Ok(())
    }

    async fn open_cursor(&mut self, file: usize) -> Result<Cursor> {
        let section = &self.plan.sections[self.section].section;
        let data_file = &section.files[file];
        let live = match &self.resolved.files[file].merging {
            RowMask::Some(bits) => Some(bits),
            RowMask::All | RowMask::None => None,
        };
        let source = self.plan.file_to_read(data_file);
        let rows = reader::open(source, &self.columns, live, self.batch_rows).await.map_err(external)?;
        Ok(Cursor { rows, buffered: RecordBatch::new_empty(Arc::clone(&self.schema)), first: 0 })
    }
}

fn external(error: tarn_catalog::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
