//! `t$schemas`: all schemas of the table.

use crate::error::Result;
use crate::paimon::type_text;
use crate::system::SystemRow;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::Context;
use super::time::local_time;
use crate::paimon::json::{object_text, texts_json};

pub fn columns() -> Columns {
    Columns::new()
        .required("schema_id", LONG)
        .required("fields", TEXT)
        .required("partition_keys", TEXT)
        .required("primary_keys", TEXT)
        .required("options", TEXT)
        .optional("comment", TEXT)
        .required("update_time", TIME)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let mut rows = Vec::new();
    for id in context.schemas().ids().await? {
        let schema = context.schemas().get(id).await?;
        let options = context.ordered_options(&schema).await?;
        rows.push(vec![
            id.into(),
            type_text::fields_json(&schema.fields_json).into(),
            texts_json(&schema.table.partition_keys).into(),
            texts_json(&schema.table.primary_key).into(),
            object_text(&options).into(),
            schema.table.comment.as_deref().into(),
            local_time(schema.time_millis).into(),
        ]);
    }
    Ok(rows)
}
