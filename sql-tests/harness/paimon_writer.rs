//! A small writer of Paimon append tables `(k BIGINT, v BIGINT)`: appends, compactions and expiry, as
//! Java lays them out: data in Parquet, manifests in Avro, snapshots and hints in the snapshot folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use serde_json::{Value as Json, json};

use crate::golden_set::Result;

pub type Row = (i64, i64);

/// A data file that is part of the table.
#[derive(Debug, Clone)]
struct DataFile {
    name: String,
    bytes: u64,
    rows: Vec<Row>,
}

pub struct Writer {
    table: PathBuf,
    live: Vec<DataFile>,
    /// Manifests with their sizes, oldest first: what the next snapshot's base list holds.
    manifests: Vec<(String, u64)>,
    /// The last snapshot.
    pub version: i64,
    earliest: i64,
    files: u64,
    /// Files that a compaction has replaced, with the snapshot that did: they go when what came before
    /// it has expired.
    replaced: Vec<(i64, String)>,
}

impl Writer {
    /// Makes the table `database.db/name` without a snapshot.
    pub fn create(lake: &Path, database: &str, name: &str) -> Result<Self> {
        let table = lake.join(format!("{database}.db")).join(name);
        for folder in ["schema", "snapshot", "manifest", "bucket-0"] {
            fs::create_dir_all(table.join(folder))?;
        }
        let field = |id: i32, name: &str| json!({"id": id, "name": name, "type": "BIGINT"});
        let schema = json!({
            "version": 3, "id": 0, "highestFieldId": 1, "timeMillis": 0, "options": {"bucket": "-1"},
            "fields": [field(0, "k"), field(1, "v")], "partitionKeys": [], "primaryKeys": [],
        });
        fs::write(table.join("schema/schema-0"), schema.to_string())?;
        let (live, manifests, replaced) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { table, live, manifests, version: 0, earliest: 1, files: 0, replaced })
    }

    /// All rows of the table as it is.
    pub fn rows(&self) -> Vec<Row> {
        self.live.iter().flat_map(|file| file.rows.iter().copied()).collect()
    }

    pub fn files(&self) -> usize {
        self.live.len()
    }

    pub fn append(&mut self, rows: Vec<Row>, hint: bool) -> Result<()> {
        let added = self.write_file(rows)?;
        self.commit("APPEND", &[(true, &added)], hint)?;
        self.live.push(added);
        Ok(())
    }

    /// Writes all rows into one file.
    pub fn compact(&mut self, hint: bool) -> Result<()> {
        let added = self.write_file(self.rows())?;
        let old = std::mem::take(&mut self.live);
        let mut entries: Vec<(bool, &DataFile)> = old.iter().map(|file| (false, file)).collect();
        entries.push((true, &added));
        self.commit("COMPACT", &entries, hint)?;
        self.replaced.extend(old.iter().map(|file| (self.version, file.name.clone())));
        self.live.push(added);
        Ok(())
    }

    /// Takes away the snapshots up to one, but the last, and the files that no other needs.
    pub fn expire(&mut self, up_to: i64) -> Result<()> {
        while self.earliest <= up_to && self.earliest < self.version {
            fs::remove_file(self.table.join(format!("snapshot/snapshot-{}", self.earliest)))?;
            self.earliest += 1;
        }
        fs::write(self.table.join("snapshot/EARLIEST"), self.earliest.to_string())?;
        let (gone, kept) =
            std::mem::take(&mut self.replaced).into_iter().partition(|(by, _)| *by <= self.earliest);
        self.replaced = kept;
        let gone: Vec<(i64, String)> = gone;
        gone.iter().try_for_each(|(_, name)| fs::remove_file(self.table.join("bucket-0").join(name)))?;
        Ok(())
    }

    fn write_file(&mut self, rows: Vec<Row>) -> Result<DataFile> {
        self.files += 1;
        let name = format!("data-{}.parquet", self.files);
        let path = self.table.join("bucket-0").join(&name);
        let column =
            |of: fn(&Row) -> i64| Arc::new(Int64Array::from_iter_values(rows.iter().map(of))) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("k", column(|row| row.0)), ("v", column(|row| row.1))])?;
        let mut writer = ArrowWriter::try_new(fs::File::create(&path)?, batch.schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(DataFile { name, bytes: fs::metadata(&path)?.len(), rows })
    }

    fn commit(&mut self, kind: &str, entries: &[(bool, &DataFile)], hint: bool) -> Result<()> {
        let id = self.version + 1;
        let put = |name: &str, bytes: Vec<u8>| -> Result<u64> {
            fs::write(self.table.join("manifest").join(name), &bytes)?;
            Ok(bytes.len() as u64)
        };
        let name = format!("manifest-{id}");
        let size = put(&name, manifest(entries))?;
        let (base, delta) = (format!("base-{id}"), format!("delta-{id}"));
        put(&base, manifest_list(&self.manifests))?;
        put(&delta, manifest_list(&[(name.clone(), size)]))?;
        let snapshot = json!({
            "version": 3, "id": id, "schemaId": 0, "baseManifestList": base, "deltaManifestList": delta,
            "commitUser": "test", "commitIdentifier": id, "commitKind": kind, "timeMillis": 1000 * id,
        });
        // It is there whole or not at all.
        let hidden = self.table.join(format!("snapshot/.snapshot-{id}"));
        fs::write(&hidden, snapshot.to_string())?;
        fs::rename(hidden, self.table.join(format!("snapshot/snapshot-{id}")))?;
        if hint {
            fs::write(self.table.join("snapshot/.LATEST"), id.to_string())?;
            fs::rename(self.table.join("snapshot/.LATEST"), self.table.join("snapshot/LATEST"))?;
        }
        self.manifests.push((name, size));
        self.version = id;
        Ok(())
    }
}

