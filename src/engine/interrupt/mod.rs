//! Queries that can be stopped, and that leave room for others.
//!
//! A task of Tokio stops, and lets others run, where it waits. DataFusion's scans see to that, but a
//! join can work for minutes on two batches that it has read: the nested-loop join tries every pair,
//! and gives nothing while its filter finds none. So, in a plan that is ready to run:
//!
//! - filters of joins look at each call whether the query has been stopped ([`watched`]);
//! - nested-loop joins run on threads of their own, whose share of a core the operating system sees
//!   to ([`own_thread`]);
//! - what multiplies rows takes turns with other tasks at each batch that it gives.

mod own_thread;
mod watched;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};
use datafusion::physical_plan::unnest::UnnestExec;
use tokio_util::sync::CancellationToken;

use own_thread::OwnThreadExec;
pub(super) use own_thread::OwnThreads;
use watched::Watched;

/// The plan, stoppable by the token; `threads` counts its own ones.
pub(super) fn interruptible(
    plan: Arc<dyn ExecutionPlan>,
    stop: &CancellationToken,
    threads: &OwnThreads,
) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = plan.transform_up(|node| {
        if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
            let filter = join.filter().map(|filter| watch(filter, stop));
            let join = NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?;
            return Ok(Transformed::yes(Arc::new(OwnThreadExec::new(Arc::new(join), threads)) as _));
        }
        if let Some(join) = node.downcast_ref::<HashJoinExec>() {
            let join = match join.filter() {
                Some(filter) => join.builder().with_filter(Some(watch(filter, stop))).build_exec()?,
                None => node,
            };
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(join)) as _));
        }
        let multiplies = node.is::<CrossJoinExec>() || node.is::<UnnestExec>();
        Ok(match multiplies {
            true => Transformed::yes(Arc::new(CooperativeExec::new(node)) as _),
            false => Transformed::no(node),
        })
    })?;
    Ok(plan.data)
}

fn watch(filter: &JoinFilter, stop: &CancellationToken) -> JoinFilter {
    let expression = Watched::new(Arc::clone(filter.expression()), stop.clone());
    JoinFilter::new(Arc::new(expression), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
}
