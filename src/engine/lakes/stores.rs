//! From a lake's location to the object store that holds it.
//!
//! | location | store | credentials |
//! |---|---|---|
//! | `./folder`, `/folder`, `file:///folder` | the file system, seen from that folder down | |
//! | `s3://bucket/path` | S3 and what speaks it (MinIO, Ceph, R2) | `AWS_*` |
//! | `gs://bucket/path` | Google Cloud Storage | `GOOGLE_*` |
//! | `az://container/path`, `abfss://container@account.dfs.core.windows.net/path` | Azure | `AZURE_*` |
//! | `memory://name/path` | memory of this process, for tests | |
//!
//! A lake that was moved keeps full paths in some metadata: `LOCATION#stored-at=OLD_LOCATION` says where
//! it was when they were written. `LOCATION#type=delta` says what its tables are, where folders could be
//! taken for several things; `LOCATION#type=delta&stored-at=OLD_LOCATION` says both.
//!
//! Settings of a cloud store may stand in the URL too and win over the environment:
//! `s3://bucket/lake?endpoint=http://localhost:9000&region=us-east-1`. Names are object_store's.

use std::collections::HashMap;
use std::path::{Path as FilePath, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::SpawnedReqwestConnector;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use url::{Position, Url};

use super::formats::TableFormat;
use crate::error::{Error, ErrorKind, Result};

/// Failed requests are tried again this often, and no longer than this.
const RETRIES_MAX: usize = 6;
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// An object store and the folder in it that a location names.
#[derive(Debug, Clone)]
pub(crate) struct StoreRoot {
    pub store: Arc<dyn ObjectStore>,
    pub root: Path,
    /// What the store itself is called in full paths: `file:///folder/`, `s3://bucket/`.
    pub url: Url,
    /// Where full paths in the lake's metadata believe it to be, if elsewhere.
    pub stored_at: Option<String>,
    /// The format that its tables are said to have.
    pub format: Option<TableFormat>,
}

/// Separates a location from the one at which its metadata was written.
const STORED_AT: &str = "stored-at=";
/// Separates a location from the format of its tables.
const TYPE: &str = "#type=";

/// Opens the store of a location. Its requests run on `network`. Nothing is asked of it yet.
pub(crate) fn open(location: &str, network: &Handle) -> Result<StoreRoot> {
    let said = location.split_once(STORED_AT);
    let said = said.and_then(|(place, stored_at)| Some((place.strip_suffix(['#', '&'])?, stored_at)));
    let (place, stored_at) = match said {
        Some((place, stored_at)) => (place, Some(stored_at.to_owned())),
        None => (location, None),
    };
    let (place, format) = match place.split_once(TYPE) {
        Some((place, name)) => {
            (place, Some(TableFormat::named(name).map_err(|error| invalid(location, &error))?))
        }
        None => (place, None),
    };
    Ok(StoreRoot { stored_at, format, ..open_place(place, network)? })
}

fn open_place(location: &str, network: &Handle) -> Result<StoreRoot> {
    if !location.contains("://") {
        return open_folder(&expand_home(location), location);
    }
    let url = Url::parse(location).map_err(|error| invalid(location, &error))?;
    if url.scheme() == "memory" {
        let store = memory(url.host_str().unwrap_or_default());
        let root = folder_in(&url, location)?;
        return Ok(StoreRoot { store, root, url: store_url(&url, location)?, stored_at: None, format: None });
    }
    let (scheme, root) = ObjectStoreScheme::parse(&url).map_err(|error| invalid(location, &error))?;
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::Local => {
            let folder = url.to_file_path().map_err(|()| invalid(location, &"no path of this machine"))?;
            return open_folder(&folder, location);
        }
        ObjectStoreScheme::AmazonS3 => s3(&url, network).map_err(|error| invalid(location, &error))?,
        ObjectStoreScheme::GoogleCloudStorage => {
            google(&url, network).map_err(|error| invalid(location, &error))?
        }
        ObjectStoreScheme::MicrosoftAzure => {
            azure(&url, network).map_err(|error| invalid(location, &error))?
        }
        _ => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("Tarn cannot open {}:// locations", url.scheme()),
            )
            .with_hint("It opens folders, s3://, gs://, az:// and abfss://."));
        }
    };
    let root = Path::parse(root.as_ref().trim_end_matches('/')).map_err(|error| invalid(location, &error))?;
    Ok(StoreRoot { store, root, url: store_url(&url, location)?, stored_at: None, format: None })
}

