//! The extended protocol: Parse, Bind, Describe, Execute and Close, one message each.

use std::sync::Arc;

use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete, PortalSuspended};
use pgwire::messages::response::EmptyQueryResponse;

use super::error::{PgError, PgResult, state};
use super::execute::Completion;
use super::frontend::{Bind, Message, Target};
use super::parameters;
use super::portal::{Hold, Portal, Progress, expand_formats};
use super::running::Running;
use super::session::Session;
use super::statement::{Plan, PreparedStatement};
use super::transaction::{Status, ends_failed_transaction};
use super::wire::Outcome;

impl Session {
    /// Answers one message.
    pub(super) async fn extended(&mut self, message: Message) -> Outcome<()> {
        match message {
            Message::Parse { name, query, types } => {
                let current = self.start_statement(&query);
                let result = self.parse(&name, &query, &types, &current.running).await;
                drop(current);
                result
            }
            Message::Bind(bind) => Ok(self.bind(bind)?),
            Message::Describe(target, name) => Ok(self.describe(target, &name)?),
            Message::Execute { portal, max_rows } => self.execute(&portal, max_rows).await,
            Message::Close(target, name) => {
                match target {
                    Target::Statement => drop(self.statements.remove(&name)),
                    Target::Portal => drop(self.portals.take(&name)),
                }
                Ok(self.wire.put(&CloseComplete::new())?)
            }
            Message::Flush => self.wire.flush().await,
            other => Err(PgError::protocol(format!("message {other:?} is out of place")).into()),
        }
    }

    async fn parse(&mut self, name: &str, query: &str, types: &[u32], running: &Running) -> Outcome<()> {
        let statements = self.engine.parse(query).map_err(PgError::from)?;
        self.start_implicit();
        let prepared = match statements.as_slice() {
            [] => PreparedStatement::empty(),
            [statement] => {
                self.check_allowed(&statement.body)?;
                let planned = self.plan(statement, types, running).await;
                planned.map_err(|failure| failure.moved(statement.offset))?
            }
            _ => {
                let message = "cannot insert multiple commands into a prepared statement";
                return Err(PgError::error(state::SYNTAX_ERROR, message).into());
            }
        };
        self.statements.add(name, Arc::new(prepared))?;
        Ok(self.wire.put(&ParseComplete::new())?)
    }

    fn bind(&mut self, bind: Bind) -> PgResult<()> {
        let statement = self.statements.get(&bind.statement)?;
        self.check_plan_allowed(&statement.plan)?;
        self.start_implicit();
        let wanted = statement.parameters.len();
        if bind.parameters.len() != wanted {
            let got = bind.parameters.len();
            return Err(PgError::protocol(format!(
                "bind message supplies {got} parameters, but prepared statement \"{}\" requires {wanted}",
                bind.statement
            )));
        }
        let given = bind.parameter_formats.len();
        if given > 1 && given != wanted {
            return Err(PgError::protocol(format!(
                "bind message has {given} parameter formats but {wanted} parameters"
            )));
        }
        let formats = expand_formats(&bind.parameter_formats, wanted)?;
        let zone = self.settings.zone();
        let values = bind.parameters.iter().zip(&statement.parameters).zip(formats);
        let parameters = values
            .map(|((value, oid), format)| parameters::decode(value.as_deref(), *oid, format, &zone))
            .collect::<PgResult<Vec<_>>>()?;
        let columns = match &statement.plan {
            Plan::Fetch(_) | Plan::Session(_) => self.command_columns(&statement.plan),
            _ => statement.columns.clone(),
        };
        let count = columns.as_ref().map_or(0, |columns| columns.len());
        let formats = match columns {
            Some(_) => expand_formats(&bind.result_formats, count)?,
            None => Vec::new(),
        };
        let depth = self.transaction.depth();
        let progress = Progress::Ready;
        let (is_cursor, hold) = (false, Hold::No);
        let portal = Portal { statement, parameters, columns, formats, progress, depth, is_cursor, hold };
        self.portals.add(&bind.portal, portal)?;
        self.wire.put(&BindComplete::new())
    }

    /// In a transaction that has failed only its end may run.
    fn check_plan_allowed(&self, plan: &Plan) -> PgResult<()> {
        match plan {
            Plan::Empty => Ok(()),
            Plan::Session(statement) if ends_failed_transaction(statement) => Ok(()),
            _ => self.check_not_failed(),
        }
    }

    fn describe(&mut self, target: Target, name: &str) -> PgResult<()> {
        self.start_implicit();
        let (columns, formats) = match target {
            Target::Statement => {
                let statement = self.statements.get(name)?;
                let columns = match &statement.plan {
                    Plan::Fetch(_) | Plan::Session(_) => self.command_columns(&statement.plan),
                    _ => statement.columns.clone(),
                };
                if columns.is_some() {
                    self.check_not_failed()?;
                }
                self.wire.put(&ParameterDescription::new(statement.parameters.clone()))?;
                (columns, Vec::new())
            }
            Target::Portal => {
                let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
                let (columns, formats) = (portal.columns.clone(), portal.formats.clone());
                if columns.is_some() {
                    self.check_not_failed()?;
                }
                (columns, formats)
            }
        };
        match columns {
            Some(columns) => self.put_row_description(&columns, &formats),
            None => self.wire.put(&NoData::new()),
        }
    }

    async fn execute(&mut self, name: &str, max_rows: u32) -> Outcome<()> {
        let mut portal = self.portals.take(name).ok_or_else(|| no_portal(name))?;
        self.check_plan_allowed(&portal.statement.plan)?;
        self.start_implicit();
        let limit = if max_rows == 0 { u64::MAX } else { u64::from(max_rows) };
        let current = self.start_statement(&portal.statement.text.clone());
        let result = self.run_portal(&mut portal, limit, false, &current.running).await;
        self.finish_statement(current);
        let completion = result?;
        // What has ended the transaction has ended its portals too.
        if self.transaction.status != Status::Idle && self.portals.get(name).is_none() {
            self.portals.put_back(name.to_string(), portal);
        }
        match completion {
            Completion::Done(tag) => self.put_complete(&tag)?,
            Completion::Suspended => self.wire.put(&PortalSuspended::new())?,
            Completion::Empty => self.wire.put(&EmptyQueryResponse::new())?,
        }
        Ok(())
    }
}

fn no_portal(name: &str) -> PgError {
    PgError::error(state::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}
