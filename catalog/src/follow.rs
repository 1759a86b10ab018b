//! Following a table: its versions one by one, in order, and what each changed.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::ChangeLog;
use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::table::TableVersion;
use crate::version::VersionSpec;

/// A version up to which a follower has seen everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// 0 stands before the first version.
    pub version: i64,
    /// When it was committed, in milliseconds since the epoch; `None` at 0 and where the version
    /// itself is gone already.
    pub millis: Option<i64>,
    /// What tells the version from another that takes its number after a rollback, where it is known.
    pub identity: Option<Arc<str>>,
}

impl Place {
    /// Before the first version.
    pub const BEGINNING: Self = Self { version: 0, millis: None, identity: None };
}

/// What a follower is about to see of the version at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// The rows of the version.
    Rows,
    /// What later versions change, and nothing of the version itself.
    Changes,
}

/// A table whose versions can be followed. Nothing is kept between calls.
#[async_trait]
pub trait Follow: Debug + Send + Sync {
    /// `database.table`, for errors.
    fn table(&self) -> &str;

    /// Stands before the first version; its rows are none.
    fn before_first(&self) -> Place {
        Place::BEGINNING
    }

    /// Whether later versions have higher numbers.
    fn counts_up(&self) -> bool {
        true
    }

    /// Where a follower begins. Fails where what it is about to see is gone, naming the earliest version
    /// that is left.
    async fn begin(&self, version: &VersionSpec, beginning: Beginning) -> Result<Place>;

    /// The earliest version that is left; the beginning of a table without versions.
    async fn earliest(&self) -> Result<Place>;

    /// How far a named consumer has come, by what the table stores of it.
    async fn consumer(&self, name: &str) -> Result<Place>;

    /// The version after a place; `None` where it is yet to come, which costs two small reads, or where the
    /// format needs it the listing of one folder. Fails where it is gone, or where the place is no longer part of the table's history.
    async fn after(&self, place: &Place) -> Result<Option<Place>>;

    /// The schema under which a version was committed, with the options of today.
    async fn schema(&self, place: &Place) -> Result<Arc<TableSchema>>;

    /// The schema for a follower that begins at a place: that of the version whose rows or changes it
    /// sees first; where that one is the newest or is yet to come, the one that the table has now.
    async fn first_schema(&self, place: &Place, beginning: Beginning) -> Result<Arc<TableSchema>>;

    /// The table at a place, under a schema.
    async fn rows(&self, place: &Place, schema: Arc<TableSchema>) -> Result<Arc<dyn TableVersion>>;

    /// How the table's rows at a place differ from those at the place before it, under a schema:
    /// both images of an update, one after the other; no sequence numbers.
    async fn changes(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>>;

    /// The versions at the ends of a range of changes. An end may be a named version that has outlived
    /// its neighbours; version 0 stands before the first. Fails where an end is gone, naming the earliest
    /// version that is left.
    async fn end(&self, end: &RangeEnd) -> Result<Place>;

    /// Fails where the changes from one place to another cannot be told: they must lead forward.
    async fn check_range(&self, before: &Place, after: &Place) -> Result<()> {
        match before.version <= after.version {
            true => Ok(()),
            false => Err(Error::invalid(format!(
                "changes of table {} are asked for from version {} back to {}",
                self.table(),
                before.version,
                after.version
            ))),
        }
    }

    /// The versions after a place up to another one, oldest first. Fails where one of them is gone.
    async fn between(&self, before: &Place, after: &Place) -> Result<Vec<Place>> {
        let mut places: Vec<Place> = Vec::new();
        while places.last().unwrap_or(before).version < after.version {
            let last = places.last().unwrap_or(before);
            let Some(next) = self.after(last).await? else {
                let what = format!("version {} of table {}", last.version + 1, self.table());
                return Err(Error::not_found(what, "the changes of each version need all of them"));
            };
            places.push(next);
        }
        Ok(places)
    }

    /// The schema of the rows at the end of a range: that of the version, or the current one at
    /// [`RangeEnd::Latest`] and before the first version.
    async fn end_schema(&self, end: &RangeEnd, place: &Place) -> Result<Arc<TableSchema>>;

    /// How the table's rows at a place differ from those at an earlier one, however many versions lie
    /// between, under a schema: one change a key, both images of an update, one after the other.
    async fn difference(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>>;
}

/// An end of a range of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeEnd {
    /// The oldest version that can be read.
    Earliest,
    /// The newest version, which the statement has seen to be this one.
    Latest(i64),
    At(VersionSpec),
}

/// Whether rows under one schema are rows under the other: the same columns by id, name and type, and
/// the same keys.
pub fn same_columns(one: &TableSchema, other: &TableSchema) -> bool {
    let alike = one.fields.iter().zip(&other.fields).all(|(one, other)| {
        (one.id, &one.name, &one.data_type, one.nullable)
            == (other.id, &other.name, &other.data_type, other.nullable)
    });
    one.fields.len() == other.fields.len()
        && alike
        && one.primary_key == other.primary_key
        && one.partition_keys == other.partition_keys
}
