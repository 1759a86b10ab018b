//! The files of a table's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::path::Path;

use super::action::Lines;
use super::parquet_records;
use crate::error::{Error, Result};
use crate::files::MetadataFiles;

const SIDECAR_FOLDER: &str = "_sidecars";

/// A listing of the log's folder.
#[derive(Debug, Clone)]
pub struct Log {
    label: Arc<str>,
    folder: Path,
    /// Milliseconds since the epoch at which each commit's file was last modified, by version.
    pub commits: BTreeMap<i64, i64>,
    /// Complete checkpoints by version: the files of one of them.
    checkpoints: BTreeMap<i64, Vec<String>>,
}

/// What a file of the log is, by its name.
#[derive(Debug, PartialEq, Eq)]
enum LogFile {
    Commit,
    /// A checkpoint in one file.
    Checkpoint,
    /// One of so many files of a checkpoint.
    Part(u64, u64),
}

impl LogFile {
    /// `None` for checksums, compacted commits and what else is no part of a table's state.
    fn parse(name: &str) -> Option<(i64, Self)> {
        let (version, rest) = name.split_once('.')?;
        let digits = version.len() == 20 && version.bytes().all(|byte| byte.is_ascii_digit());
        let version = version.parse().ok().filter(|_| digits)?;
        let parts: Vec<&str> = rest.split('.').collect();
        let file = match parts.as_slice() {
            ["json"] => Self::Commit,
            ["checkpoint", "parquet"] | ["checkpoint", _, "parquet" | "json"] => Self::Checkpoint,
            ["checkpoint", part, of, "parquet"] => Self::Part(part.parse().ok()?, of.parse().ok()?),
            _ => return None,
        };
        Some((version, file))
    }
}

impl Log {
    pub async fn list(label: &Arc<str>, files: &MetadataFiles, folder: &Path) -> Result<Self> {
        let mut log = Self {
            label: Arc::clone(label),
            folder: folder.clone(),
            commits: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
        };
        let mut parts: BTreeMap<(i64, u64), BTreeMap<u64, String>> = BTreeMap::new();
        for object in files.objects(folder).await? {
            let Some(name) = object.location.filename() else { continue };
            match LogFile::parse(name) {
                Some((version, LogFile::Commit)) => {
                    log.commits.insert(version, object.last_modified.timestamp_millis());
                }
                Some((version, LogFile::Checkpoint)) => {
                    log.checkpoints.insert(version, vec![name.to_owned()]);
                }
                Some((version, LogFile::Part(part, of))) => {
                    parts.entry((version, of)).or_default().insert(part, name.to_owned());
                }
                None => {}
            }
        }
        for ((version, of), files) in parts {
            if files.keys().copied().eq(1..=of) {
                log.checkpoints.entry(version).or_insert_with(|| files.into_values().collect());
            }
        }
        Ok(log)
    }

    /// The newest version: that of a commit, or of a checkpoint whose commit is gone.
    pub fn latest(&self) -> Result<i64> {
        let missing = || Error::not_found(format!("table {}", self.label), "its log has no commit");
        self.newest().ok_or_else(missing)
    }

    fn newest(&self) -> Option<i64> {
        let commit = self.commits.last_key_value().map(|(version, _)| *version);
        commit.max(self.checkpoints.last_key_value().map(|(version, _)| *version))
    }

    /// Whether a version is complete as it stands: that of a commit, or the newest in a checkpoint.
    fn ends_in(&self, version: i64) -> bool {
        let in_checkpoint = self.newest() == Some(version) && self.checkpoints.contains_key(&version);
        self.commits.contains_key(&version) || in_checkpoint
    }

    /// The checkpoint to begin at for this version; `None` to begin at the first commit. An error where
    /// commits that are needed are not there any more.
    pub fn start_of(&self, version: i64) -> Result<Option<i64>> {
        let checkpoint = self.checkpoints.range(..=version).next_back().map(|(version, _)| *version);
        let first = checkpoint.map_or(0, |checkpoint| checkpoint.saturating_add(1));
        let commits = self.commits.range(first..).map(|(version, _)| *version);
        let complete = commits.take_while(|commit| *commit <= version).eq(first..=version);
        if complete && self.ends_in(version) {
            return Ok(checkpoint);
        }
        let hint = match (self.earliest(), self.commits.last_key_value()) {
            (Some(earliest), Some((latest, _))) => format!("its versions are {earliest} to {latest}"),
            _ => "its log is not complete".to_owned(),
        };
        Err(Error::not_found(format!("version {version} of table {}", self.label), hint))
    }

