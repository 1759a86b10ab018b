//! Prepared statements: parsed, planned and described, so that they can run many times.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use arrow::datatypes::{DataType, Schema};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use pgwire::api::Type;

use super::column_names::column_names;
use super::error::{PgError, PgResult, state};
use super::rows::Column;
use super::running::Running;
use super::session::Session;
use super::types::{arrow_type, wire_type, wire_type_of};
use super::wire::Outcome;
use crate::engine::Prepared;
use crate::sql::{
    CloseCursor, CopyStatement, DeclareCursor, FetchCursor, RowSource, SessionStatement, Statement,
    StatementBody, fold,
};

/// Statements that one session may keep.
const STATEMENTS_MAX: usize = 10_000;

/// What a prepared statement does when it runs.
pub enum Plan {
    /// Nothing but spaces and comments.
    Empty,
    /// What the engine runs.
    Query(Box<Prepared>),
    Session(Box<SessionStatement>),
    Declare(Box<Declare>),
    Fetch(FetchCursor),
    Close(CloseCursor),
    Copy(Box<CopyStatement>),
}

/// `DECLARE` with its query planned, so that the query can have parameters.
pub struct Declare {
    pub name: String,
    pub binary: bool,
    /// Whether it outlives its transaction.
    pub hold: bool,
    pub query: Arc<PreparedStatement>,
}

pub struct PreparedStatement {
    pub text: String,
    pub plan: Plan,
    /// The command tag, without the count of rows that some have.
    pub tag: String,
    /// OIDs of `$1`, `$2`, ...
    pub parameters: Vec<u32>,
    /// `None` where no rows come back, or where only the moment of running tells.
    pub columns: Option<Arc<[Column]>>,
    pub prepared_at: SystemTime,
    /// Whether it was made by `PREPARE` and not by a Parse message.
    pub from_sql: bool,
}

impl PreparedStatement {
    fn new(text: String, plan: Plan, tag: String) -> Self {
        let prepared_at = SystemTime::now();
        Self { text, plan, tag, parameters: Vec::new(), columns: None, prepared_at, from_sql: false }
    }

    pub fn empty() -> Self {
        Self::new(String::new(), Plan::Empty, String::new())
    }
}

/// The prepared statements of a session; the one without a name is under the empty name.
#[derive(Default)]
pub struct Statements(HashMap<String, Arc<PreparedStatement>>);

impl Statements {
    /// Adds a statement. Only the one without a name can be replaced.
    pub fn add(&mut self, name: &str, statement: Arc<PreparedStatement>) -> PgResult<()> {
        if !name.is_empty() && self.0.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(PgError::error(state::DUPLICATE_PREPARED_STATEMENT, message));
        }
        if self.0.len() >= STATEMENTS_MAX {
            let message = format!("a session can have {STATEMENTS_MAX} prepared statements");
            return Err(PgError::error(state::CONFIGURATION_LIMIT_EXCEEDED, message)
                .hint("DEALLOCATE those that are not needed."));
        }
        self.0.insert(name.to_string(), statement);
        Ok(())
    }

    pub fn get(&self, name: &str) -> PgResult<Arc<PreparedStatement>> {
        self.0.get(name).cloned().ok_or_else(|| {
            let message = match name {
                "" => "unnamed prepared statement does not exist".to_string(),
                _ => format!("prepared statement \"{name}\" does not exist"),
            };
            PgError::error(state::INVALID_STATEMENT_NAME, message)
        })
    }

    /// Removes a statement; `false` when there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Session {
    /// Plans a statement. `declared` are the types that the client gave to parameters, 0 for none.
    pub(super) async fn plan(
        &mut self,
        statement: &Statement,
        declared: &[u32],
        running: &Running,
    ) -> Outcome<PreparedStatement> {
        let text = statement.text.clone();
        let tag = statement_tag(&statement.body);
        let plan = match &statement.body {
            StatementBody::Session(statement) => Plan::Session(statement.clone()),
            StatementBody::Fetch(fetch) => Plan::Fetch(fetch.clone()),
            StatementBody::Close(close) => Plan::Close(close.clone()),
            StatementBody::Copy(copy) => Plan::Copy(copy.clone()),
            StatementBody::Declare(declare) => {
                return self.plan_declare(statement, declare, declared, running).await;
            }
            StatementBody::Sql(_) | StatementBody::Explain(_) | StatementBody::Subscribe(_) => {
                return self.plan_query(statement, declared, running).await;
            }
        };
        let mut prepared = PreparedStatement::new(text, plan, tag);
        prepared.columns = self.command_columns(&prepared.plan);
        prepared.parameters = declared.iter().map(|oid| known_or_text(*oid)).collect();
        Ok(prepared)
    }

    async fn plan_query(
        &mut self,
        statement: &Statement,
        declared: &[u32],
        running: &Running,
    ) -> Outcome<PreparedStatement> {
        let types = declared.iter().map(|oid| declared_type(*oid)).collect::<PgResult<Vec<_>>>()?;
        let planned = running.wait(&mut self.wire, self.engine.prepare(statement, &types)).await?;
        let parameters = parameter_oids(declared, &planned.parameter_types);
        let columns = planned.schema.as_ref().map(|schema| columns_of(statement, schema));
        let plan = Plan::Query(Box::new(planned));
        let prepared = PreparedStatement::new(statement.text.clone(), plan, statement_tag(&statement.body));
        Ok(PreparedStatement { parameters, columns, ..prepared })
    }

    async fn plan_declare(
        &mut self,
        statement: &Statement,
        declare: &DeclareCursor,
        declared: &[u32],
        running: &Running,
    ) -> Outcome<PreparedStatement> {
        if declare.scroll == Some(true) {
            return Err(PgError::unsupported("SCROLL cursors are not supported").into());
        }
        let source = Statement { body: row_source(&declare.source), ..statement.clone() };
        let query = Arc::new(self.plan_query(&source, declared, running).await?);
        let parameters = query.parameters.clone();
        let (name, binary, hold) = (fold(&declare.name), declare.binary, declare.hold);
        let declare = Declare { name, binary, hold, query };
        let plan = Plan::Declare(Box::new(declare));
        let prepared = PreparedStatement::new(statement.text.clone(), plan, "DECLARE CURSOR".to_string());
        Ok(PreparedStatement { parameters, ..prepared })
    }
}

