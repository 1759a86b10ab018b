//! A version of a table: what the actions up to it leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::action::{Add, DeletionVector, Line, Lines, Metadata, Protocol};
use super::log::Log;
use super::plan::percent_decoded;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;

/// Commits that are read at a time.
const CONCURRENT_READS: usize = 16;

/// The state of a table at a version.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub version: i64,
    pub protocol: Protocol,
    pub metadata: Metadata,
    /// Live files, in the order of their paths.
    pub files: Vec<Add>,
}

/// A data file under one of its deletion vectors: what actions add and remove.
type FileKey = (String, Option<String>);

/// The key of a file in the state of a table: a path counts as what it names, however it is spelled.
fn file_key(path: &str, vector: Option<&DeletionVector>) -> FileKey {
    let decoded = percent_decoded(path).unwrap_or_else(|| path.to_owned());
    let path = match decoded.strip_prefix("file:") {
        Some(full) => format!("/{}", full.trim_start_matches('/')),
        None => decoded,
    };
    (path, vector.map(DeletionVector::id))
}

#[derive(Debug, Default)]
struct Replay {
    protocol: Option<Protocol>,
    metadata: Option<Metadata>,
    files: BTreeMap<FileKey, Add>,
}

impl Replay {
    /// Takes an action that is newer than all before it.
    fn apply(&mut self, line: &Line) {
        if let Some(protocol) = &line.protocol {
            self.protocol = Some(protocol.clone());
        }
        if let Some(metadata) = &line.meta_data {
            self.metadata = Some(metadata.clone());
        }
        if let Some(remove) = &line.remove {
            self.files.remove(&file_key(&remove.path, remove.deletion_vector.as_ref()));
        }
        if let Some(add) = &line.add {
            self.files.insert(file_key(&add.path, add.deletion_vector.as_ref()), add.clone());
        }
    }

    /// Takes a commit. Its actions are of one moment: what it removes goes before what it adds comes.
    fn commit(&mut self, commit: &Lines) {
        let (removes, others): (Vec<&Line>, Vec<&Line>) =
            commit.lines.iter().partition(|line| line.remove.is_some());
        removes.into_iter().chain(others).for_each(|line| self.apply(line));
    }
}

impl Snapshot {
    /// Replays the log up to a version.
    pub async fn read(label: &str, files: &MetadataFiles, log: &Log, version: i64) -> Result<Self> {
        let checkpoint = log.start_of(version)?;
        let mut replay = Replay::default();
        if let Some(checkpoint) = checkpoint {
            let actions = log.checkpoint(files, checkpoint).await?;
            actions.iter().flat_map(|lines| &lines.lines).for_each(|line| replay.apply(line));
        }
        let first = checkpoint.map_or(0, |checkpoint| checkpoint.saturating_add(1));
        for commit in commits(files, log, first, version).await? {
            replay.commit(&commit);
        }
        let missing = |what: &str| {
            Error::corrupt(format!("the log of table {label}"), format!("version {version} has no {what}"))
        };
        Ok(Self {
            version,
            protocol: replay.protocol.ok_or_else(|| missing("protocol"))?,
            metadata: replay.metadata.ok_or_else(|| missing("metadata"))?,
            files: replay.files.into_values().collect(),
        })
    }

    pub fn option(&self, name: &str) -> Option<&str> {
        self.metadata.configuration.get(name).map(String::as_str)
    }
}

/// The commits `first..=last`, several read at a time.
pub async fn commits(files: &MetadataFiles, log: &Log, first: i64, last: i64) -> Result<Vec<Arc<Lines>>> {
    let reads = (first..=last).map(|version| log.commit(files, version));
    stream::iter(reads).buffered(CONCURRENT_READS).try_collect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_however_they_are_spelled() {
        for (one, other) in [
            ("file:/a/b", "/a/b"),
            ("file:///a/with%20space/p@%23h", "/a/with%20space/p@%23h"),
            ("p%3D1/f", "p=1/f"),
        ] {
            assert_eq!(file_key(one, None), file_key(other, None));
        }
        assert_ne!(file_key("a/b", None), file_key("/a/b", None));
    }
}
