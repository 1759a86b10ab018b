//! What DataFusion's SQL planner may ask while it plans one statement.
//!
//! Its questions are synchronous, so the statement's tables are opened before ([`QueryTables`]).
//! Functions and settings are the session's.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, Result, TableReference, plan_datafusion_err};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use super::query_tables::QueryTables;
use super::relation_planner::LakeRelationPlanner;
use super::semantics;
use super::series::{self, IntegerSeries};
use super::type_planner::PgTypePlanner;
use crate::system_catalog::{self, CatalogView};

pub(super) struct QueryContext<'a> {
    state: &'a SessionState,
    tables: Arc<QueryTables>,
    /// Absent for constant expressions, which see no catalog.
    view: Option<Arc<CatalogView>>,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
}

impl<'a> QueryContext<'a> {
    pub fn new(state: &'a SessionState, tables: Arc<QueryTables>, view: Option<Arc<CatalogView>>) -> Self {
        let lake = Arc::new(LakeRelationPlanner::new(Arc::clone(&tables)));
        let mut relation_planners: Vec<Arc<dyn RelationPlanner>> = vec![lake];
        relation_planners.extend(state.relation_planners().iter().cloned());
        Self { state, tables, view, relation_planners }
    }

    /// Type coercion and constant folding, with the statement's own time as `now()`.
    pub fn simplify(&self, expr: Expr) -> Result<Expr> {
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(self.state.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        simplifier.coerce(expr, &DFSchema::empty()).and_then(|expr| simplifier.simplify(expr))
    }
}

impl ContextProvider for QueryContext<'_> {
    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        self.tables.source(&name.to_vec(), None).map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let function = self
            .state
            .table_functions()
            .get(&name.to_lowercase())
            .cloned()
            .ok_or_else(|| plan_datafusion_err!("Invalid function '{name}'."))?;
        let is_series = name.eq_ignore_ascii_case(series::NAME);
        let of_integers = is_series && series::is_of_integers(&args);
        let zone = self.state.config_options().execution.time_zone.as_deref().unwrap_or("UTC");
        let args = if is_series { series::arguments(args, zone) } else { args };
        let args = args.into_iter().map(|arg| self.simplify(arg)).collect::<Result<Vec<_>>>()?;
        let provider = function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.state))?;
        Ok(provider_as_source(if of_integers { Arc::new(IntegerSeries(provider)) } else { provider }))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        let zone = self.state.config_options().execution.time_zone.as_deref().unwrap_or("UTC");
        Some(Arc::new(PgTypePlanner { zone: zone.into() }))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let of_catalog = self.view.as_ref().and_then(|view| {
            let function = system_catalog::function(name, view)?;
            if system_catalog::needs_names(name) {
                view.ask_for_names();
            }
            Some(function)
        });
        let known =
            of_catalog.or_else(|| semantics::plain_value(name)).or_else(|| semantics::time_zone(name));
        known.or_else(|| self.state.scalar_functions().get(name).cloned())
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
