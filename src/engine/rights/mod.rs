//! What a session may read.
//!
//! It is enforced where a statement's tables are opened, which is one place whatever the statement is:
//! a table without a right is not opened, and one of which some columns may be read is scanned for
//! those alone ([`guarded`]). Views, subqueries, COPY, cursors and time travel come by it.

mod grant;
mod guarded;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::TableSource;
use tarn_catalog::paimon::ObjectName;

pub use grant::Grant;

use crate::error::{Error, ErrorKind, Result};
use guarded::Guarded;

/// The rights of a session's user, who may get and lose some while the session goes on.
pub trait Rights: Debug + Send + Sync {
    /// What may be read at this moment.
    fn now(&self) -> Allowed;
}

/// Someone who may read everything.
#[derive(Debug, Clone, Copy)]
pub struct Everything;

impl Rights for Everything {
    fn now(&self) -> Allowed {
        Allowed::Everything
    }
}

/// What may be read at one moment.
#[derive(Debug, Clone)]
pub enum Allowed {
    Everything,
    Only(Vec<Grant>),
}

/// What may be read of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    Nothing,
    Columns(BTreeSet<String>),
    All,
}

impl Allowed {
    /// What may be read of a table. Its branches go with it; what Paimon tells of it (`t$files`,
    /// `t$audit_log`) goes with the whole of it, since it shows values of all columns.
    pub fn table(&self, lake: &str, database: &str, table: &str) -> Readable {
        let Self::Only(grants) = self else { return Readable::All };
        let parsed = ObjectName::parse(table).ok();
        let tells = parsed.as_ref().is_some_and(|name| name.system.is_some());
        let base = parsed.as_ref().map_or(table, |name| name.table.as_str());
        let mut columns = BTreeSet::new();
        for grant in grants.iter().filter(|grant| grant.reaches(lake, database)) {
            match &grant.table {
                Some(named) if named != base && named != table => {}
                _ if grant.columns.is_empty() => return Readable::All,
                _ => columns.extend(grant.columns.iter().cloned()),
            }
        }
        if tells || columns.is_empty() { Readable::Nothing } else { Readable::Columns(columns) }
    }

    /// Whether anything may be read in a database.
    pub fn any_in(&self, lake: &str, database: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(grants) => grants.iter().any(|grant| grant.reaches(lake, database)),
        }
    }
}

impl Grant {
    /// Whether it is about something in this database.
    fn reaches(&self, lake: &str, database: &str) -> bool {
        self.lake == lake && self.database.as_deref().is_none_or(|named| named == database)
    }
}

/// The table as far as it may be read; `name` is its lake, database and name.
pub(super) fn guard(
    source: Arc<dyn TableSource>,
    allowed: &Allowed,
    name: [&str; 3],
) -> Result<Arc<dyn TableSource>> {
    let [lake, database, table] = name;
    match allowed.table(lake, database, table) {
        Readable::All => Ok(source),
        Readable::Columns(columns) => {
            let inner = source_as_provider(&source)?;
            Ok(provider_as_source(Arc::new(Guarded::new(inner, table, columns))))
        }
        Readable::Nothing => Err(denied(table)),
    }
}

/// A table with wide timestamps in the place of one that narrows them, with the same rights.
pub(crate) fn wide_provider(table: &Arc<dyn TableProvider>) -> Option<Arc<dyn TableProvider>> {
    match table.downcast_ref::<Guarded>() {
        Some(guarded) => Some(Arc::new(guarded.widened()?)),
        None => crate::provider::widened(table),
    }
}

/// The table itself, whoever reads it.
pub(super) fn unguarded(table: &Arc<dyn TableProvider>) -> &Arc<dyn TableProvider> {
    table.downcast_ref::<Guarded>().map_or(table, Guarded::inner)
}

fn denied(table: &str) -> Error {
    Error::new(ErrorKind::Permission, format!("permission denied for table {table}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn allowed(grants: &[&str]) -> Allowed {
        Allowed::Only(grants.iter().map(|grant| Grant::parse(grant).unwrap()).collect())
    }

    #[test]
    fn a_grant_reaches_as_far_as_it_says() {
        let some = allowed(&["one", "two.d", "three.d.t", "four.d.t(a, b)", "four.d.t(c)"]);
        let columns =
            |names: &[&str]| Readable::Columns(names.iter().map(|name| (*name).to_owned()).collect());
        for (lake, database, table, expected) in [
            ("one", "x", "y", Readable::All),
            ("one", "x", "y$audit_log", Readable::All),
            ("two", "d", "y", Readable::All),
            ("two", "e", "y", Readable::Nothing),
            ("two", "sys", "tables", Readable::Nothing),
            ("three", "d", "t", Readable::All),
            ("three", "d", "t$files", Readable::All),
            ("three", "d", "t$branch_b", Readable::All),
            ("three", "d", "t2", Readable::Nothing),
            ("three", "D", "t", Readable::Nothing),
            ("four", "d", "t", columns(&["a", "b", "c"])),
            ("four", "d", "t$branch_b", columns(&["a", "b", "c"])),
            ("four", "d", "t$files", Readable::Nothing),
            ("four", "d", "t$audit_log", Readable::Nothing),
            ("four", "d", "t$branch_b$audit_log", Readable::Nothing),
            ("five", "d", "t", Readable::Nothing),
        ] {
            assert_eq!(some.table(lake, database, table), expected, "{lake}.{database}.{table}");
        }
        assert!(some.any_in("four", "d") && some.any_in("one", "x") && !some.any_in("four", "e"));
    }

    #[test]
    fn a_table_of_paimon_can_be_granted_by_its_own_name() {
        let some = allowed(&["l.d.\"t$snapshots\""]);
        assert_eq!(some.table("l", "d", "t$snapshots"), Readable::All);
        assert_eq!(some.table("l", "d", "t"), Readable::Nothing);
        assert_eq!(allowed(&[]).table("l", "d", "t"), Readable::Nothing);
    }
}