    /// The oldest version that can be had.
    pub fn earliest(&self) -> Option<i64> {
        if self.commits.contains_key(&0) {
            return Some(0);
        }
        self.checkpoints.keys().copied().find(|version| {
            self.commits.range(*version..).map(|(version, _)| *version).zip(*version..).all(|(a, b)| a == b)
                && self.ends_in(*version)
        })
    }

    pub fn commit_path(&self, version: i64) -> Path {
        self.folder.clone().join(format!("{version:020}.json"))
    }

    pub async fn commit(&self, files: &MetadataFiles, version: i64) -> Result<Arc<Lines>> {
        files.immutable(&self.commit_path(version), None, |path, bytes| Lines::parse(path, &bytes)).await
    }

    /// All actions of a checkpoint, those of its sidecars included.
    pub async fn checkpoint(&self, files: &MetadataFiles, version: i64) -> Result<Vec<Arc<Lines>>> {
        let mut all = Vec::new();
        for name in self.checkpoints.get(&version).into_iter().flatten() {
            let lines = read_actions(files, &self.folder.clone().join(name.as_str()), None).await?;
            let sidecars: Vec<_> = lines.lines.iter().filter_map(|line| line.sidecar.clone()).collect();
            all.push(lines);
            for sidecar in sidecars {
                let name = sidecar.path.rsplit_once('/').map_or(sidecar.path.as_str(), |(_, name)| name);
                let path = self.folder.clone().join(SIDECAR_FOLDER).join(name);
                all.push(read_actions(files, &path, Some(sidecar.size_in_bytes)).await?);
            }
        }
        Ok(all)
    }
}

async fn read_actions(files: &MetadataFiles, path: &Path, size: Option<u64>) -> Result<Arc<Lines>> {
    if path.as_ref().ends_with(".json") {
        return files.immutable(path, size, |path, bytes| Lines::parse(path, &bytes)).await;
    }
    files.immutable(path, size, parquet_records::decode).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_files_are() {
        let version = "00000000000000000012";
        for (suffix, expected) in [
            ("json", Some(LogFile::Commit)),
            ("checkpoint.parquet", Some(LogFile::Checkpoint)),
            ("checkpoint.80a083e8-7026.json", Some(LogFile::Checkpoint)),
            ("checkpoint.0000000001.0000000002.parquet", Some(LogFile::Part(1, 2))),
            ("crc", None),
            ("00000000000000000015.compacted.json", None),
            ("json.tmp", None),
        ] {
            let expected = expected.map(|file| (12, file));
            assert_eq!(LogFile::parse(&format!("{version}.{suffix}")), expected, "{suffix}");
        }
        assert_eq!(LogFile::parse("12.json"), None);
        assert_eq!(LogFile::parse("_last_checkpoint"), None);
    }

    fn log(commits: &[i64], checkpoints: &[i64]) -> Log {
        Log {
            label: "t".into(),
            folder: Path::default(),
            commits: commits.iter().map(|version| (*version, 0)).collect(),
            checkpoints: checkpoints.iter().map(|version| (*version, Vec::new())).collect(),
        }
    }

    #[test]
    fn a_version_begins_at_a_checkpoint_or_at_the_first_commit() {
        let cleaned = log(&[7, 8, 9, 10, 11], &[10]);
        assert_eq!((cleaned.earliest(), cleaned.latest().ok()), (Some(10), Some(11)));
        assert_eq!((cleaned.start_of(11).ok(), cleaned.start_of(10).ok()), (Some(Some(10)), Some(Some(10))));
        assert!(cleaned.start_of(9).is_err() && cleaned.start_of(12).is_err());
        assert_eq!(log(&[0, 1, 2], &[]).start_of(1).ok(), Some(None));
        assert!(log(&[0, 1, 3], &[]).start_of(3).is_err());
    }

    /// The newest version needs no commit where a checkpoint has all of it; what came before is gone.
    #[test]
    fn a_checkpoint_stands_alone() {
        for (commits, checkpoints) in [(&[][..], &[10][..]), (&[8, 9], &[10]), (&[8, 9], &[8, 10])] {
            let log = log(commits, checkpoints);
            assert_eq!((log.latest().ok(), log.start_of(10).ok()), (Some(10), Some(Some(10))));
        }
        assert!(log(&[12], &[10]).start_of(12).is_err());
        assert!(log(&[], &[]).latest().is_err());
    }
}
