//! What a lake table is at a version.
//!
//! A [`Warehouse`](warehouse::Warehouse) holds tables; a [`Table`](table::Table) holds versions; a
//! version and a [`ScanRequest`](table::ScanRequest) give a [`TableScan`](split::TableScan): the
//! files to read, what deletes rows in them, and how their rows merge. Reading those files is the
//! business of the crate above: this one sees neither DataFusion nor a data file's contents.

mod avro;
pub mod cache;
pub mod changes;
pub mod common_units;
pub mod cursor;
pub mod datum;
pub mod deletion_vector;
pub mod delta;
pub mod error;
pub mod files;
pub mod follow;
pub mod iceberg;
pub mod location;
pub mod malformed;
pub mod merge_rule;
pub mod orc_tail;
pub mod paimon;
pub mod predicate;
pub mod pruning;
pub mod row_positions;
pub mod row_tracking;
pub mod schema;
pub mod split;
pub mod stats;
pub mod system;
pub mod table;
pub mod table_changes;
pub mod types;
mod value;
pub mod version;
pub mod version_difference;
pub mod warehouse;

pub use error::{Error, Result};
