//! Snapshots, and what builds on their JSON: tags and long-lived changelogs.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use object_store::path::Path;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::{Error, Result};

/// Newest version of the snapshot file that is understood.
const NEWEST_VERSION: i64 = 3;

/// A `snapshot-{id}`, `changelog-{id}` or `tag-{name}` file. Counts are of rows before merging.
/// (paimon-format section 2)
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    #[serde(default)]
    pub version: Option<i64>,
    pub id: i64,
    pub schema_id: i64,
    pub uuid: Option<String>,
    /// Everything before this snapshot.
    pub base_manifest_list: String,
    pub base_manifest_list_size: Option<i64>,
    /// What this snapshot changed.
    pub delta_manifest_list: String,
    pub delta_manifest_list_size: Option<i64>,
    pub changelog_manifest_list: Option<String>,
    pub changelog_manifest_list_size: Option<i64>,
    pub index_manifest: Option<String>,
    #[serde(default)]
    pub commit_user: String,
    pub writer_version: Option<String>,
    #[serde(default)]
    pub commit_identifier: i64,
    pub commit_kind: CommitKind,
    /// Milliseconds since the epoch.
    pub time_millis: i64,
    pub total_record_count: Option<i64>,
    pub delta_record_count: Option<i64>,
    pub changelog_record_count: Option<i64>,
    pub watermark: Option<i64>,
    pub statistics: Option<String>,
    #[serde(default)]
    pub properties: Option<BTreeMap<String, String>>,
    pub next_row_id: Option<i64>,
    pub operation: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CommitKind {
    Append,
    Compact,
    Overwrite,
    Analyze,
}

impl CommitKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "APPEND",
            Self::Compact => "COMPACT",
            Self::Overwrite => "OVERWRITE",
            Self::Analyze => "ANALYZE",
        }
    }
}

impl Snapshot {
    pub fn parse(table: &str, path: &Path, bytes: &[u8]) -> Result<Self> {
        let snapshot: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
        match snapshot.version {
            Some(version) if version > NEWEST_VERSION => {
                Err(Error::unsupported(table, format!("snapshot version {version} (in {path})")))
            }
            _ => Ok(snapshot),
        }
    }

    /// The watermark, where there is one: writers without watermarks store the smallest long.
    pub fn real_watermark(&self) -> Option<i64> {
        self.watermark.filter(|watermark| *watermark != i64::MIN)
    }
}

/// A named snapshot, which outlives the snapshot's own file.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    pub name: String,
    pub snapshot: Snapshot,
    /// Wall clock of whoever made the tag.
    pub create_time: Option<NaiveDateTime>,
    /// Nanoseconds for which the tag is kept.
    pub time_retained_nanos: Option<i128>,
}

impl Tag {
    pub fn parse(table: &str, name: &str, path: &Path, bytes: &[u8]) -> Result<Self> {
        let snapshot = Snapshot::parse(table, path, bytes)?;
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
        let part = |name: &str| json.get(name).filter(|value| !value.is_null());
        let broken = |what: &str| Error::corrupt(path.as_ref(), format!("{what} is not one"));
        let create_time = part("tagCreateTime")
            .map(|json| local_time(json).ok_or_else(|| broken("tagCreateTime")))
            .transpose()?;
        let time_retained_nanos = part("tagTimeRetained")
            .map(|json| duration_nanos(json).ok_or_else(|| broken("tagTimeRetained")))
            .transpose()?;
        Ok(Self { name: name.to_string(), snapshot, create_time, time_retained_nanos })
    }
}

/// Jackson's `LocalDateTime`: `[y, M, d, h, m]`, then seconds and nanoseconds where they are not zero.
fn local_time(json: &Json) -> Option<NaiveDateTime> {
    let parts: Vec<i64> = json.as_array()?.iter().map(Json::as_i64).collect::<Option<_>>()?;
    let part = |index: usize| u32::try_from(parts.get(index).copied().unwrap_or(0)).ok();
    let date = NaiveDate::from_ymd_opt(i32::try_from(*parts.first()?).ok()?, part(1)?, part(2)?)?;
    date.and_hms_nano_opt(part(3)?, part(4)?, part(5)?, part(6)?)
}

/// Jackson's `Duration`: seconds with up to nine decimals.
fn duration_nanos(json: &Json) -> Option<i128> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let seconds: i128 = seconds.parse::<i64>().ok()?.into();
    let nanos: i128 = fraction.parse::<u32>().ok()?.into();
    Some(seconds * 1_000_000_000 + if seconds < 0 { -nanos } else { nanos })
}
