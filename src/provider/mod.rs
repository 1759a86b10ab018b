//! Lake tables as DataFusion sees them.

mod datum;
mod pushdown;
mod statistics;
mod system;
mod table;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use object_store::ObjectStore;
use tarn_catalog::table::TableVersion;

use crate::changes::ChangeLogProvider;
use crate::scan::shared::ScanShared;

pub use datum::{datum_of, scalar_of};
pub use pushdown::predicate_of;
pub use system::SystemTableProvider;
pub use table::LakeTableProvider;

/// The same table with wide timestamps, if it has some: see [`crate::wide_timestamp`].
pub fn widened(table: &Arc<dyn TableProvider>) -> Option<Arc<dyn TableProvider>> {
    if let Some(table) = table.downcast_ref::<LakeTableProvider>() {
        return Some(Arc::new(table.widened()?));
    }
    let log = table.downcast_ref::<ChangeLogProvider>()?;
    Some(Arc::new(log.widened()?))
}

/// The table of a version: of its rows, or of a log of them.
pub fn open(
    version: Arc<dyn TableVersion>,
    store: Arc<dyn ObjectStore>,
    shared: &Arc<ScanShared>,
) -> Arc<dyn TableProvider> {
    match version.change_log() {
        Some(log) => Arc::new(ChangeLogProvider::new(log, store, Arc::clone(shared))),
        None => Arc::new(LakeTableProvider::new(version, store, Arc::clone(shared))),
    }
}
