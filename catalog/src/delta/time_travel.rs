//! From what a query asks for to a version.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::log::Log;
use super::snapshot::{Snapshot, commits};
use crate::error::{Error, Result};
use crate::files::MetadataFiles;
use crate::version::VersionSpec;

const IN_COMMIT_TIMESTAMPS: &str = "delta.enableInCommitTimestamps";
const IN_COMMIT_TIMESTAMPS_SINCE: &str = "delta.inCommitTimestampEnablementVersion";

/// The version that is asked for. `latest` is the newest one.
pub async fn resolve(
    label: &str,
    files: &MetadataFiles,
    log: &Log,
    latest: &Snapshot,
    spec: &VersionSpec,
) -> Result<i64> {
    match spec {
        VersionSpec::Latest => Ok(latest.version),
        VersionSpec::Snapshot(version) => Ok(*version),
        VersionSpec::Named(name) => name.parse().map_err(|_| {
            Error::not_found(
                format!("version '{name}' of table {label}"),
                "versions of Delta tables are numbers: Delta has no tags",
            )
        }),
        VersionSpec::AsOfMillis(millis) => as_of(label, *millis, &commit_times(files, log, latest).await?),
    }
}

/// The newest version that is not after an instant. As in Delta, an instant before the first version
/// that can be had or after the newest one has none.
fn as_of(label: &str, millis: i64, times: &BTreeMap<i64, i64>) -> Result<i64> {
    let (first, last) = match (times.first_key_value(), times.last_key_value()) {
        (Some(first), Some(last)) => (first, last),
        _ => return Err(Error::not_found(format!("table {label}"), "its log has no commit")),
    };
    let what = || format!("a version of table {label} as of {}", text(millis));
    if millis > *last.1 {
        let hint = format!(
            "its newest version, {}, is of {}: leave the time away to read it",
            last.0,
            text(*last.1)
        );
        return Err(Error::not_found(what(), hint));
    }
    let found = times.iter().rev().find(|(_, time)| **time <= millis);
    found.map(|(version, _)| *version).ok_or_else(|| {
        Error::not_found(what(), format!("its first version, {}, is of {}", first.0, text(*first.1)))
    })
}

fn text(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map_or_else(|| millis.to_string(), |moment| moment.format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string())
}

/// When each version that can be had was committed, in milliseconds since the epoch: what the commit
/// itself says since the table has it say so, before that the time of its file, made to ascend.
pub async fn commit_times(files: &MetadataFiles, log: &Log, latest: &Snapshot) -> Result<BTreeMap<i64, i64>> {
    let first = log.earliest().unwrap_or(latest.version);
    let told_since = match latest.option(IN_COMMIT_TIMESTAMPS) {
        Some("true") => {
            Some(latest.option(IN_COMMIT_TIMESTAMPS_SINCE).and_then(|v| v.parse().ok()).unwrap_or(0))
        }
        _ => None,
    };
    let mut times = BTreeMap::new();
    let mut newest = i64::MIN;
    for (version, modified) in log.commits.range(first..) {
        if told_since.is_some_and(|since| *version >= since) {
            break;
        }
        newest = newest.saturating_add(1).max(*modified);
        times.insert(*version, newest);
    }
    if let (Some(since), Some((last, _))) = (told_since, log.commits.last_key_value()) {
        let since = since.max(first);
        for (version, commit) in (since..).zip(commits(files, log, since, *last).await?) {
            let told = commit.lines.iter().find_map(|line| line.commit_info.as_ref()?.in_commit_timestamp);
            let told = told.ok_or_else(|| {
                let reason = format!("commit {version} does not say when it was made");
                Error::corrupt("a Delta log with in-commit timestamps", reason)
            })?;
            times.insert(version, told);
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn instants_choose_the_newest_version_not_after_them() {
        let times = BTreeMap::from([(3, 1000), (4, 2000), (5, 3000)]);
        for (millis, version) in [(1000, 3), (1999, 3), (2000, 4), (3000, 5)] {
            assert_eq!(as_of("t", millis, &times).unwrap(), version);
        }
        assert!(as_of("t", 999, &times).is_err());
        assert!(as_of("t", 3001, &times).is_err());
    }
}
