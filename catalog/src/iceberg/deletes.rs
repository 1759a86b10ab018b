//! Which deletes apply to which data files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::data_file::{Content, Raw};
use super::manifests::Entry;
use super::metadata::Metadata;
use super::plan::plain_file;
use super::schema::column_by_id;
use super::table::IcebergTable;
use crate::error::{Error, Result};
use crate::schema::SchemaField;
use crate::split::{BitmapLayout, DeleteFile, DeleteSource, FieldLookup, FileSchema};
use crate::types::LogicalType;

/// The format of files of deletion vectors.
const PUFFIN: &str = "PUFFIN";
/// Reserved ids of the columns of position delete files.
const FILE_PATH_ID: i32 = 2_147_483_546;
const POSITION_ID: i32 = 2_147_483_545;

/// A partition: its spec and its values.
type PartitionKey = (i32, Vec<Raw>);

/// The deletes of a snapshot, ready to be asked for.
#[derive(Debug, Default)]
pub struct Deletes {
    /// Deletion vectors by the data file that they are for.
    vectors: HashMap<String, (i64, DeleteSource)>,
    /// Position deletes of one data file, and of any file of a partition.
    positions_of_file: HashMap<String, Vec<(i64, Arc<DeleteFile>)>>,
    positions: HashMap<PartitionKey, Vec<(i64, Arc<DeleteFile>)>>,
    /// Equality deletes of a partition, and of the whole table.
    equality: HashMap<PartitionKey, Vec<(i64, Arc<DeleteFile>)>>,
    equality_global: Vec<(i64, Arc<DeleteFile>)>,
}

/// Columns that equality deletes name, beyond those of the schema that is read.
pub fn further_columns(
    table: &IcebergTable,
    metadata: &Metadata,
    schema: &iceberg::spec::Schema,
    deletes: &[Entry],
) -> Result<Vec<SchemaField>> {
    let ids: BTreeSet<i32> =
        deletes.iter().flat_map(|entry| entry.file.equality_ids.iter().copied()).collect();
    let is_column = |id: &i32| schema.as_struct().fields().iter().any(|field| field.id == *id);
    let missing = ids.into_iter().filter(|id| !is_column(id));
    missing.map(|id| column_by_id(table.label(), &metadata.table, id)).collect()
}

impl Deletes {
    pub fn new(
        table: &IcebergTable,
        metadata: &Metadata,
        schema: &Arc<FileSchema>,
        entries: &[Entry],
    ) -> Result<Self> {
        let mut deletes = Self::default();
        for entry in entries {
            deletes.add(table, metadata, schema, entry)?;
        }
        Ok(deletes)
    }

    fn add(
        &mut self,
        table: &IcebergTable,
        metadata: &Metadata,
        schema: &Arc<FileSchema>,
        entry: &Entry,
    ) -> Result<()> {
        let file = &entry.file;
        let partition = (entry.spec_id, file.partition.clone());
        match file.content {
            Content::PositionDeletes if file.format == PUFFIN => {
                let (of, source) = vector(table, metadata, entry)?;
                if self.vectors.insert(of.clone(), (entry.sequence, source)).is_some() {
                    return Err(corrupt(table, format!("{of} has two deletion vectors")));
                }
            }
            Content::PositionDeletes => {
                let deletes = (entry.sequence, Arc::new(position_file(table, metadata, entry)?));
                match &file.referenced_data_file {
                    Some(of) => self.positions_of_file.entry(of.clone()).or_default().push(deletes),
                    None => self.positions.entry(partition).or_default().push(deletes),
                }
            }
            Content::EqualityDeletes => {
                let deletes = (entry.sequence, Arc::new(equality_file(table, metadata, schema, entry)?));
                let spec = metadata.table.partition_spec_by_id(entry.spec_id);
                match spec.is_some_and(|spec| spec.is_unpartitioned()) {
                    true => self.equality_global.push(deletes),
                    false => self.equality.entry(partition).or_default().push(deletes),
                }
            }
            Content::Data => {
                return Err(corrupt(table, format!("{} is no delete file", file.path)));
            }
        }
        Ok(())
    }

