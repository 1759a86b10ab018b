//! From a parsed statement to a logical plan whose types are settled.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
use datafusion::common::format::ExplainFormat;
use datafusion::common::{Result as PlanResult, ToDFSchema};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Analyze, Explain, LogicalPlan, PlanType, ToStringifiedPlan};
use datafusion::prelude::SQLOptions;
use datafusion::sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;

use super::explain_lines;
use super::parameters;
use super::permitted;
use super::plan_error;
use super::query_context::QueryContext;
use super::query_tables::QueryTables;
use super::semantics::{self, Announced};
use super::session::SessionShared;
use super::table_changes;
use crate::dependent;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::{
    ExplainStatement, Relation, Statement, StatementBody, relations, separate_repetitions, settle_constructs,
    visible_name,
};
use crate::system_catalog::{CatalogView, settle_identifiers};
use crate::wide_timestamp::keep_wide;

/// A logical plan, the types of its parameters and of its result.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub plan: LogicalPlan,
    pub parameter_types: Vec<Option<DataType>>,
    pub announced: Announced,
}

/// Plans a query. Its tables are opened here, each at one version; `declared` are the parameter
/// types that the client gave.
pub(super) async fn plan(
    session: &SessionShared,
    state: &SessionState,
    statement: &Statement,
    declared: &[Option<DataType>],
) -> Result<Planned> {
    let (sql, explain) = query_of(&statement.body)?;
    permitted::check(sql)?;
    let view = CatalogView::new(session.view());
    let tables = QueryTables::open(session, state, statement, &view, tables_of(sql)).await?;
    let tables = match table_changes::open(session, state, statement, &view, sql).await? {
        changes if changes.is_empty() => tables,
        changes => tables.with_changes(changes),
    };
    let context = QueryContext::new(state, tables, Some(Arc::clone(&view)));
    let mut sql = sql.clone();
    separate_repetitions(&mut sql);
    settle_constructs(&mut sql)?;
    let analyzed = analyze(&context, &view, state, sql, declared);
    // wide timestamps first: what compares them shows as casts that are settled afterwards
    let kept = analyzed.and_then(|planned| {
        let plan = semantics::settle(keep_wide(planned.plan)?)?;
        Ok(Planned { plan, ..planned })
    });
    let planned = kept.map_err(|error| plan_error::explain(error, statement))?;
    view.load_if_asked().await?;
    Ok(match explain {
        Some(explain) => Planned { plan: explained(planned.plan, explain, state)?, ..planned },
        None => planned,
    })
}

/// The tables that a statement names. sqlparser's visitor passes over the name in `DESCRIBE t`.
fn tables_of(sql: &SqlStatement) -> Vec<Relation> {
    match sql {
        SqlStatement::ExplainTable { table_name, .. } => {
            vec![Relation { name: table_name.clone(), version: None, is_cte: false }]
        }
        other => relations(other),
    }
}

/// The tree that DataFusion plans, and the EXPLAIN around it.
fn query_of(body: &StatementBody) -> Result<(&SqlStatement, Option<&ExplainStatement>)> {
    match body {
        StatementBody::Sql(sql) => Ok((sql, None)),
        StatementBody::Explain(explain) => match explain.statement.as_ref() {
            StatementBody::Sql(sql) => Ok((sql, Some(explain))),
            _ => Err(Error::new(ErrorKind::Unsupported, "EXPLAIN explains queries only")),
        },
        StatementBody::Declare(_) | StatementBody::Fetch(_) | StatementBody::Close(_) => {
            Err(Error::new(ErrorKind::Unsupported, "cursors exist over the Postgres wire only"))
        }
        StatementBody::Session(_) => {
            Err(Error::new(ErrorKind::Unsupported, "this statement exists over the Postgres wire only"))
        }
        StatementBody::Copy(_) => {
            Err(Error::new(ErrorKind::Unsupported, "COPY TO STDOUT exists over the Postgres wire only")
                .with_hint("Here, tarn LAKE -c QUERY --format csv -o FILE does the same."))
        }
        StatementBody::Subscribe(_) => Err(Error::new(ErrorKind::Internal, "a subscription is no query")),
    }
}

