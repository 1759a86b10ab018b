//! `t$snapshots`: the snapshots that have not expired.

use futures::{StreamExt, TryStreamExt, stream};

use crate::error::Result;
use crate::paimon::snapshot::Snapshot;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::{CONCURRENT_READS, Context};
use super::time::local_time;

pub fn columns() -> Columns {
    Columns::new()
        .required("snapshot_id", LONG)
        .required("schema_id", LONG)
        .required("commit_user", TEXT)
        .required("commit_identifier", LONG)
        .required("commit_kind", TEXT)
        .required("commit_time", TIME)
        .required("base_manifest_list", TEXT)
        .required("delta_manifest_list", TEXT)
        .optional("changelog_manifest_list", TEXT)
        .optional("total_record_count", LONG)
        .optional("delta_record_count", LONG)
        .optional("changelog_record_count", LONG)
        .optional("watermark", LONG)
        .optional("next_row_id", LONG)
        .optional("operation", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let ids = context.timeline().snapshot_ids().await?;
    let reads = ids.into_iter().map(|id| async move { context.timeline().try_snapshot(id).await });
    let snapshots: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await?;
    // Those that expired since the listing are left out.
    Ok(snapshots.iter().flatten().map(|snapshot| row(snapshot)).collect())
}

fn row(snapshot: &Snapshot) -> SystemRow {
    vec![
        snapshot.id.into(),
        snapshot.schema_id.into(),
        snapshot.commit_user.as_str().into(),
        snapshot.commit_identifier.into(),
        snapshot.commit_kind.name().into(),
        local_time(snapshot.time_millis).into(),
        snapshot.base_manifest_list.as_str().into(),
        snapshot.delta_manifest_list.as_str().into(),
        snapshot.changelog_manifest_list.as_deref().into(),
        snapshot.total_record_count.into(),
        snapshot.delta_record_count.into(),
        snapshot.changelog_record_count.into(),
        snapshot.watermark.into(),
        snapshot.next_row_id.into(),
        snapshot.operation.as_deref().into(),
    ]
}
