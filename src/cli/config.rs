//! `tarn.toml`: lakes, limits and how to serve them.
//!
//! ```toml
//! memory_limit = "8GB"
//! threads = 4
//!
//! [lakes]
//! dev = "./lake"
//! prod = "s3://bucket/lake"
//! old = { url = "./copy", type = "iceberg", stored_at = "hdfs://cluster/warehouse" }
//!
//! [serve]
//! listen = ["127.0.0.1:5433"]
//! users = "users.toml"
//! [serve.settings]
//! statement_timeout = "60s"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::engine::LakeLocation;
use crate::engine::lakes::is_name;
use crate::error::{Error, ErrorKind, Result};

/// Read when no other file is named.
const DEFAULT_FILE: &str = "tarn.toml";

#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub memory_limit: Option<String>,
    pub threads: Option<usize>,
    pub lakes: BTreeMap<String, LakeEntry>,
    pub serve: ServeSection,
}

/// A lake's place, or that and what is known of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum LakeEntry {
    Url(String),
    Described(DescribedLake),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedLake {
    url: String,
    /// What its tables are: `paimon`, `delta`, `iceberg`, `files`.
    #[serde(rename = "type")]
    format: Option<String>,
    /// Where it was when its metadata was written.
    stored_at: Option<String>,
}

impl LakeEntry {
    /// The location, as the command line takes it.
    fn url(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Described(DescribedLake { url, format, stored_at }) => {
                let said = [("type", format), ("stored-at", stored_at)];
                let said: Vec<String> = said
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
                    .collect();
                if said.is_empty() { url.clone() } else { format!("{url}#{}", said.join("&")) }
            }
        }
    }
}

#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServeSection {
    pub listen: Vec<String>,
    pub http: Option<String>,
    pub users: Option<PathBuf>,
    pub rules: Option<PathBuf>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub max_connections: Option<usize>,
    pub reserved_connections: Option<usize>,
    pub slow_query: Option<String>,
    pub drain_timeout: Option<String>,
    pub authentication_timeout: Option<String>,
    pub message_limit: Option<String>,
    pub settings: BTreeMap<String, String>,
}

impl ConfigFile {
    /// Reads the named file, or `tarn.toml` where there is one.
    pub fn load(named: Option<&Path>) -> Result<Self> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Storage, format!("cannot read {}: {error}", path.display()))
        })?;
        Self::parse(&text).map_err(|message| {
            Error::new(ErrorKind::InvalidParameter, format!("{}: {message}", path.display()))
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        match file.lakes.keys().find(|name| !is_name(name)) {
            Some(name) => Err(format!("\"{name}\" cannot be a lake's name: use letters, digits, _ and -")),
            None => Ok(file),
        }
    }

    pub fn locations(&self) -> Vec<LakeLocation> {
        let location =
            |(name, entry): (&String, &LakeEntry)| LakeLocation { name: name.clone(), url: entry.url() };
        self.lakes.iter().map(location).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_names_lakes_and_limits() {
        let file = ConfigFile::parse(
            "memory_limit = '8GB'\n[lakes]\ndev = './lake'\n[serve]\nlisten = ['127.0.0.1:5433']",
        )
        .unwrap();
        assert_eq!(file.locations(), [LakeLocation { name: "dev".into(), url: "./lake".into() }]);
        assert_eq!(file.serve.listen, ["127.0.0.1:5433"]);
    }

    #[test]
    fn a_lake_may_be_described() {
        let text = "[lakes]\nx = { url = './x', type = 'delta', stored_at = '/old' }\ny = { url = './y' }";
        let urls: Vec<String> =
            ConfigFile::parse(text).unwrap().locations().into_iter().map(|lake| lake.url).collect();
        assert_eq!(urls, ["./x#type=delta&stored-at=/old", "./y"]);
        assert!(ConfigFile::parse("[lakes]\nx = { url = './x', kind = 'delta' }").is_err());
    }

    #[test]
    fn mistakes_are_told() {
        assert!(ConfigFile::parse("lake = './x'").unwrap_err().contains("lake"));
        assert!(ConfigFile::parse("[lakes]\n'a b' = './x'").is_err());
        assert!(ConfigFile::load(Some(Path::new("/no/such/tarn.toml"))).is_err());
    }
}
