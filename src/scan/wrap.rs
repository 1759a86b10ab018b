//! A planner around another planner: what its morsels give passes through a wrapper.

use std::fmt;

use arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner};
use futures::stream::BoxStream;

/// What is done with the batches of one file, and with the errors of planning to read it.
pub trait Wrapper: Clone + Send + 'static {
    fn wrap(
        self,
        batches: BoxStream<'static, Result<RecordBatch>>,
    ) -> BoxStream<'static, Result<RecordBatch>>;

    fn planning_failed(&self, error: DataFusionError) -> DataFusionError {
        error
    }
}

/// Wraps all that a planner plans, the planners that it plans included.
pub struct WrappingPlanner<W> {
    inner: Box<dyn MorselPlanner>,
    wrapper: W,
}

impl<W: Wrapper> WrappingPlanner<W> {
    pub fn boxed(inner: Box<dyn MorselPlanner>, wrapper: W) -> Box<dyn MorselPlanner> {
        Box::new(Self { inner, wrapper })
    }
}

impl<W> fmt::Debug for WrappingPlanner<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappingPlanner").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<W: Wrapper> MorselPlanner for WrappingPlanner<W> {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        let Self { inner, wrapper } = *self;
        let Some(mut plan) = inner.plan().map_err(|error| wrapper.planning_failed(error))? else {
            return Ok(None);
        };
        let morsels = plan
            .take_morsels()
            .into_iter()
            .map(|inner| Box::new(WrappingMorsel { inner, wrapper: wrapper.clone() }) as Box<dyn Morsel>);
        let mut wrapped = MorselPlan::new().with_morsels(morsels.collect());
        let planners =
            plan.take_ready_planners().into_iter().map(|inner| Self::boxed(inner, wrapper.clone()));
        wrapped = wrapped.with_planners(planners.collect());
        if let Some(pending) = plan.take_pending_planner() {
            wrapped.set_pending_planner(async move {
                match pending.await {
                    Ok(inner) => Ok(Self::boxed(inner, wrapper)),
                    Err(error) => Err(wrapper.planning_failed(error)),
                }
            });
        }
        Ok(Some(wrapped))
    }
}

struct WrappingMorsel<W> {
    inner: Box<dyn Morsel>,
    wrapper: W,
}

impl<W> fmt::Debug for WrappingMorsel<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappingMorsel").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<W: Wrapper> Morsel for WrappingMorsel<W> {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch>> {
        let Self { inner, wrapper } = *self;
        wrapper.wrap(inner.into_stream())
    }
}
