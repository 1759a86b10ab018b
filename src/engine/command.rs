//! Statements that work on the session and not on tables: `SET`, `SHOW`, `RESET`, `BEGIN`, ...

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Statement;

use super::rights::Readable;
use super::session::{Execution, SessionShared};
use super::stream::RowStream;
use crate::error::Result;
use crate::settings;
use crate::sql::{Discard, SessionStatement, SetScope, SetValue, StatementBody};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Set {
        scope: SetScope,
        name: String,
        value: SetValue,
    },
    ResetAll,
    DiscardAll,
    DropTemporary,
    Show {
        name: String,
    },
    ShowAll,
    ShowTables,
    ShowDatabases,
    ShowLakes,
    /// Accepted, and nothing to do: the tag alone.
    Nothing {
        tag: &'static str,
    },
}

impl Command {
    /// The command that a statement is; `None` for what the planner plans.
    pub fn of(body: &StatementBody) -> Result<Option<Self>> {
        Ok(Some(match body {
            StatementBody::Session(statement) => match Self::of_session(statement) {
                Some(command) => command,
                None => return Ok(None),
            },
            StatementBody::Sql(statement) => match &**statement {
                Statement::ShowTables { .. } => Self::ShowTables,
                Statement::ShowDatabases { .. } | Statement::ShowSchemas { .. } => Self::ShowDatabases,
                Statement::ShowCatalogs { .. } => Self::ShowLakes,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        }))
    }

    /// Reading sees one snapshot of each table in any isolation level, and nothing is written, so that
    /// there is nothing to do for a transaction where no client watches its state.
    fn of_session(statement: &SessionStatement) -> Option<Self> {
        Some(match statement {
            SessionStatement::Set { scope, name, value } => {
                Self::Set { scope: *scope, name: name.clone(), value: value.clone() }
            }
            SessionStatement::Reset(Some(name)) => {
                Self::Set { scope: SetScope::Session, name: name.clone(), value: SetValue::Default }
            }
            SessionStatement::Reset(None) => Self::ResetAll,
            SessionStatement::Discard(Discard::All) => Self::DiscardAll,
            SessionStatement::Discard(Discard::Temporary) => Self::DropTemporary,
            SessionStatement::Discard(_) => Self::Nothing { tag: "DISCARD" },
            SessionStatement::Show(Some(name)) => Self::Show { name: name.clone() },
            SessionStatement::Show(None) => Self::ShowAll,
            SessionStatement::SetTransaction { .. } => Self::Nothing { tag: "SET" },
            SessionStatement::Begin { start: false, .. } => Self::Nothing { tag: "BEGIN" },
            SessionStatement::Begin { .. } => Self::Nothing { tag: "START TRANSACTION" },
            SessionStatement::Commit { .. } => Self::Nothing { tag: "COMMIT" },
            SessionStatement::Rollback { .. } | SessionStatement::RollbackTo(_) => {
                Self::Nothing { tag: "ROLLBACK" }
            }
            SessionStatement::Savepoint(_) => Self::Nothing { tag: "SAVEPOINT" },
            SessionStatement::Release(_) => Self::Nothing { tag: "RELEASE" },
            _ => return None,
        })
    }

    /// The columns of its result; `None` where there are no rows.
    pub fn schema(&self) -> Option<SchemaRef> {
        let columns: Vec<String> = match self {
            Self::Show { name } => vec![settings::display_name(name)],
            Self::ShowAll => vec!["name".to_owned(), "setting".to_owned()],
            Self::ShowTables => vec!["database".to_owned(), "table".to_owned()],
            Self::ShowDatabases => vec!["database".to_owned()],
            Self::ShowLakes => vec!["lake".to_owned()],
            Self::Set { .. }
            | Self::ResetAll
            | Self::DiscardAll
            | Self::DropTemporary
            | Self::Nothing { .. } => return None,
        };
        let fields: Vec<Field> =
            columns.into_iter().map(|name| Field::new(name, DataType::Utf8, false)).collect();
        Some(Arc::new(Schema::new(fields)))
    }

    pub async fn run(&self, session: &SessionShared) -> Result<Execution> {
        let rows = match self {
            Self::Nothing { tag } => return Ok(Execution::Done((*tag).to_owned())),
            Self::DropTemporary => {
                session.temporary.clear();
                return Ok(Execution::Done("DISCARD TEMP".to_owned()));
            }
            Self::ResetAll => {
                session.settings.reset_all();
                return Ok(Execution::Done("RESET".to_owned()));
            }
            Self::DiscardAll => {
                session.settings.reset_all();
                session.temporary.clear();
                return Ok(Execution::Done("DISCARD ALL".to_owned()));
            }
            Self::Set { scope, name, value: SetValue::Values(values) } => {
                session.set_setting(name, values, *scope)?;
                return Ok(Execution::Done("SET".to_owned()));
            }
            Self::Set { scope, name, value: SetValue::Default } => {
                session.settings.reset(name, *scope)?;
                return Ok(Execution::Done("RESET".to_owned()));
            }
            Self::Show { name } => vec![vec![session.setting(name)?]],
            Self::ShowAll => {
                let settings = session.settings.list().into_iter();
                settings.map(|setting| vec![setting.known.name.to_owned(), setting.shown]).collect()
            }
            Self::ShowTables => tables(session).await?,
            Self::ShowDatabases => databases(session).await?.into_iter().map(|name| vec![name]).collect(),
            Self::ShowLakes => session.engine.lake_names().into_iter().map(|name| vec![name]).collect(),
        };
        self.rows(&rows)
    }

    fn rows(&self, rows: &[Vec<String>]) -> Result<Execution> {
        let Some(schema) = self.schema() else { return Ok(Execution::Done(String::new())) };
        let columns = (0..schema.fields().len()).map(|column| {
            let values = rows.iter().map(|row| row.get(column).map_or("", String::as_str));
            Arc::new(StringArray::from_iter_values(values)) as ArrayRef
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect())?;
        Ok(Execution::Rows(RowStream::of(batch)))
    }
}

/// The databases in which something may be read.
async fn databases(session: &SessionShared) -> Result<Vec<String>> {
    let (allowed, lake) = (session.allowed(), session.lake.name());
    let databases = session.lake.databases().await?.into_iter();
    Ok(databases.filter(|database| allowed.any_in(lake, database)).collect())
}

async fn tables(session: &SessionShared) -> Result<Vec<Vec<String>>> {
    let (allowed, lake) = (session.allowed(), session.lake.name());
    let mut rows = Vec::new();
    for database in databases(session).await? {
        let tables = session.lake.tables(&database).await?.into_iter();
        let readable = tables.filter(|table| allowed.table(lake, &database, table) != Readable::Nothing);
        rows.extend(readable.map(|table| vec![database.clone(), table]));
    }
    Ok(rows)
}
