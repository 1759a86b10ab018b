//! The tables of one statement, opened before it is planned.
//!
//! A table that the statement names twice, in whatever spelling, is opened once for each version
//! that it is asked for at: one query sees one snapshot of it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::TableSource;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, TableVersion};
use futures::future::join_all;
use parking_lot::Mutex;
use tarn_catalog::version::ReadOptions;
use tokio::sync::OnceCell;

use super::lakes::Lake;
use super::rights::{Allowed, guard};
use super::session::SessionShared;
use super::{temporary, time_travel};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::table_clause::TableClause;
use crate::sql::{Relation, Statement, folded, reserved_word};
use crate::system_catalog::CatalogView;

/// What FROM says: the parts of a name as they compare, and what follows the name.
type Spelling = (Vec<String>, Option<TableVersion>);

/// What was opened: the lake, the database, the table, and how it is read.
type Identity = (String, String, String, ReadOptions);

type Opened = Arc<OnceCell<Option<Arc<dyn TableSource>>>>;

/// Tables that are open, each once: for a statement, or for a transaction that sees each at one
/// version.
#[derive(Clone, Default)]
pub(super) struct OpenTables(Arc<Mutex<HashMap<Identity, Opened>>>);

pub(super) struct QueryTables {
    sources: HashMap<Spelling, Result<Arc<dyn TableSource>>>,
    /// What calls of `table_changes` give, by their arguments as text.
    changes: HashMap<String, Arc<dyn TableSource>>,
}

impl std::fmt::Debug for QueryTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryTables").field("count", &self.sources.len()).finish()
    }
}

impl QueryTables {
    /// No tables: for constant expressions.
    pub fn none() -> Arc<Self> {
        Arc::new(Self { sources: HashMap::new(), changes: HashMap::new() })
    }

    /// One table, opened before, under the name by which a statement calls it.
    pub fn one(name: &ObjectName, source: Arc<dyn TableSource>) -> Arc<Self> {
        let sources = HashMap::from([((folded(name), None), Ok(source))]);
        Arc::new(Self { sources, changes: HashMap::new() })
    }

    /// Opens the tables of a statement. A table that is not there or cannot be read is an error only
    /// when the planner asks for it; a clause that makes no sense is one at once.
    pub async fn open(
        session: &SessionShared,
        state: &SessionState,
        statement: &Statement,
        view: &Arc<CatalogView>,
        relations: Vec<Relation>,
    ) -> Result<Arc<Self>> {
        let mut wanted = Vec::with_capacity(relations.len());
        for relation in relations {
            let position = position(statement, &relation.name);
            if let Some(word) = reserved_word(&relation.name) {
                let message = format!("syntax error at or near \"{word}\"");
                return Err(Error::new(ErrorKind::Syntax, message).at(position));
            }
            let read = read_options(state, &relation).map_err(|error| error.at(position))?;
            if !relation.is_cte {
                wanted.push((relation, read, position));
            }
        }
        let opener =
            Opener { session, state, view, opened: session.open_tables(), allowed: session.allowed() };
        let found = wanted.into_iter().map(async |(relation, read, position)| {
            let parts = folded(&relation.name);
            let source = opener.find(&parts, &relation.name, &read).await;
            ((parts, relation.version), source.map_err(|error| error.at(position)))
        });
        let sources = join_all(found).await.into_iter().collect();
        Ok(Arc::new(Self { sources, changes: HashMap::new() }))
    }

    /// These tables, and what calls of `table_changes` give.
    pub fn with_changes(&self, changes: HashMap<String, Arc<dyn TableSource>>) -> Arc<Self> {
        Arc::new(Self { sources: self.sources.clone(), changes })
    }

    /// What a call of `table_changes` with these arguments gives.
    pub fn changes(&self, arguments: &str) -> Result<Arc<dyn TableSource>> {
        let unknown = || {
            Error::new(ErrorKind::Unsupported, "table_changes cannot stand here")
                .with_hint("It is a table: SELECT * FROM table_changes('t', 1, 2)")
        };
        self.changes.get(arguments).cloned().ok_or_else(unknown)
    }

    /// The table of a name in FROM.
    pub fn source(&self, parts: &[String], version: Option<&TableVersion>) -> Result<Arc<dyn TableSource>> {
        match self.sources.get(&(parts.to_vec(), version.cloned())) {
            Some(source) => source.clone(),
            None => Err(undefined_table(&parts.join("."))),
        }
    }
}

fn position(statement: &Statement, name: &ObjectName) -> Option<usize> {
    name.0.first().and_then(|part| part.as_ident()).and_then(|ident| statement.position(ident.span.start))
}

