//! Resolving one section: read keys, merge them, keep the masks.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{SortOptions, concat};
use arrow::datatypes::{DataType, Int8Type, Int64Type};
use arrow::row::RowConverter;
use futures::TryStreamExt;
use object_store::ObjectStore;
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::schema::TableSchema;
use tarn_catalog::split::{DataFile, DeleteSource, FileSchema};
use tarn_catalog::types::LogicalType;

use super::keys::{Keys, SectionKeys, sort_fields};
use super::masks::{FileRows, MaskBuilder};
use super::merge::merge;
use super::order::{FileOrder, VersionOrder, file_ranks, needs_kinds, needs_sequence};
use super::outcome::Resolved;
use crate::error::{Error, ErrorKind, Result};
use crate::merge::Retractions;
use crate::scan::deletes::DeleteReader;
use crate::scan::footer::FooterCache;
use crate::scan::reader::{self, FileToRead, ReadColumns, SystemColumn, WhenMissing};

/// Rows that a reader decodes at a time while it collects keys.
const KEY_BATCH_ROWS: usize = 64 * 1024;

/// A section that can be resolved on its own.
#[derive(Debug, Clone)]
pub struct Section {
    /// For errors.
    pub table: Arc<str>,
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FooterCache>,
    pub schema: Arc<TableSchema>,
    pub file_schemas: Arc<Vec<Arc<FileSchema>>>,
    pub deletes: Arc<Vec<DeleteSource>>,
    pub rule: Arc<MergeRule>,
    /// Whether a key that is deleted has a live row: its newest version, which says so.
    pub retractions: Retractions,
    /// All files of the section's runs.
    pub files: Arc<Vec<DataFile>>,
}

/// What was read of one file.
struct FileKeys {
    rows: FileRows,
    keys: Vec<ArrayRef>,
    order: FileOrder,
}

/// Which columns a section reads beside its keys.
#[derive(Clone, Copy)]
struct Needs {
    sequence: bool,
    kinds: bool,
}

impl Section {
    /// Resolves the section from its files.
    pub async fn resolve(&self) -> Result<Resolved> {
        let needs =
            Needs { sequence: needs_sequence(&self.rule, &self.files), kinds: needs_kinds(&self.files) };
        let mut reads = tokio::task::JoinSet::new();
        for index in 0..self.files.len() {
            let section = self.clone();
            reads.spawn(async move { (index, section.read_keys(index, needs).await) });
        }
        let mut read: Vec<Option<FileKeys>> = self.files.iter().map(|_| None).collect();
        while let Some(joined) = reads.join_next().await {
            let (index, keys) = joined.map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
            read[index] = Some(keys?);
        }
        self.merge_keys(read.into_iter().flatten().collect())
    }

    fn key_types(&self) -> Vec<DataType> {
        self.rule.key.iter().map(|&index| self.schema.fields[index].data_type.arrow()).collect()
    }

    /// Reads the columns of one file that resolving needs.
    async fn read_keys(&self, index: usize, needs: Needs) -> Result<FileKeys> {
        let file = &self.files[index];
        let wanted = self.rule.key.iter().chain(&self.rule.sequence_fields);
        let mut system = Vec::new();
        if needs.sequence {
            system.push(system_column(&self.rule.sequence_column, LogicalType::BigInt));
        }
        if needs.kinds {
            system.push(system_column(&self.rule.kind_column, LogicalType::TinyInt));
        }
        let fields = wanted.map(|&field| self.schema.fields[field].clone()).collect();
        let columns = ReadColumns { fields, system, row_number: None };
        let source = FileToRead {
            file,
            schema: &self.file_schemas[file.file_schema],
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            table: Arc::clone(&self.table),
        };
        let deletes =
            DeleteReader::new(Arc::clone(&self.table), Arc::clone(&self.store), Arc::clone(&self.footers));
        let undeleted = deletes.undeleted_rows(source.clone(), &self.deletes).await?;
        let stream = reader::open(source, &columns, undeleted.as_ref(), KEY_BATCH_ROWS).await?;
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        let mut types: Vec<DataType> = columns.fields.iter().map(|field| field.data_type.arrow()).collect();
        types.extend(columns.system.iter().map(|column| column.data_type.arrow()));
        let column = |at: usize| concatenated(&batches, at, &types[at]);
        let keys = (0..self.rule.key.len()).map(column).collect::<Result<Vec<_>>>()?;
        let user = (self.rule.key.len()..columns.fields.len()).map(column).collect::<Result<Vec<_>>>()?;
        let mut next = columns.fields.len();
        let sequence = if needs.sequence {
            next += 1;
            Some(self.int64_values(file, &column(next - 1)?)?)
        } else {
            None
        };
        let kinds = if needs.kinds { Some(self.kind_values(file, &column(next)?)?) } else { None };
        let order = FileOrder { user_sequence: self.sequence_rows(&user)?, sequence, kinds };
        let rows = usize::try_from(file.rows).map_err(|_| self.too_large(file))?;
        let positions =
            undeleted.as_ref().map(set_positions).transpose().map_err(|_| self.too_large(file))?;
        Ok(FileKeys { rows: FileRows { rows, undeleted, positions, level: file.level }, keys, order })
    }

