//! Folders of Parquet, ORC, CSV or JSON files without any metadata: a table is what its files are now.
//!
//! Columns are found by name, and their types are those of the files: where files differ, the wider
//! integer or floating point type holds both, and anything else is an error. Of CSV and JSON the types are
//! inferred from all values, and whole numbers of one file may be fractions in another. Folders named
//! `key=value` between the table's folder and a file make columns (as Hive and Spark write them).

mod arrow_type;
mod partitions;
mod table;
mod unify;

pub use table::FolderTable;
