//! A lake table at one version, as a DataFusion table.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{Constraint, Constraints, DataFusionError, Result, project_schema};
use datafusion::datasource::TableProvider;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectStore;
use tarn_catalog::table::{ScanRequest, TableVersion};

use super::pushdown::predicate_of;
use super::statistics::statistics_of;
use crate::scan::LakeSource;
use crate::scan::count::count_rows;
use crate::scan::plan::ScanPlan;
use crate::scan::shared::ScanShared;
use crate::wide_timestamp::{narrow_schema, narrowed_scan};

/// Bytes below which one worker reads everything: starting more costs more than it saves.
const PARALLEL_FROM_BYTES: u64 = 1024 * 1024;

/// A table at the one version that the query chose for it.
#[derive(Debug)]
pub struct LakeTableProvider {
    version: Arc<dyn TableVersion>,
    store: Arc<dyn ObjectStore>,
    shared: Arc<ScanShared>,
    /// What a scan gives.
    schema: SchemaRef,
    /// What SQL is planned over: [`crate::wide_timestamp`].
    exposed: SchemaRef,
    constraints: Constraints,
}

impl LakeTableProvider {
    pub fn new(version: Arc<dyn TableVersion>, store: Arc<dyn ObjectStore>, shared: Arc<ScanShared>) -> Self {
        let schema = version.schema();
        let key: Option<Vec<usize>> =
            schema.primary_key.iter().map(|column| schema.index_of(column)).collect();
        let constraints = match key {
            Some(key) if !key.is_empty() => Constraints::new_unverified(vec![Constraint::PrimaryKey(key)]),
            _ => Constraints::default(),
        };
        let schema = version.arrow_schema();
        Self { exposed: narrow_schema(&schema), schema, version, store, shared, constraints }
    }

    /// The table with wide timestamps, if it has some that this one narrows.
    pub fn widened(&self) -> Option<Self> {
        (self.exposed != self.schema).then(|| Self {
            version: Arc::clone(&self.version),
            store: Arc::clone(&self.store),
            shared: Arc::clone(&self.shared),
            schema: Arc::clone(&self.schema),
            exposed: Arc::clone(&self.schema),
            constraints: self.constraints.clone(),
        })
    }

    pub fn version(&self) -> &Arc<dyn TableVersion> {
        &self.version
    }

    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub fn shared(&self) -> &Arc<ScanShared> {
        &self.shared
    }
}

#[async_trait]
impl TableProvider for LakeTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.exposed)
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let request = ScanRequest { predicate: predicate_of(filters, &self.version.schema()) };
        let external = |error| DataFusionError::External(Box::new(crate::Error::from(error)));
        let mut scan = self.version.plan(&request).await.map_err(external)?;
        count_rows(&mut scan, &self.store, &self.shared.footers).await.map_err(external)?;
        let statistics = statistics_of(&scan);
        let workers = state.config().target_partitions().max(1);
        let plan = Arc::new(ScanPlan::new(scan, Arc::clone(&self.store), Arc::clone(&self.shared)));
        let groups = file_groups(plan.units(workers), workers);
        if groups.is_empty() {
            let schema = project_schema(&self.exposed, projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        // The source reads through the table's own store; the URL only has to name one that exists.
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(LakeSource::new(plan)))
                .with_file_groups(groups)
                .with_statistics(statistics)
                .with_limit(limit)
                .with_projection_indices(projection.cloned())?
                .build();
        let exposed = project_schema(&self.exposed, projection)?;
        narrowed_scan(DataSourceExec::from_data_source(config), &exposed, state.config().options())
    }
}

/// Units in groups, one for each worker; all workers draw from all groups, in order.
fn file_groups(units: Vec<PartitionedFile>, workers: usize) -> Vec<FileGroup> {
    let bytes: u64 = units.iter().map(|unit| unit.object_meta.size).sum();
    let workers = if bytes < PARALLEL_FROM_BYTES { 1 } else { workers.min(units.len()) };
    if units.is_empty() {
        return Vec::new();
    }
    let each = units.len().div_ceil(workers.max(1));
    units.chunks(each).map(|group| FileGroup::new(group.to_vec())).collect()
}
