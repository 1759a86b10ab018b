//! Folds the versions of each key into one value of a column.

use crate::merge::fault::Fault;
use crate::merge::steps::{Step, Steps};
use crate::merge::versions::Versions;

pub(super) type Outcome<V> = Result<Option<V>, Fault>;

/// How a function combines values; `None` is SQL's null. Java's `FieldAggregator`.
pub(super) trait Fold {
    type Value;

    /// `merged` comes from older versions, `value` from a newer one.
    fn add(&mut self, merged: Option<Self::Value>, value: Option<Self::Value>) -> Outcome<Self::Value>;

    /// `value` comes from a version older than some of those merged so far.
    fn add_older(&mut self, merged: Option<Self::Value>, value: Option<Self::Value>) -> Outcome<Self::Value> {
        self.add(value, merged)
    }

    fn retract(&mut self, _merged: Option<Self::Value>, _value: Option<Self::Value>) -> Outcome<Self::Value> {
        Err(Fault::refused(
            "the function cannot take back a row; set the column's 'ignore-retract' to skip retractions",
        ))
    }

    fn retract_older(
        &mut self,
        merged: Option<Self::Value>,
        value: Option<Self::Value>,
    ) -> Outcome<Self::Value> {
        self.retract(merged, value)
    }

    /// Another key begins.
    fn begin(&mut self) {}
}

/// The groups to merge, and what their versions do to the column.
#[derive(Debug, Clone, Copy)]
pub(in crate::merge) struct Work<'a> {
    pub(in crate::merge) versions: Versions<'a>,
    /// The groups to merge, in the order of the output.
    pub(in crate::merge) groups: &'a [u32],
    pub(in crate::merge) steps: &'a Steps,
}

/// Merges each group of the work and hands its value to `emit`.
pub(super) fn fold<F: Fold>(
    work: &Work<'_>,
    ignore_retract: bool,
    function: &mut F,
    read: impl Fn(usize) -> Option<F::Value>,
    mut emit: impl FnMut(Option<F::Value>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for group in work.groups {
        function.begin();
        let mut merged = None;
        for row in work.versions.group(*group as usize) {
            merged = match work.steps.of(row) {
                Step::Keep => merged,
                Step::Start => read(row),
                Step::Add => function.add(merged, read(row))?,
                // Java's wrapper that ignores retractions hides the function's own reversed form.
                Step::AddOlder if ignore_retract => function.add(read(row), merged)?,
                Step::AddOlder => function.add_older(merged, read(row))?,
                Step::Retract | Step::RetractOlder if ignore_retract => merged,
                Step::Retract => function.retract(merged, read(row))?,
                Step::RetractOlder => function.retract_older(merged, read(row))?,
                Step::StartRetract if ignore_retract => read(row),
                Step::StartRetract => function.retract(read(row), read(row))?,
            };
        }
        emit(merged)?;
    }
    Ok(())
}
