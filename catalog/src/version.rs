//! Which version of a table a query reads.

use std::collections::BTreeMap;

/// A version as the query names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum VersionSpec {
    #[default]
    Latest,
    /// `FOR VERSION AS OF 3`.
    Snapshot(i64),
    /// `FOR VERSION AS OF 'name'`: a tag (or what the format calls one); all digits is a snapshot id.
    Named(String),
    /// `FOR SYSTEM_TIME AS OF ...`: the newest version not after this instant, milliseconds since the epoch.
    AsOfMillis(i64),
}

/// How one table of one query is to be read: its version and dynamic options.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReadOptions {
    pub version: VersionSpec,
    /// `OPTIONS ('scan.snapshot-id' = '3', ...)`: options of the format, for this query alone.
    pub options: BTreeMap<String, String>,
}
