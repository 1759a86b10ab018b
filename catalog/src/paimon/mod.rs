//! Apache Paimon.

pub mod binary_row_writer;
pub mod bucket;
pub mod bucket_select;
pub mod hash;
