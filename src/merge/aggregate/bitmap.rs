//! `rbm32` and `rbm64`: unions of roaring bitmaps in their serialised forms.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewBuilder};
use roaring::RoaringBitmap;

use super::fold::{Fold, Outcome, Work, fold};
use super::roaring64::Roaring64;
use crate::merge::fault::Fault;

/// A set of integers with a serialised form.
pub(super) trait Bitmap: Sized {
    fn decode(bytes: &[u8]) -> Result<Self, Fault>;
    fn unite(&mut self, other: Self) -> Result<(), Fault>;
    fn encode(self) -> Result<Vec<u8>, Fault>;
}

/// The portable form of 32-bit bitmaps, with runs where they are shorter.
impl Bitmap for RoaringBitmap {
    fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        Self::deserialize_from(bytes).map_err(|error| unreadable(&error))
    }

    fn unite(&mut self, other: Self) -> Result<(), Fault> {
        *self |= other;
        Ok(())
    }

    fn encode(mut self) -> Result<Vec<u8>, Fault> {
        self.optimize();
        let mut bytes = Vec::with_capacity(self.serialized_size());
        self.serialize_into(&mut bytes).map_err(|error| unreadable(&error))?;
        Ok(bytes)
    }
}

impl Bitmap for Roaring64 {
    fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        Self::deserialize(bytes).map_err(|error| unreadable(&error))
    }

    fn unite(&mut self, other: Self) -> Result<(), Fault> {
        Roaring64::unite(self, other);
        Ok(())
    }

    fn encode(mut self) -> Result<Vec<u8>, Fault> {
        self.serialize().map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::corrupt(format!("the value is no serialised roaring bitmap: {error}"))
}

/// Merges a column of serialised bitmaps.
pub(super) fn unite<B: Bitmap>(
    column: &ArrayRef,
    work: &Work<'_>,
    ignore_retract: bool,
) -> Result<ArrayRef, Fault> {
    let Some(values) = column.as_binary_view_opt() else {
        return Err(Fault::refused(format!("values of type {} are not bytes", column.data_type())));
    };
    let mut merged = BinaryViewBuilder::with_capacity(work.groups.len());
    let read = |row: usize| values.is_valid(row).then(|| Lazy::<B>::Stored(values.value(row)));
    fold(work, ignore_retract, &mut Union(PhantomData), read, |bitmap| {
        match bitmap {
            None => merged.append_null(),
            Some(Lazy::Stored(bytes)) => merged.try_append_value(bytes)?,
            Some(Lazy::Decoded(bitmap)) => merged.try_append_value(bitmap.encode()?)?,
        }
        Ok(())
    })?;
    Ok(Arc::new(merged.finish()))
}

/// A bitmap that is decoded only when it meets another; alone it keeps its bytes.
enum Lazy<'a, B> {
    Stored(&'a [u8]),
    Decoded(B),
}

impl<B: Bitmap> Lazy<'_, B> {
    fn decoded(self) -> Result<B, Fault> {
        match self {
            Self::Stored(bytes) => B::decode(bytes),
            Self::Decoded(bitmap) => Ok(bitmap),
        }
    }
}

struct Union<'a, B>(PhantomData<&'a B>);

impl<'a, B: Bitmap> Fold for Union<'a, B> {
    type Value = Lazy<'a, B>;

    fn add(&mut self, merged: Option<Lazy<'a, B>>, value: Option<Lazy<'a, B>>) -> Outcome<Lazy<'a, B>> {
        match (merged, value) {
            (Some(merged), Some(value)) => {
                let mut bitmap = merged.decoded()?;
                bitmap.unite(value.decoded()?)?;
                Ok(Some(Lazy::Decoded(bitmap)))
            }
            (merged, value) => Ok(merged.or(value)),
        }
    }
}
