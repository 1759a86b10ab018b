//! Tables made up in memory, as an old writer would have written them: manifests with the fields of
//! Paimon's first versions and no more.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use serde_json::{Value as Json, json};

use crate::paimon::{FileSystemWarehouse, MetadataCache, PaimonTable};

/// A data file of the table `(p INT, k INT, v BIGINT)`, partitioned by `p`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct File {
    pub partition: i32,
    pub bucket: i32,
    pub number: u32,
    pub level: i32,
    pub keys: (i32, i32),
    pub values: (i64, i64),
}

pub const ROWS: u64 = 10;

impl File {
    pub fn name(&self) -> String {
        format!("data-{}.parquet", self.number)
    }
}

/// Commits that add (`true`) and delete files; each is one manifest of one snapshot.
pub type Commits = Vec<Vec<(bool, File)>>;

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

    fn stats(&mut self, min: &[u8], max: &[u8], columns: usize) -> &mut Self {
        self.bytes(min).bytes(max);
        if columns > 0 {
            self.long(columns as i64);
            (0..columns).for_each(|_| {
                self.long(0);
            });
        }
        self.long(0)
    }
}

fn container(schema: Json, records: &[Vec<u8>]) -> Vec<u8> {
    let sync = [7; 16];
    let mut file = Encoder(b"Obj\x01".to_vec());
    file.long(1).bytes(b"avro.schema").bytes(schema.to_string().as_bytes()).long(0).0.extend(sync);
    for block in records.chunks(500) {
        file.long(block.len() as i64).bytes(&block.concat()).0.extend(sync);
    }
    file.0
}

/// A serialised row of numbers, each in a slot.
pub fn row(values: &[i64]) -> Vec<u8> {
    let mut bytes = (values.len() as u32).to_be_bytes().to_vec();
    bytes.extend([0; 8]);
    values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    bytes
}

fn field(name: &str, data_type: Json) -> Json {
    json!({"name": name, "type": data_type})
}

fn stats_type(name: &str) -> Json {
    let counts = json!({"type": "array", "items": "long"});
    let fields = [
        field("_MIN_VALUES", "bytes".into()),
        field("_MAX_VALUES", "bytes".into()),
        field("_NULL_COUNTS", counts),
    ];
    json!({"type": "record", "name": name, "fields": fields})
}

fn manifest(keyed: bool, entries: &[(bool, File)]) -> Vec<u8> {
    let long = |name: &str| field(name, "long".into());
    let bytes = |name: &str| field(name, "bytes".into());
    let file = json!({"type": "record", "name": "record__FILE", "fields": [
        field("_FILE_NAME", "string".into()), long("_FILE_SIZE"), long("_ROW_COUNT"), bytes("_MIN_KEY"), bytes("_MAX_KEY"),
        field("_KEY_STATS", stats_type("keys")), field("_VALUE_STATS", stats_type("values")),
        long("_MIN_SEQUENCE_NUMBER"), long("_MAX_SEQUENCE_NUMBER"), long("_SCHEMA_ID"), field("_LEVEL", "int".into()),
        long("_DELETE_ROW_COUNT"),
    ]});
    let schema = json!({"type": "record", "name": "record", "fields": [
        field("_KIND", "int".into()), bytes("_PARTITION"), field("_BUCKET", "int".into()),
        field("_TOTAL_BUCKETS", "int".into()), field("_FILE", file),
    ]});
    let record = |(added, file): &(bool, File)| {
        let mut record = Encoder::default();
        let key = |key: i32| if keyed { row(&[key.into()]) } else { row(&[]) };
        let (min_key, max_key) = (key(file.keys.0), key(file.keys.1));
        let values = |key: i32, value: i64| row(&[file.partition.into(), key.into(), value]);
        record
            .long(i64::from(!added))
            .bytes(&row(&[file.partition.into()]))
            .long(file.bucket.into())
            .long(-1);
        record.bytes(file.name().as_bytes()).long(1000).long(ROWS as i64).bytes(&min_key).bytes(&max_key);
        record.stats(&min_key, &max_key, usize::from(keyed));
        record.stats(&values(file.keys.0, file.values.0), &values(file.keys.1, file.values.1), 3);
        record
            .long(i64::from(file.number))
            .long(i64::from(file.number))
            .long(0)
            .long(file.level.into())
            .long(0);
        record.0
    };
    container(schema, &entries.iter().map(record).collect::<Vec<_>>())
}

