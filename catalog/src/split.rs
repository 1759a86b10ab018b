//! The plan of a scan, which every format fills: files, what deletes rows in them, how they merge.

use std::sync::Arc;

use object_store::path::Path;

use crate::datum::Datum;
use crate::merge_rule::MergeRule;
use crate::row_positions::RowPositions;
use crate::schema::{SchemaField, TableSchema};
use crate::stats::FileStats;

/// Everything that reading one table at one version needs.
#[derive(Debug, Clone)]
pub struct TableScan {
    /// Name of the table for errors and EXPLAIN: `database.table`.
    pub table: String,
    /// The snapshot that was read; `None` for an empty table or a folder without versions.
    pub snapshot_id: Option<i64>,
    /// Schema of the rows that the scan gives.
    pub schema: Arc<TableSchema>,
    /// Schemas that data files were written with; a file names one by index.
    pub file_schemas: Vec<Arc<FileSchema>>,
    /// Deletes that files refer to by index.
    pub deletes: Vec<DeleteSource>,
    pub splits: Vec<Split>,
    /// What planning looked at and left out, for EXPLAIN.
    pub pruning: PruningCounts,
}

/// A column that tells about a row. A file holds it where rows were moved, under the column's name; for the
/// other rows the scan knows the value. In a scan's schema such columns stand behind the table's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowColumn {
    /// The id that the row keeps for ever: the file's first one, and the row's position.
    Id,
    /// The number of the write that the row comes from: the largest of its file.
    Sequence,
}

impl RowColumn {
    /// The field id by which a schema names it.
    pub const fn field_id(self) -> i32 {
        match self {
            Self::Id => i32::MAX - 5,
            Self::Sequence => i32::MAX - 1,
        }
    }

    pub fn of(field: &SchemaField) -> Option<Self> {
        [Self::Id, Self::Sequence].into_iter().find(|column| column.field_id() == field.id)
    }
}

/// The columns of a data file as its writer named them.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSchema {
    pub id: i64,
    /// Names and types as the file has them; ids say which column of the table each one is.
    pub fields: Vec<SchemaField>,
    pub lookup: FieldLookup,
    /// What stands in every row of a column that a file does not hold, by field id; NULL without one.
    pub defaults: Vec<(i32, Datum)>,
    /// The [`RowColumn`]s that a file may hold under another name than a scan gives them.
    pub row_columns: Vec<SchemaField>,
    /// Further names that files may have for a column, by field id.
    pub aliases: Vec<(i32, Vec<String>)>,
}

/// The attribute of a type in an ORC file that is its field id.
pub const ORC_FIELD_ID: &str = "iceberg.id";

/// How a column of a [`FileSchema`] is found in the physical file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldLookup {
    /// By the name in the file schema (Paimon, folders, Delta with physical names).
    ByName,
    /// By the field id stored in the file; a file without ids is refused.
    ById,
    /// By the field id stored in the file; where it has none, by the name in the file schema, which the
    /// table's metadata maps to the column.
    ByIdOrName,
}

impl FileSchema {
    pub fn field_by_id(&self, id: i32) -> Option<&SchemaField> {
        self.fields.iter().find(|field| field.id == id)
    }
}

/// Work over the files of one bucket of one partition.
#[derive(Debug, Clone)]
pub struct Split {
    /// Partition values, one for each partition key of the schema.
    pub partition: Arc<Vec<Datum>>,
    pub bucket: i32,
    pub unit: SplitUnit,
}

#[derive(Debug, Clone)]
pub enum SplitUnit {
    /// Each row stands for itself.
    Files(Vec<DataFile>),
    /// Sorted runs whose key ranges overlap: rows of equal keys merge. Files of one run are sorted
    /// and disjoint. One unit is one section: no key of it lies in another unit.
    Merge { runs: Vec<Vec<DataFile>>, rule: Arc<MergeRule> },
    /// Groups of files that hold different columns of the same rows, joined by position.
    Zip { groups: Vec<Vec<DataFile>> },
}

