//! Names of tables as queries write them: `t`, `t$branch_b`, `t$snapshots`, `t$branch_b$snapshots`.

use crate::error::{Error, Result};

const SEPARATOR: char = '$';
const BRANCH_PREFIX: &str = "branch_";
/// The branch that is the table itself.
pub const MAIN_BRANCH: &str = "main";

/// A table, perhaps one of its branches, perhaps one of its system tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    pub table: String,
    /// `None` is the main branch.
    pub branch: Option<String>,
    /// `snapshots`, `files`, `audit_log`, ...
    pub system: Option<String>,
}

impl ObjectName {
    pub fn parse(name: &str) -> Result<Self> {
        let parts: Vec<&str> = name.split(SEPARATOR).collect();
        let branch_of = |part: &str| part.strip_prefix(BRANCH_PREFIX).map(str::to_string);
        let (table, branch, system) = match parts.as_slice() {
            [table] => (table, None, None),
            [table, suffix] => match branch_of(suffix) {
                Some(branch) => (table, Some(branch), None),
                None => (table, None, Some(*suffix)),
            },
            [table, branch, system] if branch.starts_with(BRANCH_PREFIX) => {
                (table, branch_of(branch), Some(*system))
            }
            _ => return Err(malformed(name)),
        };
        let empty = |text: &str| text.is_empty();
        if empty(table) || branch.as_deref().is_some_and(empty) || system.is_some_and(empty) {
            return Err(malformed(name));
        }
        Ok(Self {
            table: (*table).to_string(),
            branch: branch.filter(|branch| branch != MAIN_BRANCH),
            system: system.map(str::to_string),
        })
    }
}

fn malformed(name: &str) -> Error {
    Error::invalid(format!(
        "{name} is no table name: write table, table$branch_NAME, table$SYSTEM or table$branch_NAME$SYSTEM"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_split_into_table_branch_and_system_table() {
        for (name, expected) in [
            ("t", ("t", None, None)),
            ("t$branch_b1", ("t", Some("b1"), None)),
            ("t$branch_main", ("t", None, None)),
            ("t$snapshots", ("t", None, Some("snapshots"))),
            ("t$branch_b$files", ("t", Some("b"), Some("files"))),
        ] {
            let parsed = ObjectName::parse(name).unwrap();
            assert_eq!((parsed.table.as_str(), parsed.branch.as_deref(), parsed.system.as_deref()), expected);
        }
        for name in ["", "$x", "t$", "t$a$b", "t$branch_", "t$branch_a$b$c"] {
            assert!(ObjectName::parse(name).is_err(), "{name}");
        }
    }
}
