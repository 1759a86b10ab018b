//! Statements that work on the session and not on tables: `SET`, `SHOW`, `RESET`, `BEGIN`, ...

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::{DiscardObject, Expr, Ident, ObjectName, Reset, Set, Statement, Value};

use super::session::{Execution, SessionShared};
use super::settings;
use super::stream::RowStream;
use crate::error::{Error, ErrorKind, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Set {
        name: String,
        value: Option<String>,
    },
    ResetAll {
        tag: &'static str,
    },
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
    pub fn of(statement: &Statement) -> Result<Option<Self>> {
        Ok(Some(match statement {
            Statement::Set(set) => set_command(set)?,
            Statement::Reset(reset) => match &reset.reset {
                Reset::ALL => Self::ResetAll { tag: "RESET" },
                Reset::ConfigurationParameter(name) => Self::Set { name: setting_name(name), value: None },
            },
            Statement::Discard { object_type: DiscardObject::ALL } => Self::ResetAll { tag: "DISCARD ALL" },
            Statement::Discard { .. } => Self::Nothing { tag: "DISCARD" },
            Statement::ShowVariable { variable } => show_command(variable),
            Statement::ShowTables { .. } => Self::ShowTables,
            Statement::ShowDatabases { .. } | Statement::ShowSchemas { .. } => Self::ShowDatabases,
            Statement::ShowCatalogs { .. } => Self::ShowLakes,
            Statement::StartTransaction { begin: true, .. } => Self::Nothing { tag: "BEGIN" },
            Statement::StartTransaction { .. } => Self::Nothing { tag: "START TRANSACTION" },
            Statement::Commit { .. } => Self::Nothing { tag: "COMMIT" },
            Statement::Rollback { .. } => Self::Nothing { tag: "ROLLBACK" },
            Statement::Savepoint { .. } => Self::Nothing { tag: "SAVEPOINT" },
            Statement::ReleaseSavepoint { .. } => Self::Nothing { tag: "RELEASE" },
            _ => return Ok(None),
        }))
    }

    /// The columns of its result; `None` where there are no rows.
    pub fn schema(&self) -> Option<SchemaRef> {
        let columns: Vec<String> = match self {
            Self::Show { name } => vec![settings::display_name(name)],
            Self::ShowAll => vec!["name".to_owned(), "setting".to_owned()],
            Self::ShowTables => vec!["database".to_owned(), "table".to_owned()],
            Self::ShowDatabases => vec!["database".to_owned()],
            Self::ShowLakes => vec!["lake".to_owned()],
            Self::Set { .. } | Self::ResetAll { .. } | Self::Nothing { .. } => return None,
        };
        let fields: Vec<Field> =
            columns.into_iter().map(|name| Field::new(name, DataType::Utf8, false)).collect();
        Some(Arc::new(Schema::new(fields)))
    }

    pub async fn run(&self, session: &SessionShared) -> Result<Execution> {
        let rows = match self {
            Self::Nothing { tag } => return Ok(Execution::Done((*tag).to_owned())),
            Self::ResetAll { tag } => {
                session.reset_all_settings()?;
                return Ok(Execution::Done((*tag).to_owned()));
            }
            Self::Set { name, value: Some(value) } => {
                session.set_setting(name, value)?;
                return Ok(Execution::Done("SET".to_owned()));
            }
            Self::Set { name, value: None } => {
                session.reset_setting(name)?;
                return Ok(Execution::Done("RESET".to_owned()));
            }
            Self::Show { name } => vec![vec![session.setting(name)?]],
            Self::ShowAll => session.settings().into_iter().map(|(name, value)| vec![name, value]).collect(),
            Self::ShowTables => tables(session).await?,
            Self::ShowDatabases => {
                session.lake.databases().await?.into_iter().map(|name| vec![name]).collect()
            }
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

async fn tables(session: &SessionShared) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for database in session.lake.databases().await? {
        for table in session.lake.tables(&database).await? {
            rows.push(vec![database.clone(), table]);
        }
    }
    Ok(rows)
}

fn set_command(set: &Set) -> Result<Command> {
    Ok(match set {
        Set::SingleAssignment { variable, values, .. } => {
            let name = setting_name(variable);
            match values.as_slice() {
                [Expr::Identifier(word)] if is_default(word) => Command::Set { name, value: None },
                values => {
                    let texts: Result<Vec<String>> = values.iter().map(setting_value).collect();
                    Command::Set { name, value: Some(texts?.join(", ")) }
                }
            }
        }
        Set::SetTimeZone { value, .. } => match value {
            Expr::Identifier(word) if is_default(word) => {
                Command::Set { name: "timezone".to_owned(), value: None }
            }
            value => Command::Set { name: "timezone".to_owned(), value: Some(setting_value(value)?) },
        },
        Set::SetNames { charset_name, .. } => {
            Command::Set { name: "client_encoding".to_owned(), value: Some(charset_name.value.clone()) }
        }
        Set::SetNamesDefault {} => Command::Set { name: "client_encoding".to_owned(), value: None },
        // Reading sees one snapshot of each table in any isolation level, and nothing is written.
        Set::SetTransaction { .. } => Command::Nothing { tag: "SET" },
        other => {
            return Err(Error::new(ErrorKind::Unsupported, format!("\"{other}\" is not supported")));
        }
    })
}

fn is_default(word: &Ident) -> bool {
    word.quote_style.is_none()
        && (word.value.eq_ignore_ascii_case("default") || word.value.eq_ignore_ascii_case("local"))
}

fn setting_name(name: &ObjectName) -> String {
    let parts: Vec<&str> =
        name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.as_str()).collect();
    parts.join(".").to_lowercase()
}

/// The text of a value. A name that was quoted keeps its quotes, for lists of names.
fn setting_value(value: &Expr) -> Result<String> {
    match value {
        Expr::Identifier(word) => Ok(word.to_string()),
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Ok(digits.clone()),
            Value::Boolean(value) => Ok(if *value { "on" } else { "off" }.to_owned()),
            other => other.clone().into_string().ok_or_else(|| not_a_value(&other.to_string())),
        },
        Expr::UnaryOp { .. } => Ok(value.to_string().replace(' ', "")),
        Expr::Interval(interval) => match interval.value.as_ref() {
            Expr::Value(value) => {
                value.value.clone().into_string().ok_or_else(|| not_a_value(&value.to_string()))
            }
            other => Err(not_a_value(&other.to_string())),
        },
        other => Err(not_a_value(&other.to_string())),
    }
}

fn not_a_value(text: &str) -> Error {
    Error::new(ErrorKind::Syntax, format!("{text} is no value for a setting"))
}

fn show_command(words: &[Ident]) -> Command {
    let text: Vec<String> = words.iter().map(|word| word.value.to_lowercase()).collect();
    let name = match text.join(" ").as_str() {
        "all" => return Command::ShowAll,
        "time zone" => "timezone".to_owned(),
        "transaction isolation level" => "transaction_isolation".to_owned(),
        "session authorization" => "session_authorization".to_owned(),
        _ => text.join("."),
    };
    Command::Show { name }
}
