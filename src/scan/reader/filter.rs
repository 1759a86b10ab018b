//! Physical batches made into the batches asked for: filtered, numbered, evolved.

use arrow::array::RecordBatch;
use arrow::compute::{filter, filter_record_batch};
use futures::stream::{self, StreamExt};
use tarn_catalog::Result;

use super::BatchStream;
use super::columns::ColumnPlan;
use super::rows::LiveRows;

struct Assembly {
    batches: BatchStream,
    plan: ColumnPlan,
    rows: LiveRows,
    only_live: bool,
}

/// Turns physical batches into those asked for and checks, at the end, that no row is left over.
pub(super) fn assemble(
    batches: BatchStream,
    plan: ColumnPlan,
    rows: LiveRows,
    only_live: bool,
) -> impl futures::Stream<Item = Result<RecordBatch>> + Send {
    let assembly = Assembly { batches, plan, rows, only_live };
    stream::unfold(Some(assembly), |assembly| async move {
        let mut assembly = assembly?;
        match assembly.next().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(assembly))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Assembly {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while let Some(batch) = self.batches.next().await {
            let batch = self.batch(&batch?)?;
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
        let left_over =
            if self.only_live { self.rows.has_live_rows_left() } else { self.rows.remaining() > 0 };
        if left_over {
            return Err(self.plan.error("it ends before the last row that the table's metadata says it has"));
        }
        Ok(None)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        const TOO_MANY: &str = "it has more rows than the table's metadata says";
        let count = batch.num_rows();
        if self.only_live {
            let positions = self.rows.pass_live(count).ok_or_else(|| self.plan.error(TOO_MANY))?;
            return self.plan.assemble(batch, self.plan.needs_positions().then_some(positions));
        }
        if count > self.rows.remaining() {
            return Err(self.plan.error(TOO_MANY));
        }
        let positions = self.plan.needs_positions().then(|| self.rows.positions(count));
        let Some(live) = self.rows.pass(count) else {
            return self.plan.assemble(batch, positions);
        };
        let failed = |error: arrow::error::ArrowError| self.plan.error(error.to_string());
        let batch = filter_record_batch(batch, &live).map_err(failed)?;
        let positions = positions.map(|positions| filter(&positions, &live)).transpose().map_err(failed)?;
        self.plan.assemble(&batch, positions)
    }
}
