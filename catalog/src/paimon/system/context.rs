//! What the system tables of one table read.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::path::Path;
use serde::Deserialize;

use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;
use crate::paimon::binary_row::BinaryRow;
use crate::paimon::data_layout::DataLayout;
use crate::paimon::datum_text::cast_text;
use crate::paimon::java_map::hash_map_order;
use crate::paimon::layout::TableLayout;
use crate::paimon::live_files::{ManifestReader, group, live_entries};
use crate::paimon::manifest::Manifest;
use crate::paimon::rules::ReadRules;
use crate::paimon::schema::{PaimonSchema, partition_fields};
use crate::paimon::schemas::Schemas;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table::PaimonTable;
use crate::paimon::timeline::Timeline;
use crate::schema::{SchemaField, TableSchema};
use crate::table::TableVersion;
use crate::version::ReadOptions;

use super::files::LiveFile;
use crate::paimon::json::Members;

/// Small files that are read at a time.
pub const CONCURRENT_READS: usize = 16;

/// A table, and the version that a query wants to know about.
#[derive(Debug, Clone)]
pub struct Context {
    table: PaimonTable,
    read: ReadOptions,
}

impl Context {
    pub fn new(table: PaimonTable, read: ReadOptions) -> Self {
        Self { table, read }
    }

    pub fn table(&self) -> &PaimonTable {
        &self.table
    }

    pub fn timeline(&self) -> Timeline {
        self.table.timeline()
    }

    pub fn schemas(&self) -> Schemas {
        self.table.schemas()
    }

    pub fn files(&self) -> &MetadataFiles {
        self.table.files()
    }

    pub fn layout(&self) -> &TableLayout {
        self.table.layout()
    }

    pub async fn latest_schema(&self) -> Result<Arc<PaimonSchema>> {
        self.table.latest_schema().await
    }

    /// Chooses the version that the query asks for.
    pub async fn version(&self) -> Result<Version> {
        let version = self.table.own_version(&self.read).await?;
        if version.created_since().is_some() {
            let feature = "a system table of the files created since a time";
            return Err(Error::unsupported(self.table.label(), feature));
        }
        let schema = version.schema();
        Ok(Version {
            table: self.table.clone(),
            snapshot: version.snapshot().cloned(),
            manifests: self.table.manifest_reader(&schema),
            rules: version.rules().clone(),
            schema,
        })
    }

    /// The options of a schema in the order in which Paimon prints them: that of a Java map into which
    /// they are put in the order of the file.
    pub async fn ordered_options(&self, schema: &PaimonSchema) -> Result<Vec<(String, String)>> {
        #[derive(Deserialize)]
        struct SchemaFile {
            #[serde(default)]
            options: Option<Members<String>>,
        }

        let path = self.layout().schema(schema.id());
        let bytes = self.files().read(&path).await?;
        let file: SchemaFile = serde_json::from_slice(&bytes)
            .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
        let mut options = file.options.unwrap_or_default().0;
        let mut known = schema.table.options.clone();
        options.retain(|(name, _)| known.remove(name).is_some());
        // What old writers left out is put in last.
        options.extend(known);
        Ok(hash_map_order(options))
    }

    /// The path in the file system, where the table lies in one.
    pub fn local_path(&self, path: &Path) -> Option<PathBuf> {
        let root = self.table.store_url()?.to_file_path().ok()?;
        Some(root.join(path.as_ref()))
    }

    /// The path as users know it: absolute in the file system, otherwise with the store's URL.
    pub fn full_path(&self, path: &Path) -> String {
        match (self.local_path(path), self.table.store_url()) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(url)) => format!("{}/{path}", url.as_str().trim_end_matches('/')),
            (None, None) => path.to_string(),
        }
    }
}

/// The table at that version.
#[derive(Debug)]
pub struct Version {
    table: PaimonTable,
    /// `None` before the first commit.
    pub snapshot: Option<Arc<Snapshot>>,
    pub schema: Arc<TableSchema>,
    pub rules: ReadRules,
    pub manifests: ManifestReader,
}

