//! A catalog's warehouse as the engine reads it: tables become DataFusion's.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use tarn_catalog::version::ReadOptions;
use tarn_catalog::warehouse::Warehouse;

use super::tables::{LakeTables, TableDescription};
use crate::error::Result;
use crate::provider::LakeTableProvider;
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
        let Some(table) = self.warehouse.table(database, table).await? else { return Ok(None) };
        let version = table.at(read).await?;
        Ok(Some(Arc::new(LakeTableProvider::new(version, table.store(), Arc::clone(&self.scans)))))
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
}
