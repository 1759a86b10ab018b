//! DataFusion's own options that a session may set: how plans are made and shown.

use datafusion::common::config::ConfigOptions;
use datafusion::execution::SessionState;
use datafusion::prelude::SessionContext;

use crate::error::{Error, ErrorKind, Result};

/// Options that change plans and their display, never what a query means or may hold.
const SETTABLE: [&str; 4] = [
    "datafusion.explain.",
    "datafusion.optimizer.",
    "datafusion.execution.batch_size",
    "datafusion.execution.target_partitions",
];

/// Larger batches or more partitions than this are a mistake that costs everybody's memory.
const COUNT_MAX: usize = 65_536;

pub(super) fn get(state: &SessionState, name: &str) -> Result<String> {
    let entries = state.config_options().entries();
    entries
        .into_iter()
        .find(|entry| entry.key == name)
        .map(|entry| entry.value.unwrap_or_default())
        .ok_or_else(|| unknown(name))
}

pub(super) fn set(context: &SessionContext, name: &str, value: &str) -> Result<()> {
    if !SETTABLE.iter().any(|settable| name.starts_with(settable)) {
        return Err(Error::new(ErrorKind::Permission, format!("parameter \"{name}\" cannot be changed")));
    }
    if name.starts_with("datafusion.execution.")
        && !value.parse::<usize>().is_ok_and(|count| (1..=COUNT_MAX).contains(&count))
    {
        let message = format!("parameter \"{name}\" takes 1 to {COUNT_MAX}, not \"{value}\"");
        return Err(Error::new(ErrorKind::InvalidParameter, message));
    }
    let state = context.state_ref();
    let mut state = state.write();
    let options: &mut ConfigOptions = state.config_mut().options_mut();
    options.set(name, value).map_err(|_| unknown(name))
}

fn unknown(name: &str) -> Error {
    Error::new(
        ErrorKind::UndefinedSetting,
        format!("unrecognized configuration parameter \"{name}\", or no value for it"),
    )
}
