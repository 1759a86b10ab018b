//! Which version of a table the options of a read ask for.
//!
//! The rules are those of Paimon's `CoreOptions.startupMode` and `SchemaValidation`; where Java lets
//! one version option silently win over another, Tarn refuses. (paimon-format section 15)

use std::collections::BTreeMap;

use chrono::{Local, NaiveDate, NaiveDateTime, TimeZone};

use crate::error::{Error, Result};
use crate::version::VersionSpec;

use super::options::Options;

/// A version as a read names it, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadPoint {
    Latest,
    Snapshot(i64),
    Tag(String),
    /// `scan.version`: a tag, `watermark-N` or a snapshot id.
    Version(String),
    /// The first snapshot whose watermark is at least this.
    Watermark(i64),
    /// The last snapshot not after these milliseconds since the epoch.
    AtMillis(i64),
    /// The last snapshot of a compaction; of a full one, if commits between them are counted.
    Compacted {
        full_every: Option<i64>,
    },
    /// The latest snapshot's files that were created at or after these milliseconds.
    FilesCreatedSince(i64),
    /// The first snapshot at or after these milliseconds, otherwise as [`Self::FilesCreatedSince`].
    CreatedSince(i64),
    /// What changed between two versions: no version of the table at all.
    Changes,
}

const SNAPSHOT: &str = "scan.snapshot-id";
const TAG: &str = "scan.tag-name";
const VERSION: &str = "scan.version";
const WATERMARK: &str = "scan.watermark";
const TIMESTAMP: &str = "scan.timestamp";
const TIMESTAMP_MILLIS: &str = "scan.timestamp-millis";
const FILE_CREATION: &str = "scan.file-creation-time-millis";
const CREATION: &str = "scan.creation-time-millis";
const MODE: &str = "scan.mode";
const INCREMENTAL: &[&str] =
    &["incremental-between", "incremental-between-timestamp", "incremental-to-auto-tag"];
const POINTS: &[&str] =
    &[SNAPSHOT, TAG, VERSION, WATERMARK, TIMESTAMP, TIMESTAMP_MILLIS, FILE_CREATION, CREATION];

/// Whether an option chooses a version.
pub fn is_version_option(name: &str) -> bool {
    POINTS.contains(&name)
        || INCREMENTAL.contains(&name)
        || matches!(name, MODE | "log.scan" | "log.scan.timestamp-millis")
}

/// The version that a query asks for by its clause or else by options. A clause overrules options
/// that the table has stored, but may not meet one of the query's own.
pub fn read_point(
    version: &VersionSpec,
    merged: &Options<'_>,
    of_query: &BTreeMap<String, String>,
) -> Result<ReadPoint> {
    let of_clause = match version {
        VersionSpec::Latest => return by_options(merged),
        VersionSpec::Snapshot(id) => ReadPoint::Snapshot(*id),
        VersionSpec::Named(name) => ReadPoint::Version(name.clone()),
        VersionSpec::AsOfMillis(millis) => ReadPoint::AtMillis(*millis),
    };
    match of_query.keys().find(|name| is_version_option(name)) {
        None => Ok(of_clause),
        Some(name) => Err(Error::invalid(format!(
            "table {} is given a version twice: by its clause and by option '{name}'",
            merged.table()
        ))),
    }
}

fn by_options(options: &Options<'_>) -> Result<ReadPoint> {
    let given = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| options.text(name).is_some()).collect()
    };
    let mut points = given(POINTS);
    points.extend(given(INCREMENTAL));
    let mode = options.text(MODE).map(|mode| mode.trim().to_ascii_lowercase());
    let mode = match mode.as_deref() {
        None | Some("default") => default_mode(&points),
        Some(mode) => mode,
    };
    let allowed: &[&str] = match mode {
        "latest-full" | "full" | "latest" | "compacted-full" | "latest-delta" => &[],
        "from-timestamp" => &[TIMESTAMP_MILLIS, TIMESTAMP],
        "from-snapshot" => &[SNAPSHOT, TAG, WATERMARK, VERSION],
        "from-snapshot-full" => &[SNAPSHOT],
        "from-file-creation-time" => &[FILE_CREATION],
        "from-creation-timestamp" => &[CREATION],
        "incremental" => INCREMENTAL,
        other => return Err(options.bad_value(MODE, other, "a scan mode that Paimon knows")),
    };
    let chosen = match points.as_slice() {
        [] if allowed.is_empty() => None,
        [one] if allowed.contains(one) => Some(*one),
        _ => return Err(conflict(options.table(), mode, allowed, &points)),
    };
    match chosen {
        Some(name) => point(options, name),
        None if mode == "compacted-full" => compacted(options),
        None if mode == "latest-delta" => Ok(ReadPoint::Changes),
        None => Ok(ReadPoint::Latest),
    }
}

fn default_mode(points: &[&str]) -> &'static str {
    let has = |names: &[&str]| points.iter().any(|point| names.contains(point));
    if has(&[TIMESTAMP_MILLIS, TIMESTAMP]) {
        "from-timestamp"
    } else if has(&[SNAPSHOT, TAG, WATERMARK, VERSION]) {
        "from-snapshot"
    } else if has(&[FILE_CREATION]) {
        "from-file-creation-time"
    } else if has(&[CREATION]) {
        "from-creation-timestamp"
    } else if has(INCREMENTAL) {
        "incremental"
    } else {
        "latest-full"
    }
}

