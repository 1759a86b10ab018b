//! The simple protocol: a script comes as one message, and its statements run one after the other.

use std::sync::Arc;

use pgwire::messages::data::{FieldDescription, RowDescription};
use pgwire::messages::response::EmptyQueryResponse;

use super::encode::{Format, Style};
use super::error::{PgError, PgResult};
use super::execute::{Completion, tag_with_count};
use super::portal::{Hold, Portal, Progress};
use super::rows::{Column, DataRows, Rows};
use super::running::Running;
use super::session::Session;
use super::statement::{Plan, PreparedStatement, columns_of, statement_tag};
use super::transaction::ends_failed_transaction;
use super::wire::Outcome;
use crate::engine::Execution;
use crate::sql::{Statement, StatementBody};

impl Session {
    /// Runs a script. An error ends it, and undoes what of it was not committed.
    pub(super) async fn simple_query(&mut self, sql: &str) -> Outcome<()> {
        self.statements.remove("");
        self.portals.take("");
        let statements = self.engine.parse(sql).map_err(PgError::from)?;
        if statements.is_empty() {
            self.wire.put(&EmptyQueryResponse::new())?;
            return Ok(());
        }
        self.in_script = statements.len() > 1;
        for statement in &statements {
            let current = self.start_statement(&statement.text);
            let result = self.simple_statement(statement, &current.running).await;
            self.finish_statement(current);
            result.map_err(|failure| failure.moved(statement.offset))?;
        }
        Ok(())
    }

    async fn simple_statement(&mut self, statement: &Statement, running: &Running) -> Outcome<()> {
        self.check_allowed(&statement.body)?;
        self.start_implicit();
        let tag = match &statement.body {
            StatementBody::Sql(_) | StatementBody::Explain(_) | StatementBody::Subscribe(_) => {
                self.simple_rows(statement, running).await?
            }
            _ => {
                let prepared = self.plan(statement, &[], running).await?;
                self.simple_command(prepared, running).await?
            }
        };
        self.put_complete(&tag)?;
        Ok(())
    }

    /// Runs a query, planning it once.
    async fn simple_rows(&mut self, statement: &Statement, running: &Running) -> Outcome<String> {
        self.transaction.queried = true;
        let execution = running.wait(&mut self.wire, self.engine.run(statement)).await?;
        let stream = match execution {
            Execution::Rows(stream) => stream,
            Execution::Done(tag) => return Ok(tag),
        };
        let columns = columns_of(statement, &stream.schema);
        let formats = vec![Format::Text; columns.len()];
        self.put_row_description(&columns, &formats)?;
        let mut sink = DataRows::new(&columns, formats, Style::of(&self.settings));
        let sent = Rows::new(stream.batches).send(u64::MAX, &mut sink, running, &mut self.wire).await?;
        Ok(tag_with_count(&statement_tag(&statement.body), sent))
    }

    /// Runs what the session does itself.
    async fn simple_command(&mut self, prepared: PreparedStatement, running: &Running) -> Outcome<String> {
        let format = match &prepared.plan {
            Plan::Fetch(fetch) => self.cursor_format(fetch),
            _ => Format::Text,
        };
        let columns = prepared.columns.clone();
        let mut portal = Portal {
            formats: vec![format; columns.as_ref().map_or(0, |columns| columns.len())],
            columns,
            statement: Arc::new(prepared),
            parameters: Vec::new(),
            progress: Progress::Ready,
            depth: self.transaction.depth(),
            is_cursor: false,
            hold: Hold::No,
        };
        match self.run_portal(&mut portal, u64::MAX, true, running).await? {
            Completion::Done(tag) => Ok(tag),
            Completion::Suspended | Completion::Empty => Ok(String::new()),
        }
    }

    /// In a transaction that has failed only its end may run.
    pub(super) fn check_allowed(&self, body: &StatementBody) -> PgResult<()> {
        match body {
            StatementBody::Session(statement) if ends_failed_transaction(statement) => Ok(()),
            _ => self.check_not_failed(),
        }
    }

    /// Announces columns.
    pub(super) fn put_row_description(&mut self, columns: &[Column], formats: &[Format]) -> PgResult<()> {
        let fields = columns.iter().enumerate().map(|(n, column)| {
            let format = formats.get(n).copied().unwrap_or_default();
            let (oid, size) = (column.wire.oid(), column.wire.size());
            FieldDescription::new(column.name.clone(), 0, 0, oid, size, column.wire.typmod, format.code())
        });
        self.wire.put(&RowDescription::new(fields.collect()))
    }
}
