//! `nested_update`: a nested table, a list of rows, updated by its key or appended to.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};

use super::elements::{ElementColumn, Elements, Gather, Keyed};
use super::fold::{Fold, Outcome, Work, fold};
use super::keys::Keys;
use crate::merge::fault::Fault;
use crate::merge::order::RowOrder;

/// What becomes of nested rows whose key has a null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NullKeys {
    Merge,
    Ignore,
    Error,
}

/// The key of a nested table, as indices of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NestedKey {
    pub(super) fields: Vec<usize>,
    pub(super) nulls: NullKeys,
}

impl NestedKey {
    /// The keys of the nested rows, and which of the rows take part.
    pub(super) fn rows<'a>(&self, child: &'a ArrayRef) -> Result<KeyedRows<'a>, Fault> {
        let rows = child.as_struct();
        let columns: Vec<ArrayRef> =
            self.fields.iter().map(|field| Arc::clone(rows.column(*field))).collect();
        Ok(KeyedRows { rows: child, keys: Keys::try_new(&columns)?, columns, nulls: self.nulls })
    }
}

/// Nested rows with their keys.
pub(super) struct KeyedRows<'a> {
    rows: &'a ArrayRef,
    columns: Vec<ArrayRef>,
    pub(super) keys: Keys,
    nulls: NullKeys,
}

impl KeyedRows<'_> {
    /// Whether a row takes part: it is no null, and its key is allowed.
    pub(super) fn takes_part(&self, row: u32) -> Result<bool, Fault> {
        let row = row as usize;
        if self.rows.is_null(row) {
            return Ok(false);
        }
        match self.nulls {
            NullKeys::Merge => Ok(true),
            _ if self.columns.iter().all(|column| column.is_valid(row)) => Ok(true),
            NullKeys::Ignore => Ok(false),
            NullKeys::Error => Err(Fault::refused("a nested row has a null in its key")),
        }
    }
}

/// The options of one `nested_update` column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NestedUpdate {
    /// Without a key rows are appended.
    pub(super) key: Option<NestedKey>,
    /// Fields that must not go down for a row to take the place of one with the same key.
    pub(super) sequence: Vec<usize>,
    /// Rows beyond this many are not taken in.
    pub(super) limit: usize,
}

impl NestedUpdate {
    pub(super) fn merge(
        &self,
        column: &ArrayRef,
        work: &Work<'_>,
        ignore_retract: bool,
    ) -> Result<ArrayRef, Fault> {
        let lists = ElementColumn::try_new(column)?;
        let rows = lists.child.as_struct();
        let mut merged = Gather::with_capacity(work.groups.len());
        let read = |row| lists.read(row);
        match &self.key {
            None => {
                let keys = Keys::try_new(std::slice::from_ref(&lists.child))?;
                let mut append = Append { rows: &lists.child, keys: &keys, limit: self.limit };
                fold(work, ignore_retract, &mut append, read, |list| merged.push(list))?;
            }
            Some(key) => {
                let sequence = RowOrder::try_new(self.sequence.iter().map(|field| rows.column(*field)))?;
                let sequence = (!self.sequence.is_empty()).then_some(sequence);
                let mut upsert = Upsert { rows: &key.rows(&lists.child)?, sequence, limit: self.limit };
                fold(work, ignore_retract, &mut upsert, read, |list| merged.push(list))?;
            }
        }
        merged.finish(&lists)
    }
}

/// Appends rows up to the limit.
struct Append<'a> {
    rows: &'a ArrayRef,
    /// Of whole rows.
    keys: &'a Keys,
    limit: usize,
}

impl Append<'_> {
    fn non_null<'e>(&'e self, elements: &'e Elements) -> impl Iterator<Item = u32> + 'e {
        elements.iter().filter(|row| self.rows.is_valid(*row as usize))
    }
}

impl Fold for Append<'_> {
    type Value = Elements;

    fn add(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let Some(value) = value else { return Ok(merged) };
        let Some(merged) = merged else {
            return Ok(Some(Elements::Merged(self.non_null(&value).take(self.limit).collect())));
        };
        let Some(room) = self.limit.checked_sub(merged.len()).filter(|room| *room > 0) else {
            return Ok(Some(merged));
        };
        let rows = self.non_null(&merged).chain(self.non_null(&value).take(room)).collect();
        Ok(Some(Elements::Merged(rows)))
    }

    /// Takes back every row that equals one of the value.
    fn retract(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let (Some(merged), Some(value)) = (&merged, &value) else { return Ok(merged) };
        let taken: std::collections::HashSet<&[u8]> =
            self.non_null(value).map(|row| self.keys.get(row)).collect();
        let rest = self.non_null(merged).filter(|row| !taken.contains(self.keys.get(*row))).collect();
        Ok(Some(Elements::Merged(rest)))
    }
}

/// Updates and inserts rows by their key.
struct Upsert<'a> {
    rows: &'a KeyedRows<'a>,
    sequence: Option<RowOrder>,
    limit: usize,
}

impl<'a> Upsert<'a> {
    fn put_all(&self, table: &mut Keyed<'a>, elements: &Elements, limit: usize) -> Result<(), Fault> {
        for row in elements.iter() {
            if !self.rows.takes_part(row)? {
                continue;
            }
            let put = match (table.get(row), &self.sequence) {
                (Some(present), Some(sequence)) => {
                    sequence.compare(row as usize, Some(present as usize)).is_ge()
                }
                (Some(_), None) => true,
                (None, _) => table.len() < limit,
            };
            if put {
                table.put(row);
            }
        }
        Ok(())
    }
}

impl Fold for Upsert<'_> {
    type Value = Elements;

    fn add(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let Some(value) = value else { return Ok(merged) };
        let mut table = Keyed::new(&self.rows.keys);
        if let Some(merged) = merged {
            self.put_all(&mut table, &merged, usize::MAX)?;
        }
        self.put_all(&mut table, &value, self.limit)?;
        Ok(Some(table.into_elements()))
    }

    /// Takes back the keys of the value.
    fn retract(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let (Some(merged), Some(value)) = (&merged, &value) else { return Ok(merged) };
        let mut table = Keyed::new(&self.rows.keys);
        for row in merged.iter() {
            if self.rows.takes_part(row)? {
                table.put(row);
            }
        }
        for row in value.iter() {
            if self.rows.takes_part(row)? {
                table.remove(row);
            }
        }
        Ok(Some(table.into_elements()))
    }
}
