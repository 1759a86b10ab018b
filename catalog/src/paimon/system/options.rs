//! `t$options`: the options that the table was created with or has been given since.

use crate::error::Result;
use crate::system::SystemRow;

use super::columns::{Columns, TEXT};
use super::context::Context;

pub fn columns() -> Columns {
    Columns::new().required("key", TEXT).required("value", TEXT)
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let schema = context.latest_schema().await?;
    Ok(schema
        .table
        .options
        .iter()
        .map(|(key, value)| vec![key.as_str().into(), value.as_str().into()])
        .collect())
}
