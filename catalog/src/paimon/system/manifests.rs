//! `t$manifests`: the manifests of a snapshot.

use crate::error::Result;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT};
use super::context::Context;

pub fn columns() -> Columns {
    Columns::new()
        .required("file_name", TEXT)
        .required("file_size", LONG)
        .required("num_added_files", LONG)
        .required("num_deleted_files", LONG)
        .required("schema_id", LONG)
        .optional("min_partition_stats", TEXT)
        .optional("max_partition_stats", TEXT)
        .optional("min_row_id", LONG)
        .optional("max_row_id", LONG)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let Some(snapshot) = &version.snapshot else { return Ok(Vec::new()) };
    let mut manifests = version.manifests.manifests_of(snapshot).await?;
    if let Some(changelog) = &snapshot.changelog_manifest_list {
        let list = version.manifests.list(changelog, snapshot.changelog_manifest_list_size).await?;
        manifests.extend(list.0.iter().cloned());
    }
    let rows = manifests.into_iter().map(|manifest| {
        let stats = &manifest.partition_stats;
        Ok(vec![
            manifest.file_name.into(),
            manifest.file_size.into(),
            manifest.added_files.into(),
            manifest.deleted_files.into(),
            manifest.schema_id.into(),
            version.partition_row_text(&stats.min_values)?.into(),
            version.partition_row_text(&stats.max_values)?.into(),
            manifest.row_ids.map(|(min, _)| min).into(),
            manifest.row_ids.map(|(_, max)| max).into(),
        ])
    });
    rows.collect()
}
