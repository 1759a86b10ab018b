//! Two branches read as one: partitions that the first lacks come from the second
//! (`scan.fallback-branch`, `scan.primary-branch`).

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::split::TableScan;
use crate::table::{ScanRequest, TableVersion};
use crate::version::{ReadOptions, VersionSpec};

use super::manifest::ManifestEntry;
use super::rules::OtherBranch;
use super::snapshot::Snapshot;
use super::table::PaimonTable;
use super::table_version::PaimonTableVersion;

const SNAPSHOT_ID: &str = "scan.snapshot-id";
/// The snapshot that Paimon reads of a branch which began after the version that was asked for.
const FIRST_SNAPSHOT: i64 = 1;

/// A version of a table over two of its branches. Rows and snapshot id are told as of its own branch.
#[derive(Debug)]
pub struct JoinedBranches {
    own: PaimonTableVersion,
    other: PaimonTableVersion,
    /// Partitions of the own branch are complete, rather than those of the other.
    own_is_complete: bool,
}

impl JoinedBranches {
    pub async fn open(
        own: PaimonTableVersion,
        other: &PaimonTable,
        joined: &OtherBranch,
        read: &ReadOptions,
    ) -> Result<Self> {
        let read = read_of_other(&own, other, read).await?;
        let other = other.own_version(&read).await?;
        check_schemas(own.table().label(), joined, &own.schema(), &other.schema())?;
        Ok(Self { own, other, own_is_complete: matches!(joined, OtherBranch::Fallback(_)) })
    }
}

/// Snapshot ids are those of the own branch: on the other one they mean the time of their commit.
async fn read_of_other(
    own: &PaimonTableVersion,
    other: &PaimonTable,
    read: &ReadOptions,
) -> Result<ReadOptions> {
    let by_id = match &read.version {
        VersionSpec::Snapshot(_) => true,
        VersionSpec::Named(name) => own.snapshot().is_some_and(|snapshot| snapshot.id.to_string() == *name),
        VersionSpec::Latest => read.options.contains_key(SNAPSHOT_ID),
        VersionSpec::AsOfMillis(_) => false,
    };
    let snapshot: Option<&Arc<Snapshot>> = own.snapshot().filter(|_| by_id);
    let Some(snapshot) = snapshot else {
        return Ok(read.clone());
    };
    let then = other.timeline().at_or_before(snapshot.time_millis).await?;
    let version = VersionSpec::Snapshot(then.map_or(FIRST_SNAPSHOT, |snapshot| snapshot.id));
    let mut options = read.options.clone();
    options.remove(SNAPSHOT_ID);
    options.remove("scan.mode");
    Ok(ReadOptions { version, options })
}

/// Rows of both branches must have the same columns.
fn check_schemas(table: &str, joined: &OtherBranch, own: &TableSchema, other: &TableSchema) -> Result<()> {
    let columns = |schema: &TableSchema| {
        schema.fields.iter().map(|field| (field.id, field.data_type.clone())).collect::<Vec<_>>()
    };
    if columns(own) == columns(other) && own.partition_keys == other.partition_keys {
        return Ok(());
    }
    let branch = joined.name();
    Err(Error::unsupported(
        table,
        format!("joining branch '{branch}', which has other columns or partition keys,"),
    ))
}

#[async_trait]
impl TableVersion for JoinedBranches {
    fn schema(&self) -> Arc<TableSchema> {
        self.own.schema()
    }

    fn snapshot_id(&self) -> Option<i64> {
        self.own.snapshot_id()
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        let (first, second) = match self.own_is_complete {
            true => (&self.own, &self.other),
            false => (&self.other, &self.own),
        };
        let complete = partitions(first).await?;
        let lacking = |entry: &ManifestEntry| !complete.contains(&entry.partition.bytes);
        let (mut scan, rest) = futures::try_join!(first.plan(request), second.plan_where(request, &lacking))?;
        append(&mut scan, rest);
        scan.schema = self.own.schema();
        scan.snapshot_id = self.own.snapshot_id();
        Ok(scan)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// The partitions of a version that hold any file.
async fn partitions(version: &PaimonTableVersion) -> Result<HashSet<Box<[u8]>>> {
    let Some(snapshot) = version.snapshot() else {
        return Ok(HashSet::new());
    };
    let live = version.table().manifest_reader(&version.schema()).live(snapshot).await?;
    Ok(live.iter().map(|entry| entry.partition.bytes.clone()).collect())
}

/// Adds the splits of another scan, whose files refer to its own schemas and deletes.
fn append(scan: &mut TableScan, rest: TableScan) {
    let (schemas, deletes) = (scan.file_schemas.len(), scan.deletes.len());
    scan.file_schemas.extend(rest.file_schemas);
    scan.deletes.extend(rest.deletes);
    for mut split in rest.splits {
        for file in split.unit.files_mut() {
            file.file_schema += schemas;
            file.deletes.iter_mut().for_each(|delete| *delete += deletes);
        }
        scan.splits.push(split);
    }
    scan.pruning += rest.pruning;
}