fn read_options(state: &SessionState, relation: &Relation) -> Result<ReadOptions> {
    let Some(version) = &relation.version else { return Ok(ReadOptions::default()) };
    let clause = TableClause::of(version).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("Tarn does not know the table version \"{version}\""))
            .with_hint("Write FOR VERSION AS OF 3, FOR VERSION AS OF 'tag' or FOR SYSTEM_TIME AS OF ...")
    })?;
    if relation.is_cte {
        return Err(no_versions(&relation.name.to_string(), "a common table expression"));
    }
    time_travel::read_options(&clause, state)
}

pub(super) fn no_versions(name: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::WrongObjectType,
        format!("\"{name}\" is {what}: it has no versions and takes no options"),
    )
}

pub(super) fn undefined_table(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist"))
}

/// Opens each table once.
struct Opener<'a> {
    session: &'a SessionShared,
    state: &'a SessionState,
    view: &'a Arc<CatalogView>,
    opened: OpenTables,
    allowed: Allowed,
}

impl Opener<'_> {
    async fn find(
        &self,
        parts: &[String],
        name: &ObjectName,
        read: &ReadOptions,
    ) -> Result<Arc<dyn TableSource>> {
        refuse_file_names(name)?;
        let engine = &self.session.engine;
        let current = &self.session.lake;
        match parts {
            [table] => match self.session.temporary.find(table) {
                Some(source) => unversioned(source, table, read),
                None => self.search(table, read).await,
            },
            [schema, table] if schema == temporary::SCHEMA => match self.session.temporary.find(table) {
                Some(source) => unversioned(source, table, read),
                None => Err(undefined_table(&parts.join("."))),
            },
            [database, table] => match self.in_database(current, database, table, read).await? {
                Some(source) => Ok(source),
                None => Err(self.explain_missing(current, Some(database), table).await),
            },
            [lake, database, table] => {
                let lake = engine.lake(lake).ok_or_else(|| {
                    let message = format!("lake \"{lake}\" does not exist");
                    Error::new(ErrorKind::UndefinedDatabase, message)
                        .with_hint(format!("Open are: {}.", engine.lake_names().join(", ")))
                })?;
                match self.in_database(lake, database, table, read).await? {
                    Some(source) => Ok(source),
                    None => Err(self.explain_missing(lake, Some(database), table).await),
                }
            }
            _ => Err(Error::new(ErrorKind::Syntax, format!("\"{name}\" has too many parts"))
                .with_hint("A table is called lake.database.table at most.")),
        }
    }

    /// A bare name: along the search path.
    async fn search(&self, table: &str, read: &ReadOptions) -> Result<Arc<dyn TableSource>> {
        for database in self.session.search_path().await? {
            if let Some(source) = self.in_database(&self.session.lake, &database, table, read).await? {
                return Ok(source);
            }
        }
        Err(self.explain_missing(&self.session.lake, None, table).await)
    }

    async fn in_database(
        &self,
        lake: &Arc<Lake>,
        database: &str,
        table: &str,
        read: &ReadOptions,
    ) -> Result<Option<Arc<dyn TableSource>>> {
        if let Some(system) = self.session.engine.system_schema(database) {
            let found = system.table(self.view, table).await?;
            if found.is_some() && *read != ReadOptions::default() {
                return Err(no_versions(table, "a system table"));
            }
            return Ok(found.map(provider_as_source));
        }
        let identity = (lake.name().to_owned(), database.to_owned(), table.to_owned(), read.clone());
        let cell = Arc::clone(self.opened.0.lock().entry(identity).or_default());
        let open = async || {
            let provider: Option<Arc<dyn TableProvider>> =
                lake.open_table(database, table, read, self.state).await?;
            Ok::<_, Error>(provider.map(provider_as_source))
        };
        let found = cell.get_or_try_init(open).await?.clone();
        // The rights of now, also where the transaction has opened the table before.
        found.map(|source| guard(source, &self.allowed, [lake.name(), database, table])).transpose()
    }

    /// Says what is there instead.
    async fn explain_missing(&self, lake: &Lake, database: Option<&str>, table: &str) -> Error {
        match super::missing::hint(self.session, lake, database, table).await {
            Ok(error) | Err(error) => error,
        }
    }
}

fn unversioned(
    source: Arc<dyn TableSource>,
    table: &str,
    read: &ReadOptions,
) -> Result<Arc<dyn TableSource>> {
    match *read == ReadOptions::default() {
        true => Ok(source),
        false => Err(no_versions(table, "a temporary table")),
    }
}

/// `FROM 'file.parquet'` reads a file of the server in some engines.
fn refuse_file_names(name: &ObjectName) -> Result<()> {
    let quoted = |ident: &Ident| ident.quote_style == Some('\'');
    if name.0.iter().filter_map(|part| part.as_ident()).any(quoted) {
        return Err(Error::new(ErrorKind::Permission, "a query cannot read files of the server")
            .with_hint("Open the folder as a lake: tarn name=./folder"));
    }
    Ok(())
}
