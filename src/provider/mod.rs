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
