//! Booleans, numbers, texts and bytes.

use std::fmt::Display;
use std::marker::PhantomData;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, Int64Array,
    LargeBinaryArray, LargeStringArray, PrimitiveArray, StringArray, StringViewArray, UInt64Array,
};
use arrow::datatypes::*;

use super::{Style, TextKind, Values, float, length_of, numeric, with_length};
use crate::pg::error::{PgError, PgResult, state};

pub(super) struct Bool(pub BooleanArray);

impl Values for Bool {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.push(if self.0.value(row) { b't' } else { b'f' });
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.extend_from_slice(&[0, 0, 0, 1, u8::from(self.0.value(row))]);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Boolean
    }
}

/// A number of `N` bytes, sent most significant byte first.
fn write_fixed<const N: usize>(bytes: [u8; N], out: &mut Vec<u8>) {
    out.extend_from_slice(&(N as u32).to_be_bytes());
    out.extend_from_slice(&bytes);
}

/// The integers of Postgres.
pub(super) trait WireInt: Copy + Send + Sync + itoa::Integer {
    fn write_binary(self, out: &mut Vec<u8>);
}

macro_rules! wire_int {
    ($($int:ty),*) => {
        $(impl WireInt for $int {
            fn write_binary(self, out: &mut Vec<u8>) {
                write_fixed(self.to_be_bytes(), out);
            }
        })*
    };
}

wire_int!(i16, i32, i64);

/// Integers of Arrow type `T` that go out as `W`, which holds all of them.
pub(super) struct Int<T: ArrowPrimitiveType, W> {
    array: PrimitiveArray<T>,
    wire: PhantomData<fn() -> W>,
}

impl<T: ArrowPrimitiveType, W> Int<T, W> {
    pub fn new(array: &ArrayRef) -> Self {
        Self { array: array.as_primitive::<T>().clone(), wire: PhantomData }
    }
}

impl<T: ArrowPrimitiveType, W: WireInt + From<T::Native>> Values for Int<T, W> {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_integer(W::from(self.array.value(row)), out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        W::from(self.array.value(row)).write_binary(out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Number
    }
}

fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// UInt64, for which Postgres has no integer: numeric(20,0).
pub(super) struct Unsigned64(pub UInt64Array);

impl Values for Unsigned64 {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_integer(self.0.value(row), out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        with_length(out, |out| {
            match i64::try_from(self.0.value(row)) {
                Ok(small) => numeric::write_binary_small(small, 0, out),
                Err(_) => numeric::write_binary(self.0.value(row), 0, out),
            }
            Ok(())
        })
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Number
    }
}

/// Object identifiers: 32 bits without sign, kept in an Int64 column.
pub(super) struct Oid(Int64Array);

impl Oid {
    /// `None` where the array holds no integers.
    pub fn new(array: &ArrayRef) -> Option<Self> {
        let widened = arrow::compute::cast(array, &DataType::Int64).ok();
        let widened = widened.filter(|_| array.data_type().is_integer())?;
        Some(Self(widened.as_primitive::<Int64Type>().clone()))
    }
}

impl Values for Oid {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        write_integer(self.0.value(row), out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let value = u32::try_from(self.0.value(row))
            .map_err(|_| PgError::error(state::NUMERIC_OUT_OF_RANGE, "OID out of range"))?;
        write_fixed(value.to_be_bytes(), out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Number
    }
}

/// The floats of Postgres.
pub(super) trait WireFloat: Copy + Send + Sync {
    fn write_text(self, extra_digits: i32, out: &mut Vec<u8>);
    fn write_binary(self, out: &mut Vec<u8>);
}

impl WireFloat for f32 {
    fn write_text(self, extra_digits: i32, out: &mut Vec<u8>) {
        float::float4(self, extra_digits, out);
    }

    fn write_binary(self, out: &mut Vec<u8>) {
        write_fixed(self.to_be_bytes(), out);
    }
}

impl WireFloat for f64 {
    fn write_text(self, extra_digits: i32, out: &mut Vec<u8>) {
        float::float8(self, extra_digits, out);
    }