impl Version {
    pub fn unsupported(&self, feature: impl Into<String>) -> Error {
        Error::unsupported(self.table.label(), feature)
    }

    pub fn partition_fields(&self) -> Vec<&SchemaField> {
        partition_fields(&self.schema)
    }

    /// Every manifest of the snapshot, oldest first.
    pub async fn all_manifests(&self) -> Result<Vec<Arc<Manifest>>> {
        let Some(snapshot) = &self.snapshot else { return Ok(Vec::new()) };
        let metas = self.manifests.manifests_of(snapshot).await?;
        self.manifests.read_all(&metas).await
    }

    /// The partitions that hold files in the latest snapshot, as serialised rows.
    async fn latest_partitions(&self) -> Result<HashSet<Box<[u8]>>> {
        let Some(latest) = self.table.timeline().latest().await? else { return Ok(HashSet::new()) };
        let metas = self.manifests.manifests_of(&latest).await?;
        let manifests = self.manifests.read_all(&metas).await?;
        Ok(live_entries(&manifests, |_| true)
            .into_iter()
            .map(|entry| entry.partition.bytes.clone())
            .collect())
    }

    /// Whether a scan reads a bucket: postponed rows wait for a compaction that places them.
    pub fn reads_bucket(&self, bucket: i32) -> bool {
        (bucket >= 0 || !self.rules.hides_postponed)
            && self.rules.only_bucket.is_none_or(|only| only == bucket)
    }

    /// The files that a scan of the snapshot can read, in order of partition, bucket and name.
    ///
    /// As in Paimon, the files of an older snapshot are those of partitions that are there today.
    pub async fn live_files<'a>(
        &self,
        context: &Context,
        manifests: &'a [Arc<Manifest>],
    ) -> Result<Vec<LiveFile<'a>>> {
        let present = self.latest_partitions().await?;
        let entries = live_entries(manifests, |entry| {
            self.reads_bucket(entry.bucket) && present.contains(&entry.partition.bytes)
        });
        let mut layout = DataLayout::new(
            self.table.label(),
            self.table.layout(),
            self.table.store_url(),
            &self.rules,
            &self.schema,
        );
        let mut files = Vec::new();
        for ((partition, bucket), entries) in group(self.table.label(), entries)? {
            let folder = layout.bucket(partition.0, bucket)?;
            let partition = self.partition_text(&partition.0.values);
            for entry in entries {
                let path = match &entry.file.external_path {
                    Some(external) => external.clone(),
                    None => context.full_path(&layout.data_file(&folder, &entry.file)?),
                };
                files.push(LiveFile { entry, partition: partition.clone(), path });
            }
        }
        Ok(files)
    }

    /// The text of each partition value as in the partition's folder name, before it is escaped.
    pub fn folder_texts(&self, values: &[Datum]) -> Result<Vec<String>> {
        let text = |(field, value): (&SchemaField, &Datum)| {
            let text = self.rules.partition_naming.text(value, &field.data_type);
            text.map_err(|_| {
                self.unsupported(format!("a partition named by {value:?} in column {}", field.name))
            })
        };
        self.partition_fields().into_iter().zip(values).map(text).collect()
    }

    /// `{v1, v2}`: a partition as Paimon casts its row to text.
    pub fn partition_text(&self, values: &[Datum]) -> String {
        let text = |(field, value): (&SchemaField, &Datum)| {
            cast_text(value, &field.data_type).unwrap_or_else(|| "null".into())
        };
        let texts = self.partition_fields().into_iter().zip(values).map(text).collect::<Vec<_>>();
        format!("{{{}}}", texts.join(", "))
    }

    /// [`Self::partition_text`] of a serialised row.
    pub fn partition_row_text(&self, row: &[u8]) -> Result<String> {
        let types = self.partition_fields().into_iter().map(|field| &field.data_type);
        let values = BinaryRow::parse(row).and_then(|row| row.values(types));
        let values = values.map_err(|reason| {
            let manifests = format!("the manifests of table {}", self.table.label());
            Error::corrupt(manifests, format!("a partition cannot be read: {reason}"))
        })?;
        Ok(self.partition_text(&values))
    }
}
