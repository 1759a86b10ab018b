//! Connections over the wire: tokio-postgres, speaking the simple or the extended protocol.
//!
//! The extended one asks for binary results and prepares every statement, as drivers do.

use std::time::Duration;

use async_trait::async_trait;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage};

use super::pg_binary::Cell;
use super::{in_process, lakes};

/// A failure with its SQLSTATE, where it has one.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub message: String,
    pub sql_state: Option<String>,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(db) => {
                Self { message: db.message().to_owned(), sql_state: Some(db.code().code().to_owned()) }
            }
            None => Self { message: error.to_string(), sql_state: None },
        }
    }
}

async fn connect() -> Result<Client, Error> {
    let refuse = |message: String| Error { message, sql_state: None };
    let address = lakes::server().await.map_err(|error| refuse(error.to_string()))?;
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).user("tester").dbname(lakes::DEMO);
    config.connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Statements as text, results as text.
pub struct Simple {
    client: Client,
}

impl Simple {
    pub async fn connect() -> Result<Self, Error> {
        Ok(Self { client: connect().await? })
    }
}

#[async_trait]
impl AsyncDB for Simple {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        let mut columns = None;
        let mut rows = Vec::new();
        let mut count = 0;
        for message in self.client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(described) => columns = Some(described.len()),
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|at| in_process::shown(row.get(at))).collect());
                }
                SimpleQueryMessage::CommandComplete(affected) => count = affected,
                _ => {}
            }
        }
        Ok(output(columns, rows, count))
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "simple"
    }

    fn error_sql_state(error: &Error) -> Option<String> {
        error.sql_state.clone()
    }
}

/// Parse, Describe, Bind, Execute; results in binary.
pub struct Extended {
    client: Client,
}

impl Extended {
    pub async fn connect() -> Result<Self, Error> {
        Ok(Self { client: connect().await? })
    }
}

#[async_trait]
impl AsyncDB for Extended {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        let statement = self.client.prepare(sql).await?;
        if statement.columns().is_empty() {
            let affected = self.client.execute(&statement, &[]).await?;
            return Ok(DBOutput::StatementComplete(affected));
        }
        let rows = self.client.query(&statement, &[]).await?;
        let cells = |row: &Row| -> Result<Vec<String>, Error> {
            (0..row.len())
                .map(|at| {
                    let cell: Option<Cell> = row.try_get(at)?;
                    Ok(in_process::shown(cell.as_ref().map(|cell| cell.text.as_str())))
                })
                .collect()
        };
        let rows = rows.iter().map(cells).collect::<Result<Vec<_>, _>>()?;
        Ok(output(Some(statement.columns().len()), rows, 0))
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "extended"
    }

    fn error_sql_state(error: &Error) -> Option<String> {
        error.sql_state.clone()
    }
}

fn output(columns: Option<usize>, rows: Vec<Vec<String>>, count: u64) -> DBOutput<DefaultColumnType> {
    match columns {
        Some(columns) => DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows },
        None => DBOutput::StatementComplete(count),
    }
}
