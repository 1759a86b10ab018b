//! Step 2 of a read: files with row masks, through DataFusion's own Parquet source where it can.

pub mod count;
mod delete_files;
pub mod deletes;
pub mod evolve;
mod filter;
pub mod footer;
mod late;
pub(crate) mod merged;
mod metrics;
mod morsel;
mod named;
mod output;
pub mod plan;
pub mod reader;
pub mod shared;
mod source;
pub mod touched_keys;
pub(crate) mod whole;
mod wrap;

pub use source::LakeSource;