fn conflict(table: &str, mode: &str, allowed: &[&str], given: &[&str]) -> Error {
    let wanted = match allowed {
        [] => "no option that names a version".to_string(),
        [one] => format!("option {one} alone"),
        several => format!("exactly one of the options {}", several.join(", ")),
    };
    let given = if given.is_empty() { "none".to_string() } else { given.join(", ") };
    Error::invalid(format!("scan mode {mode} of table {table} takes {wanted}; given: {given}"))
}

fn point(options: &Options<'_>, name: &'static str) -> Result<ReadPoint> {
    let text = options.text(name).unwrap_or_default();
    let long = || options.long(name).map(Option::unwrap_or_default);
    Ok(match name {
        SNAPSHOT => ReadPoint::Snapshot(long()?),
        TAG => ReadPoint::Tag(text.to_string()),
        VERSION => ReadPoint::Version(text.to_string()),
        WATERMARK => ReadPoint::Watermark(long()?),
        TIMESTAMP_MILLIS => ReadPoint::AtMillis(long()?),
        TIMESTAMP => {
            let millis = local_millis(text);
            ReadPoint::AtMillis(millis.ok_or_else(|| options.bad_value(name, text, "a timestamp"))?)
        }
        FILE_CREATION => ReadPoint::FilesCreatedSince(long()?),
        CREATION => ReadPoint::CreatedSince(long()?),
        _ => ReadPoint::Changes,
    })
}

fn compacted(options: &Options<'_>) -> Result<ReadPoint> {
    let commits = options.long("full-compaction.delta-commits")?;
    let full = commits.is_some() || options.text("changelog-producer") == Some("full-compaction");
    match commits {
        Some(commits) if commits < 1 => {
            Err(options.bad_value("full-compaction.delta-commits", &commits.to_string(), "at least 1"))
        }
        _ => Ok(ReadPoint::Compacted { full_every: full.then(|| commits.unwrap_or(1)) }),
    }
}

/// `yyyy-MM-dd[ HH:mm[:ss[.f]]]` in the zone of this machine, as Paimon reads `scan.timestamp`.
pub fn local_millis(text: &str) -> Option<i64> {
    let text = text.trim().replacen('T', " ", 1);
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    Some(Local.from_local_datetime(&time).earliest()?.timestamp_millis())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(entries: &[(&str, &str)]) -> Result<ReadPoint> {
        let map = entries.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        read_point(&VersionSpec::Latest, &Options::new("d.t", &map), &map)
    }

    #[test]
    fn options_name_a_version() {
        assert_eq!(parse(&[]).unwrap(), ReadPoint::Latest);
        assert_eq!(parse(&[(MODE, "full")]).unwrap(), ReadPoint::Latest);
        assert_eq!(parse(&[(SNAPSHOT, "3")]).unwrap(), ReadPoint::Snapshot(3));
        assert_eq!(parse(&[(MODE, "from-snapshot"), (TAG, "a")]).unwrap(), ReadPoint::Tag("a".into()));
        assert_eq!(parse(&[(MODE, "from-snapshot-full"), (SNAPSHOT, "1")]).unwrap(), ReadPoint::Snapshot(1));
        assert_eq!(parse(&[("log.scan.timestamp-millis", "7")]).unwrap(), ReadPoint::AtMillis(7));
        assert_eq!(parse(&[(CREATION, "7")]).unwrap(), ReadPoint::CreatedSince(7));
        assert_eq!(parse(&[("incremental-between", "1,2")]).unwrap(), ReadPoint::Changes);
        assert_eq!(parse(&[(MODE, "compacted-full")]).unwrap(), ReadPoint::Compacted { full_every: None });
        let full = [(MODE, "compacted-full"), ("changelog-producer", "full-compaction")];
        assert_eq!(parse(&full).unwrap(), ReadPoint::Compacted { full_every: Some(1) });
    }

    #[test]
    fn contradictions_are_refused() {
        for options in [
            &[(SNAPSHOT, "1"), (TAG, "a")][..],
            &[(SNAPSHOT, "1"), (TIMESTAMP_MILLIS, "5")],
            &[(MODE, "latest"), (SNAPSHOT, "1")],
            &[(MODE, "from-snapshot")],
            &[(MODE, "from-timestamp"), (SNAPSHOT, "1")],
            &[(MODE, "sideways")],
            &[(SNAPSHOT, "three")],
            &[(TIMESTAMP, "soon")],
            &[("incremental-between", "1,2"), (SNAPSHOT, "1")],
        ] {
            assert!(parse(options).is_err(), "{options:?}");
        }
    }

    #[test]
    fn a_clause_overrules_stored_options_but_not_the_querys_own() {
        let stored = BTreeMap::from([(SNAPSHOT.to_string(), "1".to_string())]);
        let merged = Options::new("d.t", &stored);
        let clause = VersionSpec::Snapshot(2);
        assert_eq!(read_point(&clause, &merged, &BTreeMap::new()).unwrap(), ReadPoint::Snapshot(2));
        assert!(read_point(&clause, &merged, &stored).is_err());
    }

    #[test]
    fn timestamps_are_local() {
        let millis = |text| local_millis(text).unwrap();
        assert_eq!(millis("2024-01-02 03:04:05.678") - millis("2024-01-02"), 11_045_678);
        assert_eq!(millis("2024-01-02 00:00"), millis("2024-01-02"));
        assert_eq!(local_millis("2024-13-02"), None);
    }
}
