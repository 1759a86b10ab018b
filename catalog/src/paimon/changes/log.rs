//! A read of a Paimon table whose rows have kinds.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};

use crate::changes::{ChangeLog, ChangeStep, ChangeWork, LogLayout, RowKinds};
use crate::error::{Error, Result};
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::table_version::PaimonTableVersion;
use crate::schema::TableSchema;
use crate::split::TableScan;
use crate::table::{ScanRequest, TableVersion};

use super::commits::{self, Runs, check_added, files_of};
use super::difference;
use super::follow::{self, Shown, Start};
use super::range::{CommittedFiles, Range};

/// Commits whose lists of files are read at a time.
const CONCURRENT_COMMITS: usize = 16;

/// What is read.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The rows of the version's snapshot.
    Snapshot,
    Between(Range),
    /// Everything that a streaming read gives until it would wait for a new snapshot.
    Stream(Start),
}

/// The version tells the schema, the rules, and the snapshot where one is read.
#[derive(Debug, Clone)]
pub struct PaimonChangeLog {
    version: PaimonTableVersion,
    subject: Subject,
    layout: LogLayout,
    /// Whether keys that are gone have a row.
    deleted: bool,
}

impl PaimonChangeLog {
    pub fn new(version: PaimonTableVersion, subject: Subject, layout: LogLayout, deleted: bool) -> Self {
        Self { version, subject, layout, deleted }
    }

    async fn commits(
        &self,
        request: &ScanRequest,
        ids: std::ops::RangeInclusive<i64>,
        files: CommittedFiles,
    ) -> Result<Vec<ChangeStep>> {
        let timeline = &self.version.table().timeline();
        let written = ids.map(|id| async move {
            let snapshot = timeline.snapshot(id).await?;
            let written = files_of(&self.version, &snapshot, files).await?;
            check_added(self.version.table().label(), &snapshot, &written)?;
            Ok::<_, Error>(written)
        });
        let written: Vec<Vec<ManifestEntry>> =
            stream::iter(written).buffered(CONCURRENT_COMMITS).try_collect().await?;
        let entries: Vec<ManifestEntry> = written.into_iter().flatten().collect();
        let runs = if self.layout.images_in_arrays { Runs::OfSplits } else { Runs::Any };
        commits::steps(&self.version, request, &entries, runs, None).await
    }
}

/// Files of primary-key tables hold the kind of each row; rows of others are all added.
pub fn stored_kinds(version: &PaimonTableVersion) -> RowKinds {
    if version.table_schema().primary_key.is_empty() {
        return RowKinds::Insertions;
    }
    RowKinds::Stored { kind_column: "_VALUE_KIND".into(), sequence_column: "_SEQUENCE_NUMBER".into() }
}

#[async_trait]
impl ChangeLog for PaimonChangeLog {
    fn table_schema(&self) -> Arc<TableSchema> {
        self.version.table_schema()
    }

    fn layout(&self) -> &LogLayout {
        &self.layout
    }

    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>> {
        match &self.subject {
            Subject::Snapshot => {
                let scan = self.version.plan(request).await?;
                let work = ChangeWork::Rows { scan, deleted: self.deleted };
                let kinds = stored_kinds(&self.version);
                Ok(vec![ChangeStep { commit: None, kinds, pairs_updates: false, work }])
            }
            Subject::Between(Range::Nothing) => Ok(Vec::new()),
            Subject::Between(Range::Commits { after, to, files }) => {
                self.commits(request, after.saturating_add(1)..=*to, *files).await
            }
            Subject::Between(Range::Difference { before, after }) => {
                difference::steps(&self.version, request, (before, after), self.deleted).await
            }
            Subject::Stream(start) => {
                let runs = if self.layout.images_in_arrays { Runs::OfBuckets } else { Runs::Any };
                let shown = Shown { deleted: self.deleted, runs };
                follow::steps(&self.version, request, start, shown).await
            }
        }
    }
}

#[async_trait]
impl TableVersion for PaimonChangeLog {
    fn schema(&self) -> Arc<TableSchema> {
        Arc::new(self.layout.schema(&self.version.table_schema()))
    }

    fn snapshot_id(&self) -> Option<i64> {
        self.version.snapshot_id()
    }

    async fn plan(&self, _request: &ScanRequest) -> Result<TableScan> {
        Err(Error::unsupported(self.version.table().label(), "a plain scan of a log of changes"))
    }

    fn change_log(&self) -> Option<Arc<dyn ChangeLog>> {
        Some(Arc::new(self.clone()))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
