//! From a snapshot to the files to read.
//!
//! Pruning goes from coarse to fine, and whatever it leaves out is known to hold no wanted row:
//! manifests by partition bounds, entries by partition and bucket, files by key bounds, files or
//! whole sections by the bounds of their values. (paimon-format sections 9, 13 and 16)

mod append;
mod bounds;
mod deletes;
mod index_pruning;
mod keyed;
mod lower;
mod scan;
mod sections;
mod stats;

pub use keyed::{key_positions, merge_rule, sections_of};
pub use scan::{Merging, PlanInput, plan_files, plan_snapshot};
