//! System tables: `t$snapshots`, `t$files` and the others that show a table's metadata as rows.
//!
//! Columns and values are those of Paimon 2.0. Times are on the wall clock of this machine, texts of
//! values as Java prints them; where Java prints the address of an object (binary values) they are
//! hexadecimal digits. (paimon-format section 19)
//!
//! Tables of data (`audit_log`, `binlog`, `ro`, `row_tracking`) are none of these.

mod aggregation_fields;
mod branches;
mod buckets;
mod consumers;
mod context;
mod file_key_ranges;
mod file_stats;
mod files;
mod manifests;
mod options;
mod partitions;
mod schemas;
mod snapshots;
mod statistics;
mod table_indexes;
mod tags;
mod time;
mod totals;

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::paimon::table::PaimonTable;
use crate::schema::TableSchema;
use crate::system::{SystemRow, SystemTable, columns};
use crate::version::ReadOptions;

pub(super) use self::context::{CONCURRENT_READS, Context, Version};
pub(super) use self::partitions::partitions as partitions_of;
pub(super) use self::time::epoch_millis;
pub(super) use crate::system::columns::{Columns, LONG, TEXT};

/// Names of the system tables that every table has.
pub const NAMES: &[&str] = &[
    "aggregation_fields",
    "branches",
    "buckets",
    "consumers",
    "file_key_ranges",
    "files",
    "manifests",
    "options",
    "partitions",
    "schemas",
    "snapshots",
    "statistics",
    "table_indexes",
    "tags",
];

/// Opens a system table of a table; `None` for a name that is none of [`NAMES`].
pub fn open(table: &PaimonTable, name: &str, read: &ReadOptions) -> Option<Arc<dyn SystemTable>> {
    let kind = Kind::parse(name)?;
    Some(Arc::new(PaimonSystemTable { kind, context: Context::new(table.clone(), read.clone()) }))
}

#[derive(Debug)]
struct PaimonSystemTable {
    kind: Kind,
    context: Context,
}

#[async_trait]
impl SystemTable for PaimonSystemTable {
    fn schema(&self) -> Arc<TableSchema> {
        self.kind.columns().schema()
    }

    async fn rows(&self) -> Result<Vec<SystemRow>> {
        self.kind.rows(&self.context).await
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    AggregationFields,
    Branches,
    Buckets,
    Consumers,
    FileKeyRanges,
    Files,
    Manifests,
    Options,
    Partitions,
    Schemas,
    Snapshots,
    Statistics,
    TableIndexes,
    Tags,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "aggregation_fields" => Self::AggregationFields,
            "branches" => Self::Branches,
            "buckets" => Self::Buckets,
            "consumers" => Self::Consumers,
            "file_key_ranges" => Self::FileKeyRanges,
            "files" => Self::Files,
            "manifests" => Self::Manifests,
            "options" => Self::Options,
            "partitions" => Self::Partitions,
            "schemas" => Self::Schemas,
            "snapshots" => Self::Snapshots,
            "statistics" => Self::Statistics,
            "table_indexes" => Self::TableIndexes,
            "tags" => Self::Tags,
            _ => return None,
        })
    }

    fn columns(self) -> Columns {
        match self {
            Self::AggregationFields => aggregation_fields::columns(),
            Self::Branches => branches::columns(),
            Self::Buckets => buckets::columns(),
            Self::Consumers => consumers::columns(),
            Self::FileKeyRanges => file_key_ranges::columns(),
            Self::Files => files::columns(),
            Self::Manifests => manifests::columns(),
            Self::Options => options::columns(),
            Self::Partitions => partitions::columns(),
            Self::Schemas => schemas::columns(),
            Self::Snapshots => snapshots::columns(),
            Self::Statistics => statistics::columns(),
            Self::TableIndexes => table_indexes::columns(),
            Self::Tags => tags::columns(),
        }
    }

    async fn rows(self, context: &Context) -> Result<Vec<SystemRow>> {
        match self {
            Self::AggregationFields => aggregation_fields::rows(context).await,
            Self::Branches => branches::rows(context).await,
            Self::Buckets => buckets::rows(context).await,
            Self::Consumers => consumers::rows(context).await,
            Self::FileKeyRanges => file_key_ranges::rows(context).await,
            Self::Files => files::rows(context).await,
            Self::Manifests => manifests::rows(context).await,
            Self::Options => options::rows(context).await,
            Self::Partitions => partitions::rows(context).await,
            Self::Schemas => schemas::rows(context).await,
            Self::Snapshots => snapshots::rows(context).await,
            Self::Statistics => statistics::rows(context).await,
            Self::TableIndexes => table_indexes::rows(context).await,
            Self::Tags => tags::rows(context).await,
        }
    }
}
