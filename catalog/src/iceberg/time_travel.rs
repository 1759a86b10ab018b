//! From what a query asks for to a snapshot and its schema.

use chrono::DateTime;
use iceberg::spec::{SchemaRef, SnapshotRef};

use super::metadata::Metadata;
use crate::error::{Error, Result};
use crate::version::VersionSpec;

const BRANCH: &str = "branch";

/// The snapshot that is asked for, `None` before the first one, and the schema to read it with: that of
/// the snapshot, except for the newest ones of a branch, which are read with the table's.
pub fn resolve(
    table: &str,
    metadata: &Metadata,
    spec: &VersionSpec,
) -> Result<(Option<SnapshotRef>, SchemaRef)> {
    let current = metadata.table.current_schema();
    match spec {
        VersionSpec::Latest => Ok((metadata.table.current_snapshot().cloned(), current.clone())),
        VersionSpec::Snapshot(id) => by_id(table, metadata, *id),
        VersionSpec::Named(name) => match (metadata.refs.get(name), name.parse()) {
            (Some(reference), _) => {
                let (snapshot, schema) = by_id(table, metadata, reference.snapshot_id)?;
                let schema = if reference.kind == BRANCH { current.clone() } else { schema };
                Ok((snapshot, schema))
            }
            (None, Ok(id)) => by_id(table, metadata, id),
            (None, Err(_)) => {
                let names: Vec<&str> = metadata.refs.keys().map(String::as_str).collect();
                let hint = format!("its branches and tags are: {}", names.join(", "));
                Err(Error::not_found(format!("branch or tag '{name}' of table {table}"), hint))
            }
        },
        VersionSpec::AsOfMillis(millis) => {
            // The newest entry of the main branch's history, as in Iceberg: snapshots of other branches
            // and those that were rolled back later do not count by their own times.
            let mut entries = metadata.table.history().iter();
            let entry = entries.rfind(|entry| entry.timestamp_ms() <= *millis);
            let entry = entry.ok_or_else(|| {
                let moment = DateTime::from_timestamp_millis(*millis);
                let text = moment.map_or_else(|| millis.to_string(), |moment| moment.to_string());
                Error::not_found(
                    format!("a snapshot of table {table} as of {text}"),
                    "its first one is newer",
                )
            })?;
            by_id(table, metadata, entry.snapshot_id)
        }
    }
}

pub fn by_id(table: &str, metadata: &Metadata, id: i64) -> Result<(Option<SnapshotRef>, SchemaRef)> {
    let snapshot = metadata.table.snapshot_by_id(id).ok_or_else(|| {
        Error::not_found(format!("snapshot {id} of table {table}"), format!("see {table}$snapshots"))
    })?;
    let schema = match snapshot.schema_id() {
        Some(schema) => metadata.table.schema_by_id(schema).cloned().ok_or_else(|| {
            Error::corrupt(format!("the metadata of table {table}"), format!("it has no schema {schema}"))
        })?,
        None => metadata.table.current_schema().clone(),
    };
    Ok((Some(snapshot.clone()), schema))
}
