//! A catalog's warehouse as the engine reads it: tables become DataFusion's.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use tarn_catalog::paimon::ObjectName;
use tarn_catalog::split::TableScan;
use tarn_catalog::table::{ScanRequest, Table};
use tarn_catalog::version::ReadOptions;
use tarn_catalog::warehouse::Warehouse;

use super::tables::{LakeTables, TableDescription};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{self, SystemTableProvider};
use crate::scan::shared::ScanShared;

#[derive(Debug)]
pub(super) struct WarehouseTables {
    warehouse: Arc<dyn Warehouse>,
    scans: Arc<ScanShared>,
}

impl WarehouseTables {
    pub fn new(warehouse: Arc<dyn Warehouse>, scans: Arc<ScanShared>) -> Self {
        Self { warehouse, scans }
    }
}

#[async_trait]
impl LakeTables for WarehouseTables {
    async fn databases(&self) -> Result<Vec<String>> {
        Ok(self.warehouse.databases().await?)
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        Ok(self.warehouse.tables(database).await?)
    }

    async fn open(
        &self,
        database: &str,
        table: &str,
        read: &ReadOptions,
        _session: &dyn Session,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let name = ObjectName::parse(table)?;
        let metadata = name.system.as_deref().filter(|system| !DATA_TABLES.contains(system));
        let Some(system) = metadata else {
            let Some(table) = self.warehouse.table(database, table).await? else { return Ok(None) };
            let version = table.at(read).await?;
            return Ok(Some(provider::open(version, table.store(), &self.scans)));
        };
        let data_name = table.strip_suffix(system).and_then(|name| name.strip_suffix('$')).unwrap_or(table);
        let Some(table) = self.warehouse.table(database, data_name).await? else { return Ok(None) };
        match table.system_table(system, read).await? {
            Some(found) => Ok(Some(Arc::new(SystemTableProvider::new(found)))),
            None => Err(no_system_table(table.as_ref(), system)),
        }
    }

    async fn describe(&self, database: &str, table: &str) -> Result<Option<TableDescription>> {
        let Some(table) = self.warehouse.table(database, table).await? else { return Ok(None) };
        let version = table.at(&ReadOptions::default()).await?;
        Ok(Some(TableDescription {
            format: table.format().to_owned(),
            snapshot_id: version.snapshot_id(),
            schema: version.schema(),
        }))
    }

    async fn size(&self, database: &str, table: &str) -> Result<Option<u64>> {
        let Some(table) = self.warehouse.table(database, table).await? else { return Ok(None) };
        let version = table.at(&ReadOptions::default()).await?;
        Ok(Some(bytes_of(&version.plan(&ScanRequest::default()).await?)))
    }
}

/// Bytes of the files that a scan of all rows reads.
fn bytes_of(scan: &TableScan) -> u64 {
    let files = scan.splits.iter().flat_map(|split| split.unit.files());
    files.fold(0, |sum, file| sum.saturating_add(file.size))
}

/// System tables of Paimon that give data rather than metadata: tables like any other.
const DATA_TABLES: [&str; 4] = ["audit_log", "binlog", "ro", "row_tracking"];

fn no_system_table(table: &dyn Table, system: &str) -> Error {
    let message = format!("relation \"{}${system}\" does not exist", table.name());
    Error::new(ErrorKind::UndefinedTable, message)
        .with_hint(format!("Its system tables are: ${}.", table.system_tables().join(", $")))
}
