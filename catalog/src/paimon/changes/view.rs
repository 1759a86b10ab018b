//! The ways in which a table's rows are shown with their kinds, and which reads need it.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;

use crate::changes::{LogColumn, LogLayout};
use crate::error::Result;
use crate::paimon::option_names::{self, ROW_KINDS, STREAMING_READ};
use crate::paimon::options::Options;
use crate::paimon::plan::merge_rule;
use crate::paimon::rules::ReadRules;
use crate::paimon::scan_options::{ReadPoint, read_point};
use crate::paimon::table::PaimonTable;
use crate::paimon::table_version::PaimonTableVersion;
use crate::paimon::time_travel::ResolvedPoint;
use crate::schema::TableSchema;
use crate::table::{Table, TableVersion};
use crate::types::LogicalType;
use crate::version::ReadOptions;

use super::follow::Start;
use super::log::{PaimonChangeLog, Subject};
use super::range::Range;

/// How rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogView {
    /// As the table itself.
    Table,
    /// `t$audit_log`: each row with its kind before it, deletions too.
    AuditLog,
    /// `t$binlog`: the same, with the values before and after an update in one row.
    Binlog,
}

impl LogView {
    /// The view that a system table's name means.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "audit_log" => Some(Self::AuditLog),
            "binlog" => Some(Self::Binlog),
            _ => None,
        }
    }

    fn layout(self, options: &Options<'_>, row_kinds: bool) -> Result<LogLayout> {
        let mut leading = Vec::new();
        if row_kinds {
            leading.push(LogColumn::Kind("_kind"));
        }
        if self != Self::Table {
            leading.push(LogColumn::Kind("rowkind"));
            if options.flag("table-read.sequence-number.enabled", false)? {
                leading.push(LogColumn::Sequence("_SEQUENCE_NUMBER"));
            }
        }
        Ok(LogLayout { leading, images_in_arrays: self == Self::Binlog })
    }
}

/// A table, shown as a log.
#[derive(Debug)]
pub struct LogTable {
    table: PaimonTable,
    view: LogView,
}

impl LogTable {
    pub fn new(table: PaimonTable, view: LogView) -> Self {
        Self { table, view }
    }
}

#[async_trait]
impl Table for LogTable {
    fn name(&self) -> &str {
        self.table.label()
    }

    fn format(&self) -> &'static str {
        self.table.format()
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        self.table.store()
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        match open(&self.table, read, self.view).await? {
            Some(log) => Ok(log),
            None => self.table.at(read).await,
        }
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Opens a table for a read under a view; `None` where its rows need no kinds.
pub async fn open(
    table: &PaimonTable,
    read: &ReadOptions,
    view: LogView,
) -> Result<Option<Arc<dyn TableVersion>>> {
    let latest = table.latest_schema().await?;
    let merged = option_names::merge(table.label(), &latest.table.options, &read.options)?;
    let options = Options::new(table.label(), &merged);
    let row_kinds = options.flag(ROW_KINDS, false)?;
    let streaming = options.flag(STREAMING_READ, false)?;
    let point = read_point(&read.version, &options, &read.options)?;
    if view == LogView::Table && !row_kinds && !streaming && point != ReadPoint::Changes {
        return Ok(None);
    }
    let schema_now = latest.with_options(merged.clone());
    refuse_types(table.label(), &schema_now, view)?;
    let layout = view.layout(&options, row_kinds)?;
    let (version, subject) = if streaming {
        let version = version_of(table, schema_at(table, &point, schema_now).await?).await?;
        let start = Start::resolve(&options, &point)?;
        (version, Subject::Stream(start))
    } else if point == ReadPoint::Changes {
        let range = Range::resolve(table, &options).await?;
        (version_of(table, schema_now).await?, Subject::Between(range))
    } else {
        (table.version(read).await?, Subject::Snapshot)
    };
    Ok(Some(Arc::new(PaimonChangeLog::new(version, subject, layout, view != LogView::Table))))
}

/// The schema of a streaming read that starts at a snapshot is the snapshot's, as in Paimon; options
/// are those of today.
async fn schema_at(
    table: &PaimonTable,
    point: &ReadPoint,
    current: Arc<TableSchema>,
) -> Result<Arc<TableSchema>> {
    let ReadPoint::Snapshot(id) = point else { return Ok(current) };
    let Some(snapshot) = table.timeline().try_snapshot(*id).await? else { return Ok(current) };
    let schema = table.schemas().get(snapshot.schema_id).await?.with_options(current.options.clone());
    let rules = ReadRules::new(table.label(), &schema)?;
    if !schema.primary_key.is_empty() {
        // Rules that the schema cannot have are refused, whether or not this read merges.
        merge_rule(table.label(), &rules, &schema)?;
    }
    Ok(schema)
}

/// The table under its current schema, at no version.
async fn version_of(table: &PaimonTable, schema: Arc<TableSchema>) -> Result<PaimonTableVersion> {
    let rules = ReadRules::new(table.label(), &schema)?;
    table.refuse_joined(&rules).await?;
    let nowhere = ResolvedPoint { snapshot: None, schema_of_snapshot: false, created_since: None };
    Ok(PaimonTableVersion::new(table.clone(), schema, rules, nowhere))
}

/// Java's arrays hold no vectors, so a binlog of them cannot be.
fn refuse_types(table: &str, schema: &TableSchema, view: LogView) -> Result<()> {
    let vector = |field: &&crate::schema::SchemaField| matches!(field.data_type, LogicalType::Vector { .. });
    match schema.fields.iter().find(vector) {
        Some(field) if view == LogView::Binlog => {
            let feature = format!("$binlog of a column of type VECTOR ({})", field.name);
            Err(crate::Error::unsupported(table, feature))
        }
        _ => Ok(()),
    }
}
