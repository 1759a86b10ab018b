//! A log of changes, as a DataFusion table.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::catalog::TableProvider;
use datafusion::common::project_schema;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectStore;
use tarn_catalog::changes::ChangeLog;
use tarn_catalog::predicate::Predicate;
use tarn_catalog::table::ScanRequest;

use super::exec::ChangesExec;
use super::layout::LogProjection;
use super::rows::external;
use super::tasks::{Place, Task};
use crate::provider::predicate_of;
use crate::scan::shared::ScanShared;
use crate::wide_timestamp::{narrow_schema, narrowed_scan};

/// A log whose ends were chosen when it was opened.
#[derive(Debug)]
pub struct ChangeLogProvider {
    log: Arc<dyn ChangeLog>,
    place: Place,
    /// What a scan gives.
    schema: SchemaRef,
    /// What SQL is planned over: [`crate::wide_timestamp`].
    exposed: SchemaRef,
}

impl ChangeLogProvider {
    pub fn new(log: Arc<dyn ChangeLog>, store: Arc<dyn ObjectStore>, shared: Arc<ScanShared>) -> Self {
        let schema = log.layout().schema(&log.table_schema()).arrow();
        Self { log, place: Place { store, shared }, exposed: narrow_schema(&schema), schema }
    }

    /// The log with wide timestamps, if it has some that this one narrows.
    pub fn widened(&self) -> Option<Self> {
        (self.exposed != self.schema).then(|| Self {
            log: Arc::clone(&self.log),
            place: self.place.clone(),
            schema: Arc::clone(&self.schema),
            exposed: Arc::clone(&self.schema),
        })
    }

    /// What the filters say of the table's columns.
    fn predicate(&self, filters: &[Expr]) -> Predicate {
        let layout = self.log.layout();
        if layout.images_in_arrays {
            return Predicate::True;
        }
        let leading = |name: &str| layout.leading.iter().any(|column| column.name() == name);
        let of_table: Vec<Expr> = filters
            .iter()
            .filter(|filter| !filter.column_refs().iter().any(|column| leading(column.name())))
            .cloned()
            .collect();
        predicate_of(&of_table, &self.log.table_schema())
    }
}

#[async_trait]
impl TableProvider for ChangeLogProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.exposed)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let request = ScanRequest { predicate: self.predicate(filters) };
        let steps = self.log.steps(&request).await.map_err(|error| external(crate::Error::from(error)))?;
        let mut tasks = Vec::new();
        for step in steps {
            let step = Task::of_step(step, &self.place, self.log.layout().images_in_arrays).await;
            tasks.extend(step.map_err(|error| external(crate::Error::from(error)))?);
        }
        let wanted = projection;
        let projection = LogProjection::try_new(self.log.layout(), &self.log.table_schema(), projection)?;
        let workers = state.config().target_partitions();
        let scan = ChangesExec::new(Arc::new(projection), tasks, workers);
        let exposed = project_schema(&self.exposed, wanted)?;
        narrowed_scan(Arc::new(scan), &exposed, state.config().options())
    }
}
