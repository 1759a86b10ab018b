//! Decides what each version does to the columns of each sequence group, and to those of none.

use std::ops::Range;

use arrow::array::RecordBatch;

use super::PartialUpdate;
use crate::merge::fault::Fault;
use crate::merge::order::RowOrder;
use crate::merge::steps::{Plan, Step, Steps};
use crate::merge::versions::{DELETE, INSERT, Versions, is_retraction};

const REFUSED: &str = "partial-update cannot take -U or -D rows by default; set 'ignore-delete' to skip them, \
    'partial-update.remove-record-on-delete' to remove the row, or 'sequence-group's to take back columns";

/// Walks over the versions of each key, oldest first.
pub(super) struct Planner<'a> {
    rule: &'a PartialUpdate,
    versions: &'a Versions<'a>,
    groups: Vec<Group>,
    /// For the columns in no group.
    steps: Vec<Step>,
    key: KeyState,
}

/// An active sequence group.
struct Group {
    order: RowOrder,
    removes: bool,
    steps: Vec<Step>,
    /// The row whose sequence is the newest so far.
    newest: Option<usize>,
}

impl Group {
    fn is_newest(&self, row: usize) -> bool {
        self.order.compare(row, self.newest).is_ge()
    }
}

/// What is known of the key so far.
#[derive(Debug, Clone, Copy, Default)]
struct KeyState {
    /// A version has given the row its first values.
    filled: bool,
    inserted: bool,
    /// The last version removed the row.
    removed: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn try_new(
        rule: &'a PartialUpdate,
        rows: &RecordBatch,
        versions: &'a Versions<'a>,
        position: impl Fn(usize) -> usize,
    ) -> Result<Self, Fault> {
        let group = |group: &usize| -> Result<Group, Fault> {
            let group = rule.groups.get(*group);
            let columns = group.sequence.iter().map(|column| rows.column(position(*column)));
            Ok(Group {
                order: RowOrder::try_new(columns)?,
                removes: group.removes,
                steps: vec![Step::Keep; versions.rows()],
                newest: None,
            })
        };
        let groups = rule.active.iter().map(group).collect::<Result<_, _>>()?;
        Ok(Self { rule, versions, groups, steps: Vec::new(), key: KeyState::default() })
    }

    pub(super) fn plan(mut self) -> Result<Plan, Fault> {
        if self.groups.is_empty() && !self.versions.any_retraction() {
            return Ok(Plan { steps: vec![Steps::AllAdd], kinds: vec![INSERT; self.versions.len()] });
        }
        self.steps = vec![Step::Keep; self.versions.rows()];
        let kinds = self.versions.groups().map(|group| self.plan_key(group)).collect::<Result<_, _>>()?;
        let grouped = self.groups.into_iter().map(|group| Steps::Each(group.steps));
        Ok(Plan { steps: std::iter::once(Steps::Each(self.steps)).chain(grouped).collect(), kinds })
    }

    /// Plans the versions of one key and gives the kind of its merged row.
    fn plan_key(&mut self, rows: Range<usize>) -> Result<i8, Fault> {
        self.key = KeyState::default();
        self.groups.iter_mut().for_each(|group| group.newest = None);
        for row in rows {
            self.key.removed = false;
            if is_retraction(self.versions.kind(row)) {
                self.retract(row)?;
            } else {
                self.add(row);
            }
        }
        Ok(if self.key.removed || !self.key.inserted { DELETE } else { INSERT })
    }

    fn add(&mut self, row: usize) {
        self.key.filled = true;
        self.key.inserted = true;
        self.steps[row] = Step::Add;
        for group in &mut self.groups {
            if group.order.is_empty(row) {
                continue;
            }
            if group.is_newest(row) {
                group.newest = Some(row);
                group.steps[row] = Step::Add;
            } else {
                group.steps[row] = Step::AddOlder;
            }
        }
    }

    fn retract(&mut self, row: usize) -> Result<(), Fault> {
        let first = !std::mem::replace(&mut self.key.filled, true);
        if first {
            self.start(row);
        }
        if self.rule.ignore_delete {
            return Ok(());
        }
        if !self.rule.groups.is_empty() {
            self.retract_groups(row, first);
            return Ok(());
        }
        if !self.rule.remove_on_delete {
            return Err(Fault::refused(REFUSED));
        }
        if self.versions.kind(row) == DELETE {
            self.remove(row);
        }
        Ok(())
    }

    fn retract_groups(&mut self, row: usize, first: bool) {
        let delete = self.versions.kind(row) == DELETE;
        // Java removes the row halfway through its columns; what the columns before did is then lost.
        let removed = |group: &Group| group.removes && !group.order.is_empty(row) && group.is_newest(row);
        if delete && self.groups.iter().any(removed) {
            self.remove(row);
            return;
        }
        for group in &mut self.groups {
            if group.order.is_empty(row) {
                continue;
            }
            let newest = group.is_newest(row);
            group.steps[row] = match (first, newest) {
                (true, _) => Step::StartRetract,
                (false, true) => Step::Retract,
                (false, false) => Step::RetractOlder,
            };
            if newest {
                group.newest = Some(row);
            }
        }
    }

    /// The row becomes the version's, and counts as removed until another version comes.
    fn remove(&mut self, row: usize) {
        self.key.removed = true;
        self.start(row);
    }

    /// All columns become the version's.
    fn start(&mut self, row: usize) {
        self.steps[row] = Step::Start;
        for group in &mut self.groups {
            group.steps[row] = Step::Start;
            group.newest = Some(row);
        }
    }
}
