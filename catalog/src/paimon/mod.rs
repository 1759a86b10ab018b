//! Apache Paimon.

pub mod binary_row_writer;
pub mod bucket;
pub mod bucket_select;
mod cursor;
pub mod deletion_vector;
pub mod file_index;
pub mod hash;
