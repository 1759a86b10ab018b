//! `SUBSCRIBE`, from its words to a [`Subscription`].
//!
//! The start is chosen first, since the table's columns follow from it; the query is then planned over
//! the table at that start.

mod view;
mod wants;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::TableReference;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, TableSource};
use datafusion::sql::sqlparser::ast::{ObjectName, Statement as SqlStatement};
use tarn_catalog::follow::{Beginning, Follow, Place};
use tarn_catalog::schema::TableSchema;

use super::planning::{self, Planned};
use super::query_context::QueryContext;
use super::query_tables::QueryTables;
use super::semantics;
use super::session::SessionShared;
use super::{permitted, plan_error};
use crate::changes::subscription::{Definition, Envelope, FirstRows, Shape, Subscription};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::LakeTableProvider;
use crate::sql::{Relation, Statement, Subscribe, SubscribeSource, folded, relations, separate_repetitions};
use crate::system_catalog::CatalogView;
use crate::wide_timestamp::keep_wide;
use wants::Wants;

/// A subscription whose start is chosen and whose query is planned, before its parameters have values.
pub(super) struct Opened {
    pub planned: Planned,
    statement: Statement,
    wants: Wants,
    table: Arc<LakeTableProvider>,
    follow: Arc<dyn Follow>,
    schema: Arc<TableSchema>,
    start: Place,
    up_to: Option<i64>,
}

pub(super) async fn open(
    session: &SessionShared,
    state: &SessionState,
    statement: &Statement,
    subscribe: &Subscribe,
    declared: &[Option<DataType>],
) -> Result<Opened> {
    let wants = Wants::read(subscribe, state)?;
    let relation = followed(subscribe)?;
    let name = relation.name.to_string();
    let catalog = CatalogView::new(session.view());
    let tables = QueryTables::open(session, state, statement, &catalog, vec![relation.clone()]).await?;
    let current = tables.source(&folded(&relation.name), None)?;
    let current = source_as_provider(&current)?;
    let not_followed = || {
        let message = format!("SUBSCRIBE cannot follow \"{name}\"");
        Error::new(ErrorKind::Unsupported, message)
            .with_hint("It follows tables of a lake: no system tables, none whose options choose what is read, and none of which you may read some columns alone.")
    };
    let table = current.downcast_ref::<LakeTableProvider>().ok_or_else(not_followed)?;
    let follow = table.version().follow().ok_or_else(not_followed)?;
    let (start, up_to) = wants.bounds(follow.as_ref()).await?;
    let schema = follow.first_schema(&start, wants.beginning).await?;
    // The rows of a version that is only followed from may be gone.
    let at = if wants.beginning == Beginning::Rows { start.clone() } else { follow.before_first() };
    let version = follow.rows(&at, Arc::clone(&schema)).await?;
    let table = LakeTableProvider::new(version, Arc::clone(table.store()), Arc::clone(table.shared()));
    let table = Arc::new(table);
    let source = provider_as_source(Arc::clone(&table) as _);
    let planned = plan(&catalog, state, statement, subscribe, &relation, source, declared)?;
    Ok(Opened { planned, statement: statement.clone(), wants, table, follow, schema, start, up_to })
}

/// The one table that is followed.
fn followed(subscribe: &Subscribe) -> Result<Relation> {
    let query = match &subscribe.source {
        SubscribeSource::Table(name) => {
            return Ok(Relation { name: name.clone(), version: None, is_cte: false });
        }
        SubscribeSource::Query(query) => query,
    };
    let tables: Vec<Relation> = relations(query).into_iter().filter(|relation| !relation.is_cte).collect();
    match <[Relation; 1]>::try_from(tables) {
        Ok([relation]) if relation.version.is_none() => Ok(relation),
        Ok([relation]) => {
            let message =
                format!("SUBSCRIBE follows \"{}\": FROM takes no version and no options", relation.name);
            Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("Begin at a version with SUBSCRIBE ... AS OF."))
        }
        Err(tables) => {
            let message = format!("SUBSCRIBE follows one table, and the query has {}", tables.len());
            Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("It follows filters and projections over one table."))
        }
    }
}

