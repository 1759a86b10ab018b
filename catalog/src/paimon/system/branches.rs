//! `t$branches`: the branches besides the main one.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::error::{Error, Result};
use crate::paimon::layout::BRANCH_PREFIX;
use crate::system::SystemRow;

use super::columns::{Columns, TEXT, TIME};
use super::context::Context;
use super::time::local_time;

pub fn columns() -> Columns {
    Columns::new().required("branch_name", TEXT).required("create_time", TIME)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let folder = context.layout().branches();
    let mut rows = Vec::new();
    for name in context.files().folder_names(&folder).await? {
        let Some(branch) = name.strip_prefix(BRANCH_PREFIX) else { continue };
        let created = created_millis(context, &folder.clone().join(name.as_str())).await?;
        rows.push(vec![branch.into(), local_time(created).into()]);
    }
    Ok(rows)
}

/// When a branch was made, which no file says: Paimon shows when its folder was modified. Object
/// stores have no folders; there the oldest of its files stands for it.
async fn created_millis(context: &Context, folder: &Path) -> Result<i64> {
    if let Some(folder) = context.local_path(folder) {
        return modified_millis(folder).await;
    }
    let files: Vec<_> = context
        .files()
        .store()
        .list(Some(folder))
        .try_collect()
        .await
        .map_err(|error| Error::storage(folder.as_ref(), error))?;
    let oldest = files.iter().map(|file| file.last_modified.timestamp_millis()).min();
    oldest.ok_or_else(|| Error::not_found(format!("{folder}"), "the branch was dropped just now"))
}

async fn modified_millis(folder: PathBuf) -> Result<i64> {
    let failed = |error: std::io::Error| {
        let source = object_store::Error::Generic { store: "local", source: Box::new(error) };
        Error::storage(folder.display().to_string(), source)
    };
    let modified = tokio::fs::metadata(&folder).await.and_then(|meta| meta.modified()).map_err(failed)?;
    // Folders from before 1970 do not hold tables.
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
