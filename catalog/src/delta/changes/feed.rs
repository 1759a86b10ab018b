//! The change data feed of a commit: files that hold its changed rows with their kinds.

use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::{ChangeLog, ChangeStep, Commit, LogLayout, RowKinds};
use crate::delta::action::{Add, ChangeFile};
use crate::delta::plan::Planner;
use crate::delta::schema::Columns;
use crate::delta::table::DeltaTable;
use crate::error::Result;
use crate::schema::TableSchema;
use crate::table::ScanRequest;
use crate::version_difference::{change_layout, rows_of};

/// The column of change files that names the kind of each row.
const CHANGE_TYPE: &str = "_change_type";

/// The changes that a commit's own change files hold.
#[derive(Debug)]
pub struct ChangeFeed {
    table: DeltaTable,
    columns: Columns,
    files: Vec<Add>,
    commit: Commit,
    layout: LogLayout,
}

impl ChangeFeed {
    pub fn new(table: DeltaTable, columns: Columns, files: &[&ChangeFile], commit: Commit) -> Self {
        let files = files.iter().map(|file| as_data_file(file)).collect();
        Self { table, columns, files, commit, layout: change_layout() }
    }
}

/// A change file is read as a data file is. Nothing is known of its contents.
fn as_data_file(file: &ChangeFile) -> Add {
    Add {
        path: file.path.clone(),
        partition_values: file.partition_values.clone(),
        size: file.size,
        modification_time: None,
        data_change: false,
        stats: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
    }
}

#[async_trait]
impl ChangeLog for ChangeFeed {
    fn table_schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.columns.table)
    }

    fn layout(&self) -> &LogLayout {
        &self.layout
    }

    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>> {
        let mut planner = Planner::new(&self.table, &self.columns, request);
        for file in &self.files {
            planner.add(file)?;
        }
        let scan = planner.finish(Some(self.commit.version));
        let kinds = RowKinds::InWords { column: CHANGE_TYPE.to_owned() };
        Ok(vec![rows_of(scan, kinds, Some(self.commit))])
    }
}
