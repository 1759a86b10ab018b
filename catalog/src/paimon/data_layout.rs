//! Where the data files and index files of a table lie.

use std::collections::HashMap;

use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::split::FileFormat;
use crate::types::LogicalType;

use super::index_manifest::IndexEntry;
use super::layout::{TableLayout, below};
use super::manifest::{DataFileMeta, Partition};
use super::rules::ReadRules;
use super::schema::partition_fields;

/// Turns file names of manifests into paths.
#[derive(Debug)]
pub struct DataLayout<'a> {
    table: &'a str,
    layout: &'a TableLayout,
    /// What the store's root is called in full paths.
    store_url: Option<&'a Url>,
    rules: &'a ReadRules,
    partition_fields: Vec<(&'a str, &'a LogicalType)>,
    folders: HashMap<Box<[u8]>, String>,
}

impl<'a> DataLayout<'a> {
    pub fn new(
        table: &'a str,
        layout: &'a TableLayout,
        store_url: Option<&'a Url>,
        rules: &'a ReadRules,
        schema: &'a TableSchema,
    ) -> Self {
        let fields = partition_fields(schema).into_iter();
        let partition_fields = fields.map(|field| (field.name.as_str(), &field.data_type)).collect();
        Self { table, layout, store_url, rules, partition_fields, folders: HashMap::new() }
    }

    /// The folder of a bucket.
    pub fn bucket(&mut self, partition: &Partition, bucket: i32) -> Result<Path> {
        if !self.folders.contains_key(&partition.bytes) {
            let folder = self
                .rules
                .partition_naming
                .folder(self.partition_fields.iter().copied(), &partition.values)
                .map_err(|reason| Error::corrupt(self.layout.root().as_ref(), reason.to_string()))?;
            self.folders.insert(partition.bytes.clone(), folder);
        }
        let folder = self.folders.get(&partition.bytes).map(String::as_str).unwrap_or_default();
        let bucket = match bucket {
            -2 => "bucket-postpone".to_string(),
            bucket => format!("bucket-{bucket}"),
        };
        let data_folder = self.rules.data_folder.as_deref().unwrap_or_default();
        let parts = [data_folder.trim_matches('/'), folder, &bucket];
        let relative = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        below(self.layout.root(), &relative)
    }

    /// The path of a data file in its bucket's folder.
    pub fn data_file(&self, bucket: &Path, file: &DataFileMeta) -> Result<Path> {
        match &file.external_path {
            Some(external) => self.external(external),
            None => below(bucket, &file.file_name),
        }
    }

    /// A file beside a data file.
    pub fn beside(&self, data_file: &Path, name: &str) -> Result<Path> {
        below(&data_file.parent().unwrap_or_default(), name)
    }

    /// The path of an index file; `bucket` is the folder of its bucket.
    pub fn index_file(&self, bucket: &Path, entry: &IndexEntry) -> Result<Path> {
        match &entry.external_path {
            Some(external) => self.external(external),
            None if self.rules.index_files_beside_data => below(bucket, &entry.file_name),
            None => self.layout.index(&entry.file_name),
        }
    }

    /// A full path, which must lie in the table's store.
    fn external(&self, full: &str) -> Result<Path> {
        let outside = || Error::unsupported(self.table, format!("a file outside the table's store: {full}"));
        let root = self.store_url.ok_or_else(outside)?;
        let (scheme, rest) = match full.split_once(':') {
            Some((scheme, rest)) if !scheme.contains('/') => (scheme, rest),
            _ => ("file", full),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        if !same_scheme(scheme, root.scheme()) || authority != root.authority() {
            return Err(outside());
        }
        let path = Path::parse(path).map_err(|error| Error::corrupt(full, error.to_string()))?;
        let prefix =
            Path::from_url_path(root.path()).map_err(|error| Error::corrupt(full, error.to_string()))?;
        let below_root: Vec<_> = path.prefix_match(&prefix).ok_or_else(outside)?.collect();
        let text = below_root.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/");
        Path::parse(text).map_err(|error| Error::corrupt(full, error.to_string()))
    }
}

/// Hadoop's names of S3 all mean S3.
fn same_scheme(a: &str, b: &str) -> bool {
    let family =
        |scheme: &str| if matches!(scheme, "s3a" | "s3n") { "s3".to_string() } else { scheme.to_string() };
    family(a) == family(b)
}

/// The format of a data file by its name: the table's option may have changed since.
pub fn file_format(table: &str, file_name: &str) -> Result<FileFormat> {
    match file_name.rsplit('.').next() {
        Some("parquet") => Ok(FileFormat::Parquet),
        Some("orc") => Ok(FileFormat::Orc),
        Some("avro") => Ok(FileFormat::Avro),
        _ => Err(Error::unsupported(table, format!("the format of data file {file_name}"))),
    }
}
