//! Running a portal, by whichever protocol it came.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::Expr;
use futures::{StreamExt, TryStreamExt};
use pgwire::api::Type;

use super::encode::Style;
use super::error::{PgError, PgResult, state};
use super::parameters;
use super::portal::{Portal, Progress};
use super::rows::{Column, DataRows, Rows};
use super::running::Running;
use super::session::Session;
use super::statement::{Plan, PreparedStatement};
use super::types::{WireType, wire_type};
use super::wire::Outcome;
use crate::engine::Execution;
use crate::sql::{Discard, PrepareStatement, SessionStatement, SetScope, SetValue, Statement};

/// How a run of a portal ended.
pub enum Completion {
    /// To its end, with this command tag.
    Done(String),
    /// The rows that were asked for are sent; there may be more.
    Suspended,
    /// There was nothing to run.
    Empty,
}

/// What starting a portal gives.
enum Started {
    /// Rows to read; the portal has them.
    Rows,
    /// It is done.
    Done(String),
    Empty,
}

/// A tag with the number of rows, where the command has one.
pub fn tag_with_count(tag: &str, rows: u64) -> String {
    match tag {
        "SELECT" | "FETCH" | "MOVE" | "COPY" | "SUBSCRIBE" => format!("{tag} {rows}"),
        _ => tag.to_string(),
    }
}

impl Session {
    /// Runs a portal for up to `max_rows` rows. With `announce` its columns are sent before them.
    pub(super) async fn run_portal(
        &mut self,
        portal: &mut Portal,
        max_rows: u64,
        announce: bool,
        running: &Running,
    ) -> Outcome<Completion> {
        if matches!(portal.progress, Progress::Ready) {
            match self.start_portal(portal, announce, running).await? {
                Started::Rows => {}
                Started::Empty => return Ok(Completion::Empty),
                Started::Done(tag) => {
                    portal.progress = Progress::Finished;
                    return Ok(Completion::Done(tag));
                }
            }
        }
        let columns = portal.columns.clone().unwrap_or_default();
        match &mut portal.progress {
            Progress::Rows(rows) => {
                let mut sink = DataRows::new(&columns, portal.formats.clone(), Style::of(&self.settings));
                let sent = rows.send(max_rows, &mut sink, running, &mut self.wire).await?;
                if sent == max_rows {
                    return Ok(Completion::Suspended);
                }
                portal.progress = Progress::Finished;
                Ok(Completion::Done(tag_with_count(&portal.statement.tag, sent)))
            }
            Progress::Fetch { .. } => self.run_fetch(portal, max_rows, running).await,
            Progress::SubscriptionFetch(_) => self.run_subscription_fetch(portal, max_rows, running).await,
            Progress::Finished if portal.columns.is_some() => {
                Ok(Completion::Done(tag_with_count(&portal.statement.tag, 0)))
            }
            Progress::Ready | Progress::Finished | Progress::Subscription(_) => {
                let message = "portal has been run already";
                Err(PgError::error(state::OBJECT_NOT_IN_PREREQUISITE_STATE, message).into())
            }
        }
    }

    async fn start_portal(
        &mut self,
        portal: &mut Portal,
        announce: bool,
        running: &Running,
    ) -> Outcome<Started> {
        let statement = Arc::clone(&portal.statement);
        let started = match &statement.plan {
            Plan::Empty => Started::Empty,
            Plan::Query(_) => {
                let parameters = portal.parameters.clone();
                match self.start_query(&statement, parameters, running).await? {
                    Execution::Rows(stream) => {
                        portal.progress = Progress::Rows(Box::new(Rows::new(stream.batches)));
                        Started::Rows
                    }
                    Execution::Done(tag) => Started::Done(tag),
                }
            }
            Plan::Session(session) => self.start_session_statement(session, portal, running).await?,
            Plan::Declare(declare) => {
                let parameters = portal.parameters.clone();
                Started::Done(self.declare(declare, parameters, running).await?)
            }
            Plan::Fetch(fetch) => match self.start_fetch(fetch, portal, running).await? {
                Some(tag) => Started::Done(tag),
                None => Started::Rows,
            },
            Plan::Close(close) => Started::Done(self.close_cursor(close)?),
            Plan::Copy(copy) => Started::Done(self.copy(&statement, copy, running).await?),
        };
        if let (true, Started::Rows, Some(columns)) = (announce, &started, portal.columns.clone()) {
            self.put_row_description(&columns, &portal.formats)?;
        }
        Ok(started)
    }

