//! Plans as Postgres shows them: one column `QUERY PLAN`, one row a line.
//!
//! DataFusion gives a row for each plan, with its name. The names become headings where there are
//! several. A plan as JSON stays one value.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

const COLUMN: &str = "QUERY PLAN";

/// The columns of an EXPLAIN.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(COLUMN, DataType::Utf8, false)]))
}

/// The rows of DataFusion's EXPLAIN, line by line.
pub(super) fn lines(plans: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let batches = plans.map(|batch| {
        let lines = lines_of(&batch?)?;
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(lines));
        Ok(RecordBatch::try_new(schema(), vec![column])?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema(), batches))
}

fn lines_of(batch: &RecordBatch) -> Result<Vec<String>> {
    let text = |index: usize| -> Result<&StringArray> {
        let column = batch.columns().get(index).and_then(|column| column.as_string_opt::<i32>());
        column.ok_or_else(|| exec_datafusion_err!("a plan is not text"))
    };
    let (names, plans) = (text(0)?, text(1)?);
    let mut lines = Vec::new();
    for row in 0..batch.num_rows() {
        let plan = plans.value(row);
        if plans.len() > 1 {
            lines.push(format!("{}:", names.value(row)));
        }
        match plan.starts_with(['[', '{']) {
            true => lines.push(plan.to_owned()),
            false => lines.extend(plan.trim_end().lines().map(str::to_owned)),
        }
    }
    Ok(lines)
}
