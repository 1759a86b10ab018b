//! Names that completion offers, read from the lake in the background.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::engine::{Lake, Session};

/// Tables whose columns are read: a large lake must not be opened table by table for completion.
const TABLES_DESCRIBED_MAX: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Names {
    pub databases: Vec<String>,
    /// Columns by table.
    pub tables: BTreeMap<String, Vec<String>>,
    pub functions: Vec<String>,
}

/// Shared with the prompt, which reads while the lake is listed.
pub(super) type SharedNames = Arc<RwLock<Names>>;

/// Reads the names of a session's lake, without keeping anybody waiting.
pub(super) fn refresh(names: &SharedNames, session: &Session) {
    let state = session.context().state();
    let mut functions: Vec<String> = state
        .scalar_functions()
        .keys()
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys())
        .cloned()
        .collect();
    functions.sort();
    functions.dedup();
    names.write().functions = functions;
    tokio::spawn(read(Arc::clone(names), Arc::clone(session.lake())));
}

/// A lake that cannot be listed has nothing to offer; queries tell why.
async fn read(names: SharedNames, lake: Arc<Lake>) {
    let Ok(databases) = lake.databases().await else { return };
    let mut tables = BTreeMap::new();
    for database in &databases {
        for table in lake.tables(database).await.unwrap_or_default() {
            let described = tables.len() < TABLES_DESCRIBED_MAX;
            let found = if described { lake.describe(database, &table).await.ok().flatten() } else { None };
            let columns =
                found.map(|table| table.schema.fields.iter().map(|field| field.name.clone()).collect());
            tables.insert(table, columns.unwrap_or_default());
        }
    }
    let mut names = names.write();
    names.databases = databases;
    names.tables = tables;
}
