//! The parts that every form of a list has.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use super::error::{CastError, CastResult};
use super::leaf::mismatch;

pub(super) type ListParts = (OffsetBuffer<i32>, ArrayRef, Option<NullBuffer>);

/// Offsets, elements and validity of any kind of list.
pub(super) fn list_parts(array: &ArrayRef) -> CastResult<ListParts> {
    if let Some(list) = array.as_list_opt::<i32>() {
        return Ok((list.offsets().clone(), Arc::clone(list.values()), list.nulls().cloned()));
    }
    if let Some(list) = array.as_list_opt::<i64>() {
        return Ok((narrow_offsets(list.offsets())?, Arc::clone(list.values()), list.nulls().cloned()));
    }
    if let Some(map) = array.as_map_opt() {
        let entries = Arc::new(map.entries().clone());
        return Ok((map.offsets().clone(), entries, map.nulls().cloned()));
    }
    let list = array.as_fixed_size_list_opt().ok_or_else(|| mismatch(array))?;
    let length = usize::try_from(list.value_length()).unwrap_or(0);
    let offsets = OffsetBuffer::from_repeated_length(length, list.len());
    Ok((offsets, Arc::clone(list.values()), list.nulls().cloned()))
}

fn narrow_offsets<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> CastResult<OffsetBuffer<i32>> {
    let narrow =
        offsets.iter().map(|offset| i32::try_from(offset.as_usize()).ok()).collect::<Option<Vec<_>>>();
    let narrow =
        narrow.ok_or_else(|| CastError::Form("a batch of lists of over 2^31 elements".to_owned()))?;
    Ok(OffsetBuffer::new(narrow.into()))
}
