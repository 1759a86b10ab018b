//! The columns that a scan puts out, for units that DataFusion's Parquet source does not read.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::physical_expr::projection::{ProjectionExprs, Projector};
use datafusion::physical_expr::utils::reassign_expr_columns;

use super::plan::ScanPlan;

/// Which columns of the table a unit has to produce, and how the scan's output is made of them.
#[derive(Clone)]
pub struct Output {
    /// Indices into the table's schema, ascending.
    pub columns: Arc<Vec<usize>>,
    projector: Projector,
}

impl Output {
    /// `projection` is over all columns of the table.
    pub fn try_new(plan: &ScanPlan, projection: ProjectionExprs) -> Result<Self> {
        let mut columns = projection.column_indices();
        columns.sort_unstable();
        columns.dedup();
        let fields: Vec<_> =
            columns.iter().map(|&index| Arc::clone(&plan.arrow_schema.fields()[index])).collect();
        let input = Schema::new(fields);
        let projector =
            projection.try_map_exprs(|expr| reassign_expr_columns(expr, &input))?.make_projector(&input)?;
        Ok(Self { columns: Arc::new(columns), projector })
    }

    /// The scan's output for a batch of [`Self::columns`].
    pub fn project(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        self.projector.project_batch(batch)
    }
}
