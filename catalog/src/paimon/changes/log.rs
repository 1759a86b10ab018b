//! A read of a Paimon table whose rows have kinds.

use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::{ChangeLog, ChangeStep, ChangeWork, LogLayout, RowKinds};
use crate::error::{Error, Result};
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::table_version::PaimonTableVersion;
use crate::schema::TableSchema;
use crate::split::TableScan;
use crate::table::{ScanRequest, TableVersion};

use super::commits::{check_added, files_of, rows_of};
use super::difference;
use super::follow::{self, Start};
use super::range::{CommittedFiles, Range};

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
        let timeline = self.version.table().timeline();
        let mut entries: Vec<ManifestEntry> = Vec::new();
        for id in ids {
            let snapshot = timeline.snapshot(id).await?;
            let written = files_of(&self.version, &snapshot, files).await?;
            check_added(self.version.table().label(), &snapshot, &written)?;
            entries.extend(written);
        }
        let kinds = stored_kinds(&self.version);
        Ok(vec![rows_of(&self.version, request, &entries, None, kinds).await?])
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
        self.refuse_what_differs_from_java()?;
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
            Subject::Stream(start) => follow::steps(&self.version, request, start).await,
        }
    }
}

impl PaimonChangeLog {
    /// Reads that do not yet give Java's rows on every table give none.
    fn refuse_what_differs_from_java(&self) -> Result<()> {
        let rules = self.version.rules();
        let keyed = !self.version.table_schema().primary_key.is_empty();
        let feature = match &self.subject {
            Subject::Between(Range::Difference { .. }) if keyed => {
                "incremental-between-scan-mode diff on a primary-key table"
            }
            Subject::Between(_) if self.version.table_schema().option("rowkind.field").is_some() => {
                "an incremental read of a table with 'rowkind.field'"
            }
            Subject::Stream(_) if rules.bucket == -2 => "a streaming read of postponed buckets",
            Subject::Stream(_) if rules.levels_are_resolved => {
                "a streaming read of a primary-key table with deletion vectors or the first-row engine"
            }
            _ => return Ok(()),
        };
        Err(Error::unsupported(self.version.table().label(), feature))
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
