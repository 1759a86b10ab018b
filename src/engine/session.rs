//! One client's session: its settings, and the one path that every statement takes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::activity::Peers;
use super::command::Command;
use super::interrupt::interruptible;
use super::parameters::bind;
use super::planning::{self, Planned};
use super::query_tables::OpenTables;
use super::rights::{Allowed, Rights};
use super::semantics::Announced;
use super::stream::{Limits, RowStream, timed_out};
use super::subscribe;
use super::system::SessionView;
use super::temporary::{TemporaryStatement, TemporaryTables};
use super::{Engine, Lake, engine_options, explain_lines, plan_error, search_path};
use crate::changes::subscription::{Fetch, Subscription};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::{self, Settings};
use crate::sql::{SetScope, Statement, StatementBody, Subscribe};

/// A statement that is planned and whose parameters are typed; it can run many times.
///
/// Running it plans it again: every run sees the tables as they are then.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub statement: Statement,
    /// Absent for statements that are not queries (`SET`, `BEGIN`). Its tables stand at the versions
    /// of when it was prepared; it is there to be looked at.
    pub plan: Option<LogicalPlan>,
    /// Columns of the result; `None` where the statement returns no rows.
    pub schema: Option<SchemaRef>,
    /// Types of `$1`, `$2`, ...; what nothing tells is text.
    pub parameter_types: Vec<Option<DataType>>,
}

/// What running a statement gives.
pub enum Execution {
    Rows(RowStream),
    /// A command tag as Postgres prints it: `SET`, `BEGIN`.
    Done(String),
}

/// Rows of a subscription, and the position behind them: it comes once they have all been read, and
/// where they ended with an error not at all.
pub struct Fetched {
    pub rows: RowStream,
    pub after: oneshot::Receiver<Subscription>,
}

/// A session in one lake.
pub struct Session {
    shared: Arc<SessionShared>,
}

/// What the work of a session on the query threads shares with it.
pub(super) struct SessionShared {
    pub engine: Arc<Engine>,
    pub lake: Arc<Lake>,
    context: SessionContext,
    pub settings: Settings,
    rights: Arc<dyn Rights>,
    peers: OnceLock<Arc<dyn Peers>>,
    /// The tables of a transaction that sees each at one version throughout.
    pinned: Mutex<Option<OpenTables>>,
    pub temporary: TemporaryTables,
}

impl Session {
    pub(super) fn new(engine: Arc<Engine>, lake: Arc<Lake>, rights: Arc<dyn Rights>) -> Self {
        let state = SessionStateBuilder::new_from_existing(engine.template().clone())
            .with_session_id(uuid::Uuid::new_v4().to_string())
            .build();
        let settings = Settings::default();
        let database = lake.known_default_database().unwrap_or("default").to_owned();
        settings.start_with(&[("search_path", database)], true);
        let context = SessionContext::new_with_state(state);
        settings::functions(&settings).into_iter().for_each(|function| context.register_udf(function));
        let (peers, pinned, temporary) = (OnceLock::new(), Mutex::default(), TemporaryTables::default());
        let shared = SessionShared { engine, lake, context, settings, rights, peers, pinned, temporary };
        Self { shared: Arc::new(shared) }
    }

    /// Makes the session one of a server's; it stays that.
    pub fn join(&self, peers: Arc<dyn Peers>) {
        self.shared.peers.get_or_init(|| peers);
    }

    pub fn engine(&self) -> &Arc<Engine> {
        &self.shared.engine
    }

    /// The lake that bare names and the search path belong to.
    pub fn lake(&self) -> &Arc<Lake> {
        &self.shared.lake
    }

    /// The DataFusion context behind the session, for functions and rules that a front adds; queries
    /// go through `prepare`.
    pub fn context(&self) -> &SessionContext {
        &self.shared.context
    }

    /// What system tables may know of this session.
    pub fn view(&self) -> SessionView {
        self.shared.view()
    }

    /// Databases in which bare table names are looked for, in order.
    pub async fn search_path(&self) -> Result<Vec<String>> {
        self.shared.search_path().await
    }

    /// The settings, which the session and its front share.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// From now on every table stays at the version at which it is first seen.
    pub fn pin_tables(&self) {
        self.shared.pinned.lock().get_or_insert_default();
    }

    /// From now on every statement sees tables as they are then.
    pub fn unpin_tables(&self) {
        *self.shared.pinned.lock() = None;
    }

    pub fn drop_temporary_tables(&self) {
        self.shared.temporary.clear();
    }

    /// The value of a setting, as `SHOW` prints it.
    pub fn setting(&self, name: &str) -> Result<String> {
        self.shared.setting(name)
    }

