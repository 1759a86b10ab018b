//! Lists and maps while they are merged: numbers of elements in the column's child array, so that one
//! gather at the end fetches the elements themselves.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, NullBufferBuilder, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::DataType;

use super::keys::Keys;
use crate::merge::fault::Fault;

/// The elements of one list or map.
#[derive(Debug, Clone)]
pub(super) enum Elements {
    /// Those of one version, as they stand in its row.
    Own(Range<u32>),
    /// Gathered from several versions.
    Merged(Vec<u32>),
}

impl Elements {
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (own, merged) = match self {
            Self::Own(range) => (range.clone(), &[][..]),
            Self::Merged(elements) => (0..0, elements.as_slice()),
        };
        own.chain(merged.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Own(range) => range.len(),
            Self::Merged(elements) => elements.len(),
        }
    }

    pub(super) fn into_vec(self) -> Vec<u32> {
        match self {
            Self::Own(range) => range.collect(),
            Self::Merged(elements) => elements,
        }
    }
}

/// A list or map column, read as [`Elements`].
pub(super) struct ElementColumn<'a> {
    column: &'a ArrayRef,
    offsets: &'a [i32],
    nulls: Option<NullBuffer>,
    /// The elements of a list; the entries, a struct of key and value, of a map.
    pub(super) child: ArrayRef,
}

impl<'a> ElementColumn<'a> {
    pub(super) fn try_new(column: &'a ArrayRef) -> Result<Self, Fault> {
        let (offsets, child) = match column.data_type() {
            DataType::List(_) => {
                let list: &ListArray = column.as_list();
                (list.value_offsets(), Arc::clone(list.values()))
            }
            DataType::Map(..) => {
                let map = column.as_map();
                (map.value_offsets(), Arc::new(map.entries().clone()) as ArrayRef)
            }
            other => return Err(Fault::refused(format!("values of type {other} have no elements"))),
        };
        Ok(Self { column, offsets, nulls: column.logical_nulls(), child })
    }

    pub(super) fn read(&self, row: usize) -> Option<Elements> {
        let valid = self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        valid.then(|| Elements::Own(self.offsets[row] as u32..self.offsets[row + 1] as u32))
    }

    /// Builds the merged column; `child` holds the elements of all its rows, one after the other.
    pub(super) fn build(&self, shape: Shape, child: ArrayRef) -> Result<ArrayRef, Fault> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(shape.offsets));
        let mut nulls = shape.nulls;
        Ok(match self.column.data_type() {
            DataType::Map(field, ordered) => {
                let entries = child.as_struct().clone();
                Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls.finish(), *ordered)?)
            }
            DataType::List(field) => {
                Arc::new(ListArray::try_new(Arc::clone(field), offsets, child, nulls.finish())?)
            }
            other => return Err(Fault::refused(format!("values of type {other} have no elements"))),
        })
    }
}

/// How many elements each row of a merged column has.
pub(super) struct Shape {
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Shape {
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, nulls: NullBufferBuilder::new(rows) }
    }

    /// Appends a row; `None` is null.
    pub(super) fn push(&mut self, elements: Option<usize>) -> Result<(), Fault> {
        let last = self.offsets.last().copied().unwrap_or(0);
        let next = i32::try_from(elements.unwrap_or(0)).ok().and_then(|count| last.checked_add(count));
        let next = next.ok_or_else(|| Fault::refused("the merged lists have more than 2^31 elements"))?;
        self.offsets.push(next);
        self.nulls.append(elements.is_some());
        Ok(())
    }
}

/// Collects merged lists or maps whose elements are unchanged ones of the column.
pub(super) struct Gather {
    shape: Shape,
    elements: Vec<u32>,
}

impl Gather {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { shape: Shape::with_capacity(rows), elements: Vec::new() }
    }

    pub(super) fn push(&mut self, elements: Option<Elements>) -> Result<(), Fault> {
        self.shape.push(elements.as_ref().map(Elements::len))?;
        if let Some(elements) = elements {
            self.elements.extend(elements.iter());
        }
        Ok(())
    }

    pub(super) fn finish(self, column: &ElementColumn<'_>) -> Result<ArrayRef, Fault> {
        let child = take(&column.child, &UInt32Array::from(self.elements), None)?;
        column.build(self.shape, child)
    }
}

/// Elements by key, in the order in which the keys first came. Java's maps have an order of their own
/// making, which its documentation leaves open.
pub(super) struct Keyed<'k> {
    keys: &'k Keys,
    places: HashMap<&'k [u8], usize>,
    /// `None` where an element was removed.
    elements: Vec<Option<u32>>,
}

impl<'k> Keyed<'k> {
    pub(super) fn new(keys: &'k Keys) -> Self {
        Self { keys, places: HashMap::new(), elements: Vec::new() }
    }

    pub(super) fn from_elements(keys: &'k Keys, elements: &Elements) -> Self {
        let mut keyed = Self::new(keys);
        elements.iter().for_each(|element| keyed.put(element));
        keyed
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The element with the same key.
    pub(super) fn get(&self, element: u32) -> Option<u32> {
        self.places.get(self.keys.get(element)).and_then(|place| self.elements[*place])
    }

    /// Puts an element in the place of the one with the same key, or last.
    pub(super) fn put(&mut self, element: u32) {
        let place = *self.places.entry(self.keys.get(element)).or_insert(self.elements.len());
        match self.elements.get_mut(place) {
            Some(present) => *present = Some(element),
            None => self.elements.push(Some(element)),
        }
    }

    /// Removes the element with the same key.
    pub(super) fn remove(&mut self, element: u32) {
        if let Some(place) = self.places.remove(self.keys.get(element)) {
            self.elements[place] = None;
        }
    }

    pub(super) fn into_elements(self) -> Elements {
        Elements::Merged(self.elements.into_iter().flatten().collect())
    }
}
