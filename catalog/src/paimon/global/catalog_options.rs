//! `sys.catalog_options`: the options that the warehouse was opened with.

use crate::paimon::system::{Columns, TEXT};
use crate::system::SystemRow;

use super::context::GlobalContext;

pub fn columns() -> Columns {
    Columns::new().required("key", TEXT).required("value", TEXT)
}

pub fn rows(context: &GlobalContext) -> Vec<SystemRow> {
    context.options.iter().map(|(key, value)| vec![key.as_str().into(), value.as_str().into()]).collect()
}