    /// Checks and sets a setting, as `SET` does.
    pub fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        self.shared.set_setting(name, &[value.to_owned()], SetScope::Session)
    }

    /// Parses a script into statements, each with its own text.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        crate::sql::parse(sql)
    }

    /// Plans one statement. `declared` are parameter types that the client said (`None`: infer).
    pub async fn prepare(&self, statement: &Statement, declared: &[Option<DataType>]) -> Result<Prepared> {
        if let Some(command) = Command::of(&statement.body)? {
            let (schema, parameter_types) = (command.schema(), declared.to_vec());
            return Ok(Prepared { statement: statement.clone(), plan: None, schema, parameter_types });
        }
        if let Some(temporary) = TemporaryStatement::of(statement)? {
            let parameter_types = match temporary {
                TemporaryStatement::Create { query, .. } => {
                    Box::pin(self.prepare(&query, declared)).await?.parameter_types
                }
                TemporaryStatement::Drop { .. } => declared.to_vec(),
            };
            return Ok(Prepared { statement: statement.clone(), plan: None, schema: None, parameter_types });
        }
        let (shared, statement, declared) = (Arc::clone(&self.shared), statement.clone(), declared.to_vec());
        let plan = async move {
            let state = shared.state();
            if let StatementBody::Subscribe(subscribe) = &statement.body {
                let opened = subscribe::open(&shared, &state, &statement, subscribe, &declared).await?;
                let schema = Some(opened.schema()?);
                let Planned { plan, parameter_types, .. } = opened.planned;
                return Ok(Prepared { statement, plan: Some(plan), schema, parameter_types });
            }
            let planned = planning::plan(&shared, &state, &statement, &declared).await?;
            let Planned { plan, parameter_types, announced } = planned;
            let schema = planning::result_schema(&statement, plan.schema().as_arrow(), &announced);
            Ok(Prepared { statement, plan: Some(plan), schema: Some(schema), parameter_types })
        };
        self.within_timeout(plan).await
    }

    /// Runs a prepared statement with its parameters. Its tables are opened anew, so that it sees
    /// what was committed since it was prepared.
    pub async fn execute(&self, prepared: &Prepared, parameters: Vec<ScalarValue>) -> Result<Execution> {
        let expected = prepared.schema.clone();
        let execution = self.start(&prepared.statement, &prepared.parameter_types, parameters).await?;
        if let (Execution::Rows(rows), Some(expected)) = (&execution, expected)
            && !planning::same_types(&rows.schema, &expected)
        {
            return Err(Error::new(ErrorKind::Unsupported, "cached plan must not change result type")
                .with_detail("A table of the statement has another schema than when it was prepared."));
        }
        Ok(execution)
    }

    /// Plans and runs a statement without parameters, once.
    pub async fn run(&self, statement: &Statement) -> Result<Execution> {
        self.start(statement, &[], vec![]).await
    }

    /// Begins a prepared SUBSCRIBE without running it: [`Session::fetch`] then goes on from position to
    /// position.
    pub async fn subscribe(&self, prepared: &Prepared, parameters: Vec<ScalarValue>) -> Result<Subscription> {
        let (shared, prepared) = (Arc::clone(&self.shared), prepared.clone());
        let begin = async move {
            let StatementBody::Subscribe(subscribe) = &prepared.statement.body else {
                return Err(Error::new(ErrorKind::Internal, "only SUBSCRIBE can be followed"));
            };
            shared.subscribe(&prepared.statement, subscribe, &prepared.parameter_types, parameters).await
        };
        self.within_timeout(begin).await
    }

    /// Goes on with a subscription; the position stays what it was.
    pub fn fetch(&self, position: &Subscription, fetch: Fetch) -> Fetched {
        let (told, after) = oneshot::channel();
        let (schema, position) = (Arc::clone(position.schema()), position.clone());
        let threads = self.shared.engine.cpu().handle();
        // The front has the statement's deadline.
        let limits = Limits { deadline: None, stop: CancellationToken::new() };
        let rows = RowStream::produced(threads, schema, limits, |output| async move {
            if let Some(after) = position.fetch(fetch, &output).await {
                // Whoever does not want it has dropped the rows too.
                let _told = told.send(after);
            }
        });
        Fetched { rows, after }
    }

    async fn start(
        &self,
        statement: &Statement,
        types: &[Option<DataType>],
        parameters: Vec<ScalarValue>,
    ) -> Result<Execution> {
        if let Some(command) = Command::of(&statement.body)? {
            return command.run(&self.shared).await;
        }
        let timeout = self.shared.settings.timeout("statement_timeout");
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let (shared, statement, types) = (Arc::clone(&self.shared), statement.clone(), types.to_vec());
        match TemporaryStatement::of(&statement)? {
            Some(temporary) => {
                let run = async move { temporary.run(&shared, &types, parameters, deadline).await };
                self.within_timeout(run).await.map(Execution::Done)
            }
            None => {
                let start = async move { shared.start(&statement, &types, parameters, deadline).await };
                self.within_timeout(start).await.map(Execution::Rows)
            }
        }
    }

    /// Runs a piece of work on the query threads for as long as a statement may take.
    async fn within_timeout<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let work = self.shared.engine.cpu().run(work);
        let timeout: Option<Duration> = self.shared.settings.timeout("statement_timeout");
        match timeout {
            None => work.await,
            Some(timeout) => tokio::time::timeout(timeout, work).await.map_err(|_| timed_out())?,
        }
    }
}

