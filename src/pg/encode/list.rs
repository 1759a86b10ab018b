//! Lists as Postgres arrays: `{1,NULL,"a b"}`, and as JSON arrays.
//!
//! Binary (`array_send`): dimensions, whether there are NULLs, the element type's OID, per dimension
//! its length and lower bound, then the elements, each with its length.

use std::ops::Range;

use arrow::buffer::{OffsetBuffer, ScalarBuffer};

use super::{Column, Style, TextKind, Values, with_length};
use crate::pg::error::{PgError, PgResult, state};

/// Which rows of the items belong to a row of the list.
pub(super) enum Ranges {
    Offsets(OffsetBuffer<i32>),
    LargeOffsets(OffsetBuffer<i64>),
    Views(ScalarBuffer<i32>, ScalarBuffer<i32>),
    LargeViews(ScalarBuffer<i64>, ScalarBuffer<i64>),
    Fixed(usize),
}

impl Ranges {
    /// Arrow has checked, when the array was made, that its offsets are not negative.
    pub fn of(&self, row: usize) -> Range<usize> {
        match self {
            Self::Offsets(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            Self::LargeOffsets(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            Self::Views(offsets, sizes) => {
                let start = offsets[row] as usize;
                start..start + sizes[row] as usize
            }
            Self::LargeViews(offsets, sizes) => {
                let start = offsets[row] as usize;
                start..start + sizes[row] as usize
            }
            Self::Fixed(size) => row * size..(row + 1) * size,
        }
    }
}

pub(super) struct List {
    pub ranges: Ranges,
    pub items: Column,
    /// The OID of the items' type.
    pub element: u32,
    /// `int2vector` and `oidvector`: printed with spaces and counted from 0.
    pub vector: bool,
}

impl Values for List {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let (separator, ends) = if self.vector { (b' ', None) } else { (b',', Some((b'{', b'}'))) };
        out.extend(ends.map(|(open, _)| open));
        for (n, item) in self.ranges.of(row).enumerate() {
            if n > 0 {
                out.push(separator);
            }
            if self.items.is_null(item) {
                out.extend_from_slice(b"NULL");
                continue;
            }
            let start = out.len();
            self.items.values.text(item, style, out)?;
            if self.items.values.text_kind() == TextKind::Any {
                quote_from(start, out);
            }
        }
        out.extend(ends.map(|(_, close)| close));
        Ok(())
    }

    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let range = self.ranges.of(row);
        let nulls = range.clone().any(|item| self.items.is_null(item));
        with_length(out, |out| {
            let dimensions = i32::from(!range.is_empty());
            out.extend_from_slice(&dimensions.to_be_bytes());
            out.extend_from_slice(&i32::from(nulls).to_be_bytes());
            out.extend_from_slice(&self.element.to_be_bytes());
            if !range.is_empty() {
                let length = i32::try_from(range.len())
                    .map_err(|_| PgError::error(state::PROGRAM_LIMIT_EXCEEDED, "array is too long"))?;
                let lower_bound = i32::from(!self.vector);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&lower_bound.to_be_bytes());
            }
            range.into_iter().try_for_each(|item| self.items.binary(item, style, out))
        })
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.push(b'[');
        for (n, item) in self.ranges.of(row).enumerate() {
            if n > 0 {
                out.push(b',');
            }
            self.items.json(item, style, out)?;
        }
        out.push(b']');
        Ok(())
    }
}

/// Quotes the element that begins at `start`, where `array_out` would.
fn quote_from(start: usize, out: &mut Vec<u8>) {
    let element = &out[start..];
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | 9..=13);
    if !element.is_empty() && !element.iter().any(special) && !element.eq_ignore_ascii_case(b"null") {
        return;
    }
    let element = out.split_off(start);
    out.push(b'"');
    for byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}
