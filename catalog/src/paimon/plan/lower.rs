//! Manifest entries become data files of the common scan description.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Local, TimeZone};
use object_store::path::Path;

use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::split::{DataFile, DeleteSource, FieldLookup, FileIndexSource, FileSchema};
use crate::types::LogicalType;

use super::deletes::DeletionVectors;
use super::sections::Key;
use super::stats::file_stats;
use crate::paimon::binary_row::BinaryRow;
use crate::paimon::data_layout::{DataLayout, file_format};
use crate::paimon::manifest::{DataFileMeta, FileSource, ManifestEntry};
use crate::paimon::schema::trimmed_primary_key;

const INDEX_SUFFIX: &str = ".index";

/// Makes data files, and collects the schemas and deletes that they refer to.
pub struct Lowering<'a> {
    pub table: &'a str,
    pub layout: DataLayout<'a>,
    pub schemas: &'a BTreeMap<i64, Arc<TableSchema>>,
    pub deletion_vectors: DeletionVectors<'a>,
    pub file_indexes: bool,
    positions: HashMap<i64, usize>,
    pub file_schemas: Vec<Arc<FileSchema>>,
    pub deletes: Vec<DeleteSource>,
    no_constants: Arc<Vec<(i32, Datum)>>,
}

impl<'a> Lowering<'a> {
    pub fn new(
        table: &'a str,
        layout: DataLayout<'a>,
        schemas: &'a BTreeMap<i64, Arc<TableSchema>>,
        deletion_vectors: DeletionVectors<'a>,
        file_indexes: bool,
    ) -> Self {
        Self {
            table,
            layout,
            schemas,
            deletion_vectors,
            file_indexes,
            positions: HashMap::new(),
            file_schemas: Vec::new(),
            deletes: Vec::new(),
            no_constants: Arc::default(),
        }
    }

    /// The schema that a file was written with.
    pub fn schema_of(&self, file: &DataFileMeta) -> Result<&'a Arc<TableSchema>> {
        self.schemas.get(&file.schema_id).ok_or_else(|| {
            let what = format!("schema {} of table {}", file.schema_id, self.table);
            Error::not_found(what, format!("data file {} was written with it", file.file_name))
        })
    }

    pub fn corrupt(&self, reason: impl ToString) -> Error {
        Error::corrupt(format!("a manifest of table {}", self.table), reason.to_string())
    }

    /// The smallest and largest key of a file of a primary-key table.
    pub fn keys(&self, file: &DataFileMeta) -> Result<(Key, Key)> {
        key_bounds(self.table, self.schema_of(file)?, file)
    }

    /// Lowers a file of the bucket whose folder is `folder`.
    pub fn data_file(&mut self, entry: &ManifestEntry, folder: &Path, keys: (Key, Key)) -> Result<DataFile> {
        let file = &*entry.file;
        let schema = Arc::clone(self.schema_of(file)?);
        let stats = file_stats(file, &schema).map_err(|reason| self.corrupt(reason))?;
        let path = self.layout.data_file(folder, file)?;
        let delete = self.deletion_vectors.source(
            &self.layout,
            &entry.partition,
            (entry.bucket, folder),
            &file.file_name,
        )?;
        let deletes = delete.into_iter().map(|delete| self.add_delete(delete)).collect();
        Ok(DataFile {
            format: file_format(self.table, &file.file_name)?,
            size: file.file_size,
            rows: file.row_count,
            rows_known: true,
            file_schema: self.file_schema(&schema),
            level: file.level,
            min_key: keys.0.0,
            max_key: keys.1.0,
            min_sequence: file.min_sequence,
            max_sequence: file.max_sequence,
            delete_rows: file.delete_row_count,
            stats,
            deletes,
            deleted_by: None,
            first_row_id: file.first_row_id,
            constants: Arc::clone(&self.no_constants),
            write_columns: file.write_columns.as_ref().map(|columns| columns.to_vec()),
            creation_time_millis: file.creation_time_local_millis.and_then(utc_millis),
            index: self.index(file, &path)?,
            compacted: file.source.map(|source| source == FileSource::Compact),
            path,
        })
    }

    fn add_delete(&mut self, delete: DeleteSource) -> usize {
        self.deletes.push(delete);
        self.deletes.len() - 1
    }

    fn file_schema(&mut self, schema: &TableSchema) -> usize {
        *self.positions.entry(schema.id).or_insert_with(|| {
            let fields = schema.fields.clone();
            self.file_schemas.push(Arc::new(FileSchema {
                id: schema.id,
                fields,
                lookup: FieldLookup::ByName,
                defaults: Vec::new(),
                row_columns: Vec::new(),
                aliases: Vec::new(),
            }));
            self.file_schemas.len() - 1
        })
    }

    /// The newest file index of a data file.
    fn index(&self, file: &DataFileMeta, path: &Path) -> Result<Option<FileIndexSource>> {
        if !self.file_indexes {
            return Ok(None);
        }
        if let Some(embedded) = &file.embedded_index {
            return Ok(Some(FileIndexSource::Embedded(Arc::clone(embedded))));
        }
        let sidecars = file.extra_files.iter().filter(|name| name.ends_with(INDEX_SUFFIX));
        let newest = sidecars.max_by_key(|name| (name.len(), name.as_str()));
        newest.map(|name| self.layout.beside(path, name).map(FileIndexSource::Sidecar)).transpose()
    }
}

/// The smallest and largest key of a file that was written with this schema.
pub fn key_bounds(table: &str, schema: &TableSchema, file: &DataFileMeta) -> Result<(Key, Key)> {
    let types: Vec<&LogicalType> =
        trimmed_primary_key(schema).into_iter().map(|field| &field.data_type).collect();
    let key = |bytes: &[u8]| {
        let values = BinaryRow::parse(bytes).and_then(|row| row.values(types.iter().copied()));
        values.map(Key).map_err(|reason| {
            let reason = reason.within(format!("keys of {}", file.file_name));
            Error::corrupt(format!("a manifest of table {table}"), reason.to_string())
        })
    };
    Ok((key(&file.min_key)?, key(&file.max_key)?))
}

/// Wall-clock milliseconds of the writer as an instant; the zone is taken to be that of this machine,
/// since nothing records it (as Paimon does).
pub fn utc_millis(local: i64) -> Option<i64> {
    let wall_clock = DateTime::from_timestamp_millis(local)?.naive_utc();
    Some(Local.from_local_datetime(&wall_clock).earliest()?.timestamp_millis())
}
