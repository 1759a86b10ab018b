//! A Delta table at a version.

use std::sync::Arc;

use async_trait::async_trait;

use super::changes::Versions;
use super::log::Log;
use super::plan::plan;
use super::schema::{Columns, columns};
use super::snapshot::Snapshot;
use super::stats::Stats;
use super::table::DeltaTable;
use crate::error::Result;
use crate::follow::Follow;
use crate::schema::TableSchema;
use crate::split::TableScan;
use crate::table::{ScanRequest, TableVersion};

/// A version and its columns.
#[derive(Debug, Clone)]
pub struct DeltaTableVersion {
    table: DeltaTable,
    /// The log as it was when the version was chosen.
    log: Arc<Log>,
    snapshot: Arc<Snapshot>,
    columns: Columns,
}

impl DeltaTableVersion {
    pub(super) fn new(table: DeltaTable, log: Arc<Log>, snapshot: Arc<Snapshot>) -> Result<Self> {
        let columns = columns(table.label(), &snapshot)?;
        Ok(Self::under(table, log, snapshot, columns))
    }

    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// A version under the columns of another one.
    pub(super) fn under(table: DeltaTable, log: Arc<Log>, snapshot: Arc<Snapshot>, columns: Columns) -> Self {
        Self { table, log, snapshot, columns }
    }
}

#[async_trait]
impl TableVersion for DeltaTableVersion {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.columns.table)
    }

    fn snapshot_id(&self) -> Option<i64> {
        Some(self.snapshot.version)
    }

    /// Where every file says how many rows it has.
    fn exact_row_count(&self) -> Option<u64> {
        self.snapshot.files.iter().try_fold(0_u64, |sum, file| {
            let rows = Stats::parse(file.stats.as_deref())?.num_records?;
            let deleted = file.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality);
            sum.checked_add(rows.checked_sub(deleted)?)
        })
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        plan(&self.table, &self.columns, &self.snapshot, request)
    }

    fn follow(&self) -> Option<Arc<dyn Follow>> {
        let (log, newest) = (Arc::clone(&self.log), Arc::clone(&self.snapshot));
        Some(Arc::new(Versions::new(self.table.clone(), log, newest)))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
