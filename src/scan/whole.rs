//! Units that our own readers decode: files that are not Parquet, and groups of files joined by position.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use futures::StreamExt;
use futures::stream::BoxStream;
use tarn_catalog::split::DataFile;

use super::output::Output;
use super::plan::ScanPlan;
use super::reader::{self, BatchStream, ReadColumns};

/// The live rows of a file, in the scan's output columns.
pub async fn open_file(
    plan: &Arc<ScanPlan>,
    file: &DataFile,
    live: Option<&BooleanBuffer>,
    output: &Output,
    batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let columns = read_columns(plan, output);
    let rows = reader::open(plan.file_to_read(file), &columns, live, batch_rows).await.map_err(external)?;
    Ok(projected(rows, output))
}

/// The rows of a group of files that hold different columns of the same rows.
pub async fn open_zip(
    plan: &Arc<ScanPlan>,
    group: usize,
    _output: &Output,
    _batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let files = plan.zips.get(group).map_or(0, |files| files.len());
    let feature = format!("joining {files} files of column groups by position");
    Err(external(tarn_catalog::Error::unsupported(plan.table.as_ref(), feature)))
}

fn read_columns(plan: &ScanPlan, output: &Output) -> ReadColumns {
    let fields = output.columns.iter().map(|&index| plan.schema.fields[index].clone()).collect();
    ReadColumns::of_table(fields)
}

fn projected(rows: BatchStream, output: &Output) -> BoxStream<'static, Result<RecordBatch>> {
    let output = output.clone();
    rows.map(move |batch| output.project(&batch.map_err(external)?)).boxed()
}

fn external(error: tarn_catalog::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