    fn write_binary(self, out: &mut Vec<u8>) {
        write_fixed(self.to_be_bytes(), out);
    }
}

/// Floats of Arrow type `T` that go out as `W`.
pub(super) struct Float<T: ArrowPrimitiveType, W> {
    array: PrimitiveArray<T>,
    wire: PhantomData<fn() -> W>,
}

impl<T: ArrowPrimitiveType, W> Float<T, W> {
    pub fn new(array: &ArrayRef) -> Self {
        Self { array: array.as_primitive::<T>().clone(), wire: PhantomData }
    }
}

impl<T: ArrowPrimitiveType, W: WireFloat + From<T::Native>> Values for Float<T, W> {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        W::from(self.array.value(row)).write_text(style.extra_float_digits, out);
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        W::from(self.array.value(row)).write_binary(out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Number
    }
}

/// Decimals of any width.
pub(super) struct Decimal<T: ArrowPrimitiveType> {
    array: PrimitiveArray<T>,
    scale: i8,
}

impl<T: ArrowPrimitiveType> Decimal<T> {
    pub fn new(array: &ArrayRef, scale: i8) -> Self {
        Self { array: array.as_primitive::<T>().clone(), scale }
    }
}

/// A decimal's unscaled value, and whether it fits 64 bits.
pub(super) trait Unscaled: Copy + Display {
    fn small(self) -> Option<i64>;
}

impl Unscaled for i32 {
    fn small(self) -> Option<i64> {
        Some(self.into())
    }
}

impl Unscaled for i64 {
    fn small(self) -> Option<i64> {
        Some(self)
    }
}

impl Unscaled for i128 {
    fn small(self) -> Option<i64> {
        self.try_into().ok()
    }
}

impl Unscaled for i256 {
    fn small(self) -> Option<i64> {
        self.to_i128()?.try_into().ok()
    }
}

impl<T: ArrowPrimitiveType> Values for Decimal<T>
where
    T::Native: Unscaled,
{
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let value = self.array.value(row);
        match value.small() {
            Some(small) => numeric::write_text_small(small, self.scale, out),
            None => numeric::write_text(value, self.scale, out),
        }
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let value = self.array.value(row);
        with_length(out, |out| {
            match value.small() {
                Some(small) => numeric::write_binary_small(small, self.scale, out),
                None => numeric::write_binary(value, self.scale, out),
            }
            Ok(())
        })
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Number
    }
}

/// Arrays of strings, however they are laid out.
pub(super) trait Strings: Send + Sync {
    fn get(&self, row: usize) -> &str;
}

/// Arrays of byte strings.
pub(super) trait ByteStrings: Send + Sync {
    fn get(&self, row: usize) -> &[u8];
}

macro_rules! access {
    ($trait:ident, $item:ty: $($array:ty),*) => {
        $(impl $trait for $array {
            fn get(&self, row: usize) -> &$item {
                self.value(row)
            }
        })*
    };
}

access!(Strings, str: StringArray, LargeStringArray, StringViewArray);
access!(ByteStrings, [u8]: BinaryArray, LargeBinaryArray, BinaryViewArray, FixedSizeBinaryArray);

pub(super) struct Text<A>(pub A);

impl<A: Strings> Values for Text<A> {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.extend_from_slice(self.0.get(row).as_bytes());
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let text = self.0.get(row);
        out.extend_from_slice(&length_of(text.len())?.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}

/// UUIDs, kept as their texts.
pub(super) struct Uuids<A>(pub A);

impl<A: Strings> Values for Uuids<A> {
    fn text(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.extend_from_slice(self.0.get(row).as_bytes());
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let text = self.0.get(row);
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| {
            PgError::error(
                state::INVALID_TEXT_REPRESENTATION,
                format!("invalid input syntax for type uuid: \"{text}\""),
            )
        })?;
        write_fixed(uuid.into_bytes(), out);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}

/// Objects by their names (`regclass` and its like). Their binary format is the identifier, which the
/// name alone does not tell.
pub(super) struct Named(pub StringArray);

impl Values for Named {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        Text(self.0.clone()).text(row, style, out)
    }

    fn binary(&self, _row: usize, _style: &Style, _out: &mut Vec<u8>) -> PgResult<()> {
        let message = "regclass, regtype, regproc and regnamespace have no binary format here";
        Err(PgError { hint: Some("Cast them to oid or text.".to_owned()), ..PgError::unsupported(message) })
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}

pub(super) struct Bytes<A>(pub A);

impl<A: ByteStrings> Values for Bytes<A> {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let bytes = self.0.get(row);
        if style.bytea_escape {
            write_escaped(bytes, out)
        } else {
            write_hex(bytes, out)
        }
        Ok(())
    }

    fn binary(&self, row: usize, _style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let bytes = self.0.get(row);
        out.extend_from_slice(&length_of(bytes.len())?.to_be_bytes());
        out.extend_from_slice(bytes);
        Ok(())
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}

/// `\x00ff`.
fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.extend(
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    );
}

/// Printable bytes as they are, the others as three octal digits.
fn write_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x20..=0x7e => out.push(*byte),
            _ => {
                out.extend_from_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)])
            }
        }
    }
}