/// The columns of a statement's result, under the names that it gives them.
pub(super) fn result_schema(statement: &Statement, schema: &Schema, announced: &Announced) -> SchemaRef {
    if matches!(statement.body, StatementBody::Explain(_)) {
        return explain_lines::schema();
    }
    let fields = announced.fields(schema);
    let fields = fields.iter().map(|field| match visible_name(field.name()) {
        name if name == field.name() => Arc::clone(field),
        name => Arc::new(field.as_ref().clone().with_name(name)),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone()))
}

/// Whether two results have columns of the same types.
pub(super) fn same_types(one: &SchemaRef, other: &SchemaRef) -> bool {
    let types = |schema: &SchemaRef| -> Vec<DataType> {
        schema.fields().iter().map(|field| field.data_type().clone()).collect()
    };
    types(one) == types(other)
}

/// A plan with its types settled, before [`semantics::settle`].
pub(super) fn analyze(
    context: &QueryContext<'_>,
    view: &Arc<CatalogView>,
    state: &SessionState,
    sql: SqlStatement,
    declared: &[Option<DataType>],
) -> PlanResult<Planned> {
    let fields = declared.iter().map(|known| known.as_ref().map(parameters::field)).collect();
    let planner = SqlToRel::new_with_options(context, parser_options(state));
    let mut planner_context = PlannerContext::new().with_prepare_param_data_types(fields);
    let plan = planner.sql_statement_to_plan_with_context(sql, &mut planner_context)?;
    refuse_changes(&plan)?;
    let types = parameters::types(&plan, declared)?;
    let plan = if types.is_empty() { plan } else { parameters::with_types(plan, &types)? };
    let (plan, announced) = semantics::prepare(settle_identifiers(plan, view)?)?;
    let plan = dependent::lift(plan)?;
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    Ok(Planned { plan, parameter_types: types, announced })
}

pub(super) fn parser_options(state: &SessionState) -> ParserOptions {
    let options = &state.config_options().sql_parser;
    ParserOptions {
        parse_float_as_decimal: options.parse_float_as_decimal,
        enable_ident_normalization: true,
        enable_options_value_normalization: options.enable_options_value_normalization,
        support_varchar_with_length: options.support_varchar_with_length,
        map_string_types_to_utf8view: options.map_string_types_to_utf8view,
        collect_spans: true,
        default_null_ordering: NullOrdering::NullsMax,
    }
}

/// The last guard behind [`permitted`]: whatever the tree was, a plan that changes something or
/// touches the session's catalog does not run.
fn refuse_changes(plan: &LogicalPlan) -> PlanResult<()> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
}

/// The plan that explains another one.
fn explained(plan: LogicalPlan, explain: &ExplainStatement, state: &SessionState) -> Result<LogicalPlan> {
    let plan = Arc::new(plan);
    let schema = LogicalPlan::explain_schema().to_dfschema_ref()?;
    let verbose = explain.verbose;
    if explain.analyze {
        let format = explain.format.clone().unwrap_or(ExplainFormat::Indent);
        if !matches!(format, ExplainFormat::Indent | ExplainFormat::PostgresJSON) {
            let message = format!("EXPLAIN ANALYZE has no format {format}");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        return Ok(LogicalPlan::Analyze(Analyze {
            verbose,
            format,
            input: plan,
            schema,
            analyze_level: None,
            analyze_categories: None,
        }));
    }
    if verbose && explain.format.is_some() {
        return Err(Error::new(ErrorKind::Unsupported, "EXPLAIN VERBOSE has the format text only"));
    }
    let default = if verbose { ExplainFormat::Indent } else { state.config_options().explain.format.clone() };
    Ok(LogicalPlan::Explain(Explain {
        verbose,
        explain_format: explain.format.clone().unwrap_or(default),
        stringified_plans: vec![plan.to_stringified(PlanType::InitialLogicalPlan)],
        plan,
        schema,
        logical_optimization_succeeded: false,
        show_statistics: None,
    }))
}
