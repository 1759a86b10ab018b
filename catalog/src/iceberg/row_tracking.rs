//! What a table tracks of its rows ("Row Lineage" in the specification).

use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::FormatVersion;

use super::table::IcebergTable;
use crate::error::{Error, Result};
use crate::row_tracking::{ROW_TRACKING, TracksRows};
use crate::split::RowColumn;
use crate::table::TableVersion;
use crate::version::ReadOptions;

#[async_trait]
impl TracksRows for IcebergTable {
    const COLUMNS: [(&str, RowColumn); 2] =
        [("_row_id", RowColumn::Id), ("_last_updated_sequence_number", RowColumn::Sequence)];

    /// Rows of snapshots that are older than the table's format version 3 have no ids.
    async fn tracked(&self, read: &ReadOptions) -> Result<(Arc<dyn TableVersion>, bool)> {
        let version = self.version(read).await?;
        if version.format_version() >= FormatVersion::V3 {
            return Ok((Arc::new(version), false));
        }
        let table = self.label();
        Err(Error::invalid(format!(
            "table {table} has no ${ROW_TRACKING}: Iceberg tracks rows from format version 3 on"
        )))
    }
}
