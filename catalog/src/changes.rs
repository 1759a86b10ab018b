//! Rows with their kinds: what changed between versions, and tables read as logs of their changes.
//!
//! A [`ChangeLog`] plans [`ChangeStep`]s, each over scans of immutable files; the crate above runs
//! them and lays their rows out as the log's [`LogLayout`] says.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::schema::{SchemaField, TableSchema};
use crate::split::TableScan;
use crate::table::ScanRequest;
use crate::types::LogicalType;

/// A read whose rows have kinds. The versions it is about were chosen when it was made.
#[async_trait]
pub trait ChangeLog: Debug + Send + Sync {
    /// The columns of the table that the rows are of.
    fn table_schema(&self) -> Arc<TableSchema>;

    fn layout(&self) -> &LogLayout;

    /// Plans the work, in the order of the changes. The request is about columns of the table.
    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>>;
}

/// A piece of the work that can run on its own.
#[derive(Debug, Clone)]
pub struct ChangeStep {
    /// The commit whose changes these are, where the log tells.
    pub commit: Option<Commit>,
    pub kinds: RowKinds,
    /// Whether the row after one of kind update-before is the other half of that update.
    pub pairs_updates: bool,
    pub work: ChangeWork,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    pub version: i64,
    /// Milliseconds since the epoch.
    pub millis: i64,
}

#[derive(Debug, Clone)]
pub enum ChangeWork {
    /// The rows of a scan with their kinds; `deleted` says whether keys whose merged version is a
    /// deletion have a row.
    Rows { scan: TableScan, deleted: bool },
    /// What makes the rows of `before` those of `after`. Each side is read as a table's rows, where
    /// `images` want removed rows, with a row for each key whose merged version is a deletion.
    Difference {
        before: TableScan,
        after: TableScan,
        /// Columns that tell which rows are the same, as indices into the table's schema; without
        /// any, rows are counted: each is added or removed.
        key: Vec<usize>,
        /// Where rows are counted: columns whose equal values make a removed row and an added one the
        /// images of an update, if there is one of each. Without any, no update is told.
        pairs: Vec<usize>,
        images: Images,
        /// Columns of which one at least must differ for an update to be told; empty: any column.
        value_changed: Vec<usize>,
    },
}

impl ChangeWork {
    pub fn scans_mut(&mut self) -> Vec<&mut TableScan> {
        match self {
            Self::Rows { scan, .. } => vec![scan],
            Self::Difference { before, after, .. } => vec![before, after],
        }
    }
}

impl ChangeStep {
    /// The same step, which tells of no update but of these columns; without any, of all.
    pub fn telling_updates_of(mut self, columns: &[usize]) -> Self {
        if let ChangeWork::Difference { value_changed, .. } = &mut self.work {
            *value_changed = columns.to_vec();
        }
        self
    }
}

impl ChangeStep {
    /// The same step, whose counted rows make updates by these columns; without any, as they did before.
    pub fn pairing_updates_by(mut self, columns: &[usize]) -> Self {
        if let ChangeWork::Difference { pairs, .. } = &mut self.work
            && !columns.is_empty()
        {
            *pairs = columns.to_vec();
        }
        self
    }
}

/// Which rows tell of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// The new version of a new or changed row under the kind that it is stored with. With `removed`
    /// also rows that are gone, and those whose new version is a deletion. Rows that were deleted on
    /// both sides are equal if their values are.
    After { removed: bool },
    /// Both versions of a changed row, and removed rows.
    Both,
}

/// Where the kinds of rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKinds {
    /// Every row is an insertion.
    Insertions,
    /// Every row is a deletion.
    Deletions,
    /// Every file has a column with the kind of each row in words: `insert`, `update_preimage`,
    /// `update_postimage` or `delete`.
    InWords { column: String },
    /// Every file has a column with the kind of each row (TINYINT: 0 insert, 1 update before, 2 update
    /// after, 3 delete), and one with its sequence number (BIGINT).
    Stored { kind_column: String, sequence_column: String },
}

/// The columns of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLayout {
    /// What stands before the table's columns. Without a column that tells a row's kind, rows that
    /// take something back are left out.
    pub leading: Vec<LogColumn>,
    /// Each column of the table is an array: of the row's value, or of the values before and after an
    /// update, whose two rows become one.
    pub images_in_arrays: bool,
}

/// A column that tells about a row, with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogColumn {
    /// `+I`, `-U`, `+U` or `-D`.
    Kind(&'static str),
    /// `insert`, `update_preimage`, `update_postimage` or `delete`.
    ChangeType(&'static str),
    /// The number by which the writer ordered versions.
    Sequence(&'static str),
    /// The version in which the change became visible.
    CommitVersion(&'static str),
    CommitTimestamp(&'static str),
}

impl LogColumn {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind(name)
            | Self::ChangeType(name)
            | Self::Sequence(name)
            | Self::CommitVersion(name)
            | Self::CommitTimestamp(name) => name,
        }
    }

    fn data_type(self) -> LogicalType {
        match self {
            Self::Kind(_) | Self::ChangeType(_) => LogicalType::STRING,
            Self::Sequence(_) | Self::CommitVersion(_) => LogicalType::BigInt,
            Self::CommitTimestamp(_) => LogicalType::TimestampLtz { precision: 3 },
        }
    }

    fn tells_kind(self) -> bool {
        matches!(self, Self::Kind(_) | Self::ChangeType(_))
    }

    fn field(self) -> SchemaField {
        SchemaField {
            id: -1,
            name: self.name().to_string(),
            data_type: self.data_type(),
            nullable: false,
            description: None,
            default_value: None,
        }
    }
}

impl LogLayout {
    pub fn new(leading: Vec<LogColumn>) -> Self {
        Self { leading, images_in_arrays: false }
    }

    pub fn tells_kinds(&self) -> bool {
        self.leading.iter().any(|column| column.tells_kind())
    }

    pub fn has_sequence(&self) -> bool {
        self.leading.iter().any(|column| matches!(column, LogColumn::Sequence(_)))
    }

    /// The log of a table with these columns, as a table without keys.
    pub fn schema(&self, table: &TableSchema) -> TableSchema {
        let of_table = table.fields.iter().cloned().map(|field| match self.images_in_arrays {
            false => field,
            true => SchemaField {
                data_type: LogicalType::Array { element: Box::new(field.data_type), element_nullable: true },
                nullable: true,
                ..field
            },
        });
        TableSchema {
            fields: self.leading.iter().map(|column| column.field()).chain(of_table).collect(),
            partition_keys: Vec::new(),
            primary_key: Vec::new(),
            ..table.clone()
        }
    }
}
