//! Step 2 of a read: files with row masks, through DataFusion's own Parquet source where it can.

pub mod evolve;
pub mod footer;
pub mod reader;
