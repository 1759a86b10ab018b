//! Rows of a running query, carried from the query threads to whoever reads them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Result as PlanResult;
use datafusion::error::DataFusionError;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_plan::ExecutionPlan;
use futures::{FutureExt, Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, ErrorKind};

/// Batches that may wait for a slow reader. Beyond them the query itself waits.
const BATCHES_AHEAD: usize = 2;

/// What ends a query before its rows do.
pub(super) struct Limits {
    pub deadline: Option<Instant>,
    /// Cancelled when nobody reads the rows any more: it ends work that does not wait for anything.
    pub stop: CancellationToken,
}

/// Rows of a running query. The work runs on the engine's CPU threads and stops when this is dropped.
pub struct RowStream {
    pub schema: SchemaRef,
    pub batches: SendableRecordBatchStream,
    /// How far the query is.
    pub progress: Progress,
}

impl RowStream {
    /// Runs a stream on the query threads, within its limits.
    pub(super) fn spawn(
        threads: &Handle,
        schema: SchemaRef,
        rows: SendableRecordBatchStream,
        plan: Option<Arc<dyn ExecutionPlan>>,
        limits: Limits,
    ) -> Self {
        let forward = {
            let schema = Arc::clone(&schema);
            |sender| forward(rows, schema, sender)
        };
        Self { progress: Progress { plan }, ..Self::produced(threads, schema, limits, forward) }
    }

    /// Runs work on the query threads that sends the batches, each of this schema, within its limits.
    pub(super) fn produced<W>(
        threads: &Handle,
        schema: SchemaRef,
        limits: Limits,
        work: impl FnOnce(mpsc::Sender<PlanResult<RecordBatch>>) -> W,
    ) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let task = threads.spawn(work(sender));
        let forwarded = Forwarded {
            schema: Arc::clone(&schema),
            receiver,
            task: Some(AbortOnDropHandle::new(task)),
            deadline: limits.deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            stop: Some(limits.stop.drop_guard()),
        };
        Self { schema, batches: Box::pin(forwarded), progress: Progress { plan: None } }
    }

    /// Rows that are at hand.
    pub(super) fn of(batch: RecordBatch) -> Self {
        let schema = batch.schema();
        let rows = futures::stream::once(async move { Ok(batch) });
        let adapter =
            datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(Arc::clone(&schema), rows);
        Self { schema, batches: Box::pin(adapter), progress: Progress { plan: None } }
    }
}

async fn forward(
    mut rows: SendableRecordBatchStream,
    schema: SchemaRef,
    sender: mpsc::Sender<PlanResult<RecordBatch>>,
) {
    while let Some(batch) = rows.next().await {
        let failed = batch.is_err();
        let named = batch.and_then(|batch| under(batch, &schema));
        if sender.send(named).await.is_err() || failed {
            return;
        }
    }
}

/// The batch with its columns under the names of the result.
fn under(batch: RecordBatch, schema: &SchemaRef) -> PlanResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The error of a statement that ran longer than `statement_timeout`.
pub(super) fn timed_out() -> Error {
    Error::new(ErrorKind::Timeout, "canceling statement due to statement timeout")
}

/// The reader's end.
struct Forwarded {
    schema: SchemaRef,
    receiver: mpsc::Receiver<PlanResult<RecordBatch>>,
    /// Present until its end was seen.
    task: Option<AbortOnDropHandle<()>>,
    /// Watched here, since the query itself may be at work for long without looking up.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Stops the query; gone once it is at its end.
    stop: Option<DropGuard>,
}

impl Stream for Forwarded {
    type Item = PlanResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.receiver.poll_recv(context) {
            Poll::Ready(Some(batch)) => return Poll::Ready(Some(batch)),
            Poll::Ready(None) => {}
            Poll::Pending => {
                let Some(deadline) = self.deadline.as_mut() else { return Poll::Pending };
                ready!(deadline.as_mut().poll(context));
                (self.task, self.stop, self.deadline) = (None, None, None);
                self.receiver.close();
                return Poll::Ready(Some(Err(DataFusionError::External(Box::new(timed_out())))));
            }
        }
        // The sender is gone: at the end of the rows, or because the task panicked.
        let Some(task) = self.task.as_mut() else { return Poll::Ready(None) };
        let ended = ready!(task.poll_unpin(context));
        (self.task, self.stop) = (None, None);
        Poll::Ready(ended.err().map(|error| Err(DataFusionError::ExecutionJoin(Box::new(error)))))
    }
}

impl RecordBatchStream for Forwarded {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// What a running query has done so far, read from its plan's metrics.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    plan: Option<Arc<dyn ExecutionPlan>>,
}

/// Counts at the leaves of a plan: what scans have given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProgressCounts {
    pub rows: usize,
    pub bytes: usize,
    pub files: usize,
}

impl Progress {
    pub fn counts(&self) -> ProgressCounts {
        let mut counts = ProgressCounts::default();
        if let Some(plan) = &self.plan {
            add_leaves(plan.as_ref(), &mut counts);
        }
        counts
    }
}

fn add_leaves(plan: &dyn ExecutionPlan, counts: &mut ProgressCounts) {
    let children = plan.children();
    if !children.is_empty() {
        children.into_iter().for_each(|child| add_leaves(child.as_ref(), counts));
        return;
    }
    let Some(metrics) = plan.metrics() else { return };
    let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize());
    counts.rows += metrics.output_rows().unwrap_or(0);
    counts.bytes += sum("bytes_scanned");
    counts.files += sum("files_opened");
}
