//! The engine and the server that all tests share, over the demo lake and the golden tables.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use tarn::engine::{Engine, EngineConfig, LakeLocation};
use tarn::pg::{ServeOptions, Server};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::golden_set::{Result, unpack};

/// The lake in which sessions start: its database `rec` holds the demo tables.
pub const DEMO: &str = "demo";
/// The lake of golden tables, in its database `golden`.
pub const GOLDEN: &str = "golden";

const PACKED_DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/demo-lake.tar.zst");
/// Tables of the formats' own writers, a lake for each format, and two Delta tables whose log is gone: folders.
pub const DELTA: &str = "delta";
pub const ICEBERG: &str = "iceberg";
pub const FILES: &str = "files";
/// Where the set of the formats was made, which some of its metadata says.
const LAKES_MADE_AT: &str = "/tmp/tarn-golden/visible/warehouse";
const TABLES_OF_FILES: [&str; 2] = ["dv", "part"];

/// Folders of CSV and JSON files.
pub const TEXT: &str = "text";
const TEXT_FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/formats/text");

/// The demo's users in three other formats, side by side.
pub const MIXED: &str = "mixed";
const PACKED_MIXED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/formats/mixed-lake.tar.zst");

const PACKED_LAKES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/golden/lakes.tar.zst");
const PACKED_GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/golden/paimon.tar.zst");

static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());
static ENGINE: OnceCell<Arc<Engine>> = OnceCell::const_new();
static SERVER: OnceCell<SocketAddr> = OnceCell::const_new();

/// Runs a test's future on the runtime that all tests share.
pub fn block_on<T>(test: impl Future<Output = T>) -> Result<T> {
    let runtime = RUNTIME.as_ref().map_err(|error| error.to_string())?;
    Ok(runtime.block_on(test))
}

/// The folder of the demo lake, unpacked once.
pub fn demo_folder() -> Result<PathBuf> {
    static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut folder = FOLDER.lock();
    let unpacked = match folder.take() {
        Some(unpacked) => unpacked,
        None => unpack::unpacked(Path::new(PACKED_DEMO))?.join("demo-lake"),
    };
    Ok(folder.insert(unpacked).clone())
}

/// The root of the golden set that comes with the project. `TARN_GOLDEN` is for the golden runner alone:
/// the answers in `.slt` files belong to this set.
pub fn golden_root() -> Result<PathBuf> {
    unpack::open(Path::new(PACKED_GOLDEN))
}

/// The root of the golden set of the formats other than Paimon.
pub fn lakes_root() -> Result<PathBuf> {
    unpack::open(Path::new(PACKED_LAKES))
}

/// Lakes of the formats other than Paimon.
fn other_lakes() -> Result<Vec<LakeLocation>> {
    let warehouse = lakes_root()?.join("warehouse");
    let of_format = |format: &str| LakeLocation {
        name: format.to_owned(),
        url: format!("{}#stored-at={LAKES_MADE_AT}/{format}", warehouse.join(format).display()),
    };
    let files = warehouse.with_file_name("files");
    for table in TABLES_OF_FILES {
        copy_data_files(&warehouse.join(DELTA).join(table), &files.join(table))?;
    }
    let files = LakeLocation { name: FILES.to_owned(), url: files.display().to_string() };
    let texts = LakeLocation { name: TEXT.to_owned(), url: TEXT_FILES.to_owned() };
    let mixed = unpack::unpacked(Path::new(PACKED_MIXED))?.join("mixed-lake");
    let mixed = LakeLocation { name: MIXED.to_owned(), url: mixed.display().to_string() };
    Ok(vec![of_format(DELTA), of_format(ICEBERG), files, texts, mixed])
}

/// Copies the Parquet files of a folder and of the partitions in it.
fn copy_data_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() && !name.starts_with('_') {
            copy_data_files(&path, &to.join(name))?;
        } else if name.ends_with(".parquet") {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// An engine over all lakes.
pub async fn engine() -> Result<&'static Arc<Engine>> {
    ENGINE
        .get_or_try_init(|| async {
            let lake = |name: &str, folder: PathBuf| LakeLocation {
                name: name.to_owned(),
                url: folder.display().to_string(),
            };
            let golden = golden_root()?.join("warehouse");
            let mut lakes = vec![lake(DEMO, demo_folder()?), lake(GOLDEN, golden)];
            lakes.extend(other_lakes()?);
            Ok(Engine::open(EngineConfig { lakes, ..EngineConfig::default() }).await?)
        })
        .await
}

/// Where the server listens, on a port of the system's choice; it ends with the process.
pub async fn server() -> Result<SocketAddr> {
    let address = SERVER.get_or_try_init(|| async {
        let options =
            ServeOptions { listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))], ..ServeOptions::default() };
        let server = Server::bind(Arc::clone(engine().await?), options).await?;
        let address = server.addresses().first().copied().ok_or("the server listens nowhere")?;
        tokio::spawn(server.run());
        Result::<SocketAddr>::Ok(address)
    });
    address.await.copied()
}
