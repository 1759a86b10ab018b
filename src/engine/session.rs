//! One client's session: its settings, and the one path that every statement takes.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

use super::Engine;
use crate::error::Result;
use crate::sql::Statement;

/// A statement that is planned and whose parameters are typed; it can run many times.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub statement: Statement,
    /// Absent for statements that are not queries (`SET`, `BEGIN`).
    pub plan: Option<LogicalPlan>,
    /// Columns of the result; `None` where the statement returns no rows.
    pub schema: Option<SchemaRef>,
    /// Types of `$1`, `$2`, ...; `None` where nothing tells it.
    pub parameter_types: Vec<Option<DataType>>,
}

/// Rows of a running query. The work runs on the engine's CPU threads and stops when this is dropped.
pub struct RowStream {
    pub schema: SchemaRef,
    pub batches: SendableRecordBatchStream,
}

/// What running a statement gives.
pub enum Execution {
    Rows(RowStream),
    /// A command tag as Postgres prints it: `SET`, `BEGIN`.
    Done(String),
}

/// A session in one lake.
pub struct Session {
    engine: Arc<Engine>,
    context: SessionContext,
}

impl Session {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, context: SessionContext::new() }
    }

    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The DataFusion context behind the session, for planning tools; queries go through `prepare`.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Parses a script into statements, each with its own text.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        crate::sql::parse(sql)
    }

    /// Plans one statement. `declared` are parameter types that the client said (`None`: infer).
    pub async fn prepare(&self, statement: &Statement, declared: &[Option<DataType>]) -> Result<Prepared> {
        let plan = self.context.state().statement_to_plan(statement.to_datafusion()).await?;
        let schema = Arc::new(plan.schema().as_arrow().clone());
        Ok(Prepared {
            statement: statement.clone(),
            plan: Some(plan),
            schema: Some(schema),
            parameter_types: declared.to_vec(),
        })
    }

    /// Runs a prepared statement with its parameters.
    pub async fn execute(&self, prepared: &Prepared, parameters: Vec<ScalarValue>) -> Result<Execution> {
        let Some(plan) = prepared.plan.clone() else {
            return Ok(Execution::Done(String::new()));
        };
        let plan = plan.with_param_values(parameters)?;
        let frame = self.context.execute_logical_plan(plan).await?;
        let batches = frame.execute_stream().await?;
        Ok(Execution::Rows(RowStream { schema: batches.schema(), batches }))
    }
}
