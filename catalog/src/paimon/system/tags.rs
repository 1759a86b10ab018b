//! `t$tags`: the named snapshots.

use crate::error::Result;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::Context;
use super::time::{duration_text, local_time, to_millis};

pub fn columns() -> Columns {
    Columns::new()
        .required("tag_name", TEXT)
        .required("snapshot_id", LONG)
        .required("schema_id", LONG)
        .required("commit_time", TIME)
        .optional("record_count", LONG)
        .optional("create_time", TIME)
        .optional("time_retained", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let tags = context.timeline().tags().await?;
    let rows = tags.into_iter().map(|tag| {
        vec![
            tag.name.into(),
            tag.snapshot.id.into(),
            tag.snapshot.schema_id.into(),
            local_time(tag.snapshot.time_millis).into(),
            tag.snapshot.total_record_count.into(),
            tag.create_time.map(to_millis).into(),
            tag.time_retained_nanos.map(duration_text).into(),
        ]
    });
    Ok(rows.collect())
}
