//! `generate_series` in FROM: DataFusion's table function, with arguments as Postgres takes them and told
//! apart by their type.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, IntervalUnit, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, ExprSchemable, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::semantics;

pub(super) const NAME: &str = "generate_series";

/// Arguments of the types that the first of them asks for: a text beside a time is one too.
pub(super) fn arguments(mut args: Vec<Expr>, zone: &str) -> Vec<Expr> {
    let schema = DFSchema::empty();
    let of_times = match args.first().map(|first| first.get_type(&schema)) {
        Some(Ok(DataType::Timestamp(_, zone))) => DataType::Timestamp(TimeUnit::Nanosecond, zone),
        // There is no series of dates alone: they are midnights where the session is.
        Some(Ok(DataType::Date32)) => DataType::Timestamp(TimeUnit::Nanosecond, Some(zone.into())),
        _ => return args,
    };
    let step = DataType::Interval(IntervalUnit::MonthDayNano);
    for (arg, wanted) in args.iter_mut().zip([&of_times, &of_times, &step]) {
        if arg.get_type(&schema).is_ok_and(|found| found != *wanted) {
            let value = std::mem::take(arg);
            *arg = Expr::Cast(Cast::new(Box::new(value), wanted.clone()));
        }
    }
    args
}

/// Whether a series of these is of type `integer`.
pub(super) fn is_of_integers(args: &[Expr]) -> bool {
    args.iter().all(semantics::is_integer)
}

/// A series of type `integer`, in 64 bits.
#[derive(Debug)]
pub(super) struct IntegerSeries(pub Arc<dyn TableProvider>);

#[async_trait]
impl TableProvider for IntegerSeries {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        self.0.table_type()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.scan(state, projection, filters, limit).await
    }
}
