//! `t$partitions`: the partitions that hold files.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::datum::Datum;
use crate::error::Result;
use crate::paimon::datum_text::cast_text;
use crate::paimon::index_manifest::DELETION_VECTORS;
use crate::paimon::live_files::PartitionOrder;
use crate::paimon::manifest::Partition;
use crate::schema::SchemaField;
use crate::system::{SystemRow, SystemValue};
use crate::types::LogicalType;

use super::columns::{Columns, LONG, TEXT, TIME};
use super::context::{Context, Version};
use super::time::wall_clock;
use super::totals::Totals;

pub fn columns() -> Columns {
    Columns::new()
        .optional("partition", TEXT)
        .required("record_count", LONG)
        .required("file_size_in_bytes", LONG)
        .required("file_count", LONG)
        .optional("last_update_time", TIME)
        .optional("created_at", TIME)
        .optional("created_by", TEXT)
        .optional("updated_by", TEXT)
        .optional("options", TEXT)
        .required("total_buckets", LogicalType::Int)
        .required("done", LogicalType::Boolean)
        .optional("deleted_record_count", LONG)
}

/// A partition and what its files add up to.
pub struct PartitionTotals {
    pub partition: Arc<Partition>,
    pub totals: Totals,
}

/// The partitions of a version, in order of their values. Postponed buckets do not count where they
/// cannot be read.
pub async fn partitions(version: &Version) -> Result<Vec<PartitionTotals>> {
    let manifests = version.all_manifests().await?;
    let mut partitions: BTreeMap<PartitionOrder<'_>, Totals> = BTreeMap::new();
    let entries = manifests.iter().flat_map(|manifest| &manifest.entries);
    for entry in entries.filter(|entry| version.reads_bucket(entry.bucket)) {
        let totals = Totals::of(entry);
        let known = partitions.entry(PartitionOrder(&entry.partition));
        known.and_modify(|all| all.add(totals)).or_insert(totals);
    }
    let present = partitions.into_iter().filter(|(_, totals)| totals.files > 0);
    Ok(present.map(|(key, totals)| PartitionTotals { partition: Arc::clone(key.0), totals }).collect())
}

pub async fn rows(context: &Context) -> Result<Vec<SystemRow>> {
    let version = context.version().await?;
    let deleted = deleted_rows(&version).await?;
    let rows = partitions(&version).await?.into_iter().map(|PartitionTotals { partition, totals }| {
        Ok(vec![
            name(&version, &partition.values)?.into(),
            totals.rows.into(),
            totals.size.into(),
            totals.files.into(),
            wall_clock(totals.last_creation_millis).into(),
            // What follows only catalogs know that keep partitions as objects of their own.
            SystemValue::NULL,
            SystemValue::NULL,
            SystemValue::NULL,
            SystemValue::NULL,
            totals.total_buckets.into(),
            false.into(),
            deleted.get(&partition.bytes).copied().unwrap_or(Some(0)).into(),
        ])
    });
    rows.collect()
}

/// Rows that deletion vectors delete, by partition; `None` where one was not counted.
async fn deleted_rows(version: &Version) -> Result<HashMap<Box<[u8]>, Option<u64>>> {
    let mut deleted = HashMap::new();
    let Some(snapshot) = version.snapshot.as_ref().filter(|_| version.rules.deletion_vectors) else {
        return Ok(deleted);
    };
    let Some(index) = version.manifests.index_of(snapshot).await? else { return Ok(deleted) };
    for entry in index.0.iter().filter(|entry| entry.index_type == DELETION_VECTORS) {
        let known = deleted.entry(entry.partition.clone()).or_insert(Some(0_u64));
        for range in &entry.deletion_vectors {
            *known = known.zip(range.cardinality).map(|(known, count)| known.saturating_add(count));
        }
    }
    Ok(deleted)
}

/// `k1=v1/k2=v2` of values cast to text, null and blank as the table's name for them.
///
/// Paimon takes the values from the partition's folder name, and refuses where it cannot read them back
/// from there. It has no name for such a partition then, and none is made up here.
fn name(version: &Version, values: &[Datum]) -> Result<String> {
    let default_name = &version.rules.partition_naming.default_name;
    let folders = version.folder_texts(values)?;
    let part = |((field, value), folder): ((&SchemaField, &Datum), String)| {
        let read_back = || reads_back(&folder, &field.data_type).then(|| cast_text(value, &field.data_type));
        let text = if folder == *default_name { Some(folder.clone()) } else { read_back().flatten() };
        let text = text.ok_or_else(|| {
            version.unsupported(format!("a partition named by {value:?} in column {}", field.name))
        })?;
        Ok(format!("{}={text}", field.name))
    };
    let parts = version.partition_fields().into_iter().zip(values).zip(folders).map(part);
    Ok(parts.collect::<Result<Vec<_>>>()?.join("/"))
}

/// Whether Paimon can read a value of this type from a folder name: not text that is longer than its
/// column, nor days before 1970 or timestamps in the spelling of `partition.legacy-name`.
fn reads_back(folder: &str, data_type: &LogicalType) -> bool {
    match data_type {
        LogicalType::Char { length } | LogicalType::Varchar { length } => {
            folder.chars().count() <= usize::try_from(*length).unwrap_or(usize::MAX)
        }
        LogicalType::Date => !folder.starts_with('-'),
        LogicalType::Timestamp { .. } | LogicalType::TimestampLtz { .. } => !folder.contains('T'),
        _ => true,
    }
}
