//! A system relation as DataFusion sees it.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, DataFusionError, Result, project_schema};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::content::{Candidate, Content, PerTable};
use super::definitions::Definition;
use super::exec::TablesExec;
use super::rows::Rows;
use super::view::CatalogView;

/// A relation of `pg_catalog` or `information_schema` for one statement.
#[derive(Debug)]
pub struct SystemRelation {
    definition: &'static Definition,
    content: Content,
    view: Arc<CatalogView>,
}

impl SystemRelation {
    pub fn new(definition: &'static Definition, content: Content, view: Arc<CatalogView>) -> Self {
        Self { definition, content, view }
    }

    /// Tables of which the relation may have rows that pass the filters. Only names are looked at.
    fn candidates(
        &self,
        tables: &'static PerTable,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<Vec<Candidate>> {
        let candidates = tables.candidates(&self.view).map_err(external)?;
        let keys: Vec<usize> =
            tables.keys.iter().filter_map(|key| self.definition.arrow.index_of(key).ok()).collect();
        let schema = Arc::new(self.definition.arrow.project(&keys)?);
        let known = DFSchema::try_from(schema.as_ref().clone())?;
        let of_names = |filter: &&Expr| filter.column_refs().iter().all(|column| known.has_column(column));
        // A filter that cannot be computed here prunes nothing: all of them are applied again above.
        let physical = filters.iter().filter(of_names);
        let physical = physical.filter_map(|filter| state.create_physical_expr(filter.clone(), &known).ok());
        prune(tables, &self.view, candidates, &schema, &physical.collect::<Vec<_>>())
    }
}

#[async_trait]
impl TableProvider for SystemRelation {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.definition.arrow)
    }

    fn table_type(&self) -> TableType {
        if self.definition.kind == "v" { TableType::View } else { TableType::Base }
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
        let schema = project_schema(&self.definition.arrow, projection)?;
        let batch = match &self.content {
            Content::PerTable(tables) => {
                let candidates = self.candidates(tables, state, filters)?;
                return Ok(Arc::new(TablesExec::new(tables, Arc::clone(&self.view), candidates, schema)));
            }
            Content::Stored => stored_batch(self.definition, projection)?,
            Content::Made(make) => {
                let mut rows = Rows::new(Arc::clone(&schema));
                make(&self.view, &mut rows).map_err(external)?;
                rows.finish()?
            }
            Content::Nothing => RecordBatch::new_empty(Arc::clone(&schema)),
        };
        Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None)?)
    }
}

pub fn external(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn stored_batch(definition: &'static Definition, projection: Option<&Vec<usize>>) -> Result<RecordBatch> {
    let mut rows = Rows::new(project_schema(&definition.arrow, projection)?);
    super::content::stored(definition, &mut rows, |_| true);
    Ok(rows.finish()?)
}

/// The candidates that pass filters over columns of their names.
///
/// `schema` has the columns that the filters see; those that names do not tell are NULL in it, and no
/// filter may ask for them.
pub fn prune(
    tables: &PerTable,
    view: &CatalogView,
    mut candidates: Vec<Candidate>,
    schema: &Arc<Schema>,
    filters: &[Arc<dyn PhysicalExpr>],
) -> Result<Vec<Candidate>> {
    if filters.is_empty() || candidates.is_empty() {
        return Ok(candidates);
    }
    let mut rows = Rows::new(Arc::clone(schema));
    for candidate in &candidates {
        rows.row(|column| (tables.key)(view, candidate, column).unwrap_or_default());
    }
    let batch = rows.finish()?;
    let mut kept = vec![true; candidates.len()];
    for filter in filters {
        let Ok(value) = filter.evaluate(&batch) else { continue };
        let value = value.into_array(batch.num_rows())?;
        let Some(mask) = value.as_boolean_opt() else { continue };
        let mask = if mask.null_count() == 0 { mask.clone() } else { prep_null_mask_filter(mask) };
        kept.iter_mut().zip(mask.values()).for_each(|(kept, passes)| *kept &= passes);
    }
    let mut kept = kept.into_iter();
    candidates.retain(|_| kept.next().unwrap_or(true));
    Ok(candidates)
}
