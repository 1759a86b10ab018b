//! The database `sys`: tables about all Paimon tables of a warehouse.
//!
//! Columns are those of Paimon 2.0; what only a catalog server knows (owners, row counts) is null, as in
//! Paimon's file system catalog. Tables of other formats are left out. (paimon-format section 19)

mod catalog_options;
mod context;
mod partitions;
mod table_options;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::schema::TableSchema;
use crate::system::{SystemRow, SystemTable};
use crate::warehouse::Warehouse;

use super::system::Columns;
use context::GlobalContext;

/// The database that holds these tables.
pub const DATABASE: &str = "sys";

/// The tables of [`DATABASE`], sorted.
pub const NAMES: &[&str] = &["all_table_options", "catalog_options", "partitions", "tables"];

/// Opens a table of [`DATABASE`] for a warehouse that was opened with `options`; `None` for a name that
/// is none of [`NAMES`].
pub fn open(
    warehouse: &Arc<dyn Warehouse>,
    options: BTreeMap<String, String>,
    name: &str,
) -> Option<Arc<dyn SystemTable>> {
    let kind = Kind::parse(name)?;
    let context = GlobalContext::new(Arc::clone(warehouse), options);
    Some(Arc::new(GlobalTable { kind, context }))
}

#[derive(Debug)]
struct GlobalTable {
    kind: Kind,
    context: GlobalContext,
}

#[async_trait]
impl SystemTable for GlobalTable {
    fn schema(&self) -> Arc<TableSchema> {
        self.kind.columns().schema()
    }

    async fn rows(&self) -> Result<Vec<SystemRow>> {
        self.kind.rows(&self.context).await
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    AllTableOptions,
    CatalogOptions,
    Partitions,
    Tables,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all_table_options" => Self::AllTableOptions,
            "catalog_options" => Self::CatalogOptions,
            "partitions" => Self::Partitions,
            "tables" => Self::Tables,
            _ => return None,
        })
    }

    fn columns(self) -> Columns {
        match self {
            Self::AllTableOptions => table_options::columns(),
            Self::CatalogOptions => catalog_options::columns(),
            Self::Partitions => partitions::columns(),
            Self::Tables => tables::columns(),
        }
    }

    async fn rows(self, context: &GlobalContext) -> Result<Vec<SystemRow>> {
        match self {
            Self::AllTableOptions => table_options::rows(context).await,
            Self::CatalogOptions => Ok(catalog_options::rows(context)),
            Self::Partitions => partitions::rows(context).await,
            Self::Tables => tables::rows(context).await,
        }
    }
}
