//! Consumers: how far a streaming reader has come.

use object_store::path::Path;
use serde::Deserialize;

use crate::error::{Error, Result};

/// A `consumer-{id}` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    pub id: String,
    /// The snapshot that the consumer reads next.
    pub next_snapshot: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    next_snapshot: i64,
}

impl Consumer {
    pub fn parse(id: &str, path: &Path, bytes: &[u8]) -> Result<Self> {
        let progress: Progress = serde_json::from_slice(bytes)
            .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
        Ok(Self { id: id.to_string(), next_snapshot: progress.next_snapshot })
    }
}