impl SplitUnit {
    pub fn files(&self) -> Box<dyn Iterator<Item = &DataFile> + '_> {
        match self {
            Self::Files(files) => Box::new(files.iter()),
            Self::Merge { runs, .. } => Box::new(runs.iter().flatten()),
            Self::Zip { groups } => Box::new(groups.iter().flatten()),
        }
    }

    pub fn files_mut(&mut self) -> Box<dyn Iterator<Item = &mut DataFile> + '_> {
        match self {
            Self::Files(files) => Box::new(files.iter_mut()),
            Self::Merge { runs, .. } => Box::new(runs.iter_mut().flatten()),
            Self::Zip { groups } => Box::new(groups.iter_mut().flatten()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    Parquet,
    Orc,
    Avro,
    /// Rows as text under a line of names.
    Csv,
    /// One object a line.
    Json,
}

/// One immutable data file.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Path in the table's object store.
    pub path: Path,
    pub format: FileFormat,
    /// Bytes.
    pub size: u64,
    /// Physical rows, deleted and superseded ones included; 0 where the metadata does not count them.
    pub rows: u64,
    /// Whether the metadata says how many rows there are; where not, the scan counts them first.
    pub rows_known: bool,
    /// Index into [`TableScan::file_schemas`].
    pub file_schema: usize,
    pub level: i32,
    /// Smallest and largest key, in the order of the merge rule's key; empty for append tables.
    pub min_key: Vec<Datum>,
    pub max_key: Vec<Datum>,
    pub min_sequence: i64,
    pub max_sequence: i64,
    /// Rows whose kind is a retraction; `None` when the writer did not count.
    pub delete_rows: Option<u64>,
    pub stats: Arc<FileStats>,
    /// Indices into [`TableScan::deletes`].
    pub deletes: Vec<usize>,
    /// Of the rows that are left, only those which one of these deletes, as indices into
    /// [`TableScan::deletes`]; `None`: all.
    pub deleted_by: Option<Vec<usize>>,
    /// Row id of the file's first row, in tables that track rows.
    pub first_row_id: Option<i64>,
    /// Columns that every row of the file has the same value for and the file need not hold, by field
    /// id (partition values of Delta, Iceberg and hive folders; initial defaults).
    pub constants: Arc<Vec<(i32, Datum)>>,
    /// The columns that the file holds, where it does not hold all of its schema.
    pub write_columns: Option<Vec<String>>,
    /// Milliseconds since the epoch, UTC.
    pub creation_time_millis: Option<i64>,
    /// A file index: bytes inside the manifest, or a file beside the data file.
    pub index: Option<FileIndexSource>,
    /// Whether the file was written by a compaction, where the format says.
    pub compacted: Option<bool>,
}

impl DataFile {
    /// A file whose rows stand for themselves: no levels, keys, deletes, constants or statistics, written
    /// with the scan's first file schema.
    pub fn alone(path: Path, format: FileFormat, size: u64, rows: u64) -> Self {
        Self {
            path,
            format,
            size,
            rows,
            rows_known: true,
            file_schema: 0,
            level: 0,
            min_key: Vec::new(),
            max_key: Vec::new(),
            min_sequence: 0,
            max_sequence: 0,
            delete_rows: None,
            stats: Arc::default(),
            deletes: Vec::new(),
            deleted_by: None,
            first_row_id: None,
            constants: Arc::default(),
            write_columns: None,
            creation_time_millis: None,
            index: None,
            compacted: None,
        }
    }
}

#[derive(Debug, Clone)]
pub enum FileIndexSource {
    Embedded(Arc<Vec<u8>>),
    Sidecar(Path),
}

/// Rows that are deleted although they stand in a data file.
#[derive(Debug, Clone, PartialEq)]
pub enum DeleteSource {
    /// A bitmap of row positions stored in a range of a file.
    Bitmap {
        path: Path,
        offset: u64,
        /// Bytes from `offset` that hold the whole bitmap record.
        length: u64,
        layout: BitmapLayout,
        cardinality: Option<u64>,
    },
    /// Row positions that the metadata itself holds.
    Inline(Arc<RowPositions>),
    /// A file of positions in data files: columns with the data file's name and the position.
    Positions {
        file: Arc<DeleteFile>,
        /// The data file's name as the delete file has it.
        of: String,
    },
    /// A file of rows: what is equal to one of them in all of its columns is deleted; NULL equals NULL.
    Equality(Arc<DeleteFile>),
}

/// A file whose rows tell what is deleted. Which rows those are is found out by reading it.
#[derive(Debug, Clone)]
pub struct DeleteFile {
    pub file: DataFile,
    /// The schema that the file was written with.
    pub schema: Arc<FileSchema>,
    /// The columns to read, in the types in which they are compared.
    pub fields: Vec<SchemaField>,
}

/// Files are immutable: one path, one file.
impl PartialEq for DeleteFile {
    fn eq(&self, other: &Self) -> bool {
        self.file.path == other.file.path && self.fields == other.fields
    }
}

/// How a deletion vector's bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitmapLayout {
    /// Size, magic (32- or 64-bit), bitmap, checksum; see [`crate::deletion_vector`].
    Framed,
}

/// What planning considered and pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruningCounts {
    pub manifests_considered: u64,
    pub manifests_pruned: u64,
    pub partitions_considered: u64,
    pub partitions_pruned: u64,
    pub buckets_considered: u64,
    pub buckets_pruned: u64,
    pub files_considered: u64,
    pub files_pruned: u64,
}

impl std::ops::AddAssign for PruningCounts {
    fn add_assign(&mut self, other: Self) {
        self.manifests_considered += other.manifests_considered;
        self.manifests_pruned += other.manifests_pruned;
        self.partitions_considered += other.partitions_considered;
        self.partitions_pruned += other.partitions_pruned;
        self.buckets_considered += other.buckets_considered;
        self.buckets_pruned += other.buckets_pruned;
        self.files_considered += other.files_considered;
        self.files_pruned += other.files_pruned;
    }
}
