//! Schemas that stand in every lake beside its databases: `information_schema`, `pg_catalog`.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;

use super::{Engine, Lake, Peers, Rights};
use crate::error::Result;
use crate::settings::Settings;
use crate::system_catalog::CatalogView;

/// A schema whose tables Tarn makes up. Unqualified names are looked for in `pg_catalog` first.
#[async_trait]
pub trait SystemSchema: Debug + Send + Sync {
    fn name(&self) -> &str;

    fn table_names(&self) -> Vec<String>;

    /// A table as one statement sees it; `None` when there is no such table.
    async fn table(&self, view: &Arc<CatalogView>, table: &str) -> Result<Option<Arc<dyn TableProvider>>>;
}

/// What a system table may know of the session that reads it.
#[derive(Debug, Clone)]
pub struct SessionView {
    pub engine: Arc<Engine>,
    /// The lake that the session is connected to.
    pub lake: Arc<Lake>,
    /// Databases in which bare names are looked for; `None` leaves it to the lake.
    pub search_path: Option<Vec<String>>,
    pub settings: Settings,
    /// What the session's user may read.
    pub rights: Arc<dyn Rights>,
    /// The other sessions of its server, if it has one.
    pub peers: Option<Arc<dyn Peers>>,
}
