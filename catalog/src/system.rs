//! Tables about tables: metadata as rows.

pub mod columns;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDateTime;

use crate::datum::Datum;
use crate::error::Result;
use crate::schema::TableSchema;

/// A table whose rows are metadata of another table (`t$snapshots`) or of a whole warehouse
/// (`sys.tables`). Opening it reads nothing but what says that it is there.
#[async_trait]
pub trait SystemTable: Debug + Send + Sync {
    fn schema(&self) -> Arc<TableSchema>;

    /// All rows, each with a value for every field of the schema. They are read anew at each call.
    async fn rows(&self) -> Result<Vec<SystemRow>>;
}

pub type SystemRow = Vec<SystemValue>;

/// A value of a system table.
#[derive(Debug, Clone, PartialEq)]
pub enum SystemValue {
    /// A value of an atomic type, or null of any type.
    Datum(Datum),
    List(Vec<SystemValue>),
    /// One value for each field of the row type.
    Row(Vec<SystemValue>),
}

impl SystemValue {
    pub const NULL: Self = Self::Datum(Datum::Null);
}

impl SystemValue {
    /// A moment in milliseconds since the epoch.
    pub fn instant(millis: i64) -> Self {
        Self::Datum(Datum::Timestamp { millis, nanos_of_milli: 0 })
    }
}

impl From<&str> for SystemValue {
    fn from(value: &str) -> Self {
        Self::from(value.to_string())
    }
}

impl From<String> for SystemValue {
    fn from(value: String) -> Self {
        Self::Datum(Datum::Text(value))
    }
}

impl From<bool> for SystemValue {
    fn from(value: bool) -> Self {
        Self::Datum(Datum::Boolean(value))
    }
}

impl From<i32> for SystemValue {
    fn from(value: i32) -> Self {
        Self::from(i64::from(value))
    }
}

impl From<i64> for SystemValue {
    fn from(value: i64) -> Self {
        Self::Datum(Datum::Integer(value))
    }
}

/// Counts and sizes: BIGINT columns cannot say more than `i64::MAX`.
impl From<u64> for SystemValue {
    fn from(value: u64) -> Self {
        Self::from(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// Wall-clock timestamps, to the nanosecond.
impl From<NaiveDateTime> for SystemValue {
    fn from(value: NaiveDateTime) -> Self {
        let instant = value.and_utc();
        // A leap second counts as the one before: the type has none.
        let nanos_of_milli = instant.timestamp_subsec_nanos() % 1_000_000;
        Self::Datum(Datum::Timestamp {
            millis: instant.timestamp_millis(),
            nanos_of_milli: i32::try_from(nanos_of_milli).unwrap_or_default(),
        })
    }
}

impl<T: Into<SystemValue>> From<Option<T>> for SystemValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }
}
