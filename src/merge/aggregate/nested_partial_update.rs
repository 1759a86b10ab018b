//! `nested_partial_update`: a nested table, a list of rows, whose rows of one key are merged field by
//! field, the last value that is not null.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, NullBufferBuilder, StructArray, UInt32Array};
use arrow::compute::take;

use super::elements::{ElementColumn, Elements, Shape};
use super::fold::{Fold, Outcome, Work, fold};
use super::nested_update::{KeyedRows, NestedKey};
use crate::merge::fault::Fault;

pub(super) fn nested_partial_update(
    key: &NestedKey,
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    let lists = ElementColumn::try_new(column)?;
    let keyed = key.rows(&lists.child)?;
    let rows = lists.child.as_struct();
    let mut function = PartialRows { keyed: &keyed, rows };
    let mut output = Output::new(rows, work.groups.len());
    let read = |row| lists.read(row).map(Table::Own);
    fold(work, ignore_retract, &mut function, read, |table| output.push(table))?;
    let (shape, child) = output.finish()?;
    lists.build(shape, child)
}

/// One nested table.
enum Table {
    /// The rows of one version as they are.
    Own(Elements),
    Merged(Vec<MergedRow>),
}

/// A nested row made from several of one key.
struct MergedRow {
    /// One of them.
    first: u32,
    /// For each field, the nested row that its value comes from; `None` is null.
    sources: Vec<Option<u32>>,
}

struct PartialRows<'a> {
    keyed: &'a KeyedRows<'a>,
    rows: &'a StructArray,
}

impl PartialRows<'_> {
    /// A nested row by itself.
    fn single(&self, row: u32) -> MergedRow {
        let columns = self.rows.columns().iter();
        let sources = columns.map(|column| column.is_valid(row as usize).then_some(row)).collect();
        MergedRow { first: row, sources }
    }

    fn rows_of(&self, table: Table) -> Result<Vec<MergedRow>, Fault> {
        match table {
            Table::Merged(rows) => Ok(rows),
            Table::Own(elements) => {
                let mut rows = Vec::with_capacity(elements.len());
                for row in elements.iter() {
                    if self.keyed.takes_part(row)? {
                        rows.push(self.single(row));
                    }
                }
                Ok(rows)
            }
        }
    }
}

impl Fold for PartialRows<'_> {
    type Value = Table;

    fn add(&mut self, merged: Option<Table>, value: Option<Table>) -> Outcome<Table> {
        let Some(value) = value else { return Ok(merged) };
        let mut rows = merged.map_or_else(|| Ok(Vec::new()), |table| self.rows_of(table))?;
        rows.extend(self.rows_of(value)?);
        let mut table: Vec<MergedRow> = Vec::with_capacity(rows.len());
        let mut places = HashMap::with_capacity(rows.len());
        for row in rows {
            match places.entry(self.keyed.keys.get(row.first)) {
                Entry::Vacant(place) => {
                    place.insert(table.len());
                    table.push(row);
                }
                Entry::Occupied(place) => {
                    let present = &mut table[*place.get()].sources;
                    present.iter_mut().zip(row.sources).for_each(|(old, new)| *old = new.or(*old));
                }
            }
        }
        Ok(Some(Table::Merged(table)))
    }
}

/// Collects merged nested tables, field by field.
struct Output<'a> {
    rows: &'a StructArray,
    shape: Shape,
    nulls: NullBufferBuilder,
    /// For each field, the source of each row's value.
    fields: Vec<Vec<Option<u32>>>,
}

impl<'a> Output<'a> {
    fn new(rows: &'a StructArray, capacity: usize) -> Self {
        Self {
            rows,
            shape: Shape::with_capacity(capacity),
            nulls: NullBufferBuilder::new(capacity),
            fields: vec![Vec::new(); rows.num_columns()],
        }
    }

    fn push(&mut self, table: Option<Table>) -> Result<(), Fault> {
        match table {
            None => self.shape.push(None),
            Some(Table::Own(elements)) => {
                for row in elements.iter() {
                    self.nulls.append(self.rows.is_valid(row as usize));
                    self.fields.iter_mut().for_each(|field| field.push(Some(row)));
                }
                self.shape.push(Some(elements.len()))
            }
            Some(Table::Merged(rows)) => {
                for row in &rows {
                    self.nulls.append(true);
                    self.fields.iter_mut().zip(&row.sources).for_each(|(field, source)| field.push(*source));
                }
                self.shape.push(Some(rows.len()))
            }
        }
    }

    fn finish(mut self) -> Result<(Shape, ArrayRef), Fault> {
        let columns = self.rows.columns().iter().zip(self.fields);
        let columns = columns.map(|(column, sources)| take(column, &UInt32Array::from(sources), None));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let rows = StructArray::try_new(self.rows.fields().clone(), columns, self.nulls.finish())?;
        Ok((self.shape, Arc::new(rows)))
    }
}
