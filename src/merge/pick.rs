//! Engines whose merged row is one of the versions, unchanged: deduplicate and first-row.

use super::fault::Fault;
use super::versions::{Versions, is_retraction};

/// Chooses a version of each key; `None` where all of them are to be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The last version (`DeduplicateMergeFunction`).
    Last { ignore_delete: bool },
    /// The first version; retractions are refused or ignored (`FirstRowMergeFunction`).
    First { ignore_delete: bool },
}

impl Pick {
    pub(super) fn choose(self, versions: &Versions<'_>) -> Result<Vec<Option<u32>>, Fault> {
        match self {
            Self::Last { ignore_delete } => Ok(choose_last(versions, ignore_delete)),
            Self::First { ignore_delete } => choose_first(versions, ignore_delete),
        }
    }
}

fn choose_last(versions: &Versions<'_>, ignore_delete: bool) -> Vec<Option<u32>> {
    let counts = |row: &usize| !(ignore_delete && is_retraction(versions.kind(*row)));
    versions.groups().map(|group| group.rev().find(counts).map(|row| row as u32)).collect()
}

fn choose_first(versions: &Versions<'_>, ignore_delete: bool) -> Result<Vec<Option<u32>>, Fault> {
    if !ignore_delete && versions.any_retraction() {
        return Err(Fault::refused(
            "the first-row merge engine cannot take -U or -D rows; set 'ignore-delete' to skip them",
        ));
    }
    let counts = |row: &usize| !is_retraction(versions.kind(*row));
    Ok(versions.groups().map(|mut group| group.find(counts).map(|row| row as u32)).collect())
}