    fn sequence_rows(&self, columns: &[ArrayRef]) -> Result<Option<arrow::row::Rows>> {
        if columns.is_empty() {
            return Ok(None);
        }
        let types: Vec<DataType> = columns.iter().map(|column| column.data_type().clone()).collect();
        let options = SortOptions { descending: self.rule.sequence_descending, nulls_first: true };
        let converter = RowConverter::new(sort_fields(&types, options)).map_err(internal)?;
        Ok(Some(converter.convert_columns(columns).map_err(internal)?))
    }

    fn int64_values(&self, file: &DataFile, column: &ArrayRef) -> Result<Vec<i64>> {
        match column.as_primitive_opt::<Int64Type>() {
            Some(values) if values.null_count() == 0 => Ok(values.values().to_vec()),
            _ => Err(self.corrupt(file, &format!("{} must be BIGINT NOT NULL", self.rule.sequence_column))),
        }
    }

    fn kind_values(&self, file: &DataFile, column: &ArrayRef) -> Result<Vec<i8>> {
        match column.as_primitive_opt::<Int8Type>() {
            Some(values)
                if values.null_count() == 0 && values.values().iter().all(|kind| (0..=3).contains(kind)) =>
            {
                Ok(values.values().to_vec())
            }
            _ => Err(self.corrupt(file, &format!("{} must hold row kinds 0 to 3", self.rule.kind_column))),
        }
    }

    fn merge_keys(&self, files: Vec<FileKeys>) -> Result<Resolved> {
        let mut rows = Vec::with_capacity(files.len());
        let mut orders = Vec::with_capacity(files.len());
        let mut keys = Vec::with_capacity(files.len());
        for file in files {
            rows.push(file.rows);
            orders.push(file.order);
            keys.push(file.keys);
        }
        match SectionKeys::try_new(&self.key_types(), &keys).map_err(|e| self.bad_keys(&e.to_string()))? {
            SectionKeys::Fixed(keys) => self.merge_typed(&keys, &rows, &orders),
            SectionKeys::Rows(keys) => self.merge_typed(&keys, &rows, &orders),
        }
    }

    fn merge_typed<K: Keys>(&self, keys: &[K], rows: &[FileRows], orders: &[FileOrder]) -> Result<Resolved> {
        for ((keys, rows), file) in keys.iter().zip(rows).zip(self.files.iter()) {
            let expected = rows.positions.as_ref().map_or(rows.rows, Vec::len);
            if keys.len() != expected {
                let reason = format!("it has {} rows, its metadata says {expected}", keys.len());
                return Err(self.corrupt(file, &reason));
            }
            if let Some(at) = (1..keys.len()).find(|&at| keys.compare(at - 1, keys, at).is_gt()) {
                return Err(self.corrupt(file, &format!("it is not sorted by its key at row {at}")));
            }
        }
        // A compaction merges equal keys; writers of level 0 are not all known to.
        let may_repeat: Vec<bool> = self.files.iter().map(|file| file.level == 0).collect();
        let order = VersionOrder { files: orders, ranks: file_ranks(&self.files) };
        let mut builder = MaskBuilder::new(&self.table, &self.rule, self.retractions, rows, order);
        merge(keys, &may_repeat, &mut builder)?;
        let (files, versions) = builder.finish();
        let rows_compared = keys.iter().map(|keys| keys.len() as u64).sum();
        Ok(Resolved { files, versions, rows_compared })
    }

    fn corrupt(&self, file: &DataFile, reason: &str) -> Error {
        tarn_catalog::Error::corrupt(format!("{} of table {}", file.path, self.table), reason).into()
    }

    fn bad_keys(&self, reason: &str) -> Error {
        Error::new(ErrorKind::CorruptLake, format!("table {}: cannot compare keys: {reason}", self.table))
    }

    fn too_large(&self, file: &DataFile) -> Error {
        self.corrupt(file, "it has more rows than Tarn can address in one file (4 billion)")
    }
}

fn system_column(name: &str, data_type: LogicalType) -> SystemColumn {
    SystemColumn { name: name.to_owned(), data_type, missing: WhenMissing::Error }
}

fn internal(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}

/// Column `at` of all batches as one array.
fn concatenated(batches: &[RecordBatch], at: usize, data_type: &DataType) -> Result<ArrayRef> {
    match batches {
        [] => Ok(arrow::array::new_empty_array(data_type)),
        [only] => Ok(Arc::clone(only.column(at))),
        many => {
            let columns: Vec<&dyn Array> = many.iter().map(|batch| batch.column(at).as_ref()).collect();
            concat(&columns).map_err(internal)
        }
    }
}

/// The positions of the set bits; fails where one does not fit 32 bits.
fn set_positions(bits: &BooleanBuffer) -> std::result::Result<Vec<u32>, std::num::TryFromIntError> {
    bits.set_indices().map(u32::try_from).collect()
}
