//! A table of which some columns may be read. The check stands at the scan itself, behind every plan
//! that reaches it, and sees what is really read: columns of the result and of the filters.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{ScanArgs, ScanResult, Session, TableProvider};
use datafusion::common::{Constraints, Result, Statistics};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

#[derive(Debug)]
pub(super) struct Guarded {
    inner: Arc<dyn TableProvider>,
    table: String,
    readable: BTreeSet<String>,
}

impl Guarded {
    pub fn new(inner: Arc<dyn TableProvider>, table: &str, readable: BTreeSet<String>) -> Self {
        Self { inner, table: table.to_owned(), readable }
    }

    pub fn inner(&self) -> &Arc<dyn TableProvider> {
        &self.inner
    }

    /// The same with wide timestamps, if the table has some.
    pub fn widened(&self) -> Option<Self> {
        let inner = crate::provider::widened(&self.inner)?;
        Some(Self { inner, table: self.table.clone(), readable: self.readable.clone() })
    }

    fn check(&self, projection: Option<&[usize]>, filters: &[Expr]) -> Result<()> {
        let schema = self.inner.schema();
        let may_read = |name: &str| self.readable.contains(name);
        let result_allowed = match projection {
            None => schema.fields().iter().all(|field| may_read(field.name())),
            Some(columns) => columns
                .iter()
                .all(|column| schema.fields().get(*column).is_some_and(|field| may_read(field.name()))),
        };
        let filters_allowed = filters.iter().flat_map(Expr::column_refs).all(|column| may_read(&column.name));
        match result_allowed && filters_allowed {
            true => Ok(()),
            false => Err(DataFusionError::External(Box::new(super::denied(&self.table)))),
        }
    }
}

#[async_trait]
impl TableProvider for Guarded {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.inner.constraints()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.check(projection.map(Vec::as_slice), filters)?;
        self.inner.scan(state, projection, filters, limit).await
    }

    async fn scan_with_args<'a>(&self, state: &dyn Session, args: ScanArgs<'a>) -> Result<ScanResult> {
        self.check(args.projection(), args.filters().unwrap_or_default())?;
        self.inner.scan_with_args(state, args).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.inner.statistics()
    }
}
