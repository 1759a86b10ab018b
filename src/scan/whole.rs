//! Units that our own readers decode: files that are not Parquet, and groups of files joined by position.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use futures::StreamExt;
use futures::stream::BoxStream;
use tarn_catalog::split::{DataFile, RowColumn};

use super::output::Output;
use super::plan::ScanPlan;
use super::reader::{self, BatchStream, ReadColumns, SystemColumn, WhenMissing, ZipToRead};

/// The live rows of a file, in the scan's output columns.
pub async fn open_file(
    plan: &Arc<ScanPlan>,
    file: &DataFile,
    live: Option<&BooleanBuffer>,
    output: &Output,
    batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let columns = read_columns(plan, output, Some(file));
    let rows = reader::open(plan.file_to_read(file), &columns, live, batch_rows).await.map_err(external)?;
    Ok(projected(rows, output))
}

/// The live rows of a group of files that hold different columns of the same rows, in the scan's output
/// columns.
pub async fn open_zip(
    plan: &Arc<ScanPlan>,
    group: usize,
    output: &Output,
    batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let rows =
        zipped_rows(plan, group, &read_columns(plan, output, None), batch_rows).await.map_err(external)?;
    Ok(projected(rows, output))
}

/// The same in these columns.
pub async fn zipped_rows(
    plan: &ScanPlan,
    group: usize,
    columns: &ReadColumns,
    batch_rows: usize,
) -> tarn_catalog::Result<BatchStream> {
    let files: &[DataFile] = plan.zips.get(group).map_or(&[], |files| files.as_slice());
    // A deletion vector hangs on one file and speaks for the rows of all.
    let mut live: Option<BooleanBuffer> = None;
    for file in files {
        let undeleted = plan.delete_reader.undeleted_rows(plan.file_to_read(file), &plan.deletes);
        if let Some(undeleted) = undeleted.await? {
            live = Some(live.map_or(undeleted.clone(), |live| &live & &undeleted));
        }
    }
    let groups: Vec<Vec<DataFile>> = files.iter().map(|file| vec![file.clone()]).collect();
    let source = ZipToRead {
        groups: &groups,
        schemas: &plan.file_schemas,
        store: Arc::clone(&plan.store),
        footers: Arc::clone(&plan.shared.footers),
        table: Arc::clone(&plan.table),
    };
    reader::open_zip(source, columns, live.as_ref(), batch_rows).await
}

fn read_columns(plan: &ScanPlan, output: &Output, file: Option<&DataFile>) -> ReadColumns {
    let wanted = output.columns.iter().map(|&index| &plan.schema.fields[index]);
    let (of_rows, fields): (Vec<_>, Vec<_>) = wanted.partition(|field| RowColumn::of(field).is_some());
    let system = of_rows.into_iter().filter_map(|field| {
        // Files that are older than the tracking of rows give theirs no ids.
        let untracked = field.nullable && file.is_some_and(|file| file.first_row_id.is_none());
        let missing = match RowColumn::of(field)? {
            _ if untracked => WhenMissing::Null,
            RowColumn::Id => WhenMissing::RowId,
            RowColumn::Sequence => WhenMissing::MaxSequence,
        };
        Some(SystemColumn { name: field.name.clone(), data_type: field.data_type.clone(), missing })
    });
    ReadColumns { fields: fields.into_iter().cloned().collect(), system: system.collect(), row_number: None }
}

fn projected(rows: BatchStream, output: &Output) -> BoxStream<'static, Result<RecordBatch>> {
    let output = output.clone();
    rows.map(move |batch| output.project(&batch.map_err(external)?)).boxed()
}

fn external(error: tarn_catalog::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
