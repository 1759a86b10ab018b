//! `t$history`: the versions that can be had, and what made them.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::action::CommitInfo;
use super::snapshot::commits;
use super::table::DeltaTable;
use super::time_travel::commit_times;
use crate::error::Result;
use crate::schema::TableSchema;
use crate::system::columns::{Columns, INSTANT, LONG, TEXT};
use crate::system::{SystemRow, SystemTable, SystemValue};
use crate::types::LogicalType;

pub const HISTORY: &str = "history";

/// Names and types of the columns. Parameters and metrics are JSON texts.
const COLUMNS: [(&str, LogicalType); 11] = [
    ("version", LONG),
    ("timestamp", INSTANT),
    ("user_name", TEXT),
    ("operation", TEXT),
    ("operation_parameters", TEXT),
    ("read_version", LONG),
    ("isolation_level", TEXT),
    ("is_blind_append", LogicalType::Boolean),
    ("operation_metrics", TEXT),
    ("user_metadata", TEXT),
    ("engine_info", TEXT),
];

pub fn open(table: DeltaTable) -> Arc<dyn SystemTable> {
    Arc::new(History { table })
}

#[derive(Debug)]
struct History {
    table: DeltaTable,
}

#[async_trait]
impl SystemTable for History {
    fn schema(&self) -> Arc<TableSchema> {
        Columns::all_optional(&COLUMNS).schema()
    }

    /// One row a version, the newest first.
    async fn rows(&self) -> Result<Vec<SystemRow>> {
        let table = &self.table;
        let log = table.log().await?;
        let latest = table.snapshot(&log, log.latest()?).await?;
        let times = commit_times(table.files(), &log, &latest).await?;
        let mut rows = Vec::new();
        let (Some((first, _)), Some((last, _))) = (times.first_key_value(), times.last_key_value()) else {
            return Ok(rows);
        };
        let commits = commits(table.files(), &log, *first, *last).await?;
        for ((version, millis), commit) in times.iter().zip(&commits) {
            let info = commit.lines.iter().find_map(|line| line.commit_info.as_ref());
            rows.push(row(*version, *millis, info));
        }
        rows.reverse();
        Ok(rows)
    }
}

fn row(version: i64, millis: i64, info: Option<&CommitInfo>) -> SystemRow {
    let text =
        |of: fn(&CommitInfo) -> Option<&String>| SystemValue::from(info.and_then(of).map(String::as_str));
    let json =
        |of: fn(&CommitInfo) -> Option<&Value>| SystemValue::from(info.and_then(of).map(Value::to_string));
    vec![
        version.into(),
        SystemValue::instant(millis),
        text(|info| info.user_name.as_ref()),
        text(|info| info.operation.as_ref()),
        json(|info| info.operation_parameters.as_ref()),
        info.and_then(|info| info.read_version).into(),
        text(|info| info.isolation_level.as_ref()),
        info.and_then(|info| info.is_blind_append).into(),
        json(|info| info.operation_metrics.as_ref()),
        text(|info| info.user_metadata.as_ref()),
        text(|info| info.engine_info.as_ref()),
    ]
}
