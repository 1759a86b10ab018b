//! Files written by Java and by hand, read whole, in part, and broken.

#![allow(clippy::unwrap_used, clippy::panic)]

mod avro_files;
mod types;
mod zips;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{DataFile, FieldLookup, FileFormat, FileSchema};
use tarn_catalog::stats::FileStats;
use tarn_catalog::types::LogicalType;

use super::*;

/// A file in memory, as its table's metadata describes it.
struct TestFile {
    store: Arc<dyn ObjectStore>,
    file: DataFile,
    schema: FileSchema,
}

impl TestFile {
    async fn new(name: &str, bytes: Vec<u8>, rows: u64, fields: Vec<SchemaField>) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let path = Path::from(name);
        let size = bytes.len() as u64;
        store.put(&path, bytes.into()).await.unwrap();
        let format = match path.extension() {
            Some("parquet") => FileFormat::Parquet,
            Some("orc") => FileFormat::Orc,
            Some("avro") => FileFormat::Avro,
            other => panic!("{other:?}"),
        };
        let schema = FileSchema {
            id: 0,
            fields,
            lookup: FieldLookup::ByName,
            defaults: Vec::new(),
            row_columns: Vec::new(),
            aliases: Vec::new(),
        };
        Self { store, file: data_file(path, format, size, rows), schema }
    }

    async fn open(
        &self,
        columns: &ReadColumns,
        live: Option<&BooleanBuffer>,
        batch_size: usize,
    ) -> Result<BatchStream> {
        let source = FileToRead {
            file: &self.file,
            schema: &self.schema,
            store: Arc::clone(&self.store),
            footers: Arc::new(FooterCache::new(1 << 20)),
            table: "db.t".into(),
        };
        open(source, columns, live, batch_size).await
    }

    /// All live rows in one batch.
    async fn read(
        &self,
        columns: &ReadColumns,
        live: Option<&BooleanBuffer>,
        batch_size: usize,
    ) -> Result<RecordBatch> {
        let batches: Vec<_> = self.open(columns, live, batch_size).await?.try_collect().await?;
        assert!(batches.iter().all(|batch| (1..=batch_size).contains(&batch.num_rows())));
        Ok(concat_batches(&columns.schema(), &batches).unwrap())
    }
}

fn data_file(path: Path, format: FileFormat, size: u64, rows: u64) -> DataFile {
    DataFile {
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
        stats: Arc::new(FileStats::default()),
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

fn field(id: i32, name: &str, data_type: LogicalType) -> SchemaField {
    SchemaField {
        id,
        name: name.to_owned(),
        data_type,
        nullable: true,
        description: None,
        default_value: None,
    }
}

fn array_of(element: LogicalType) -> LogicalType {
    LogicalType::Array { element: Box::new(element), element_nullable: true }
}

fn map_of(key: LogicalType, value: LogicalType) -> LogicalType {
    LogicalType::Map { key: Box::new(key), value: Box::new(value), value_nullable: true }
}

fn longs(array: &ArrayRef) -> Vec<i64> {
    array.as_primitive::<Int64Type>().values().to_vec()
}

/// Numbers that look random and are the same in every run.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A mask in which about `share` of 100 rows are live.
    fn mask(&mut self, rows: usize, share: usize) -> BooleanBuffer {
        (0..rows).map(|_| self.below(100) < share).collect()
    }
}
