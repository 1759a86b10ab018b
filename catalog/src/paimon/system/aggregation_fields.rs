//! `t$aggregation_fields`: the columns and what their `fields.*` options say.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::error::Result;
use crate::paimon::type_text;
use crate::system::SystemRow;

use super::columns::{Columns, TEXT};
use super::context::Context;

pub fn columns() -> Columns {
    Columns::new()
        .required("field_name", TEXT)
        .required("field_type", TEXT)
        .optional("function", TEXT)
        .optional("function_options", TEXT)
        .optional("comment", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let schema = context.latest_schema().await?;
    let options = context.ordered_options(&schema).await?;
    let by_field = options_by_field(&options);
    let types = schema.fields_json.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = schema.table.fields.iter().zip(types).map(|(field, json)| {
        let options = by_field.get(field.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        vec![
            field.name.as_str().into(),
            type_text::sql(json.get("type").unwrap_or(&Json::Null)).into(),
            list(options.iter().map(|(_, value)| *value)).into(),
            list(options.iter().map(|(key, _)| *key)).into(),
            field.description.as_deref().into(),
        ]
    });
    Ok(rows.collect())
}

/// Options `fields.{column}.{...}` by column.
fn options_by_field(options: &[(String, String)]) -> HashMap<&str, Vec<(&str, &str)>> {
    let mut by_field: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for (key, value) in options {
        // Java's split drops empty parts at the end.
        let mut parts = key.trim_end_matches('.').split('.');
        if let (Some("fields"), Some(field), Some(_)) = (parts.next(), parts.next(), parts.next()) {
            by_field.entry(field).or_default().push((key, value));
        }
    }
    by_field
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
