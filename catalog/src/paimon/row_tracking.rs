//! What a table tracks of its rows. (paimon-format section 13)

use std::sync::Arc;

use async_trait::async_trait;

use super::table::PaimonTable;
use crate::error::{Error, Result};
use crate::row_tracking::{ROW_TRACKING, TracksRows};
use crate::split::RowColumn;
use crate::table::TableVersion;
use crate::version::ReadOptions;

#[async_trait]
impl TracksRows for PaimonTable {
    const COLUMNS: [(&str, RowColumn); 2] =
        [("_ROW_ID", RowColumn::Id), ("_SEQUENCE_NUMBER", RowColumn::Sequence)];

    async fn tracked(&self, read: &ReadOptions) -> Result<(Arc<dyn TableVersion>, bool)> {
        let version = self.version(read).await?;
        if version.rules().row_tracking {
            return Ok((Arc::new(version), true));
        }
        let table = self.label();
        Err(Error::invalid(format!(
            "table {table} has no ${ROW_TRACKING}: it does not set 'row-tracking.enabled'"
        )))
    }
}
