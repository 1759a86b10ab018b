//! From a snapshot to the files to read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use iceberg::spec::{PartitionSpec, Schema, Snapshot, Transform, Type};

use super::data_file::{DataFile as IcebergFile, Raw};
use super::deletes::{Deletes, further_columns};
use super::manifests::{Entry, live};
use super::metadata::Metadata;
use super::ranges::{PartitionRanges, identity_value};
use super::schema::file_schema;
use super::table::IcebergTable;
use super::value::bound;
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::pruning::{Nulls, Range, may_match};
use crate::schema::TableSchema;
use crate::split::{
    DataFile, DeleteSource, FileFormat, FileSchema, PruningCounts, Split, SplitUnit, TableScan,
};
use crate::table::ScanRequest;

/// What a read is of.
pub struct PlanInput<'a> {
    pub table: &'a IcebergTable,
    pub metadata: &'a Metadata,
    pub schema: &'a Schema,
    pub table_schema: &'a Arc<TableSchema>,
}

/// Plans a read of a snapshot's files.
pub async fn plan(input: PlanInput<'_>, snapshot: &Snapshot, request: &ScanRequest) -> Result<TableScan> {
    let PlanInput { table, metadata, schema, .. } = input;
    let (data, deletes) = live(table, metadata, snapshot).await?;
    let further = further_columns(table, metadata, schema, &deletes)?;
    let file_schema = file_schema(table.label(), &metadata.table, schema, &further)?;
    let deletes = Deletes::new(table, metadata, &file_schema, &deletes)?;
    let mut planner = Planner::new(input, file_schema, request);
    for entry in &data {
        planner.add(entry, deletes.of(entry))?;
    }
    Ok(planner.finish(Some(snapshot.snapshot_id())))
}

/// Collects the files of a scan.
pub struct Planner<'a> {
    input: PlanInput<'a>,
    file_schema: Arc<FileSchema>,
    request: &'a ScanRequest,
    partitions: HashMap<(i32, Vec<Raw>), usize>,
    splits: Vec<Partition>,
    deletes: Vec<DeleteSource>,
    pruning: PruningCounts,
}

struct Partition {
    constants: Arc<Vec<(i32, Datum)>>,
    wanted: bool,
    files: Vec<DataFile>,
}

impl<'a> Planner<'a> {
    pub fn new(input: PlanInput<'a>, file_schema: Arc<FileSchema>, request: &'a ScanRequest) -> Self {
        Self {
            input,
            file_schema,
            request,
            partitions: HashMap::new(),
            splits: Vec::new(),
            deletes: Vec::new(),
            pruning: PruningCounts::default(),
        }
    }

    /// Adds a data file unless it cannot hold a wanted row.
    pub fn add(&mut self, entry: &Entry, deletes: Vec<DeleteSource>) -> Result<()> {
        self.pruning.files_considered += 1;
        let place = self.partition(entry)?;
        let Some(partition) = self.splits.get(place) else { return Ok(()) };
        let constants = Arc::clone(&partition.constants);
        let in_bounds = may_match(&self.request.predicate, &mut |id| self.bounds(&entry.file, id));
        if !partition.wanted || !in_bounds {
            self.pruning.files_pruned += 1;
            return Ok(());
        }
        let PlanInput { table, metadata, .. } = self.input;
        let file = plain_file(table, metadata, &entry.file)?;
        let first_delete = self.deletes.len();
        self.deletes.extend(deletes);
        let file = DataFile {
            constants,
            deletes: (first_delete..self.deletes.len()).collect(),
            min_sequence: entry.sequence,
            max_sequence: entry.file_sequence.unwrap_or(entry.sequence),
            ..file
        };
        if let Some(partition) = self.splits.get_mut(place) {
            partition.files.push(file);
        }
        Ok(())
    }

    pub fn finish(self, snapshot_id: Option<i64>) -> TableScan {
        let splits = self.splits.into_iter().filter(|partition| !partition.files.is_empty());
        let splits = splits.map(|partition| Split {
            partition: Arc::default(),
            bucket: 0,
            unit: SplitUnit::Files(partition.files),
        });
        TableScan {
            table: self.input.table.label().to_string(),
            snapshot_id,
            schema: Arc::clone(self.input.table_schema),
            splits: splits.collect(),
            file_schemas: vec![self.file_schema],
            deletes: self.deletes,
            pruning: self.pruning,
        }
    }

