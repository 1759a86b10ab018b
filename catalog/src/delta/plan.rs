//! From a version to the files to read.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::path::Path;

use super::action::{Add, DeletionVector};
use super::deletion_vector;
use super::schema::{Columns, PartitionColumn};
use super::snapshot::Snapshot;
use super::stats::Stats;
use super::table::DeltaTable;
use super::value::partition_value;
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::location::{below, is_full};
use crate::pruning::{Range, may_match};
use crate::split::{DataFile, DeleteSource, FileFormat, PruningCounts, Split, SplitUnit, TableScan};
use crate::table::ScanRequest;
use crate::types::LogicalType;

/// Plans a read of a version's files.
pub fn plan(
    table: &DeltaTable,
    columns: &Columns,
    snapshot: &Snapshot,
    request: &ScanRequest,
) -> Result<TableScan> {
    let mut planner = Planner::new(table, columns, request);
    for file in &snapshot.files {
        planner.add(file)?;
    }
    Ok(planner.finish(Some(snapshot.version)))
}

/// Collects the files of a scan.
pub struct Planner<'a> {
    table: &'a DeltaTable,
    columns: &'a Columns,
    request: &'a ScanRequest,
    /// Partitions by the text of their values, and whether they may hold wanted rows.
    partitions: BTreeMap<&'a BTreeMap<String, Option<String>>, Partition>,
    deletes: Vec<DeleteSource>,
    pruning: PruningCounts,
}

struct Partition {
    values: Arc<Vec<Datum>>,
    constants: Arc<Vec<(i32, Datum)>>,
    wanted: bool,
    files: Vec<DataFile>,
}

impl<'a> Planner<'a> {
    pub fn new(table: &'a DeltaTable, columns: &'a Columns, request: &'a ScanRequest) -> Self {
        Self {
            table,
            columns,
            request,
            partitions: BTreeMap::new(),
            deletes: Vec::new(),
            pruning: PruningCounts::default(),
        }
    }

    /// Adds a file unless it cannot hold a wanted row.
    pub fn add(&mut self, add: &'a Add) -> Result<()> {
        self.pruning.files_considered += 1;
        if !self.partitions.contains_key(&add.partition_values) {
            let partition = self.partition(&add.partition_values)?;
            self.pruning.partitions_considered += 1;
            self.pruning.partitions_pruned += u64::from(!partition.wanted);
            self.partitions.insert(&add.partition_values, partition);
        }
        let Some(partition) = self.partitions.get(&add.partition_values) else { return Ok(()) };
        let constants = Arc::clone(&partition.constants);
        let stats = Stats::parse(add.stats.as_deref());
        if !partition.wanted || !self.file_may_match(stats.as_ref(), &partition.values) {
            self.pruning.files_pruned += 1;
            return Ok(());
        }
        let delete = add.deletion_vector.as_ref().map(|vector| self.delete(vector)).transpose()?;
        let rows = stats.as_ref().and_then(|stats| stats.num_records);
        let file = DataFile {
            rows_known: rows.is_some(),
            deletes: delete.into_iter().collect(),
            first_row_id: add.base_row_id,
            max_sequence: add.default_row_commit_version.unwrap_or(0),
            constants,
            creation_time_millis: add.modification_time,
            ..DataFile::alone(path(self.table, &add.path)?, FileFormat::Parquet, add.size, rows.unwrap_or(0))
        };
        if let Some(partition) = self.partitions.get_mut(&add.partition_values) {
            partition.files.push(file);
        }
        Ok(())
    }

    pub fn finish(self, snapshot_id: Option<i64>) -> TableScan {
        let partitions = self.partitions.into_values().filter(|partition| !partition.files.is_empty());
        let splits = partitions.map(|partition| Split {
            partition: partition.values,
            bucket: 0,
            unit: SplitUnit::Files(partition.files),
        });
        TableScan {
            table: self.table.label().to_string(),
            snapshot_id,
            schema: Arc::clone(&self.columns.table),
            file_schemas: vec![Arc::clone(&self.columns.file)],
            deletes: self.deletes,
            splits: splits.collect(),
            pruning: self.pruning,
        }
    }

    fn partition(&self, texts: &BTreeMap<String, Option<String>>) -> Result<Partition> {
        let columns = &self.columns.partition;
        let values =
            columns.iter().map(|column| self.partition_value(column, texts)).collect::<Result<Vec<_>>>()?;
        let ids = columns.iter().map(|column| column.field.id);
        let constants: Vec<(i32, Datum)> = ids.zip(values.iter().cloned()).collect();
        let mut range = |id: i32| {
            let value = constants.iter().find(|(column, _)| *column == id);
            value.map_or(Range::UNKNOWN, |(_, value)| Range::exactly(value))
        };
        let wanted = may_match(&self.request.predicate, &mut range);
        Ok(Partition { values: Arc::new(values), constants: Arc::new(constants), wanted, files: Vec::new() })
    }

    fn partition_value(
        &self,
        column: &PartitionColumn,
        texts: &BTreeMap<String, Option<String>>,
    ) -> Result<Datum> {
        let corrupt =
            |reason: String| Error::corrupt(format!("the log of table {}", self.table.label()), reason);
        let name = &column.field.name;
        // Some writers leave NULL out.
        let text = texts.get(&column.physical_name).and_then(Option::as_deref);
        partition_value(text, &column.field.data_type)
            .ok_or_else(|| corrupt(format!("{text:?} is no value of partition column {name}")))
    }

    fn file_may_match(&self, stats: Option<&Stats<'_>>, partition: &[Datum]) -> bool {
        let Columns { file, table, partition: keys } = self.columns;
        // Bounds are of values as they are stored, without the spaces that pad them.
        let is_padded = |id: i32| {
            let column = table.fields.iter().find(|field| field.id == id);
            column.is_some_and(|column| matches!(column.data_type, LogicalType::Char { .. }))
        };
        may_match(&self.request.predicate, &mut |id| {
            let key = keys.iter().zip(partition).find(|(column, _)| column.field.id == id);
            if let Some((_, value)) = key {
                return Range::exactly(value);
            }
            match (stats, file.field_by_id(id)) {
                (Some(stats), Some(field)) if !is_padded(id) => stats.range(&field.name, &field.data_type),
                _ => Range::UNKNOWN,
            }
        })
    }

    fn delete(&mut self, vector: &DeletionVector) -> Result<usize> {
        let table = self.table;
        let source = deletion_vector::source(vector, table.root(), |full| path(table, full))?;
        self.deletes.push(source);
        Ok(self.deletes.len() - 1)
    }
}

/// The path of a file that an action names: percent-encoded, relative or full.
pub fn path(table: &DeltaTable, encoded: &str) -> Result<Path> {
    let decoded = percent_decoded(encoded).ok_or_else(|| {
        Error::corrupt(format!("the log of table {}", table.label()), format!("{encoded} is no path"))
    })?;
    match is_full(&decoded) {
        true => table.place().resolve(table.label(), &decoded),
        false => below(table.root(), &decoded),
    }
}

/// A text whose `%` and two digits stand for bytes; `None` where it is none.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(percent_decoded("a%2520b/%C3%A9").as_deref(), Some("a%20b/é"));
        for broken in ["a%2", "a%zz", "%FF"] {
            assert_eq!(percent_decoded(broken), None);
        }
    }
}
