//! `t$buckets`: the buckets that hold files.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::paimon::live_files::PartitionOrder;
use crate::system::SystemRow;
use crate::types::LogicalType;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::Context;
use super::time::wall_clock;
use super::totals::Totals;

pub fn columns() -> Columns {
    Columns::new()
        .optional("partition", TEXT)
        .required("bucket", LogicalType::Int)
        .required("record_count", LONG)
        .required("file_size_in_bytes", LONG)
        .required("file_count", LONG)
        .optional("last_update_time", TIME)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let manifests = version.all_manifests().await?;
    let mut buckets: BTreeMap<(PartitionOrder<'_>, i32), Totals> = BTreeMap::new();
    for entry in manifests.iter().flat_map(|manifest| &manifest.entries) {
        let totals = Totals::of(entry);
        buckets
            .entry((PartitionOrder(&entry.partition), entry.bucket))
            .and_modify(|all| all.add(totals))
            .or_insert(totals);
    }
    let present = buckets.iter().filter(|(_, totals)| totals.files > 0);
    let rows = present.map(|((partition, bucket), totals)| {
        vec![
            version.partition_text(&partition.0.values).into(),
            (*bucket).into(),
            totals.rows.into(),
            totals.size.into(),
            totals.files.into(),
            wall_clock(totals.last_creation_millis).into(),
        ]
    });
    Ok(rows.collect())
}