/// A store of this process's memory; the same name gives the same store.
pub fn memory(name: &str) -> Arc<InMemory> {
    static STORES: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);
    Arc::clone(STORES.lock().entry(name.to_owned()).or_default())
}

/// A folder of the file system, from which nothing outside of it can be reached.
fn open_folder(folder: &FilePath, location: &str) -> Result<StoreRoot> {
    let unreachable = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Storage, format!("cannot open the lake {location}: {error}"))
    };
    let folder = folder.canonicalize().map_err(|error| unreachable(&error))?;
    if !folder.is_dir() {
        return Err(unreachable(&"it is a file, not a folder"));
    }
    let store = LocalFileSystem::new_with_prefix(&folder).map_err(|error| unreachable(&error))?;
    let url = Url::from_directory_path(&folder).map_err(|()| unreachable(&"its path is no URL"))?;
    Ok(StoreRoot { store: Arc::new(store), root: Path::default(), url, stored_at: None, format: None })
}

fn expand_home(location: &str) -> PathBuf {
    match (location.strip_prefix("~/"), dirs::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(location),
    }
}

fn s3(url: &Url, network: &Handle) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::from_env().with_url(without_query(url));
    for (key, value) in url.query_pairs() {
        builder = builder.with_config(AmazonS3ConfigKey::from_str(&key)?, value);
    }
    // Whoever names an endpoint without TLS wants it.
    let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    let connector = SpawnedReqwestConnector::new(network.clone());
    Ok(Arc::new(builder.with_retry(retries()).with_http_connector(connector).build()?))
}

fn google(url: &Url, network: &Handle) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_url(without_query(url));
    for (key, value) in url.query_pairs() {
        builder = builder.with_config(GoogleConfigKey::from_str(&key)?, value);
    }
    let connector = SpawnedReqwestConnector::new(network.clone());
    Ok(Arc::new(builder.with_retry(retries()).with_http_connector(connector).build()?))
}

fn azure(url: &Url, network: &Handle) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_url(without_query(url));
    for (key, value) in url.query_pairs() {
        builder = builder.with_config(AzureConfigKey::from_str(&key)?, value);
    }
    let connector = SpawnedReqwestConnector::new(network.clone());
    Ok(Arc::new(builder.with_retry(retries()).with_http_connector(connector).build()?))
}

fn retries() -> RetryConfig {
    RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() }
}

fn without_query(url: &Url) -> String {
    url[..Position::AfterPath].to_owned()
}

fn folder_in(url: &Url, location: &str) -> Result<Path> {
    Path::from_url_path(url.path()).map_err(|error| invalid(location, &error))
}

fn store_url(url: &Url, location: &str) -> Result<Url> {
    Url::parse(&format!("{}/", &url[..Position::BeforePath])).map_err(|error| invalid(location, &error))
}

fn invalid(location: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("cannot open the lake {location}: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn opened(location: &str) -> Result<StoreRoot> {
        open(location, &Handle::current())
    }

    #[tokio::test]
    async fn locations_name_stores_and_folders_in_them() {
        let s3 = opened("s3://bucket/a/lake/?endpoint=http://localhost:9000&region=eu-west-1").await.unwrap();
        assert_eq!((s3.root.as_ref(), s3.url.as_str()), ("a/lake", "s3://bucket/"));
        assert!(s3.store.to_string().contains("bucket"));
        let memory = opened("memory://one/lake").await.unwrap();
        assert_eq!(memory.root.as_ref(), "lake");
        let typed = opened("s3://bucket/lake#type=iceberg&stored-at=hdfs://old/lake").await.unwrap();
        assert_eq!(
            (typed.format, typed.stored_at.as_deref()),
            (Some(TableFormat::Iceberg), Some("hdfs://old/lake"))
        );
        let folder = tempfile::tempdir().unwrap();
        let local = opened(folder.path().to_str().unwrap()).await.unwrap();
        assert_eq!(local.root.as_ref(), "");
        assert!(local.url.as_str().starts_with("file:///"));
    }

    #[tokio::test]
    async fn what_cannot_be_a_lake_is_an_error() {
        for location in
            ["memory://x/y#type=csvs", "/no/such/folder", "ftp://host/x", "s3://bucket/x?nonsense=1", "s3://"]
        {
            assert!(opened(location).await.is_err(), "{location}");
        }
    }
}
