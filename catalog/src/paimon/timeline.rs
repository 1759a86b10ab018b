//! The versions of a table on one branch: snapshots, tags and long-lived changelogs.

use std::sync::Arc;

use object_store::path::Path;

use crate::error::{Error, Result};

use super::layout::{CHANGELOG_PREFIX, SNAPSHOT_PREFIX, TAG_PREFIX, TableLayout};
use super::snapshot::{Snapshot, Tag};
use crate::cache::Footprint;
use crate::files::MetadataFiles;

/// Finds versions. Hints (`LATEST`, `EARLIEST`) are written after commits, by best effort: they are
/// believed only as far as they can be checked. (paimon-format section 2)
#[derive(Debug, Clone)]
pub struct Timeline {
    table: Arc<str>,
    files: MetadataFiles,
    layout: TableLayout,
}

/// How far past a hinted earliest snapshot to look for one that has not just expired.
const EARLIEST_RETRIES: i64 = 3;

impl Footprint for Snapshot {
    fn bytes(&self) -> u64 {
        size_of::<Self>() as u64 + 512
    }
}

impl Timeline {
    pub fn new(table: Arc<str>, files: MetadataFiles, layout: TableLayout) -> Self {
        Self { table, files, layout }
    }

    /// A snapshot that must be there.
    pub async fn snapshot(&self, id: i64) -> Result<Arc<Snapshot>> {
        let path = self.layout.snapshot(id);
        self.files.current(&path, |path, bytes| self.parse(path, &bytes)).await
    }

    pub async fn try_snapshot(&self, id: i64) -> Result<Option<Arc<Snapshot>>> {
        let path = self.layout.snapshot(id);
        self.files.try_current(&path, |path, bytes| self.parse(path, &bytes)).await
    }

    fn parse(&self, path: &Path, bytes: &[u8]) -> Result<Snapshot> {
        let snapshot = Snapshot::parse(&self.table, path, bytes)?;
        let named = path.filename().and_then(|name| name.rsplit('-').next()?.parse::<i64>().ok());
        match named {
            Some(id) if id != snapshot.id => {
                Err(Error::corrupt(path.as_ref(), format!("it holds the id {}", snapshot.id)))
            }
            _ => Ok(snapshot),
        }
    }

    /// All snapshot ids, ascending.
    pub async fn snapshot_ids(&self) -> Result<Vec<i64>> {
        self.files.numbers(&self.layout.snapshots(), SNAPSHOT_PREFIX).await
    }

    pub async fn latest_id(&self) -> Result<Option<i64>> {
        Ok(self.latest().await?.map(|snapshot| snapshot.id))
    }

    /// The newest snapshot; `None` before the first commit.
    pub async fn latest(&self) -> Result<Option<Arc<Snapshot>>> {
        if let Some(hint) = self.hint("LATEST").await?.filter(|hint| *hint > 0) {
            // It is the latest only if there is no next one, and a rollback may have removed it.
            let next = self.layout.snapshot(hint.saturating_add(1));
            let (has_next, hinted) = futures::try_join!(self.files.exists(&next), self.try_snapshot(hint))?;
            if hinted.is_some() && !has_next {
                return Ok(hinted);
            }
        }
        match self.snapshot_ids().await?.pop() {
            Some(id) => self.snapshot(id).await.map(Some),
            None => Ok(None),
        }
    }

    pub async fn earliest_id(&self) -> Result<Option<i64>> {
        if let Some(hint) = self.hint("EARLIEST").await?
            && self.files.exists(&self.layout.snapshot(hint)).await?
        {
            return Ok(Some(hint));
        }
        Ok(self.snapshot_ids().await?.first().copied())
    }

    /// The oldest snapshot that can be read: those that expire meanwhile are passed over.
    pub async fn earliest(&self) -> Result<Option<Arc<Snapshot>>> {
        let Some(first) = self.earliest_id().await? else {
            return Ok(None);
        };
        for id in first..first.saturating_add(EARLIEST_RETRIES) {
            if let Some(snapshot) = self.try_snapshot(id).await? {
                return Ok(Some(snapshot));
            }
        }
        Err(Error::not_found(format!("the earliest snapshot of table {}", self.table), "it expired just now"))
    }

    /// The newest snapshot as the hint tells it, which may lag behind or be missing.
    pub async fn latest_hint(&self) -> Result<Option<i64>> {
        self.hint("LATEST").await
    }

    async fn hint(&self, name: &str) -> Result<Option<i64>> {
        let text = self.files.try_read(&self.layout.snapshots().join(name)).await?;
        Ok(text.and_then(|text| std::str::from_utf8(&text).ok()?.trim().parse().ok()))
    }

