//! What one statement sees of the catalog: names, and tables that it opens.
//!
//! Names are listed at most once a statement, a table is opened at most once. Listing is cheap; what
//! costs in a large lake is opening tables, so that it is put off until a value asks for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::try_join_all;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::oids::{Object, Oids, Part};
use super::{definitions, stored};
use crate::engine::{Lake, Readable, SessionView, TableDescription};
use crate::error::{Error, ErrorKind, Result};

/// The schema that is searched before those of the path.
pub const PG_CATALOG: &str = "pg_catalog";

/// What users without a name are called: those of the REPL.
const NAMELESS: &str = "tarn";

/// A table of the lake under its identifier.
#[derive(Debug)]
pub struct NamedTable {
    pub oid: u32,
    pub schema: Arc<str>,
    pub schema_oid: u32,
    pub name: String,
}

/// The names of the session's lake.
#[derive(Debug)]
pub struct Names {
    /// The schemas of the search path that exist, without the system's own.
    pub path: Vec<String>,
    /// Schemas with their identifiers, without the system's own.
    pub schemas: Vec<(Arc<str>, u32)>,
    pub tables: Vec<Arc<NamedTable>>,
    by_name: HashMap<(Arc<str>, String), usize>,
}

impl Names {
    pub fn table(&self, schema: &str, name: &str) -> Option<&Arc<NamedTable>> {
        let index = self.by_name.get(&(Arc::from(schema), name.to_owned()))?;
        self.tables.get(*index)
    }
}

type Description = Arc<OnceCell<Option<Arc<TableDescription>>>>;

/// The catalog as one statement of one session sees it.
#[derive(Debug)]
pub struct CatalogView {
    session: SessionView,
    names: OnceCell<Names>,
    descriptions: Mutex<HashMap<u32, Description>>,
    /// Whether the statement calls a function that looks at names.
    asks_for_names: AtomicBool,
}

impl CatalogView {
    pub fn new(session: SessionView) -> Arc<Self> {
        Arc::new(Self {
            session,
            names: OnceCell::new(),
            descriptions: Mutex::default(),
            asks_for_names: AtomicBool::new(false),
        })
    }

    pub fn session(&self) -> &SessionView {
        &self.session
    }

    pub fn lake(&self) -> &Arc<Lake> {
        &self.session.lake
    }

    pub fn oids(&self) -> &Oids {
        self.session.engine.oids()
    }

    /// The role of the session.
    pub fn user(&self) -> String {
        let name = self.session.settings.get("session_authorization").unwrap_or_default();
        if name.is_empty() { NAMELESS.to_owned() } else { name }
    }

    /// Lists the lake, once.
    pub async fn load_names(&self) -> Result<&Names> {
        self.names.get_or_try_init(|| self.list()).await
    }

    /// Notes that names have to be listed before the statement runs.
    pub fn ask_for_names(&self) {
        self.asks_for_names.store(true, Ordering::Relaxed);
    }

    /// Lists the lake if the statement asks for it.
    pub async fn load_if_asked(&self) -> Result<()> {
        if self.asks_for_names.load(Ordering::Relaxed) {
            self.load_names().await?;
        }
        Ok(())
    }

    /// The names, which were listed before the statement was planned.
    pub fn names(&self) -> Result<&Names> {
        self.names.get().ok_or_else(|| Error::new(ErrorKind::Internal, "the catalog was not listed"))
    }

    /// What the session may read of a table now. What it may not read at all is not in the catalog.
    pub fn readable(&self, schema: &str, table: &str) -> Readable {
        self.session.rights.now().table(self.lake().name(), schema, table)
    }