impl SessionShared {
    /// Plans a statement at this moment and starts it.
    pub async fn start(
        &self,
        statement: &Statement,
        types: &[Option<DataType>],
        parameters: Vec<ScalarValue>,
        deadline: Option<Instant>,
    ) -> Result<RowStream> {
        if let StatementBody::Subscribe(subscribe) = &statement.body {
            let position = self.subscribe(statement, subscribe, types, parameters).await?;
            return Ok(self.follow(position, deadline));
        }
        let state = self.state();
        let planned = planning::plan(self, &state, statement, types).await?;
        let plan = bind(planned.plan, &planned.parameter_types, parameters)?;
        let explain = |error| plan_error::explain(error, statement);
        let physical = state.create_physical_plan(&plan).await.map_err(explain)?;
        self.stream(&state, statement, physical, &planned.announced, deadline)
    }

    async fn subscribe(
        &self,
        statement: &Statement,
        subscribe: &Subscribe,
        types: &[Option<DataType>],
        parameters: Vec<ScalarValue>,
    ) -> Result<Subscription> {
        let state = self.state();
        let opened = subscribe::open(self, &state, statement, subscribe, types).await?;
        let Planned { plan, parameter_types, .. } = opened.planned.clone();
        let plan = bind(plan, &parameter_types, parameters)?;
        opened.subscription(plan, &state)
    }

    /// All rows of a subscription, now and later.
    fn follow(&self, position: Subscription, deadline: Option<Instant>) -> RowStream {
        let schema = Arc::clone(position.schema());
        let limits = Limits { deadline, stop: CancellationToken::new() };
        RowStream::produced(self.engine.cpu().handle(), schema, limits, |output| async move {
            // A subscription that is read to its end goes on nowhere.
            let _after = position.fetch(Fetch::LIVE, &output).await;
        })
    }

    fn stream(
        &self,
        state: &SessionState,
        statement: &Statement,
        plan: Arc<dyn ExecutionPlan>,
        announced: &Announced,
        deadline: Option<Instant>,
    ) -> Result<RowStream> {
        let stop = CancellationToken::new();
        let plan = interruptible(plan, &stop, self.engine.cpu().own_threads())?;
        let mut rows = execute_stream(Arc::clone(&plan), state.task_ctx())?;
        if matches!(statement.body, StatementBody::Explain(_)) {
            rows = explain_lines::lines(rows);
        }
        let schema = planning::result_schema(statement, &rows.schema(), announced);
        Ok(RowStream::spawn(self.engine.cpu().handle(), schema, rows, Some(plan), Limits { deadline, stop }))
    }

    pub async fn search_path(&self) -> Result<Vec<String>> {
        let mut path = match self.settings.search_path() {
            Some(path) => path,
            None => self.lake.default_database().await?.into_iter().collect(),
        };
        if self.engine.system_schema(search_path::SYSTEM).is_some()
            && !path.iter().any(|name| name == search_path::SYSTEM)
        {
            path.insert(0, search_path::SYSTEM.to_owned());
        }
        Ok(path)
    }

    pub fn view(&self) -> SessionView {
        SessionView {
            engine: Arc::clone(&self.engine),
            lake: Arc::clone(&self.lake),
            search_path: self.settings.search_path(),
            settings: self.settings.clone(),
            rights: Arc::clone(&self.rights),
            peers: self.peers.get().cloned(),
        }
    }

    /// What may be read at this moment.
    pub fn allowed(&self) -> Allowed {
        self.rights.now()
    }

    /// DataFusion's state for one statement, with the session's time zone.
    pub fn state(&self) -> SessionState {
        let mut state = self.context.state();
        state.config_mut().options_mut().execution.time_zone = Some(self.settings.engine_zone());
        state
    }

    /// Where tables are opened: for this statement, or for the transaction that has pinned them.
    pub fn open_tables(&self) -> OpenTables {
        self.pinned.lock().clone().unwrap_or_default()
    }

    pub fn setting(&self, name: &str) -> Result<String> {
        match name.strip_prefix("datafusion.") {
            Some(_) => engine_options::get(&self.context.state(), name),
            None => self.settings.show(name),
        }
    }

    pub fn set_setting(&self, name: &str, values: &[String], scope: SetScope) -> Result<()> {
        match name.strip_prefix("datafusion.") {
            Some(_) => engine_options::set(&self.context, name, &values.join(", ")),
            None => self.settings.set(name, values, scope),
        }
    }
}