    /// The last snapshot, searching back from the newest, that satisfies a test.
    pub async fn last_where(&self, test: impl Fn(&Snapshot) -> bool) -> Result<Option<Arc<Snapshot>>> {
        let (Some(latest), Some(earliest)) = (self.latest_id().await?, self.earliest_id().await?) else {
            return Ok(None);
        };
        for id in (earliest..=latest).rev() {
            if let Some(snapshot) = self.try_snapshot(id).await?.filter(|snapshot| test(snapshot)) {
                return Ok(Some(snapshot));
            }
        }
        Ok(None)
    }

    /// The last snapshot that was committed at or before an instant.
    pub async fn at_or_before(&self, millis: i64) -> Result<Option<Arc<Snapshot>>> {
        let (Some(latest), Some(earliest)) = (self.latest_id().await?, self.earliest().await?) else {
            return Ok(None);
        };
        if earliest.time_millis > millis {
            return Ok(None);
        }
        let (mut low, mut high, mut found) = (earliest.id, latest, earliest);
        while low <= high {
            let middle = low + (high - low) / 2;
            let snapshot = self.snapshot(middle).await?;
            match snapshot.time_millis.cmp(&millis) {
                std::cmp::Ordering::Greater => high = middle - 1,
                std::cmp::Ordering::Less => {
                    low = middle + 1;
                    found = snapshot;
                }
                std::cmp::Ordering::Equal => return Ok(Some(snapshot)),
            }
        }
        Ok(Some(found))
    }

    /// The first snapshot that was committed at or after an instant; `None` where even the oldest is
    /// later (what came before it has expired) or all are earlier.
    pub async fn first_since(&self, millis: i64) -> Result<Option<Arc<Snapshot>>> {
        let (Some(latest), Some(earliest)) = (self.latest_id().await?, self.earliest().await?) else {
            return Ok(None);
        };
        if earliest.time_millis >= millis {
            return Ok(None);
        }
        let (mut before, mut high) = (earliest.id, latest);
        while before < high {
            let middle = before + (high - before + 1) / 2;
            if self.snapshot(middle).await?.time_millis < millis {
                before = middle;
            } else {
                high = middle - 1;
            }
        }
        self.try_snapshot(before + 1).await
    }

    /// The first snapshot whose watermark is at least this; snapshots without one have that of the
    /// nearest earlier snapshot.
    pub async fn first_at_watermark(&self, watermark: i64) -> Result<Option<Arc<Snapshot>>> {
        let (Some(latest), Some(earliest)) = (self.latest_id().await?, self.earliest().await?) else {
            return Ok(None);
        };
        // Watermarks never go back, so the first hit of a walk is the answer.
        for id in earliest.id..=latest {
            let snapshot = self.snapshot(id).await?;
            if snapshot.real_watermark().is_some_and(|reached| reached >= watermark) {
                return Ok(Some(snapshot));
            }
        }
        Ok(None)
    }

    /// A tag, which outlives its snapshot.
    pub async fn try_tag(&self, name: &str) -> Result<Option<Tag>> {
        let path = self.layout.tag(name)?;
        let bytes = self.files.try_read(&path).await?;
        bytes.map(|bytes| Tag::parse(&self.table, name, &path, &bytes)).transpose()
    }

    pub async fn tag(&self, name: &str) -> Result<Tag> {
        let tag = self.try_tag(name).await?;
        tag.ok_or_else(|| Error::not_found(format!("tag '{name}' of table {}", self.table), ""))
    }

    /// Names of all tags, sorted.
    pub async fn tag_names(&self) -> Result<Vec<String>> {
        let names = self.files.file_names(&self.layout.tags()).await?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(TAG_PREFIX)).map(str::to_string).collect())
    }

    /// All tags, by snapshot and name.
    pub async fn tags(&self) -> Result<Vec<Tag>> {
        let mut tags = Vec::new();
        for name in self.tag_names().await? {
            tags.extend(self.try_tag(&name).await?);
        }
        tags.sort_by(|a, b| (a.snapshot.id, &a.name).cmp(&(b.snapshot.id, &b.name)));
        Ok(tags)
    }

    /// Ids of snapshots that expired but whose changelog is kept, ascending.
    pub async fn changelog_ids(&self) -> Result<Vec<i64>> {
        self.files.numbers(&self.layout.changelogs(), CHANGELOG_PREFIX).await
    }

    /// The long-lived changelog of an expired snapshot.
    pub async fn try_changelog(&self, id: i64) -> Result<Option<Arc<Snapshot>>> {
        let path = self.layout.changelog(id);
        self.files.try_current(&path, |path, bytes| self.parse(path, &bytes)).await
    }
}