fn plan(
    catalog: &Arc<CatalogView>,
    state: &SessionState,
    statement: &Statement,
    subscribe: &Subscribe,
    relation: &Relation,
    source: Arc<dyn TableSource>,
    declared: &[Option<DataType>],
) -> Result<Planned> {
    let SubscribeSource::Query(query) = &subscribe.source else {
        let plan = keep_wide(LogicalPlanBuilder::scan(reference(&relation.name)?, source, None)?.build()?)?;
        let announced = semantics::announce(&plan);
        return Ok(Planned { plan, parameter_types: declared.to_vec(), announced });
    };
    let mut sql = SqlStatement::Query(query.clone());
    permitted::check(&sql)?;
    separate_repetitions(&mut sql);
    let context = QueryContext::new(state, QueryTables::one(&relation.name, source), None);
    let analyzed = planning::analyze(&context, catalog, state, sql, declared)
        .and_then(|planned| Ok(Planned { plan: semantics::settle(keep_wide(planned.plan)?)?, ..planned }));
    let planned = analyzed.map_err(|error| plan_error::explain(error, statement))?;
    view::check_plan(&planned.plan)?;
    Ok(planned)
}

fn reference(name: &ObjectName) -> Result<TableReference> {
    match folded(name).as_slice() {
        [table] => Ok(TableReference::bare(table.as_str())),
        [database, table] => Ok(TableReference::partial(database.as_str(), table.as_str())),
        [lake, database, table] => Ok(TableReference::full(lake.as_str(), database.as_str(), table.as_str())),
        _ => Err(Error::new(ErrorKind::Syntax, format!("\"{name}\" has too many parts"))),
    }
}

impl Opened {
    /// The columns of the result.
    pub fn schema(&self) -> Result<SchemaRef> {
        Ok(Arc::clone(self.shape(&self.planned.plan)?.schema()))
    }

    fn shape(&self, plan: &LogicalPlan) -> Result<Shape> {
        let view =
            planning::result_schema(&self.statement, plan.schema().as_arrow(), &self.planned.announced);
        let envelope = match &self.wants.upsert_key {
            None => Envelope::Changelog,
            Some(key) => Envelope::Upsert { key: self.upsert_key(plan, key)? },
        };
        Ok(Shape::new(&view, envelope, self.wants.progress))
    }

    /// The key's columns in the view: all of the table's primary key, and nothing else, so that each
    /// version has one row of a key at most.
    fn upsert_key(&self, plan: &LogicalPlan, names: &[String]) -> Result<Vec<usize>> {
        let primary = &self.schema.primary_key;
        let refuse = |reason: &str| {
            let message = format!("ENVELOPE UPSERT of table {}: {reason}", self.follow.table());
            Error::new(ErrorKind::InvalidParameter, message)
        };
        if primary.is_empty() {
            return Err(refuse("it has no primary key"));
        }
        let plain = view::plain_columns(plan);
        let view = plan.schema().as_arrow();
        let of_table = |column: usize| self.schema.fields.get(plain.get(column).copied().flatten()?);
        let mut key = Vec::with_capacity(names.len());
        for name in names {
            let column = view.fields().iter().position(|field| field.name() == name);
            let column = column.ok_or_else(|| {
                Error::new(ErrorKind::UndefinedColumn, format!("column \"{name}\" of KEY does not exist"))
            })?;
            key.push(column);
        }
        let chosen: Option<Vec<&String>> =
            key.iter().map(|column| of_table(*column).map(|field| &field.name)).collect();
        let complete = chosen.is_some_and(|chosen| {
            chosen.len() == primary.len() && primary.iter().all(|column| chosen.contains(&column))
        });
        match complete {
            true => Ok(key),
            false => Err(refuse(&format!("KEY has to be its primary key ({})", primary.join(", ")))),
        }
    }

    /// The subscription, by the plan with its parameters' values.
    pub fn subscription(self, plan: LogicalPlan, state: &SessionState) -> Result<Subscription> {
        let (view, predicate) = view::compile(&plan, state, &self.schema)?;
        let definition = Definition {
            shape: self.shape(&plan)?,
            follow: self.follow,
            schema: self.schema,
            view: Arc::new(view),
            predicate,
            up_to: self.up_to,
            store: Arc::clone(self.table.store()),
            shared: Arc::clone(self.table.shared()),
            context: state.task_ctx(),
        };
        let rows = match self.wants.beginning {
            Beginning::Rows => Some(FirstRows { plan, state: state.clone() }),
            Beginning::Changes => None,
        };
        Ok(Subscription::new(Arc::new(definition), self.start, rows))
    }
}