    async fn list(&self) -> Result<Names> {
        let lake = self.lake();
        let allowed = self.session.rights.now();
        let mut databases = lake.databases().await?;
        databases.retain(|database| allowed.any_in(lake.name(), database));
        let listed = try_join_all(databases.iter().map(|database| lake.tables(database))).await?;
        let mut names = Names { path: vec![], schemas: vec![], tables: vec![], by_name: HashMap::new() };
        for (database, tables) in databases.iter().zip(listed) {
            let schema: Arc<str> = Arc::from(database.as_str());
            let schema_oid = self.oids().of(Object::Database(lake.name().to_owned(), database.clone()));
            names.schemas.push((Arc::clone(&schema), schema_oid));
            for name in tables {
                if allowed.table(lake.name(), database, &name) == Readable::Nothing {
                    continue;
                }
                let object = Object::Table(lake.name().to_owned(), database.clone(), name.clone());
                names.by_name.insert((Arc::clone(&schema), name.clone()), names.tables.len());
                let (schema, oid) = (Arc::clone(&schema), self.oids().of(object));
                names.tables.push(Arc::new(NamedTable { oid, schema, schema_oid, name }));
            }
        }
        let path = match &self.session.search_path {
            Some(path) => path.clone(),
            None => lake.default_database().await?.into_iter().collect(),
        };
        let exists = |name: &String| databases.contains(name) || stored::schema_oid(name).is_some();
        names.path = path.into_iter().filter(exists).collect();
        Ok(names)
    }

    /// The schemas in which bare names are looked for, the system's first unless the path places it.
    pub fn searched(&self) -> Result<Vec<&str>> {
        let mut path: Vec<&str> = self.names()?.path.iter().map(String::as_str).collect();
        if !path.contains(&PG_CATALOG) {
            path.insert(0, PG_CATALOG);
        }
        Ok(path)
    }

    /// Whether a bare name finds what this schema has by it.
    pub fn is_visible(&self, schema: &str, name: &str) -> Result<bool> {
        let names = self.names()?;
        let has = |schema: &str| super::serves(schema, name) || names.table(schema, name).is_some();
        Ok(self.searched()?.into_iter().find(|searched| has(searched)) == Some(schema))
    }

    /// What an identifier of `pg_class` stands for: its schema and name.
    pub fn relation(&self, oid: u32) -> Result<Option<(String, String)>> {
        if let Some(system) = definitions::all().find(|system| system.oid == oid) {
            let served = super::serves(system.schema, system.name);
            return Ok(served.then(|| (system.schema.to_owned(), system.name.to_owned())));
        }
        let Some((Object::Table(lake, schema, table), part)) = self.oids().find(oid) else { return Ok(None) };
        if lake != self.lake().name() || self.names()?.table(&schema, &table).is_none() {
            return Ok(None);
        }
        Ok(match part {
            Part::Table => Some((schema, table)),
            Part::KeyIndex => Some((schema, key_name(&table))),
            Part::KeyConstraint => None,
        })
    }

    /// The table that an identifier belongs to, and as which part of it.
    pub fn table(&self, oid: u32) -> Result<Option<(Arc<NamedTable>, Part)>> {
        let Some((Object::Table(lake, schema, name), part)) = self.oids().find(oid) else { return Ok(None) };
        let found = if lake == self.lake().name() { self.names()?.table(&schema, &name) } else { None };
        Ok(found.map(|table| (Arc::clone(table), part)))
    }

    /// Opens a table; `None` where it is gone.
    pub async fn describe(&self, table: &NamedTable) -> Result<Option<Arc<TableDescription>>> {
        let cell = Arc::clone(self.descriptions.lock().entry(table.oid).or_default());
        let open = async || {
            let found = self.lake().describe(&table.schema, &table.name).await?;
            let found = found.map(|found| match self.readable(&table.schema, &table.name) {
                Readable::Columns(columns) => found.with_columns(&columns),
                _ => found,
            });
            Result::<_>::Ok(found.map(Arc::new))
        };
        cell.get_or_try_init(open).await.cloned()
    }
}

/// What PostgreSQL calls the primary key of a table, and its index.
pub fn key_name(table: &str) -> String {
    format!("{table}_pkey")
}
