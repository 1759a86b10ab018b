//! `t$statistics`: what ANALYZE found out about the table.

use crate::error::Result;
use crate::paimon::statistics::ColumnStatistics;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT};
use super::context::Context;
use crate::paimon::json::pretty_object;

pub fn columns() -> Columns {
    Columns::new()
        .required("snapshot_id", LONG)
        .required("schema_id", LONG)
        .optional("mergedRecordCount", LONG)
        .optional("mergedRecordSize", LONG)
        .optional("colstat", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let Some(snapshot) = &version.snapshot else { return Ok(Vec::new()) };
    let Some(file) = context.table().statistics(snapshot).await? else { return Ok(Vec::new()) };
    let columns: Vec<_> =
        file.col_stats.0.iter().map(|(name, stats)| (name.clone(), column_text(stats))).collect();
    Ok(vec![vec![
        file.snapshot_id.into(),
        file.schema_id.into(),
        file.merged_record_count.into(),
        file.merged_record_size.into(),
        pretty_object(&columns, 0).into(),
    ]])
}

/// The statistics of a column as JSON, as Jackson prints them.
fn column_text(stats: &ColumnStatistics) -> String {
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    let quoted =
        |value: &Option<String>| value.as_deref().map(|text| serde_json::Value::from(text).to_string());
    let members = [
        ("colId", Some(stats.col_id.to_string())),
        ("distinctCount", number(stats.distinct_count)),
        ("min", quoted(&stats.min)),
        ("max", quoted(&stats.max)),
        ("nullCount", number(stats.null_count)),
        ("avgLen", number(stats.avg_len)),
        ("maxLen", number(stats.max_len)),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?)));
    pretty_object(&present.collect::<Vec<_>>(), 1)
}
