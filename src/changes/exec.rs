//! Running a log's tasks as a part of a query's plan.

use std::fmt;
use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::{StreamExt, stream};

use super::layout::LogProjection;
use super::tasks::Task;

/// Counters of one partition, shown by EXPLAIN ANALYZE.
#[derive(Debug, Clone)]
pub struct ChangeMetrics {
    /// Physical rows of the files that were compared, on both sides.
    pub rows_in_files: Count,
    /// Bytes of the keys that stand in files which one side alone has; 0 where all keys are compared.
    pub bytes_of_touched_keys: Count,
    /// Rows that were read whole, on both sides, and compared.
    pub rows_compared: Count,
    /// Rows that tell of a change.
    pub rows_changed: Count,
}

impl ChangeMetrics {
    /// Counters that nobody looks at.
    pub fn unseen() -> Self {
        Self::new(&ExecutionPlanMetricsSet::new(), 0)
    }

    fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        Self {
            rows_in_files: counter("rows_in_files"),
            bytes_of_touched_keys: counter("bytes_of_touched_keys"),
            rows_compared: counter("rows_compared"),
            rows_changed: counter("rows_changed"),
        }
    }
}

/// The tasks of a scan over a log. Those of one partition run one after the other.
#[derive(Debug)]
pub struct ChangesExec {
    projection: Arc<LogProjection>,
    partitions: Vec<Vec<Task>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ChangesExec {
    /// Deals the tasks out to so many workers, if there are as many.
    pub fn new(projection: Arc<LogProjection>, tasks: Vec<Task>, workers: usize) -> Self {
        let workers = workers.clamp(1, tasks.len().max(1));
        let mut partitions: Vec<Vec<Task>> = vec![Vec::new(); workers];
        for (task, worker) in tasks.into_iter().zip((0..workers).cycle()) {
            partitions[worker].push(task);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&projection.schema)),
            Partitioning::UnknownPartitioning(workers),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let (properties, metrics) = (Arc::new(properties), ExecutionPlanMetricsSet::new());
        Self { projection, partitions, properties, metrics }
    }
}

impl DisplayAs for ChangesExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let tasks: usize = self.partitions.iter().map(Vec::len).sum();
        let table = self.partitions.iter().flatten().find_map(Task::table).unwrap_or("(nothing changed)");
        write!(f, "ChangesExec: table={table}, tasks={tasks}")
    }
}

impl ExecutionPlan for ChangesExec {
    fn name(&self) -> &str {
        "ChangesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a log of changes has no inputs"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(tasks) = self.partitions.get(partition) else {
            return internal_err!("a log of changes has no partition {partition}");
        };
        let metrics = ChangeMetrics::new(&self.metrics, partition);
        let projection = Arc::clone(&self.projection);
        let run = move |task: Task| task.run(Arc::clone(&projection), Arc::clone(&context), metrics.clone());
        let batches = stream::iter(tasks.clone()).flat_map(run);
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.projection.schema), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
