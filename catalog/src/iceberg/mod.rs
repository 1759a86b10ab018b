//! Apache Iceberg.
//!
//! [`IcebergTable`] finds the newest metadata file and in it versions; [`IcebergTableVersion`] plans
//! reads. Metadata files and manifest lists are decoded by the `iceberg` crate's `spec` module from
//! bytes that are read here, manifests by [`data_file`]; what they mean is worked out here: sequence numbers
//! ([`manifests`]), which deletes apply to which files ([`deletes`]), pruning by partitions and bounds
//! ([`ranges`]), what changed from snapshot to snapshot ([`changes`]). The crate's own scan planning hands out neither statistics nor sequence numbers.
//!
//! Facts about the format are from the Iceberg specification and from Iceberg 1.10's Java sources.

mod changes;
mod data_file;
mod deletes;
mod guard;
mod manifests;
mod metadata;
mod partitions;
mod plan;
mod ranges;
mod row_tracking;
mod schema;
mod system;
mod table;
mod table_version;
mod time_travel;
mod value;

pub use metadata::METADATA_SUFFIX;
pub use table::IcebergTable;
pub use table_version::IcebergTableVersion;
