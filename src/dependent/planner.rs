//! Physical plans: DataFusion's, and dependent joins.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, internal_err};
use datafusion::execution::SessionState;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Extension, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::DependentExec;
use super::node::DependentJoin;

/// Plans queries that may have dependent joins.
#[derive(Debug, Default)]
pub struct LakeQueryPlanner;

#[async_trait]
impl QueryPlanner for LakeQueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.clone().transform_up_with_subqueries(seal)?.data;
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(DependentPlanner)]);
        planner.create_physical_plan(&plan, session).await
    }
}

/// From here on a dependent join has one input: what its subqueries are is planned when they run.
fn seal(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Extension(Extension { node }) = &plan else { return Ok(Transformed::no(plan)) };
    let Some(join) = node.as_any().downcast_ref::<DependentJoin>() else { return Ok(Transformed::no(plan)) };
    Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(join.sealed()) })))
}

struct DependentPlanner;

#[async_trait]
impl ExtensionPlanner for DependentPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        physical: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(join) = node.as_any().downcast_ref::<DependentJoin>() else { return Ok(None) };
        let (Some(state), [input]) = (session.as_any().downcast_ref::<SessionState>(), physical) else {
            return internal_err!("a dependent join is planned in a session, over one input");
        };
        Ok(Some(Arc::new(DependentExec::try_new(join, Arc::clone(input), state.clone())?)))
    }
}
