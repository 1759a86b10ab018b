//! Declaring the columns of a system table.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::schema::{SchemaField, TableSchema};
use crate::types::LogicalType;

/// Wall-clock time to the millisecond.
pub const TIME: LogicalType = LogicalType::Timestamp { precision: 3 };
/// A moment, to the millisecond.
pub const INSTANT: LogicalType = LogicalType::TimestampLtz { precision: 3 };
pub const TEXT: LogicalType = LogicalType::STRING;
pub const LONG: LogicalType = LogicalType::BigInt;
pub const INT: LogicalType = LogicalType::Int;

/// Columns in order, numbered as they come.
#[derive(Debug, Default)]
pub struct Columns(Vec<SchemaField>);

impl Columns {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column that is never null.
    pub fn required(self, name: &str, data_type: LogicalType) -> Self {
        self.column(name, data_type, false)
    }

    pub fn optional(self, name: &str, data_type: LogicalType) -> Self {
        self.column(name, data_type, true)
    }

    /// Columns that may be null, in order.
    pub fn all_optional(columns: &[(&str, LogicalType)]) -> Self {
        columns.iter().fold(Self::new(), |made, (name, data_type)| made.optional(name, data_type.clone()))
    }

    fn column(mut self, name: &str, data_type: LogicalType, nullable: bool) -> Self {
        let id = i32::try_from(self.0.len()).unwrap_or(i32::MAX);
        let name = name.to_string();
        self.0.push(SchemaField { id, name, data_type, nullable, description: None, default_value: None });
        self
    }

    /// The columns as fields of a row.
    pub fn fields(self) -> Vec<SchemaField> {
        self.0
    }

    pub fn schema(self) -> Arc<TableSchema> {
        Arc::new(TableSchema {
            id: 0,
            fields: self.0,
            partition_keys: Vec::new(),
            primary_key: Vec::new(),
            options: BTreeMap::new(),
            comment: None,
        })
    }
}
