//! Delta Lake.
//!
//! [`DeltaTable`] finds versions, [`DeltaTableVersion`] plans reads. Below them: [`log`] lists commits
//! and checkpoints, [`action`]s are their lines, [`snapshot`] replays them to the files of a version;
//! [`schema`] tells logical from physical columns, [`protocol`] refuses what is not implemented,
//! [`stats`] and partition values prune. [`changes`] tells what a range of versions changed.
//!
//! The log is read here and not through `delta_kernel`: the kernel is synchronous, reads checkpoints
//! through an engine that its user has to bring (its own brings a second object store and runtime),
//! hands out neither full statistics nor commit times, and decodes Parquet itself. What it would have
//! done, replaying a log, is a hundred lines.
//!
//! Facts about the format are from the Delta protocol and from Delta Spark 3.3.

mod action;
mod changes;
mod deletion_vector;
mod history;
mod log;
mod parquet_records;
mod plan;
mod protocol;
mod row_tracking;
mod schema;
mod snapshot;
mod stats;
mod table;
mod table_version;
mod time_travel;
mod value;

pub use table::{DeltaTable, LOG_FOLDER};
pub use table_version::DeltaTableVersion;
