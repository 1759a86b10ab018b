//! `t$consumers`: readers of the table's changes, and how far they are.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::paimon::layout::CONSUMER_PREFIX;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT};
use super::context::Context;

pub fn columns() -> Columns {
    Columns::new().required("consumer_id", TEXT).required("next_snapshot_id", LONG)
}

/// A `consumer-{id}` file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consumer {
    next_snapshot: i64,
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let mut rows = Vec::new();
    for name in context.files().file_names(&context.layout().consumers()).await? {
        let Some(id) = name.strip_prefix(CONSUMER_PREFIX) else { continue };
        let path = context.layout().consumer(id)?;
        // A consumer that was dropped since the listing is left out.
        let Some(bytes) = context.files().try_read(&path).await? else { continue };
        let consumer: Consumer = serde_json::from_slice(&bytes)
            .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
        rows.push(vec![id.into(), consumer.next_snapshot.into()]);
    }
    Ok(rows)
}
