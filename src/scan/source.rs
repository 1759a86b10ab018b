//! The file source of a lake table: DataFusion's Parquet source, with masks put before it.
//!
//! Everything that concerns pruning, projection and filters is Parquet's own. Filters serve to prune
//! and are evaluated again above the scan, so that every kind of unit may give rows that fail them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::{ConfigOptions, TableParquetOptions};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::physical_plan::{FileOpener, FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_datasource::morsel::Morselizer;
use object_store::ObjectStore;

use super::footer::CachedReaderFactory;
use super::metrics::ScanMetrics;
use super::morsel::LakeMorselizer;
use super::plan::ScanPlan;

/// Reads the units of a [`ScanPlan`].
#[derive(Clone)]
pub struct LakeSource {
    plan: Arc<ScanPlan>,
    parquet: ParquetSource,
    batch_rows: Option<usize>,
}

impl LakeSource {
    pub fn new(plan: Arc<ScanPlan>) -> Self {
        let readers =
            CachedReaderFactory { store: Arc::clone(&plan.store), footers: Arc::clone(&plan.shared.footers) };
        let mut options = TableParquetOptions::default();
        // Timestamps in INT96 reach beyond what 64 bits of nanoseconds hold; columns that need those
        // are read by our own reader.
        options.global.coerce_int96 = Some("us".to_owned());
        let parquet = ParquetSource::new(Arc::clone(&plan.arrow_schema))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true);
        Self { plan, parquet, batch_rows: None }
    }

    fn with_parquet(&self, parquet: &Arc<dyn FileSource>) -> Result<Arc<dyn FileSource>> {
        let any: &dyn Any = parquet.as_ref();
        match any.downcast_ref::<ParquetSource>() {
            Some(parquet) => Ok(Arc::new(Self { parquet: parquet.clone(), ..self.clone() })),
            None => internal_err!("the Parquet source turned into another source"),
        }
    }
}

impl FileSource for LakeSource {
    fn create_file_opener(
        &self,
        _object_store: Arc<dyn ObjectStore>,
        _base_config: &FileScanConfig,
        _partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        internal_err!("a lake source is read through morsels")
    }

    fn create_morselizer(
        &self,
        _object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>> {
        let Some(batch_rows) = self.batch_rows else {
            return internal_err!("a lake source was opened without a batch size");
        };
        let metrics = ScanMetrics::new(self.parquet.metrics(), partition);
        LakeMorselizer::try_new(
            Arc::clone(&self.plan),
            &self.parquet,
            base_config,
            partition,
            batch_rows,
            metrics,
        )
        .map(|morselizer| Box::new(morselizer) as _)
    }

    fn table_schema(&self) -> &TableSchema {
        self.parquet.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_rows: Some(batch_size), ..self.clone() })
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.parquet.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.parquet.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.parquet.metrics()
    }

    fn file_type(&self) -> &str {
        "lake"
    }

    fn supports_repartitioning(&self) -> bool {
        // Units are cut when the scan is planned and shared by all partitions.
        false
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let mut pruning_only = config.clone();
        pruning_only.execution.parquet.pushdown_filters = false;
        let mut pushed = self.parquet.try_pushdown_filters(filters, &pruning_only)?;
        pushed.updated_node = pushed.updated_node.map(|parquet| self.with_parquet(&parquet)).transpose()?;
        Ok(pushed)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        match self.parquet.try_pushdown_projection(projection)? {
            Some(parquet) => self.with_parquet(&parquet).map(Some),
            None => Ok(None),
        }
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.parquet.apply_expressions(visit)
    }

    fn fmt_extra(&self, display: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let plan = &self.plan;
        let pruning = &plan.pruning;
        write!(f, ", table={}", plan.table)?;
        if let Some(snapshot) = plan.snapshot_id {
            write!(f, ", snapshot={snapshot}")?;
        }
        write!(
            f,
            ", files={}/{}, sections={}, partitions={}/{}, buckets={}/{}, manifests={}/{}",
            pruning.files_considered - pruning.files_pruned,
            pruning.files_considered,
            plan.sections.len(),
            pruning.partitions_considered - pruning.partitions_pruned,
            pruning.partitions_considered,
            pruning.buckets_considered - pruning.buckets_pruned,
            pruning.buckets_considered,
            pruning.manifests_considered - pruning.manifests_pruned,
            pruning.manifests_considered,
        )?;
        self.parquet.fmt_extra(display, f)
    }
}
