//! Filters and projections over the rows of a table, evaluated batch by batch.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{filter, filter_record_batch};
use arrow::datatypes::{SchemaRef, UInt32Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::physical_plan::PhysicalExpr;

/// What a subscription shows of the rows of its table.
#[derive(Debug, Clone)]
pub struct View {
    /// The columns that the first stages work on, as indices into the table's schema.
    pub columns: Vec<usize>,
    pub stages: Vec<Stage>,
}

/// A step of a view; its expressions are over the columns that the step before gives.
#[derive(Debug, Clone)]
pub enum Stage {
    Filter(Arc<dyn PhysicalExpr>),
    Project { exprs: Vec<Arc<dyn PhysicalExpr>>, schema: SchemaRef },
}

impl View {
    /// The view of these rows, and which row each of its rows comes from.
    pub fn of(&self, rows: RecordBatch) -> Result<(RecordBatch, UInt32Array)> {
        let Ok(count) = u32::try_from(rows.num_rows()) else {
            return exec_err!("a batch of {} rows is too large", rows.num_rows());
        };
        let mut origin = UInt32Array::from_iter_values(0..count);
        let mut rows = rows;
        for stage in &self.stages {
            match stage {
                Stage::Filter(predicate) => {
                    let kept = predicate.evaluate(&rows)?.into_array(rows.num_rows())?;
                    let kept = kept.as_boolean();
                    rows = filter_record_batch(&rows, kept)?;
                    origin = filter(&origin, kept)?.as_primitive::<UInt32Type>().clone();
                }
                Stage::Project { exprs, schema } => {
                    let evaluate =
                        |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(&rows)?.into_array(rows.num_rows());
                    let columns = exprs.iter().map(evaluate).collect::<Result<Vec<_>>>()?;
                    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
                    rows = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
                }
            }
        }
        Ok((rows, origin))
    }
}
