//! Apache Paimon.
//!
//! [`FileSystemWarehouse`] finds tables, [`PaimonTable`] their versions, [`PaimonTableVersion`] plans
//! reads. Below them, from the bytes up: [`avro`] and Parquet containers give records, records give
//! manifest lists, manifests and index manifests, whose rows ([`binary_row`]) become typed values;
//! [`timeline`] finds snapshots, [`live_files`] what they consist of, [`plan`] what of it to read.
//!
//! Facts about the format are from Apache Paimon 2.0's Java sources.

mod arrow_records;
pub mod binary_row;
pub mod binary_row_writer;
pub mod bucket;
pub mod bucket_select;
mod changes;
mod consumer;
mod data_layout;
mod data_type;
mod datum_cast;
mod datum_text;
pub mod deletion_vector;
pub mod file_index;
pub mod global;
pub mod hash;
pub mod index_manifest;
mod java_float;
mod java_heap;
mod java_map;
mod java_text;
mod joined_branches;
mod json;
mod layout;
pub mod live_files;
pub mod manifest;
pub mod manifest_list;
mod metadata_file;
mod names;
mod option_names;
mod options;
mod orc_records;
mod parquet_records;
mod partition_path;
mod plan;
mod read_optimized;
mod row_tracking;
pub mod rules;
pub mod scan_options;
pub mod schema;
mod schemas;
pub mod simple_stats;
pub mod snapshot;
mod statistics;
pub mod system;
mod table;
mod table_version;
#[cfg(test)]
mod tests;
mod time_travel;
pub mod timeline;
mod type_text;
mod warehouse;

pub use crate::cache::{CacheScope, MetadataCache};
pub use crate::files::MetadataFiles;
pub use crate::malformed::{Decoded, Malformed};
pub use changes::{LogTable, LogView};
pub use consumer::Consumer;
pub use layout::TableLayout;
pub use names::ObjectName;
pub use options::Options;
pub use plan::Merging;
pub use schemas::Schemas;
pub use statistics::{ColumnEstimates, ColumnStatistics, Statistics, TableEstimates};
pub use table::PaimonTable;
pub use table_version::PaimonTableVersion;
pub use warehouse::{FileSystemWarehouse, is_table_folder};