fn manifest_list(manifests: &[(String, usize, &[(bool, File)])]) -> Vec<u8> {
    let schema = json!({"type": "record", "name": "record", "fields": [
        field("_FILE_NAME", "string".into()), field("_FILE_SIZE", "long".into()),
        field("_NUM_ADDED_FILES", "long".into()), field("_NUM_DELETED_FILES", "long".into()),
        field("_PARTITION_STATS", stats_type("partitions")), field("_SCHEMA_ID", "long".into()),
    ]});
    let record = |(name, size, entries): &(String, usize, &[(bool, File)])| {
        let added = entries.iter().filter(|(added, _)| *added).count();
        let partitions = || entries.iter().map(|(_, file)| i64::from(file.partition));
        let mut record = Encoder::default();
        record
            .bytes(name.as_bytes())
            .long(*size as i64)
            .long(added as i64)
            .long((entries.len() - added) as i64);
        record.stats(&row(&[partitions().min().unwrap()]), &row(&[partitions().max().unwrap()]), 1).long(0);
        record.0
    };
    container(schema, &manifests.iter().map(record).collect::<Vec<_>>())
}

async fn put(store: &Arc<dyn ObjectStore>, path: &str, bytes: Vec<u8>) {
    store.put(&Path::from(format!("w/d.db/t/{path}")), PutPayload::from(bytes)).await.unwrap();
}

/// Writes the table `d.t`, with one snapshot that has all commits' manifests in its base list.
pub async fn table(keyed: bool, options: Json, commits: &Commits) -> (Arc<dyn ObjectStore>, PaimonTable) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    write_branch(&store, None, keyed, options, commits).await;
    let cache = Arc::new(MetadataCache::default());
    let warehouse = FileSystemWarehouse::new(Arc::clone(&store), Path::from("w"), &cache);
    let table = warehouse.open("d", "t", None).await.unwrap().unwrap();
    (store, table)
}

/// Writes a branch of the table `d.t`, `None` being the main one.
pub async fn write_branch(
    store: &Arc<dyn ObjectStore>,
    branch: Option<&str>,
    keyed: bool,
    options: Json,
    commits: &Commits,
) {
    let folder = branch.map(|branch| format!("branch/branch-{branch}/")).unwrap_or_default();
    let suffix = branch.map(|branch| format!("-{branch}")).unwrap_or_default();
    let schema = json!({
        "version": 3, "id": 0, "highestFieldId": 2, "timeMillis": 0, "options": options,
        "fields": [
            {"id": 0, "name": "p", "type": "INT"},
            {"id": 1, "name": "k", "type": "INT"},
            {"id": 2, "name": "v", "type": "BIGINT"},
        ],
        "partitionKeys": ["p"], "primaryKeys": if keyed { vec!["p", "k"] } else { vec![] },
    });
    put(store, &format!("{folder}schema/schema-0"), schema.to_string().into_bytes()).await;
    let mut manifests = Vec::new();
    for (number, entries) in commits.iter().enumerate() {
        let (name, bytes) = (format!("manifest-{number}{suffix}"), manifest(keyed, entries));
        manifests.push((name.clone(), bytes.len(), entries.as_slice()));
        put(store, &format!("manifest/{name}"), bytes).await;
    }
    let (base, delta) = (format!("base{suffix}"), format!("delta{suffix}"));
    put(store, &format!("manifest/{base}"), manifest_list(&manifests)).await;
    put(store, &format!("manifest/{delta}"), manifest_list(&[])).await;
    let snapshot = json!({
        "id": 1, "schemaId": 0, "baseManifestList": base, "deltaManifestList": delta, "commitUser": "u",
        "commitIdentifier": 1, "commitKind": "APPEND", "timeMillis": 1, "logOffsets": {},
    });
    put(store, &format!("{folder}snapshot/snapshot-1"), snapshot.to_string().into_bytes()).await;
}
