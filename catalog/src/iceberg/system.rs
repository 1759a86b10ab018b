//! Tables of metadata: `t$snapshots`, `t$history`, `t$refs`, `t$manifests`, `t$files`; for `t$partitions` see
//! [`partitions`].

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use iceberg::spec::ManifestContentType;

use super::data_file::Content;
use super::manifests::{live, manifest_list};
use super::metadata::Metadata;
use super::partitions::Partitions;
use super::table::IcebergTable;
use crate::error::Result;
use crate::schema::TableSchema;
use crate::system::columns::{Columns, INSTANT, INT, LONG, TEXT};
use crate::system::{SystemRow, SystemTable, SystemValue};
use crate::types::LogicalType;

pub const NAMES: &[&str] = &["files", "history", "manifests", "partitions", "refs", "snapshots"];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Files,
    History,
    Manifests,
    Refs,
    Snapshots,
}

impl Kind {
    fn columns(self) -> &'static [(&'static str, LogicalType)] {
        match self {
            Self::Files => &[
                ("content", INT),
                ("file_path", TEXT),
                ("file_format", TEXT),
                ("spec_id", INT),
                ("record_count", LONG),
                ("file_size_in_bytes", LONG),
                ("sequence_number", LONG),
                ("snapshot_id", LONG),
                ("referenced_data_file", TEXT),
            ],
            Self::History => &[
                ("made_current_at", INSTANT),
                ("snapshot_id", LONG),
                ("parent_id", LONG),
                ("is_current_ancestor", LogicalType::Boolean),
            ],
            Self::Manifests => &[
                ("content", INT),
                ("path", TEXT),
                ("length", LONG),
                ("partition_spec_id", INT),
                ("added_snapshot_id", LONG),
                ("sequence_number", LONG),
            ],
            Self::Refs => &[
                ("name", TEXT),
                ("type", TEXT),
                ("snapshot_id", LONG),
                ("max_reference_age_in_ms", LONG),
                ("min_snapshots_to_keep", INT),
                ("max_snapshot_age_in_ms", LONG),
            ],
            Self::Snapshots => &[
                ("committed_at", INSTANT),
                ("snapshot_id", LONG),
                ("parent_id", LONG),
                ("operation", TEXT),
                ("manifest_list", TEXT),
                ("schema_id", INT),
            ],
        }
    }
}

/// Opens a table of metadata; `None` for a name that is none of [`NAMES`].
pub async fn open(table: &IcebergTable, name: &str) -> Result<Option<Arc<dyn SystemTable>>> {
    let kind = match name {
        "partitions" => return Ok(Some(Arc::new(Partitions::open(table.clone()).await?))),
        "files" => Kind::Files,
        "history" => Kind::History,
        "manifests" => Kind::Manifests,
        "refs" => Kind::Refs,
        "snapshots" => Kind::Snapshots,
        _ => return Ok(None),
    };
    Ok(Some(Arc::new(MetadataTable { kind, table: table.clone() })))
}

#[derive(Debug)]
struct MetadataTable {
    kind: Kind,
    table: IcebergTable,
}

#[async_trait]
impl SystemTable for MetadataTable {
    fn schema(&self) -> Arc<TableSchema> {
        Columns::all_optional(self.kind.columns()).schema()
    }

    async fn rows(&self) -> Result<Vec<SystemRow>> {
        let metadata = self.table.metadata().await?;
        match self.kind {
            Kind::Files => files(&self.table, &metadata).await,
            Kind::History => Ok(history(&metadata)),
            Kind::Manifests => manifests(&self.table, &metadata).await,
            Kind::Refs => Ok(refs(&metadata)),
            Kind::Snapshots => Ok(snapshots(&metadata)),
        }
    }
}

fn snapshots(metadata: &Metadata) -> Vec<SystemRow> {
    let mut snapshots: Vec<_> = metadata.table.snapshots().collect();
    snapshots.sort_by_key(|snapshot| (snapshot.timestamp_ms(), snapshot.sequence_number()));
    let row = |snapshot: &iceberg::spec::SnapshotRef| {
        vec![
            SystemValue::instant(snapshot.timestamp_ms()),
            snapshot.snapshot_id().into(),
            snapshot.parent_snapshot_id().into(),
            snapshot.summary().operation.as_str().into(),
            snapshot.manifest_list().into(),
            snapshot.schema_id().into(),
        ]
    };
    snapshots.into_iter().map(row).collect()
}

fn history(metadata: &Metadata) -> Vec<SystemRow> {
    let mut ancestors = HashSet::new();
    let mut next = metadata.table.current_snapshot();
    while let Some(snapshot) = next.filter(|snapshot| ancestors.insert(snapshot.snapshot_id())) {
        next = snapshot.parent_snapshot_id().and_then(|id| metadata.table.snapshot_by_id(id));
    }
    let row = |entry: &iceberg::spec::SnapshotLog| {
        let snapshot = metadata.table.snapshot_by_id(entry.snapshot_id);
        vec![
            SystemValue::instant(entry.timestamp_ms()),
            entry.snapshot_id.into(),
            snapshot.and_then(|snapshot| snapshot.parent_snapshot_id()).into(),
            ancestors.contains(&entry.snapshot_id).into(),
        ]
    };
    metadata.table.history().iter().map(row).collect()
}

fn refs(metadata: &Metadata) -> Vec<SystemRow> {
    let rows = metadata.refs.iter().map(|(name, reference)| {
        vec![
            name.as_str().into(),
            reference.kind.as_str().into(),
            reference.snapshot_id.into(),
            reference.max_ref_age_ms.into(),
            reference.min_snapshots_to_keep.into(),
            reference.max_snapshot_age_ms.into(),
        ]
    });
    rows.collect()
}

async fn manifests(table: &IcebergTable, metadata: &Metadata) -> Result<Vec<SystemRow>> {
    let Some(snapshot) = metadata.table.current_snapshot() else { return Ok(Vec::new()) };
    let manifests = manifest_list(table, metadata, snapshot).await?;
    let row = |manifest: iceberg::spec::ManifestFile| {
        let content = i32::from(manifest.content == ManifestContentType::Deletes);
        vec![
            content.into(),
            manifest.manifest_path.into(),
            manifest.manifest_length.into(),
            manifest.partition_spec_id.into(),
            manifest.added_snapshot_id.into(),
            manifest.sequence_number.into(),
        ]
    };
    Ok(manifests.into_iter().map(row).collect())
}

async fn files(table: &IcebergTable, metadata: &Metadata) -> Result<Vec<SystemRow>> {
    let Some(snapshot) = metadata.table.current_snapshot() else { return Ok(Vec::new()) };
    let (data, deletes) = live(table, metadata, snapshot).await?;
    let rows = data.into_iter().chain(deletes).map(|entry| {
        let file = &entry.file;
        let content = match file.content {
            Content::Data => 0,
            Content::PositionDeletes => 1,
            Content::EqualityDeletes => 2,
        };
        vec![
            content.into(),
            file.path.as_str().into(),
            file.format.as_str().into(),
            entry.spec_id.into(),
            file.rows.into(),
            file.size.into(),
            entry.sequence.into(),
            entry.snapshot_id.into(),
            file.referenced_data_file.as_deref().into(),
        ]
    });
    Ok(rows.collect())
}
