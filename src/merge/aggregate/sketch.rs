//! `hll_sketch` and `theta_sketch`: unions of Apache DataSketches in their serialised forms.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewBuilder};
use datasketches::error::Error;
use datasketches::theta::{CompactThetaSketch, ThetaUnionBuilder};

use super::fold::{Fold, Outcome, Work, fold};
use super::hll;
use crate::merge::fault::Fault;

// The image of a theta sketch: the low bits of byte 0 count the words of its preamble, from the second
// of which on there is a sampling probability.
const THETA_PREAMBLE_WORDS: u8 = 0x3f;
const THETA_SAMPLING: std::ops::Range<usize> = 12..16;
const THETA_FLAGS: usize = 5;
const THETA_EMPTY: u8 = 4;
const THETA_SINGLE: u8 = 32;

/// Which kind of sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sketch {
    Hll,
    Theta,
}

impl Sketch {
    pub(super) fn merge(
        self,
        column: &ArrayRef,
        work: &Work<'_>,
        ignore_retract: bool,
    ) -> Result<ArrayRef, Fault> {
        let Some(values) = column.as_binary_view_opt() else {
            return Err(Fault::refused(format!("values of type {} are not bytes", column.data_type())));
        };
        let mut merged = BinaryViewBuilder::with_capacity(work.groups.len());
        let read = |row: usize| values.is_valid(row).then(|| Cow::Borrowed(values.value(row)));
        let mut function = Union { sketch: self, lifetime: PhantomData };
        fold(work, ignore_retract, &mut function, read, |bytes| {
            match bytes {
                None => merged.append_null(),
                Some(bytes) => merged.try_append_value(bytes)?,
            }
            Ok(())
        })?;
        Ok(Arc::new(merged.finish()))
    }

    /// The union of two serialised sketches. As in Java each union is serialised before it meets the next
    /// sketch, on which the estimate that an HLL sketch carries along depends.
    pub(super) fn unite(self, one: &[u8], other: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Hll => hll::unite(one, other),
            Self::Theta => unite_theta(one, other),
        }
    }
}

/// The union with 4096 nominal entries, ordered, to the byte as Java makes it (`ThetaSketch.union`).
fn unite_theta(one: &[u8], other: &[u8]) -> Result<Vec<u8>, Error> {
    let mut union = ThetaUnionBuilder::default().build()?;
    union.update(&CompactThetaSketch::deserialize(one)?)?;
    union.update(&CompactThetaSketch::deserialize(other)?)?;
    let mut bytes = union.to_sketch(true).serialize();
    // Java notes that all values were sampled, and that a sketch has a single entry; the library does not.
    match bytes.first().map(|byte| byte & THETA_PREAMBLE_WORDS) {
        Some(2..) => bytes[THETA_SAMPLING].copy_from_slice(&1_f32.to_le_bytes()),
        Some(1) if bytes[THETA_FLAGS] & THETA_EMPTY == 0 => bytes[THETA_FLAGS] |= THETA_SINGLE,
        _ => {}
    }
    Ok(bytes)
}

struct Union<'a> {
    sketch: Sketch,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a> Fold for Union<'a> {
    type Value = Cow<'a, [u8]>;

    fn add(&mut self, merged: Option<Self::Value>, value: Option<Self::Value>) -> Outcome<Self::Value> {
        match (merged, value) {
            (Some(merged), Some(value)) => match self.sketch.unite(&merged, &value) {
                Ok(union) => Ok(Some(Cow::Owned(union))),
                Err(error) => Err(Fault::corrupt(format!("the value is no serialised sketch: {error}"))),
            },
            (merged, value) => Ok(merged.or(value)),
        }
    }
}
