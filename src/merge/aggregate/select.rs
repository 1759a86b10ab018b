//! Functions whose result is the value of one version: they fold row numbers, and one gather fetches
//! the values. A row whose value is null is `None`.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::take;

use super::fold::{Fold, Outcome, Work, fold};
use crate::merge::fault::Fault;
use crate::merge::order::{Comparator, comparator};

/// Folds row numbers and gathers the chosen rows of the column.
pub(super) fn select<F: Fold<Value = u32>>(
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
    mut function: F,
) -> Result<ArrayRef, Fault> {
    let nulls = column.logical_nulls();
    let read = |row: usize| {
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        valid.then_some(row as u32)
    };
    let mut chosen = Vec::with_capacity(work.groups.len());
    fold(work, ignore_retract, &mut function, read, |row| {
        chosen.push(row);
        Ok(())
    })?;
    Ok(take(column, &UInt32Array::from(chosen), None)?)
}

/// `last_value`.
pub(super) struct LastValue;

impl Fold for LastValue {
    type Value = u32;

    fn add(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }

    fn retract(&mut self, _merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(None)
    }
}

/// `last_non_null_value`, and the columns of partial-update that are in no sequence group.
pub(super) struct LastNonNullValue;

impl Fold for LastNonNullValue {
    type Value = u32;

    fn add(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value.or(merged))
    }

    fn retract(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(if value.is_some() { None } else { merged })
    }
}

/// `first_value`. An older value takes the place of the first.
#[derive(Default)]
pub(super) struct FirstValue {
    seen: bool,
}

impl Fold for FirstValue {
    type Value = u32;

    fn add(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(if std::mem::replace(&mut self.seen, true) { merged } else { value })
    }

    fn begin(&mut self) {
        self.seen = false;
    }
}

/// `first_non_null_value`. As in Java, an older value takes the place of the first even when it is null.
#[derive(Default)]
pub(super) struct FirstNonNullValue {
    seen: bool,
}

impl Fold for FirstNonNullValue {
    type Value = u32;

    fn add(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        if self.seen || value.is_none() {
            return Ok(merged);
        }
        self.seen = true;
        Ok(value)
    }

    fn begin(&mut self) {
        self.seen = false;
    }
}

/// `primary-key`: all versions have the same value.
pub(super) struct KeyValue;

impl Fold for KeyValue {
    type Value = u32;

    fn add(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }

    fn retract(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }
}

/// A member of a sequence group without a function: the newest value, null or not. A retraction
/// clears it unless something newer was seen.
pub(super) struct GroupMember;

impl Fold for GroupMember {
    type Value = u32;

    fn add(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }

    fn add_older(&mut self, merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(merged)
    }

    fn retract(&mut self, _merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(None)
    }

    fn retract_older(&mut self, merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(merged)
    }
}

/// A sequence column of a sequence group: the newest sequence, retractions included.
pub(super) struct GroupSequence;

impl Fold for GroupSequence {
    type Value = u32;

    fn add(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }

    fn add_older(&mut self, merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(merged)
    }

    fn retract(&mut self, _merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(value)
    }

    fn retract_older(&mut self, merged: Option<u32>, _value: Option<u32>) -> Outcome<u32> {
        Ok(merged)
    }
}

/// `min` and `max`: of equal values, `min` takes the newer and `max` stays with the older.
pub(super) struct Extreme {
    compare: Comparator,
    /// How the merged value must compare with a new one to be kept.
    keep: fn(Ordering) -> bool,
}

impl Extreme {
    pub(super) fn min(column: &ArrayRef) -> Result<Self, Fault> {
        Ok(Self { compare: comparator(column)?, keep: Ordering::is_lt })
    }

    pub(super) fn max(column: &ArrayRef) -> Result<Self, Fault> {
        Ok(Self { compare: comparator(column)?, keep: Ordering::is_ge })
    }
}

impl Fold for Extreme {
    type Value = u32;

    fn add(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(match (merged, value) {
            (Some(old), Some(new)) => {
                let keep = (self.keep)((self.compare)(old as usize, new as usize));
                Some(if keep { old } else { new })
            }
            (old, new) => old.or(new),
        })
    }
}

/// `bool_and` and `bool_or`: the merged value is kept once it decides the result.
pub(super) struct Decision {
    column: BooleanArray,
    decides: bool,
}

impl Decision {
    pub(super) fn and(column: &ArrayRef) -> Self {
        Self { column: column.as_boolean().clone(), decides: false }
    }

    pub(super) fn or(column: &ArrayRef) -> Self {
        Self { column: column.as_boolean().clone(), decides: true }
    }
}

impl Fold for Decision {
    type Value = u32;

    fn add(&mut self, merged: Option<u32>, value: Option<u32>) -> Outcome<u32> {
        Ok(match (merged, value) {
            (Some(old), Some(_)) if self.column.value(old as usize) == self.decides => Some(old),
            (Some(_), Some(new)) => Some(new),
            (old, new) => old.or(new),
        })
    }
}
