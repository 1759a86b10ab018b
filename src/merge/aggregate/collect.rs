//! `collect`: the elements of all lists in one list.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::elements::{ElementColumn, Elements, Gather, Keyed};
use super::fold::{Fold, Outcome, Work, fold};
use super::keys::Keys;
use crate::merge::fault::Fault;

pub(super) fn collect(
    distinct: bool,
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    let lists = ElementColumn::try_new(column)?;
    let equality = Equality::of(lists.child.data_type(), distinct);
    let keys = Keys::try_new(std::slice::from_ref(&lists.child))?;
    let mut merged = Gather::with_capacity(work.groups.len());
    let mut function = Collect { distinct, equality, keys: &keys };
    fold(work, ignore_retract, &mut function, |row| lists.read(row), |list| merged.push(list))?;
    merged.finish(&lists)
}

/// How Java tells elements apart, which depends on how it holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Equality {
    /// By value, in a hash set: both lists lose their duplicates.
    Hashed,
    /// By value, one by one: the merged list keeps the duplicates that it has.
    Pairwise,
    /// By identity: no element equals another, so nothing is ever taken back.
    Identity,
    /// Not at all: Java fails where it would have to.
    Impossible,
}

impl Equality {
    fn of(element: &DataType, distinct: bool) -> Self {
        match (element, distinct) {
            (DataType::BinaryView, false) => Self::Identity,
            (nested, false) if nested.is_nested() => Self::Impossible,
            (DataType::BinaryView, true) => Self::Pairwise,
            (nested, true) if nested.is_nested() => Self::Pairwise,
            _ => Self::Hashed,
        }
    }
}

struct Collect<'k> {
    distinct: bool,
    equality: Equality,
    keys: &'k Keys,
}

impl Collect<'_> {
    fn add_distinct(&self, merged: Option<Elements>, value: Option<Elements>) -> Elements {
        let mut seen = Keyed::new(self.keys);
        let mut elements = Vec::new();
        for element in merged.iter().flat_map(Elements::iter) {
            if seen.get(element).is_none() || self.equality == Equality::Pairwise {
                elements.push(element);
            }
            seen.put(element);
        }
        for element in value.iter().flat_map(Elements::iter) {
            if seen.get(element).is_none() {
                elements.push(element);
                seen.put(element);
            }
        }
        Elements::Merged(elements)
    }

    /// Takes back one element of the merged list for each equal one of the value.
    fn remove(&self, merged: Elements, value: &Elements) -> Elements {
        let mut taken: std::collections::HashMap<&[u8], usize> = std::collections::HashMap::new();
        for element in value.iter() {
            *taken.entry(self.keys.get(element)).or_default() += 1;
        }
        let mut rest = merged.into_vec();
        rest.retain(|element| match taken.get_mut(self.keys.get(*element)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        Elements::Merged(rest)
    }
}

impl Fold for Collect<'_> {
    type Value = Elements;

    fn add(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        Ok(match (merged, value) {
            (None, None) => None,
            (merged, value) if self.distinct => Some(self.add_distinct(merged, value)),
            (Some(merged), Some(value)) => {
                let mut elements = merged.into_vec();
                elements.extend(value.iter());
                Some(Elements::Merged(elements))
            }
            (merged, value) => merged.or(value),
        })
    }

    /// Java does not bother with the order.
    fn add_older(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        self.add(merged, value)
    }

    fn retract(&mut self, merged: Option<Elements>, value: Option<Elements>) -> Outcome<Elements> {
        let Some(merged) = merged else { return Ok(None) };
        let Some(value) = value.filter(|value| value.len() > 0) else { return Ok(Some(merged)) };
        match self.equality {
            Equality::Identity => Ok(Some(merged)),
            Equality::Impossible if merged.len() > 0 => Err(Fault::refused(
                "nested elements cannot be taken back from 'collect' unless it is distinct",
            )),
            _ => Ok(Some(self.remove(merged, &value))),
        }
    }
}