    /// Starts a planned query; its rows come as they are read.
    pub(super) async fn start_query(
        &mut self,
        statement: &PreparedStatement,
        parameters: Vec<ScalarValue>,
        running: &Running,
    ) -> Outcome<Execution> {
        let Plan::Query(prepared) = &statement.plan else {
            return Err(PgError::unsupported("this statement cannot be run as a query").into());
        };
        self.transaction.queried = true;
        // Each value has a type of its own where the declared one leaves something open, as the scale
        // of a decimal. What was announced is compared as the client sees it.
        let mut prepared = (**prepared).clone();
        prepared.parameter_types = parameters.iter().map(|value| Some(value.data_type())).collect();
        prepared.schema = None;
        let execution = running.wait(&mut self.wire, self.engine.execute(&prepared, parameters)).await?;
        if let Execution::Rows(stream) = &execution {
            check_announced(statement, &stream.schema)?;
        }
        Ok(execution)
    }

    async fn start_session_statement(
        &mut self,
        statement: &SessionStatement,
        portal: &mut Portal,
        running: &Running,
    ) -> Outcome<Started> {
        let tag = match statement {
            SessionStatement::Set { scope, name, value } => self.set(*scope, name, value)?,
            SessionStatement::Reset(name) => {
                match name {
                    Some(name) => self.settings.reset(name, SetScope::Session)?,
                    None => self.settings.reset_all(),
                }
                "RESET".to_string()
            }
            SessionStatement::Show(name) => {
                let batch = self.show(name.as_deref())?;
                portal.progress = Progress::Rows(Box::new(one_batch(batch)));
                return Ok(Started::Rows);
            }
            SessionStatement::Prepare(prepare) => self.prepare(prepare, running).await?,
            SessionStatement::Execute { name, arguments } => {
                return self.execute_prepared(name, arguments, portal, running).await;
            }
            SessionStatement::Deallocate(name) => self.deallocate(name.as_deref())?,
            SessionStatement::Discard(what) => self.discard(*what)?,
            SessionStatement::Unlisten(_) => "UNLISTEN".to_string(),
            SessionStatement::Lock if !self.transaction.in_block() => {
                let message = "LOCK TABLE can only be used in transaction blocks";
                return Err(PgError::error(state::NO_ACTIVE_TRANSACTION, message).into());
            }
            SessionStatement::Lock => "LOCK TABLE".to_string(),
            SessionStatement::Listen(_) | SessionStatement::Notify(_) => {
                return Err(PgError::unsupported("LISTEN and NOTIFY are not supported").into());
            }
            _ => self.run_transaction(statement)?,
        };
        Ok(Started::Done(tag))
    }

    fn set(&mut self, scope: SetScope, name: &str, value: &SetValue) -> PgResult<String> {
        if scope == SetScope::Local && !self.transaction.in_block() {
            let message = "SET LOCAL can only be used in transaction blocks";
            self.notice(&PgError::warning(state::NO_ACTIVE_TRANSACTION, message));
        }
        let name = name.to_lowercase();
        match value {
            SetValue::Default => self.settings.reset(&name, scope)?,
            SetValue::Values(values) if name.starts_with("transaction_") => {
                self.set_transaction_mode(&name, values)?;
            }
            SetValue::Values(values) => self.settings.set(&name, values, scope)?,
        }
        Ok("SET".to_string())
    }

    /// The columns of a command that returns rows, as far as it is known before it runs.
    pub(super) fn command_columns(&self, plan: &Plan) -> Option<Arc<[Column]>> {
        match plan {
            Plan::Session(statement) => match &**statement {
                SessionStatement::Show(name) => Some(show_columns(name.as_deref())),
                SessionStatement::Execute { name, .. } => self.statements.get(name).ok()?.columns.clone(),
                _ => None,
            },
            Plan::Fetch(fetch) if !fetch.moves_only => self.cursor_columns(fetch),
            _ => None,
        }
    }

