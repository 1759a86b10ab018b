//! Reading a relation that has rows for every table: tables are opened while it runs, those alone
//! that a filter over names leaves, filters that only arise while the query runs included.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::content::{Candidate, PerTable};
use super::oids::Part;
use super::relation::{external, prune};
use super::rows::Rows;
use super::view::CatalogView;
use crate::engine::TableDescription;

/// Tables that are opened at once.
const OPENED_AT_ONCE: usize = 32;

/// Rows that are expected of a table whose rows are not known, for the order of joins.
const ROWS_EXPECTED: usize = 10;

#[derive(Debug, Clone)]
pub struct TablesExec {
    tables: &'static PerTable,
    view: Arc<CatalogView>,
    candidates: Vec<Candidate>,
    filters: Vec<Arc<dyn PhysicalExpr>>,
    properties: Arc<PlanProperties>,
}

impl TablesExec {
    pub fn new(
        tables: &'static PerTable,
        view: Arc<CatalogView>,
        candidates: Vec<Candidate>,
        schema: SchemaRef,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { tables, view, candidates, filters: vec![], properties: Arc::new(properties) }
    }

    /// Whether a filter asks for nothing but what names tell.
    fn is_of_names(&self, filter: &Arc<dyn PhysicalExpr>) -> bool {
        collect_columns(filter).iter().all(|column| self.tables.keys.contains(&column.name()))
    }

    async fn read(self) -> Result<RecordBatch> {
        let schema = self.schema();
        let candidates = prune(self.tables, &self.view, self.candidates, &schema, &self.filters)?;
        let alone = candidates.len() == 1;
        let mut rows = Rows::new(Arc::clone(&schema));
        (self.tables.fixed)(&self.view, &mut rows).map_err(external)?;
        let names_tell = self.tables.one_row
            && schema.fields().iter().all(|field| self.tables.keys.contains(&field.name().as_str()));
        let view = &self.view;
        let described = stream::iter(candidates)
            .map(async |candidate| {
                if names_tell && candidate.part == Part::Table {
                    return Ok((candidate, None));
                }
                match view.describe(&candidate.table).await {
                    // One table that cannot be read must not hide the others.
                    Err(error) if !alone => {
                        let name = format!("{}.{}", candidate.table.schema, candidate.table.name);
                        tracing::warn!(table = name, %error, "left out of the system catalog");
                        Ok((candidate, Some(None)))
                    }
                    described => described.map(|described| (candidate, Some(described))),
                }
            })
            .buffered(OPENED_AT_ONCE);
        let described: Vec<(Candidate, Option<Option<Arc<TableDescription>>>)> =
            described.try_collect().await.map_err(external)?;
        for (candidate, description) in described {
            match description {
                None => {
                    rows.row(|column| (self.tables.key)(view, &candidate, column).unwrap_or_default());
                }
                Some(Some(description)) => (self.tables.rows)(view, &candidate, &description, &mut rows),
                Some(None) => {}
            }
        }
        Ok(rows.finish()?)
    }
}

impl DisplayAs for TablesExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "SystemCatalog: tables={}", self.candidates.len())
    }
}

impl ExecutionPlan for TablesExec {
    fn name(&self) -> &str {
        "TablesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for filter in &self.filters {
            if f(filter)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("the system catalog has no partition {partition}");
        }
        let batch = stream::once(self.clone().read());
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batch)))
    }

    fn partition_statistics(&self, _partition: Option<usize>) -> Result<Arc<Statistics>> {
        let each = if self.tables.one_row { 1 } else { ROWS_EXPECTED };
        let rows = Precision::Inexact(self.candidates.len().saturating_mul(each));
        Ok(Arc::new(Statistics::new_unknown(&self.schema()).with_num_rows(rows)))
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        pushed: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let filters = pushed.parent_filters.iter().map(|parent| &parent.filter);
        let filters: Vec<_> = filters.filter(|filter| self.is_of_names(filter)).cloned().collect();
        let answer = FilterPushdownPropagation::all_unsupported(pushed);
        if filters.is_empty() {
            return Ok(answer);
        }
        let mut node = self.clone();
        node.filters.extend(filters);
        Ok(answer.with_updated_node(Arc::new(node)))
    }
}
