//! An operator that runs on threads of its own, one a partition, so that it can work for long without
//! a pause and keeps no other query from the query threads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    ChildStats, ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions, Statistics, StatisticsArgs,
};
use futures::StreamExt;
use tokio::runtime::Handle;

/// Batches that may wait for whoever reads them.
const BATCHES_AHEAD: usize = 1;

/// Counts the operators that work on threads of their own.
#[derive(Debug, Clone, Default)]
pub struct OwnThreads(Arc<AtomicUsize>);

impl OwnThreads {
    pub fn busy(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn begin(&self) -> Working {
        self.0.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
    }
}

/// Counts one until it is dropped.
struct Working(OwnThreads);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct OwnThreadExec {
    input: Arc<dyn ExecutionPlan>,
    threads: OwnThreads,
}

impl OwnThreadExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, threads: &OwnThreads) -> Self {
        Self { input, threads: threads.clone() }
    }
}

impl DisplayAs for OwnThreadExec {
    fn fmt_as(&self, _form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnThreadExec")
    }
}

impl ExecutionPlan for OwnThreadExec {
    fn name(&self) -> &'static str {
        "OwnThreadExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self { input, threads: self.threads.clone() })),
            _ => Err(DataFusionError::Internal("OwnThreadExec has one input".to_owned())),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut rows = self.input.execute(partition, context)?;
        let mut builder = RecordBatchReceiverStream::builder(self.input.schema(), BATCHES_AHEAD);
        let (output, runtime) = (builder.tx(), Handle::current());
        let working = self.threads.begin();
        builder.spawn_blocking(move || {
            let _working = working;
            runtime.block_on(async move {
                while let Some(batch) = rows.next().await {
                    let failed = batch.is_err();
                    // A reader that is gone wants no more.
                    if output.send(batch).await.is_err() || failed {
                        break;
                    }
                }
            });
            Ok(())
        });
        Ok(builder.build())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        input: &[Arc<Statistics>],
        _arguments: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match input {
            [statistics] => Ok(Arc::clone(statistics)),
            _ => Err(DataFusionError::Internal("OwnThreadExec has one input".to_owned())),
        }
    }
}
