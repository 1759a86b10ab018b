//! From a parsed statement to a logical plan whose types are settled.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::format::ExplainFormat;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as PlanResult, ToDFSchema};
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Analyze, Explain, Expr, LogicalPlan, PlanType, ToStringifiedPlan};
use datafusion::prelude::SQLOptions;
use datafusion::sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;

use super::explain_lines;
use super::permitted;
use super::plan_error;
use super::query_context::QueryContext;
use super::query_tables::QueryTables;
use super::semantics;
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

/// A logical plan and the types of its parameters.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub plan: LogicalPlan,
    pub parameter_types: Vec<Option<DataType>>,
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
    let kept = analyzed.and_then(|(plan, types)| Ok((semantics::settle(keep_wide(plan)?)?, types)));
    let (plan, parameter_types) = kept.map_err(|error| plan_error::explain(error, statement))?;
    view.load_if_asked().await?;
    let plan = match explain {
        Some(explain) => explained(plan, explain, state)?,
        None => plan,
    };
    Ok(Planned { plan, parameter_types })
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
pub(super) fn result_schema(statement: &Statement, schema: &Schema) -> SchemaRef {
    if matches!(statement.body, StatementBody::Explain(_)) {
        return explain_lines::schema();
    }
    let fields = schema.fields().iter().map(|field| match visible_name(field.name()) {
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
) -> PlanResult<(LogicalPlan, Vec<Option<DataType>>)> {
    let fields = declared.iter().map(|known| known.as_ref().map(parameter_field)).collect();
    let planner = SqlToRel::new_with_options(context, parser_options(state));
    let mut planner_context = PlannerContext::new().with_prepare_param_data_types(fields);
    let plan = planner.sql_statement_to_plan_with_context(sql, &mut planner_context)?;
    refuse_changes(&plan)?;
    let types = parameter_types(&plan, declared)?;
    let plan = if types.is_empty() { plan } else { with_parameter_types(plan, &types)? };
    let plan = dependent::lift(semantics::prepare(settle_identifiers(plan, view)?)?)?;
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    Ok((plan, types))
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

fn parameter_field(data_type: &DataType) -> FieldRef {
    Arc::new(Field::new("parameter", data_type.clone(), true))
}

/// The types of `$1`, `$2`, ...: declared, else what the plan says first, else text as in Postgres.
fn parameter_types(plan: &LogicalPlan, declared: &[Option<DataType>]) -> PlanResult<Vec<Option<DataType>>> {
    let mut types = declared.to_vec();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(Placeholder { id, field }) = expr
                    && let Some(index) = parameter_index(id)
                {
                    if types.len() <= index {
                        types.resize(index + 1, None);
                    }
                    if let (Some(slot), Some(field)) = (types.get_mut(index), field) {
                        slot.get_or_insert_with(|| field.data_type().clone());
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(types.into_iter().map(|known| known.or(Some(DataType::Utf8))).collect())
}

fn with_parameter_types(plan: LogicalPlan, types: &[Option<DataType>]) -> PlanResult<LogicalPlan> {
    let typed = |expr: Expr| match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            let field =
                parameter_index(&id).and_then(|index| types.get(index)?.as_ref()).map(parameter_field);
            Ok(Transformed::yes(Expr::Placeholder(Placeholder::new_with_field(id, field))))
        }
        other => Ok(Transformed::no(other)),
    };
    let plan = plan.transform_up_with_subqueries(|node| {
        node.map_expressions(|expr| expr.transform_up(typed))?
            .transform_data(|node| node.recompute_schema().map(Transformed::yes))
    })?;
    Ok(plan.data)
}

/// More parameters than a Postgres message can bind are a mistake, and must not size a vector.
const PARAMETERS_MAX: usize = 65_535;

fn parameter_index(id: &str) -> Option<usize> {
    let number: usize = id.strip_prefix('$')?.parse().ok()?;
    number.checked_sub(1).filter(|index| *index < PARAMETERS_MAX)
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