    /// What deletes rows of a data file.
    pub fn of(&self, entry: &Entry) -> Vec<DeleteSource> {
        let path = entry.file.path.as_str();
        let partition = (entry.spec_id, entry.file.partition.clone());
        let mut sources = Vec::new();
        match self.vectors.get(path) {
            // A vector holds what all older position deletes did.
            Some((sequence, vector)) if *sequence >= entry.sequence => sources.push(vector.clone()),
            _ => {
                let of_file = self.positions_of_file.get(path).into_iter().flatten();
                let of_partition = self.positions.get(&partition).into_iter().flatten();
                let applying =
                    of_file.chain(of_partition).filter(|(sequence, _)| *sequence >= entry.sequence);
                sources.extend(applying.map(|(_, file)| DeleteSource::Positions {
                    file: Arc::clone(file),
                    of: path.to_owned(),
                }));
            }
        }
        let of_partition = self.equality.get(&partition).into_iter().flatten();
        let applying = self.equality_global.iter().chain(of_partition);
        let applying = applying.filter(|(sequence, _)| *sequence > entry.sequence);
        sources.extend(applying.map(|(_, file)| DeleteSource::Equality(Arc::clone(file))));
        sources
    }
}

fn corrupt(table: &IcebergTable, reason: String) -> Error {
    Error::corrupt(format!("a manifest of table {}", table.label()), reason)
}

/// A deletion vector: the data file that it is for, and where it is.
fn vector(table: &IcebergTable, metadata: &Metadata, entry: &Entry) -> Result<(String, DeleteSource)> {
    let file = &entry.file;
    match (file.referenced_data_file.clone(), file.content_offset, file.content_size) {
        (Some(of), Some(offset), Some(length)) => {
            let source = DeleteSource::Bitmap {
                path: table.path(metadata, &file.path)?,
                offset,
                length,
                layout: BitmapLayout::Framed,
                cardinality: Some(file.rows),
            };
            Ok((of, source))
        }
        _ => Err(corrupt(table, format!("{} is an incomplete deletion vector", file.path))),
    }
}

fn position_file(table: &IcebergTable, metadata: &Metadata, entry: &Entry) -> Result<DeleteFile> {
    let column = |id, name: &str, data_type| SchemaField {
        id,
        name: name.to_owned(),
        data_type,
        nullable: false,
        description: None,
        default_value: None,
    };
    let fields = vec![
        column(FILE_PATH_ID, "file_path", LogicalType::STRING),
        column(POSITION_ID, "pos", LogicalType::BigInt),
    ];
    let schema = FileSchema {
        id: 0,
        fields: fields.clone(),
        lookup: FieldLookup::ByName,
        defaults: Vec::new(),
        row_columns: Vec::new(),
        aliases: Vec::new(),
    };
    let file = plain_file(table, metadata, &entry.file)?;
    Ok(DeleteFile { file, schema: Arc::new(schema), fields })
}

fn equality_file(
    table: &IcebergTable,
    metadata: &Metadata,
    schema: &Arc<FileSchema>,
    entry: &Entry,
) -> Result<DeleteFile> {
    let ids = &entry.file.equality_ids;
    if ids.is_empty() {
        return Err(corrupt(table, format!("{} deletes by no column", entry.file.path)));
    }
    let known: BTreeMap<i32, &SchemaField> = schema.fields.iter().map(|field| (field.id, field)).collect();
    let fields = ids.iter().map(|id| {
        let field = known.get(id).map(|field| SchemaField { nullable: true, ..(*field).clone() });
        field.ok_or_else(|| corrupt(table, format!("equality deletes by column {id}, which is not there")))
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let file = plain_file(table, metadata, &entry.file)?;
    Ok(DeleteFile { file, schema: Arc::clone(schema), fields })
}
