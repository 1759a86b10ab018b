//! Statements through a session of the engine, without a wire.

use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::TryStreamExt;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use tarn::Error;
use tarn::engine::{Execution, Session};
use tarn::error::ErrorKind;

use super::{lakes, pg_text};

/// A session in the demo lake.
pub struct Connection {
    session: Session,
}

impl Connection {
    pub async fn open() -> Result<Self, Error> {
        let engine =
            lakes::engine().await.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        Ok(Self { session: engine.session(Some(lakes::DEMO))? })
    }

    /// All rows of one query.
    pub async fn query(&mut self, sql: &str) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        for statement in self.session.parse(sql)? {
            let prepared = self.session.prepare(&statement, &[]).await?;
            if let Execution::Rows(rows) = self.session.execute(&prepared, Vec::new()).await? {
                batches = rows.batches.try_collect().await?;
            }
        }
        Ok(batches)
    }
}

#[async_trait]
impl AsyncDB for Connection {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        let mut output = DBOutput::StatementComplete(0);
        for statement in self.session.parse(sql)? {
            let prepared = self.session.prepare(&statement, &[]).await?;
            output = match self.session.execute(&prepared, Vec::new()).await? {
                Execution::Rows(stream) => {
                    let types = vec![DefaultColumnType::Any; stream.schema.fields().len()];
                    let batches: Vec<RecordBatch> = stream.batches.try_collect().await?;
                    let rows = batches.iter().map(rows).collect::<Result<Vec<_>, _>>()?;
                    DBOutput::Rows { types, rows: rows.into_iter().flatten().collect() }
                }
                Execution::Done(_) => DBOutput::StatementComplete(0),
            };
        }
        Ok(output)
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "in-process"
    }

    fn error_sql_state(error: &Error) -> Option<String> {
        Some(tarn::pg::sql_state(error.kind).to_owned())
    }
}

fn rows(batch: &RecordBatch) -> Result<Vec<Vec<String>>, Error> {
    let cell = |row: usize, column: &arrow::array::ArrayRef| {
        let text = pg_text::text_of(column, row);
        let text = text.map_err(|reason| Error::new(ErrorKind::Unsupported, reason))?;
        Ok(shown(text.as_deref()))
    };
    (0..batch.num_rows())
        .map(|row| batch.columns().iter().map(|column| cell(row, column)).collect())
        .collect()
}

/// A cell as `.slt` files write it.
pub fn shown(text: Option<&str>) -> String {
    match text {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}
