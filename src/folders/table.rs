//! A folder of files as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::DataType;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use tarn_catalog::datum::Datum;
use tarn_catalog::pruning::{Range, may_match};
use tarn_catalog::schema::{SchemaField, TableSchema};
use tarn_catalog::split::{
    DataFile, FieldLookup, FileFormat, FileSchema, PruningCounts, Split, SplitUnit, TableScan,
};
use tarn_catalog::table::{ScanRequest, Table, TableVersion};
use tarn_catalog::version::{ReadOptions, VersionSpec};
use tarn_catalog::{Error, Result};

use super::arrow_type::schema_fields;
use super::partitions::{folder_values, inferred, value};
use super::unify::{Clash, Unified};
use crate::scan::evolve::TypeName;
use crate::scan::reader::describe;
use crate::scan::shared::ScanShared;

/// Footers that are read at a time.
const CONCURRENT_READS: usize = 16;

/// A folder of files of rows. Opening it reads nothing.
pub struct FolderTable {
    label: Arc<str>,
    store: Arc<dyn ObjectStore>,
    root: Path,
    shared: Arc<ScanShared>,
}

impl fmt::Debug for FolderTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderTable")
            .field("label", &self.label)
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// A file that was found, with what its folders say of it.
struct Found {
    meta: ObjectMeta,
    format: FileFormat,
    folders: Vec<(String, Option<String>)>,
}

/// What a file says of itself.
struct Described {
    fields: Vec<SchemaField>,
    /// Columns without a value.
    untyped: Vec<String>,
    rows: u64,
}

impl FolderTable {
    pub fn new(label: &str, store: Arc<dyn ObjectStore>, root: Path, shared: Arc<ScanShared>) -> Self {
        Self { label: label.into(), store, root, shared }
    }

    /// The format of a file by its name; `None` for what is no data.
    pub fn format_of(name: &str) -> Option<FileFormat> {
        match name.rsplit_once('.') {
            Some((stem, _)) if stem.is_empty() || name.starts_with(['_', '.']) => None,
            Some((_, "parquet")) => Some(FileFormat::Parquet),
            Some((_, "orc")) => Some(FileFormat::Orc),
            Some((_, "csv" | "tsv")) => Some(FileFormat::Csv),
            Some((_, "json" | "jsonl" | "ndjson")) => Some(FileFormat::Json),
            Some((stem, "gz")) => {
                Self::format_of(stem).filter(|format| matches!(format, FileFormat::Csv | FileFormat::Json))
            }
            _ => None,
        }
    }

    async fn find(&self) -> Result<Vec<Found>> {
        let root = Some(&self.root).filter(|root| !root.as_ref().is_empty());
        let listed = self.store.list(root).try_collect::<Vec<ObjectMeta>>().await;
        let mut listed = listed.map_err(|error| Error::storage(self.root.as_ref(), error))?;
        listed.sort_by(|a, b| a.location.cmp(&b.location));
        let mut found = Vec::new();
        for meta in listed {
            let Some(parts) = meta.location.prefix_match(&self.root) else { continue };
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            let Some((name, folders)) = parts.split_last() else { continue };
            if folders.iter().any(|folder| folder.starts_with(['_', '.'])) {
                continue;
            }
            let Some(format) = Self::format_of(name) else { continue };
            let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
            let folders = folder_values(&folders).ok_or_else(|| {
                let path = &meta.location;
                self.mixed(format!("{path} is in a folder that is not called KEY=VALUE"))
            })?;
            found.push(Found { meta, format, folders });
        }
        self.check_alike(&found)?;
        Ok(found)
    }

    fn mixed(&self, reason: String) -> Error {
        Error::invalid(format!("table {}: the folder {} is no one table: {reason}", self.label, self.root))
    }

    /// One format, and the same keys for every file.
    fn check_alike(&self, found: &[Found]) -> Result<()> {
        let Some(first) = found.first() else {
            return Err(Error::not_found(format!("table {}", self.label), "its folder holds no data file"));
        };
        let keys = |file: &Found| file.folders.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        for file in found {
            let (one, other) = (&first.meta.location, &file.meta.location);
            if file.format != first.format {
                return Err(self.mixed(format!("{one} and {other} are of different formats")));
            }
            if keys(file) != keys(first) {
                return Err(self.mixed(format!("{one} and {other} are partitioned by different keys")));
            }
        }
        Ok(())
    }