/// The columns of a result, named as Postgres names them.
pub(super) fn columns_of(statement: &Statement, schema: &Schema) -> Arc<[Column]> {
    let names = column_names(statement, schema);
    let columns = schema.fields().iter().zip(names);
    columns.map(|(field, name)| Column { name, wire: wire_type(field) }).collect()
}

/// The rows behind a cursor or a COPY as a statement's body.
pub(super) fn row_source(source: &RowSource) -> StatementBody {
    match source {
        RowSource::Query(query) => StatementBody::Sql(Box::new(SqlStatement::Query(query.clone()))),
        RowSource::Subscribe(subscribe) => StatementBody::Subscribe(subscribe.clone()),
    }
}

/// The type for planning with a parameter that was declared with an OID.
fn declared_type(oid: u32) -> PgResult<Option<DataType>> {
    if oid == 0 || oid == Type::UNKNOWN.oid() {
        return Ok(None);
    }
    match arrow_type(oid) {
        Some(data_type) => Ok(Some(data_type)),
        None => {
            let name =
                Type::from_oid(oid).map_or_else(|| format!("with OID {oid}"), |t| t.name().to_string());
            Err(PgError::unsupported(format!("parameters of type {name} are not supported")))
        }
    }
}

/// What was declared, else what the plan infers, else text.
fn parameter_oids(declared: &[u32], inferred: &[Option<DataType>]) -> Vec<u32> {
    let count = declared.len().max(inferred.len());
    (0..count)
        .map(|n| match (declared.get(n).copied().unwrap_or(0), inferred.get(n)) {
            (0, Some(Some(data_type))) => wire_type_of(data_type).oid(),
            (oid, _) => known_or_text(oid),
        })
        .collect()
}

fn known_or_text(oid: u32) -> u32 {
    if oid == 0 { Type::TEXT.oid() } else { oid }
}

/// The command tag of a statement that the engine runs, in Postgres's words.
pub(super) fn statement_tag(body: &StatementBody) -> String {
    match body {
        StatementBody::Sql(statement) => match &**statement {
            SqlStatement::Query(_) => "SELECT".to_string(),
            other => other.to_string().split_whitespace().next().unwrap_or_default().to_uppercase(),
        },
        StatementBody::Explain(_) => "EXPLAIN".to_string(),
        StatementBody::Session(statement) if matches!(**statement, SessionStatement::Show(_)) => {
            "SHOW".to_string()
        }
        StatementBody::Subscribe(_) => "SUBSCRIBE".to_string(),
        _ => String::new(),
    }
}