    fn show(&self, name: Option<&str>) -> PgResult<RecordBatch> {
        let rows = match name {
            Some(name) => vec![vec![self.settings.show(name)?]],
            None => {
                let settings = self.settings.list().into_iter();
                let row = |setting: crate::settings::Setting| {
                    vec![setting.known.name.to_string(), setting.shown, setting.known.description.to_string()]
                };
                settings.map(row).collect()
            }
        };
        let columns = show_columns(name);
        let fields: Vec<Field> =
            columns.iter().map(|column| Field::new(&column.name, DataType::Utf8, false)).collect();
        let arrays = (0..fields.len()).map(|n| {
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row: &Vec<String>| &row[n]))) as ArrayRef
        });
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect())?)
    }

    async fn prepare(&mut self, prepare: &PrepareStatement, running: &Running) -> Outcome<String> {
        let oids = prepare.types.iter().map(super::types::oid_of_sql).collect::<PgResult<Vec<u32>>>()?;
        let text = self.registered.entry.activity.lock().query.clone();
        let statement = Statement { text, offset: 0, body: prepare.body.clone() };
        let planned = self.plan(&statement, &oids, running).await?;
        if !matches!(planned.plan, Plan::Query(_)) {
            let message = "only queries can be prepared with PREPARE";
            return Err(PgError::error(state::SYNTAX_ERROR, message).into());
        }
        let planned = PreparedStatement { from_sql: true, ..planned };
        self.statements.add(&prepare.name, Arc::new(planned))?;
        Ok("PREPARE".to_string())
    }

    async fn execute_prepared(
        &mut self,
        name: &str,
        arguments: &[Expr],
        portal: &mut Portal,
        running: &Running,
    ) -> Outcome<Started> {
        let statement = self.statements.get(name)?;
        if arguments.len() != statement.parameters.len() {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            let (expected, got) = (statement.parameters.len(), arguments.len());
            return Err(PgError::error(state::SYNTAX_ERROR, message)
                .detail(format!("Expected {expected} parameters but got {got}."))
                .into());
        }
        let values = self.evaluate(arguments, running).await?;
        let zone = self.settings.zone();
        let values = values.into_iter().zip(&statement.parameters);
        let parameters = values
            .map(|(value, oid)| parameters::of_value(value, *oid, &zone))
            .collect::<PgResult<Vec<ScalarValue>>>()?;
        match self.start_query(&statement, parameters, running).await? {
            Execution::Rows(stream) => {
                portal.columns.clone_from(&statement.columns);
                portal.statement = statement;
                portal.progress = Progress::Rows(Box::new(Rows::new(stream.batches)));
                Ok(Started::Rows)
            }
            Execution::Done(tag) => Ok(Started::Done(tag)),
        }
    }

    /// The values of expressions without tables.
    async fn evaluate(&mut self, arguments: &[Expr], running: &Running) -> Outcome<Vec<ScalarValue>> {
        if arguments.is_empty() {
            return Ok(Vec::new());
        }
        let list: Vec<String> = arguments.iter().map(Expr::to_string).collect();
        let mut statements =
            self.engine.parse(&format!("SELECT {}", list.join(", "))).map_err(PgError::from)?;
        let Some(statement) = statements.pop() else { return Ok(Vec::new()) };
        let engine = &self.engine;
        let values = async move {
            let Execution::Rows(stream) = engine.run(&statement).await? else { return Ok(Vec::new()) };
            let batches: Vec<RecordBatch> = stream.batches.try_collect().await?;
            let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else {
                return Ok(Vec::new());
            };
            let values = batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0));
            Ok::<_, PgError>(values.collect::<Result<Vec<_>, _>>()?)
        };
        running.wait(&mut self.wire, values).await
    }

    fn deallocate(&mut self, name: Option<&str>) -> PgResult<String> {
        match name {
            None => self.statements.clear(),
            Some(name) => {
                self.statements.get(name)?;
                self.statements.remove(name);
            }
        }
        Ok(if name.is_some() { "DEALLOCATE" } else { "DEALLOCATE ALL" }.to_string())
    }

    fn discard(&mut self, what: Discard) -> PgResult<String> {
        let tag = match what {
            Discard::All => "DISCARD ALL",
            Discard::Plans => "DISCARD PLANS",
            Discard::Sequences => "DISCARD SEQUENCES",
            Discard::Temporary => "DISCARD TEMP",
        };
        if what == Discard::All {
            if self.transaction.in_block() {
                let message = "DISCARD ALL cannot run inside a transaction block";
                return Err(PgError::error(state::ACTIVE_TRANSACTION, message));
            }
            self.portals.clear();
            self.settings.reset_all();
            self.statements.clear();
        }
        if matches!(what, Discard::All | Discard::Temporary) {
            self.engine.drop_temporary_tables();
        }
        Ok(tag.to_string())
    }
}

/// Whether a result has the columns that its client was told of.
pub(super) fn check_announced(statement: &PreparedStatement, schema: &Schema) -> PgResult<()> {
    let Some(announced) = &statement.columns else { return Ok(()) };
    let fields = schema.fields();
    let same = |(field, column): (&Arc<Field>, &Column)| wire_type(field).oid() == column.wire.oid();
    match fields.len() == announced.len() && fields.iter().zip(announced.iter()).all(same) {
        true => Ok(()),
        false => Err(PgError::unsupported("cached plan must not change result type")),
    }
}

/// Rows that are there already.
fn one_batch(batch: RecordBatch) -> Rows {
    let schema = batch.schema();
    let stream = futures::stream::once(async move { Ok(batch) }).boxed();
    Rows::new(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
}

fn show_columns(name: Option<&str>) -> Arc<[Column]> {
    let names = match name {
        Some(name) => vec![crate::settings::display_name(name)],
        None => vec!["name".to_string(), "setting".to_string(), "description".to_string()],
    };
    let column = |name| Column { name, wire: WireType { kind: Type::TEXT, typmod: -1 } };
    names.into_iter().map(column).collect()
}