/// Avro's binary encoding.
#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn long(&mut self, value: i64) -> &mut Self {
        let mut bits = ((value << 1) ^ (value >> 63)) as u64;
        while bits >= 0x80 {
            self.0.push(bits as u8 | 0x80);
            bits >>= 7;
        }
        self.0.push(bits as u8);
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.long(bytes.len() as i64).0.extend(bytes);
        self
    }

    /// Minima, maxima and counts of nulls.
    fn stats(&mut self, min: &[i64], max: &[i64]) -> &mut Self {
        self.bytes(&row(min)).bytes(&row(max));
        if !min.is_empty() {
            self.long(min.len() as i64);
            for _ in min {
                self.long(0);
            }
        }
        self.long(0)
    }
}

fn container(schema: &Json, records: &[Vec<u8>]) -> Vec<u8> {
    let sync = [7; 16];
    let mut file = Encoder(b"Obj\x01".to_vec());
    file.long(1).bytes(b"avro.schema").bytes(schema.to_string().as_bytes()).long(0).0.extend(sync);
    if !records.is_empty() {
        file.long(records.len() as i64).bytes(&records.concat()).0.extend(sync);
    }
    file.0
}

/// A serialised row of numbers, each in a slot.
fn row(values: &[i64]) -> Vec<u8> {
    let mut bytes = (values.len() as u32).to_be_bytes().to_vec();
    bytes.extend([0; 8]);
    values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    bytes
}

fn field(name: &str, data_type: Json) -> Json {
    json!({"name": name, "type": data_type})
}

fn stats_type(name: &str) -> Json {
    let fields = [
        field("_MIN_VALUES", "bytes".into()),
        field("_MAX_VALUES", "bytes".into()),
        field("_NULL_COUNTS", json!({"type": "array", "items": "long"})),
    ];
    json!({"type": "record", "name": name, "fields": fields})
}

fn manifest(entries: &[(bool, &DataFile)]) -> Vec<u8> {
    let long = |name: &str| field(name, "long".into());
    let int = |name: &str| field(name, "int".into());
    let bytes = |name: &str| field(name, "bytes".into());
    let file = json!({"type": "record", "name": "record__FILE", "fields": [
        field("_FILE_NAME", "string".into()), long("_FILE_SIZE"), long("_ROW_COUNT"), bytes("_MIN_KEY"),
        bytes("_MAX_KEY"), field("_KEY_STATS", stats_type("keys")), field("_VALUE_STATS", stats_type("values")),
        long("_MIN_SEQUENCE_NUMBER"), long("_MAX_SEQUENCE_NUMBER"), long("_SCHEMA_ID"), int("_LEVEL"),
        long("_DELETE_ROW_COUNT"),
    ]});
    let schema = json!({"type": "record", "name": "record", "fields": [
        int("_KIND"), bytes("_PARTITION"), int("_BUCKET"), int("_TOTAL_BUCKETS"), field("_FILE", file),
    ]});
    let record = |(added, file): &(bool, &DataFile)| {
        let bound = |of: fn(&Row) -> i64, least: bool| {
            let values = file.rows.iter().map(of);
            if least { values.min() } else { values.max() }.unwrap_or_default()
        };
        let (min, max) = (
            [bound(|row| row.0, true), bound(|row| row.1, true)],
            [bound(|row| row.0, false), bound(|row| row.1, false)],
        );
        let mut record = Encoder::default();
        record.long(i64::from(!added)).bytes(&row(&[])).long(0).long(-1);
        record.bytes(file.name.as_bytes()).long(file.bytes as i64).long(file.rows.len() as i64);
        record.bytes(&row(&[])).bytes(&row(&[])).stats(&[], &[]).stats(&min, &max);
        record.long(0).long(0).long(0).long(0).long(0);
        record.0
    };
    container(&schema, &entries.iter().map(record).collect::<Vec<_>>())
}

fn manifest_list(manifests: &[(String, u64)]) -> Vec<u8> {
    let long = |name: &str| field(name, "long".into());
    let schema = json!({"type": "record", "name": "record", "fields": [
        field("_FILE_NAME", "string".into()), long("_FILE_SIZE"), long("_NUM_ADDED_FILES"),
        long("_NUM_DELETED_FILES"), field("_PARTITION_STATS", stats_type("partitions")), long("_SCHEMA_ID"),
    ]});
    let record = |(name, size): &(String, u64)| {
        let mut record = Encoder::default();
        record.bytes(name.as_bytes()).long(*size as i64).long(1).long(0).stats(&[], &[]).long(0);
        record.0
    };
    container(&schema, &manifests.iter().map(record).collect::<Vec<_>>())
}
