//! Temporary tables: `CREATE TEMP TABLE t AS SELECT ...` keeps a query's rows for the rest of the session.
//!
//! They are held in memory, within what all queries may hold together, and nobody else sees them. Like in
//! Postgres their schema is called `pg_temp`, and a bare name means one of them before any other table.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::TableSource;
use datafusion::sql::sqlparser::ast::{CreateTable, ObjectName, ObjectType, Statement as SqlStatement};
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::permitted;
use super::session::SessionShared;
use super::stream::RowStream;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::{Statement, StatementBody, folded};
use crate::wide_timestamp::narrow_schema;

/// The schema of temporary tables.
pub(super) const SCHEMA: &str = "pg_temp";

/// A statement about temporary tables.
#[derive(Debug, Clone)]
pub(super) enum TemporaryStatement {
    Create { name: String, if_not_exists: bool, query: Statement },
    Drop { names: Vec<String>, if_exists: bool },
}

/// The temporary tables of a session.
#[derive(Default)]
pub(super) struct TemporaryTables(Mutex<BTreeMap<String, TemporaryTable>>);

struct TemporaryTable {
    source: Arc<dyn TableSource>,
    /// Given back when the table is dropped.
    _memory: MemoryReservation,
}

impl TemporaryStatement {
    /// `None` for a statement about something else.
    pub fn of(statement: &Statement) -> Result<Option<Self>> {
        match statement.sql() {
            Some(SqlStatement::CreateTable(create)) if create.temporary => Self::create(statement, create),
            Some(SqlStatement::Drop { object_type: ObjectType::Table, names, if_exists, .. }) => {
                let names = names.iter().map(name_of).collect::<Option<Vec<_>>>();
                Ok(names.map(|names| Self::Drop { names, if_exists: *if_exists }))
            }
            _ => Ok(None),
        }
    }

    fn create(statement: &Statement, create: &CreateTable) -> Result<Option<Self>> {
        let Some(query) = &create.query else {
            return Err(unsupported("CREATE TEMP TABLE without AS and a query"));
        };
        let name = name_of(&create.name).ok_or_else(|| {
            let message = format!("cannot create temporary relation in another schema than {SCHEMA}");
            Error::new(ErrorKind::InvalidName, message)
        })?;
        // Any other clause would show.
        let unless_there = if create.if_not_exists { "IF NOT EXISTS " } else { "" };
        let plain = format!("CREATE TEMPORARY TABLE {unless_there}{} AS {query}", create.name);
        if create.to_string() != plain {
            return Err(unsupported("a clause of CREATE TEMP TABLE other than AS"));
        }
        let body = StatementBody::Sql(Box::new(SqlStatement::Query(query.clone())));
        let query = Statement { body, ..statement.clone() };
        Ok(Some(Self::Create { name, if_not_exists: create.if_not_exists, query }))
    }
}

impl TemporaryStatement {
    /// Runs the statement; gives its command tag.
    pub async fn run(
        self,
        session: &SessionShared,
        types: &[Option<DataType>],
        parameters: Vec<ScalarValue>,
        deadline: Option<Instant>,
    ) -> Result<String> {
        let tables = &session.temporary;
        match self {
            Self::Create { name, if_not_exists, query } => {
                if !tables.is_free(&name, if_not_exists)? {
                    return Ok("CREATE TABLE AS".to_owned());
                }
                let rows = session.start(&query, types, parameters, deadline).await?;
                let pool = Arc::clone(&session.state().runtime_env().memory_pool);
                tables.keep(name, rows, &pool).await.map(|rows| format!("SELECT {rows}"))
            }
            Self::Drop { names, if_exists } => match tables.drop(&names, if_exists) {
                true => Ok("DROP TABLE".to_owned()),
                false => Err(permitted::reads_only("DROP TABLE".to_owned())),
            },
        }
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} is not supported"))
        .with_hint("CREATE TEMP TABLE name AS SELECT ... keeps the rows of a query for the session.")
}

/// The name of a table that may be a temporary one: bare, or of their schema.
fn name_of(name: &ObjectName) -> Option<String> {
    match folded(name).as_slice() {
        [table] => Some(table.clone()),
        [schema, table] if schema == SCHEMA => Some(table.clone()),
        _ => None,
    }
}

impl TemporaryTables {
    pub fn find(&self, name: &str) -> Option<Arc<dyn TableSource>> {
        self.0.lock().get(name).map(|table| Arc::clone(&table.source))
    }

    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// Whether the table is still to be made; an error where it is there and must not be.
    pub fn is_free(&self, name: &str, if_not_exists: bool) -> Result<bool> {
        match self.find(name) {
            Some(_) if if_not_exists => Ok(false),
            Some(_) => {
                Err(Error::new(ErrorKind::DuplicateTable, format!("relation \"{name}\" already exists")))
            }
            None => Ok(true),
        }
    }

    /// Keeps these rows under a name; gives their number.
    pub async fn keep(&self, name: String, mut rows: RowStream, pool: &Arc<dyn MemoryPool>) -> Result<usize> {
        let schema: SchemaRef = Arc::clone(&rows.schema);
        if narrow_schema(&schema) != schema {
            let message = "a temporary table cannot hold timestamps of more than six digits yet";
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("Cast the column: t::timestamp(6) or t::timestamptz(6)."));
        }
        let memory = MemoryConsumer::new(format!("temporary table {name}")).register(pool);
        let (mut batches, mut count) = (Vec::<RecordBatch>::new(), 0);
        while let Some(batch) = rows.batches.next().await {
            let batch = batch?;
            memory.try_grow(batch.get_array_memory_size())?;
            count += batch.num_rows();
            batches.push(batch);
        }
        let source = provider_as_source(Arc::new(MemTable::try_new(schema, vec![batches])?));
        self.is_free(&name, false)?;
        self.0.lock().insert(name, TemporaryTable { source, _memory: memory });
        Ok(count)
    }

    /// Drops tables, all or none. `false` where one of them is none of these: it may be one of a lake.
    pub fn drop(&self, names: &[String], if_exists: bool) -> bool {
        let mut tables = self.0.lock();
        if !if_exists && !names.iter().all(|name| tables.contains_key(name)) {
            return false;
        }
        names.iter().for_each(|name| drop(tables.remove(name)));
        true
    }
}
