//! What changed in a Paimon table: incremental reads, streaming reads, and the tables `t$audit_log`
//! and `t$binlog` that show rows with their kinds. (paimon-format sections 10, 15 and 19)

mod commits;
mod difference;
mod follow;
mod log;
mod range;
mod snapshot_rows;
mod splits;
mod version_changes;
mod versions;
mod view;

pub use versions::Versions;
pub use view::{LogTable, LogView, open};
