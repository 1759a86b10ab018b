//! What a table tracks of its rows ("Row Tracking" in the protocol).
//!
//! A row's id is the file's `baseRowId` and the row's position, its version the file's
//! `defaultRowCommitVersion`; rows that were moved carry both in columns that the table's options name.

use std::sync::Arc;

use async_trait::async_trait;

use super::action::Add;
use super::snapshot::Snapshot;
use super::table::DeltaTable;
use crate::error::{Error, Result};
use crate::row_tracking::{ROW_TRACKING, TracksRows};
use crate::schema::SchemaField;
use crate::split::RowColumn;
use crate::table::TableVersion;
use crate::types::LogicalType;
use crate::version::ReadOptions;

const ENABLED: &str = "delta.enableRowTracking";
/// Options that name the columns in which files hold what was known of moved rows.
const MATERIALIZED: [(RowColumn, &str); 2] = [
    (RowColumn::Id, "delta.rowTracking.materializedRowIdColumnName"),
    (RowColumn::Sequence, "delta.rowTracking.materializedRowCommitVersionColumnName"),
];

/// The columns in which files may hold what is tracked of their rows.
pub fn stored_columns(snapshot: &Snapshot) -> Vec<SchemaField> {
    let stored = MATERIALIZED.iter().filter_map(|(column, option)| {
        Some(SchemaField {
            id: column.field_id(),
            name: snapshot.option(option)?.to_owned(),
            data_type: LogicalType::BigInt,
            nullable: true,
            description: None,
            default_value: None,
        })
    });
    stored.collect()
}

#[async_trait]
impl TracksRows for DeltaTable {
    const COLUMNS: [(&str, RowColumn); 2] =
        [("_row_id", RowColumn::Id), ("_row_commit_version", RowColumn::Sequence)];

    async fn tracked(&self, read: &ReadOptions) -> Result<(Arc<dyn TableVersion>, bool)> {
        let version = self.version(read).await?;
        let (table, snapshot) = (self.label(), version.snapshot());
        if snapshot.option(ENABLED) != Some("true") {
            let reason = format!("table {table} has no ${ROW_TRACKING}: it does not set '{ENABLED}'");
            return Err(Error::invalid(reason));
        }
        let untracked = |file: &&Add| file.base_row_id.is_none() || file.default_row_commit_version.is_none();
        if let Some(file) = snapshot.files.iter().find(untracked) {
            let reason = format!("file {} of it tracks no rows", file.path);
            return Err(Error::corrupt(format!("the log of table {table}"), reason));
        }
        Ok((Arc::new(version), true))
    }
}
