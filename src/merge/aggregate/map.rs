//! `merge_map` and `merge_map_with_keytime`: the entries of all maps in one map.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, StructArray};

use super::elements::{ElementColumn, Elements, Gather, Keyed};
use super::fold::{Fold, Outcome, Work, fold};
use super::keys::Keys;
use crate::merge::fault::Fault;

/// Merges maps; of equal keys the newer entry stays.
pub(super) fn merge_map(column: &ArrayRef, work: &Work<'_>, ignore_retract: bool) -> Result<ArrayRef, Fault> {
    let maps = ElementColumn::try_new(column)?;
    let keys = map_keys(column)?;
    merge(&maps, work, ignore_retract, MergeMap { keys: &keys })
}

/// Merges maps whose values are rows; of equal keys the entry with the greater time stays, and a null
/// value removes the key.
pub(super) fn merge_map_with_key_time(
    time_field: usize,
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    let maps = ElementColumn::try_new(column)?;
    let keys = map_keys(column)?;
    let rows: &StructArray = column.as_map().values().as_struct();
    let Some(times) = rows.column(time_field).as_string_view_opt() else {
        return Err(Fault::refused("the time field of 'merge_map_with_keytime' must be text"));
    };
    merge(&maps, work, ignore_retract, MergeMapWithKeyTime { keys: &keys, rows, times })
}

fn map_keys(column: &ArrayRef) -> Result<Keys, Fault> {
    Keys::try_new(&[Arc::clone(column.as_map().keys())])
}

fn merge<F: Fold<Value = Elements>>(
    maps: &ElementColumn<'_>,
    work: &Work<'_>,
    ignore_retract: bool,
    mut function: F,
) -> Result<ArrayRef, Fault> {
    let mut merged = Gather::with_capacity(work.groups.len());
    fold(work, ignore_retract, &mut function, |row| maps.read(row), |map| merged.push(map))?;
    merged.finish(maps)
}

struct MergeMap<'k> {
    keys: &'k Keys,
}

impl Fold for MergeMap<'_> {
    type Value = Elements;

    fn add(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        Ok(match (merged, value) {
            (Some(merged), Some(value)) => {
                let mut entries = Keyed::from_elements(self.keys, &merged);
                value.iter().for_each(|entry| entries.put(entry));
                Some(entries.into_elements())
            }
            (merged, value) => merged.or(value),
        })
    }

    /// Takes back the keys of the value, whatever their values.
    fn retract(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let Some(merged) = merged else { return Ok(None) };
        let Some(value) = value.filter(|value| value.len() > 0) else { return Ok(Some(merged)) };
        let mut entries = Keyed::from_elements(self.keys, &merged);
        value.iter().for_each(|entry| entries.remove(entry));
        Ok(Some(entries.into_elements()))
    }
}

struct MergeMapWithKeyTime<'k> {
    keys: &'k Keys,
    rows: &'k StructArray,
    times: &'k StringViewArray,
}

impl MergeMapWithKeyTime<'_> {
    /// The time of an entry whose value is a row.
    fn time(&self, entry: u32) -> Option<&str> {
        self.times.is_valid(entry as usize).then(|| self.times.value(entry as usize))
    }

    fn is_newer(&self, entry: u32, present: u32) -> bool {
        let present_time = self.rows.is_valid(present as usize).then(|| self.time(present)).flatten();
        match (self.time(entry), present_time) {
            (None, _) => false,
            (Some(_), None) => true,
            // Java compares texts by UTF-16 units.
            (Some(new), Some(old)) => new.encode_utf16().gt(old.encode_utf16()),
        }
    }
}

impl Fold for MergeMapWithKeyTime<'_> {
    type Value = Elements;

    fn add(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let (merged, value) = match (merged, value) {
            (Some(merged), Some(value)) => (merged, value),
            (merged, value) => return Ok(merged.or(value)),
        };
        let mut entries = Keyed::from_elements(self.keys, &merged);
        for entry in value.iter() {
            if self.rows.is_null(entry as usize) {
                entries.remove(entry);
            } else if self.time(entry).is_some() {
                let newer = entries.get(entry).is_none_or(|present| self.is_newer(entry, present));
                if newer {
                    entries.put(entry);
                }
            }
        }
        Ok(Some(entries.into_elements()))
    }
}