    async fn read(&self) -> Result<FolderVersion> {
        let found = self.find().await?;
        let reads: Vec<_> = found.iter().map(|file| self.describe(file)).collect();
        let described: Vec<_> = stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await?;
        let is_text = found.iter().any(|file| matches!(file.format, FileFormat::Csv | FileFormat::Json));
        let mut unified = if is_text { Unified::of_inferred_types() } else { Unified::default() };
        let mut schemas: Vec<Arc<FileSchema>> = Vec::new();
        let mut files = Vec::new();
        for (file, Described { fields, untyped, rows }) in found.iter().zip(described) {
            untyped.iter().for_each(|name| unified.add_untyped(name));
            let fields = unified.add(fields).map_err(|clash| self.clash(&file.meta.location, &clash))?;
            let known = schemas.iter().position(|schema| schema.fields == fields);
            let schema = known.unwrap_or_else(|| {
                let id = i64::try_from(schemas.len()).unwrap_or(i64::MAX);
                schemas.push(Arc::new(FileSchema {
                    id,
                    fields,
                    lookup: FieldLookup::ByName,
                    defaults: Vec::new(),
                    row_columns: Vec::new(),
                    aliases: Vec::new(),
                }));
                schemas.len() - 1
            });
            files.push((file, schema, rows));
        }
        unified.name_untyped();
        let partition = partition_columns(&mut unified, &found);
        let files = files.into_iter().map(|(file, schema, rows)| PlacedFile {
            values: file
                .folders
                .iter()
                .zip(&partition)
                .map(|((_, text), column)| value(text.as_deref(), &column.data_type))
                .collect(),
            file: data_file(file, schema, rows),
        });
        let schema = TableSchema {
            id: 0,
            partition_keys: partition.iter().map(|column| column.name.clone()).collect(),
            fields: unified.fields,
            primary_key: Vec::new(),
            options: BTreeMap::new(),
            comment: None,
        };
        Ok(FolderVersion {
            label: Arc::clone(&self.label),
            schema: Arc::new(schema),
            partition_ids: partition.iter().map(|column| column.id).collect(),
            schemas,
            files: files.collect(),
        })
    }

    async fn describe(&self, file: &Found) -> Result<Described> {
        let path = &file.meta.location;
        let footers = &self.shared.footers;
        let (schema, rows) = describe(&self.store, footers, &file.meta, file.format).await?;
        let fields = schema_fields(schema.fields().iter().map(AsRef::as_ref));
        let fields =
            fields.map_err(|reason| Error::unsupported(self.label.as_ref(), format!("{path}: {reason}")))?;
        let untyped = schema.fields().iter().filter(|field| *field.data_type() == DataType::Null);
        let untyped = untyped.map(|field| field.name().clone()).collect();
        Ok(Described { fields, untyped, rows })
    }

    fn clash(&self, path: &Path, clash: &Clash) -> Error {
        let (known, other) = &*clash.types;
        self.mixed(format!(
            "column {} is {} in {path} and {} in other files",
            clash.column,
            TypeName(other),
            TypeName(known)
        ))
    }
}

/// Adds the columns that folders make. They win over columns of the same name in the files.
fn partition_columns(unified: &mut Unified, found: &[Found]) -> Vec<SchemaField> {
    let keys = found.first().map(|file| file.folders.as_slice()).unwrap_or_default();
    let mut columns = Vec::new();
    for (place, (key, _)) in keys.iter().enumerate() {
        let texts = found.iter().filter_map(|file| file.folders.get(place)?.1.as_deref());
        let data_type = inferred(texts);
        let id = unified.column(key, data_type.clone());
        columns.push(SchemaField {
            id,
            name: key.clone(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        });
    }
    columns
}

fn data_file(file: &Found, file_schema: usize, rows: u64) -> DataFile {
    DataFile {
        file_schema,
        creation_time_millis: Some(file.meta.last_modified.timestamp_millis()),
        ..DataFile::alone(file.meta.location.clone(), file.format, file.meta.size, rows)
    }
}

#[async_trait]
impl Table for FolderTable {
    fn name(&self) -> &str {
        &self.label
    }

    fn format(&self) -> &'static str {
        "files"
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        if read.version != VersionSpec::Latest {
            return Err(Error::invalid(format!(
                "table {} is a folder of files: nothing records what was in it before, so that it has no versions",
                self.label
            )));
        }
        if let Some(option) = read.options.keys().next() {
            return Err(Error::invalid(format!(
                "table {}: folders of files have no option '{option}'",
                self.label
            )));
        }
        Ok(Arc::new(self.read().await?))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// What a folder held when it was looked into.
#[derive(Debug)]
struct FolderVersion {
    label: Arc<str>,
    schema: Arc<TableSchema>,
    partition_ids: Vec<i32>,
    schemas: Vec<Arc<FileSchema>>,
    files: Vec<PlacedFile>,
}

#[derive(Debug)]
struct PlacedFile {
    file: DataFile,
    /// One for each partition column.
    values: Vec<Datum>,
}

#[async_trait]
impl TableVersion for FolderVersion {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::clone(&self.schema)
    }

    fn snapshot_id(&self) -> Option<i64> {
        None
    }

    fn exact_row_count(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, placed| sum.checked_add(placed.file.rows))
    }

    async fn plan(&self, request: &ScanRequest) -> Result<TableScan> {
        let mut pruning = PruningCounts::default();
        let mut splits = Vec::new();
        for placed in &self.files {
            pruning.files_considered += 1;
            let constants: Vec<(i32, Datum)> =
                self.partition_ids.iter().copied().zip(placed.values.iter().cloned()).collect();
            let wanted = may_match(&request.predicate, &mut |id| {
                let value = constants.iter().find(|(column, _)| *column == id);
                value.map_or(Range::UNKNOWN, |(_, value)| Range::exactly(value))
            });
            if !wanted {
                pruning.files_pruned += 1;
                continue;
            }
            let file = DataFile { constants: Arc::new(constants), ..placed.file.clone() };
            splits.push(Split {
                partition: Arc::new(placed.values.clone()),
                bucket: 0,
                unit: SplitUnit::Files(vec![file]),
            });
        }
        Ok(TableScan {
            table: self.label.to_string(),
            snapshot_id: None,
            schema: Arc::clone(&self.schema),
            file_schemas: self.schemas.clone(),
            deletes: Vec::new(),
            splits,
            pruning,
        })
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
