//! The golden tables: written by Java Paimon 2.0, with what its readers said of them.

#[path = "../../../sql-tests/golden_set/unpack.rs"]
mod unpack;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use object_store::local::LocalFileSystem;
use serde::Deserialize;
use serde_json::Value as Json;
use tarn_catalog::paimon::{FileSystemWarehouse, MetadataCache, PaimonTable};
use tarn_catalog::warehouse::Warehouse;
use url::Url;

/// What `unpack` fails with.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// The set that comes with the project; the variable `TARN_GOLDEN` names another.
const PACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sql-tests/golden/paimon.tar.zst");
pub const DATABASE: &str = "golden";

/// One query of the set's manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Query {
    pub table: String,
    /// `t`, `t$files`, `t$branch_b$snapshots`, ...
    pub object: String,
    pub kind: String,
    pub options: BTreeMap<String, String>,
    /// The answer, under `expected`; `None` where Java refused.
    pub file: Option<String>,
    /// Id of the columns of the answer.
    pub columns: Option<u64>,
}

/// The folder of the set.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let place = std::env::var_os("TARN_GOLDEN").map_or_else(|| PACKED.into(), PathBuf::from);
        unpack::open(&place).unwrap()
    })
}

pub fn warehouse_path() -> PathBuf {
    root().join("warehouse").canonicalize().unwrap()
}

pub fn warehouse() -> FileSystemWarehouse {
    let path = object_store::path::Path::from_absolute_path(warehouse_path()).unwrap();
    let cache = Arc::new(MetadataCache::default());
    FileSystemWarehouse::new(Arc::new(LocalFileSystem::new()), path, &cache)
        .with_store_url(Url::parse("file:///").unwrap())
}

/// A table of the set.
pub async fn table(name: &str) -> PaimonTable {
    warehouse().open(DATABASE, name, None).await.unwrap().unwrap()
}

/// Names of the tables that begin so.
pub async fn table_names(prefix: &str) -> Vec<String> {
    let mut names = warehouse().tables(DATABASE).await.unwrap();
    names.retain(|name| name.starts_with(prefix));
    assert!(!names.is_empty(), "no table is named {prefix}*");
    names
}

/// The rows of a table at a snapshot, as Java read them.
pub fn rows_at(table: &str, snapshot: i64) -> Vec<Json> {
    let id = snapshot.to_string();
    let mut queries = queries("batch").into_iter();
    let query = queries.find(|query| {
        query.object == table
            && query.options.len() == 1
            && query.options.get("scan.snapshot-id") == Some(&id)
    });
    lines(&query.unwrap().file.unwrap())
}

pub fn queries(kind: &str) -> Vec<Query> {
    let all = lines("manifest.jsonl").into_iter().map(|line| serde_json::from_value::<Query>(line).unwrap());
    all.filter(|query| query.kind == kind).collect()
}

/// Names and SQL types of the columns of answers, by id.
pub fn columns() -> BTreeMap<u64, Json> {
    let described = lines("columns.jsonl").into_iter();
    described.map(|line| (line["id"].as_u64().unwrap(), line["columns"].clone())).collect()
}

/// The JSON lines of a file under `expected`.
pub fn lines(file: &str) -> Vec<Json> {
    let text = fs::read_to_string(root().join("expected").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