    /// The place of a file's partition among the splits.
    fn partition(&mut self, entry: &Entry) -> Result<usize> {
        let key = (entry.spec_id, entry.file.partition.clone());
        if let Some(place) = self.partitions.get(&key) {
            return Ok(*place);
        }
        let PlanInput { table, metadata, schema, .. } = self.input;
        let spec = metadata.table.partition_spec_by_id(entry.spec_id).ok_or_else(|| {
            let reason = format!("it has no partition spec {}", entry.spec_id);
            Error::corrupt(format!("the metadata of table {}", table.label()), reason)
        })?;
        let values = &entry.file.partition;
        let ranges = PartitionRanges::new(spec, values, schema);
        let wanted = ranges.may_match(&self.request.predicate);
        self.pruning.partitions_considered += 1;
        self.pruning.partitions_pruned += u64::from(!wanted);
        let constants = Arc::new(identities(spec, values, schema));
        self.splits.push(Partition { constants, wanted, files: Vec::new() });
        self.partitions.insert(key, self.splits.len() - 1);
        Ok(self.splits.len() - 1)
    }

    /// What a file's metrics say of a column.
    fn bounds(&self, file: &IcebergFile, id: i32) -> Range {
        let fields = self.input.schema.as_struct().fields();
        let Some(column) = fields.iter().find(|column| column.id == id) else { return Range::UNKNOWN };
        let Type::Primitive(of) = &*column.field_type else { return Range::UNKNOWN };
        let (values, nulls) = (file.value_counts.get(&id), file.null_counts.get(&id));
        let nulls = match (nulls, values) {
            (Some(0), _) => Nulls::None,
            (Some(nulls), Some(values)) if nulls >= values => Nulls::All,
            (Some(_), _) => Nulls::Some,
            (None, _) => Nulls::Unknown,
        };
        // Bounds leave NaN out, which is greater than any number.
        let has_nan = file.nan_counts.get(&id) != Some(&0);
        let is_float = column.field_type.is_floating_type();
        let bound = |bounds: &BTreeMap<i32, Vec<u8>>| {
            bounds.get(&id).and_then(|bytes| bound(bytes, of)).unwrap_or(Datum::Null)
        };
        let max = if is_float && has_nan { Datum::Null } else { bound(&file.upper_bounds) };
        Range { min: bound(&file.lower_bounds), max, nulls }
    }
}

/// The values of identity partition fields, which stand for their columns.
fn identities(spec: &PartitionSpec, values: &[Raw], schema: &Schema) -> Vec<(i32, Datum)> {
    let fields = spec.fields().iter().zip(values);
    let identities = fields.filter(|(field, _)| field.transform == Transform::Identity);
    let mut constants: BTreeMap<i32, Datum> = BTreeMap::new();
    for (field, value) in identities {
        let column = schema.as_struct().fields().iter().find(|column| column.id == field.source_id);
        if let Some(value) = column.and_then(|column| identity_value(value, column)) {
            constants.insert(field.source_id, value);
        }
    }
    constants.into_iter().collect()
}

fn file_format(table: &IcebergTable, file: &IcebergFile) -> Result<FileFormat> {
    match file.format.as_str() {
        "PARQUET" => Ok(FileFormat::Parquet),
        "ORC" => Ok(FileFormat::Orc),
        "AVRO" => Ok(FileFormat::Avro),
        other => Err(Error::unsupported(table.label().as_ref(), format!("files of rows in {other}"))),
    }
}

/// A file on its own: no deletes, no constants, the first file schema.
pub fn plain_file(table: &IcebergTable, metadata: &Metadata, file: &IcebergFile) -> Result<DataFile> {
    let (path, format) = (table.path(metadata, &file.path)?, file_format(table, file)?);
    Ok(DataFile { first_row_id: file.first_row_id, ..DataFile::alone(path, format, file.size, file.rows) })
}
