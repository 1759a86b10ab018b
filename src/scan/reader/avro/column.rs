//! Columns built from Avro values, one value at a time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder,
    Int32Builder, Int64Builder, ListArray, MapArray, NullBufferBuilder, StringViewBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::cursor::{Cursor, Decoded};
use super::schema::{AvroField, AvroType};

/// The Arrow type in which values of an Avro type come out.
pub(super) fn arrow_type(ty: &AvroType) -> DataType {
    match ty {
        AvroType::Null => DataType::Null,
        AvroType::Boolean => DataType::Boolean,
        AvroType::Int => DataType::Int32,
        AvroType::Long => DataType::Int64,
        AvroType::Float => DataType::Float32,
        AvroType::Double => DataType::Float64,
        AvroType::Bytes | AvroType::Fixed(_) => DataType::BinaryView,
        AvroType::String | AvroType::Enum(_) => DataType::Utf8View,
        AvroType::Date => DataType::Date32,
        AvroType::TimeMillis => DataType::Time32(TimeUnit::Millisecond),
        AvroType::TimeMicros => DataType::Time64(TimeUnit::Microsecond),
        AvroType::Timestamp { digits: 3 } => DataType::Timestamp(TimeUnit::Millisecond, None),
        AvroType::Timestamp { digits: 6 } => DataType::Timestamp(TimeUnit::Microsecond, None),
        AvroType::Timestamp { .. } => DataType::Timestamp(TimeUnit::Nanosecond, None),
        AvroType::Decimal { precision, scale, .. } => DataType::Decimal128(*precision, *scale),
        AvroType::Array(items) => DataType::List(Arc::new(Field::new("element", arrow_type(items), true))),
        AvroType::Map(values) => {
            let value = Field::new("value", arrow_type(values), true);
            let entries = Fields::from(vec![Field::new("key", DataType::Utf8View, false), value]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        AvroType::Record(fields) => DataType::Struct(fields.iter().map(arrow_field).collect()),
        AvroType::Nullable { inner, .. } => arrow_type(inner),
    }
}

pub(super) fn arrow_field(field: &AvroField) -> FieldRef {
    let id = field.id.map(|id| (PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string()));
    let metadata: HashMap<_, _> = id.into_iter().collect();
    Arc::new(Field::new(&field.name, arrow_type(&field.data_type), true).with_metadata(metadata))
}

/// Gathers the values of one column.
pub(super) enum ColumnBuilder {
    Null(usize),
    Boolean(BooleanBuilder),
    /// An int, and the type that it stands for.
    Int(Int32Builder, DataType),
    Long(Int64Builder, DataType),
    Float(Float32Builder),
    Double(Float64Builder),
    Bytes(BinaryViewBuilder),
    Fixed(BinaryViewBuilder, usize),
    Text(StringViewBuilder),
    Symbol(StringViewBuilder, Vec<String>),
    Decimal(Decimal128Builder, Option<usize>),
    List(Lists),
    /// The keys, and lists of the values.
    Map(StringViewBuilder, Lists),
    Record {
        children: Vec<ColumnBuilder>,
        fields: Fields,
        nulls: NullBufferBuilder,
    },
    Nullable {
        null_first: bool,
        inner: Box<ColumnBuilder>,
    },
}

/// The frame of lists: where each ends, and their items.
pub(super) struct Lists {
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
    items: Box<ColumnBuilder>,
}

impl Lists {
    fn new(items: &AvroType) -> Self {
        Self { ends: vec![0], nulls: NullBufferBuilder::new(0), items: Box::new(ColumnBuilder::new(items)) }
    }

    fn append(&mut self, items: usize) -> Decoded<()> {
        let end = self.ends.last().copied().unwrap_or(0);
        let end = i32::try_from(items).ok().and_then(|items| end.checked_add(items));
        self.ends.push(end.ok_or("a batch has over 2^31 items of lists")?);
        self.nulls.append_non_null();
        Ok(())
    }

    fn append_null(&mut self) {
        self.ends.push(self.ends.last().copied().unwrap_or(0));
        self.nulls.append_null();
    }

    fn take_offsets(&mut self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(std::mem::replace(&mut self.ends, vec![0]).into())
    }
}

impl ColumnBuilder {
    pub fn new(ty: &AvroType) -> Self {
        match ty {
            AvroType::Null => Self::Null(0),
            AvroType::Boolean => Self::Boolean(BooleanBuilder::new()),
            AvroType::Int | AvroType::Date | AvroType::TimeMillis => {
                Self::Int(Int32Builder::new(), arrow_type(ty))
            }
            AvroType::Long | AvroType::TimeMicros | AvroType::Timestamp { .. } => {
                Self::Long(Int64Builder::new(), arrow_type(ty))
            }
            AvroType::Float => Self::Float(Float32Builder::new()),
            AvroType::Double => Self::Double(Float64Builder::new()),
            AvroType::Bytes => Self::Bytes(BinaryViewBuilder::new()),
            AvroType::Fixed(size) => Self::Fixed(BinaryViewBuilder::new(), *size),
            AvroType::String => Self::Text(StringViewBuilder::new()),
            AvroType::Enum(symbols) => Self::Symbol(StringViewBuilder::new(), symbols.clone()),
            AvroType::Decimal { size, .. } => {
                Self::Decimal(Decimal128Builder::new().with_data_type(arrow_type(ty)), *size)
            }
            AvroType::Array(items) => Self::List(Lists::new(items)),
            AvroType::Map(values) => Self::Map(StringViewBuilder::new(), Lists::new(values)),
            AvroType::Record(fields) => Self::Record {
                children: fields.iter().map(|field| Self::new(&field.data_type)).collect(),
                fields: fields.iter().map(arrow_field).collect(),
                nulls: NullBufferBuilder::new(0),
            },
            AvroType::Nullable { null_first, inner } => {
                Self::Nullable { null_first: *null_first, inner: Box::new(Self::new(inner)) }
            }
        }
    }

    /// Reads one value.
    pub fn append(&mut self, cursor: &mut Cursor<'_>) -> Decoded<()> {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Boolean(builder) => builder.append_value(cursor.boolean()?),
            Self::Int(builder, _) => builder.append_value(cursor.int()?),
            Self::Long(builder, _) => builder.append_value(cursor.long()?),
            Self::Float(builder) => builder.append_value(cursor.float()?),
            Self::Double(builder) => builder.append_value(cursor.double()?),
            Self::Bytes(builder) => builder.append_value(cursor.bytes()?),
            Self::Fixed(builder, size) => builder.append_value(cursor.take(*size)?),
            Self::Text(builder) => builder.append_value(cursor.text()?),
            Self::Symbol(builder, symbols) => builder.append_value(symbol(cursor, symbols)?),
            Self::Decimal(builder, size) => {
                let bytes = match size {
                    Some(size) => cursor.take(*size)?,
                    None => cursor.bytes()?,
                };
                builder.append_value(unscaled(bytes)?);
            }
            Self::List(lists) => {
                let items = &mut lists.items;
                let count = each_item(cursor, |cursor| items.append(cursor))?;
                lists.append(count)?;
            }
            Self::Map(keys, lists) => {
                let values = &mut lists.items;
                let count = each_item(cursor, |cursor| {
                    keys.append_value(cursor.text()?);
                    values.append(cursor)
                })?;
                lists.append(count)?;
            }
            Self::Record { children, nulls, .. } => {
                children.iter_mut().try_for_each(|child| child.append(cursor))?;
                nulls.append_non_null();
            }
            Self::Nullable { null_first, inner } => {
                if is_null(cursor, *null_first)? {
                    inner.append_null();
                } else {
                    inner.append(cursor)?;
                }
            }
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Boolean(builder) => builder.append_null(),
            Self::Int(builder, _) => builder.append_null(),
            Self::Long(builder, _) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Bytes(builder) | Self::Fixed(builder, _) => builder.append_null(),
            Self::Text(builder) | Self::Symbol(builder, _) => builder.append_null(),
            Self::Decimal(builder, _) => builder.append_null(),
            Self::List(lists) | Self::Map(_, lists) => lists.append_null(),
            Self::Record { children, nulls, .. } => {
                children.iter_mut().for_each(Self::append_null);
                nulls.append_null();
            }
            Self::Nullable { inner, .. } => inner.append_null(),
        }
    }

    /// The column of all values since the last call.
    pub fn finish(&mut self) -> Decoded<ArrayRef> {
        let failed = |error: arrow::error::ArrowError| error.to_string();
        Ok(match self {
            Self::Null(rows) => arrow::array::new_null_array(&DataType::Null, std::mem::take(rows)),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int(builder, ty) => cast(&builder.finish(), ty).map_err(failed)?,
            Self::Long(builder, ty) => cast(&builder.finish(), ty).map_err(failed)?,
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Bytes(builder) | Self::Fixed(builder, _) => Arc::new(builder.finish()),
            Self::Text(builder) | Self::Symbol(builder, _) => Arc::new(builder.finish()),
            Self::Decimal(builder, _) => {
                let array = builder.finish();
                array.validate_decimal_precision(array.precision()).map_err(failed)?;
                Arc::new(array)
            }
            Self::List(lists) => {
                let items = lists.items.finish()?;
                let field = Arc::new(Field::new("element", items.data_type().clone(), true));
                let (offsets, nulls) = (lists.take_offsets(), lists.nulls.finish());
                Arc::new(ListArray::try_new(field, offsets, items, nulls).map_err(failed)?)
            }
            Self::Map(keys, lists) => {
                let values = lists.items.finish()?;
                let fields = Fields::from(vec![
                    Field::new("key", DataType::Utf8View, false),
                    Field::new("value", values.data_type().clone(), true),
                ]);
                let columns = vec![Arc::new(keys.finish()) as ArrayRef, values];
                let entries = StructArray::try_new(fields.clone(), columns, None).map_err(failed)?;
                let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
                let (offsets, nulls) = (lists.take_offsets(), lists.nulls.finish());
                Arc::new(MapArray::try_new(field, offsets, entries, nulls, false).map_err(failed)?)
            }
            Self::Record { children, fields, nulls } => {
                let rows = nulls.len();
                let columns = children.iter_mut().map(Self::finish).collect::<Decoded<_>>()?;
                let record = StructArray::try_new_with_length(fields.clone(), columns, nulls.finish(), rows);
                Arc::new(record.map_err(failed)?)
            }
            Self::Nullable { inner, .. } => inner.finish()?,
        })
    }
}

/// Passes over one value.
pub(super) fn skip(ty: &AvroType, cursor: &mut Cursor<'_>) -> Decoded<()> {
    match ty {
        AvroType::Null => {}
        AvroType::Boolean => {
            cursor.boolean()?;
        }
        AvroType::Int | AvroType::Date | AvroType::TimeMillis | AvroType::Enum(_) => {
            cursor.int()?;
        }
        AvroType::Long | AvroType::TimeMicros | AvroType::Timestamp { .. } => {
            cursor.long()?;
        }
        AvroType::Float => {
            cursor.float()?;
        }
        AvroType::Double => {
            cursor.double()?;
        }
        AvroType::Bytes | AvroType::String | AvroType::Decimal { size: None, .. } => {
            cursor.bytes()?;
        }
        AvroType::Fixed(size) | AvroType::Decimal { size: Some(size), .. } => {
            cursor.take(*size)?;
        }
        AvroType::Array(items) => skip_items(cursor, |cursor| skip(items, cursor))?,
        AvroType::Map(values) => skip_items(cursor, |cursor| {
            cursor.bytes()?;
            skip(values, cursor)
        })?,
        AvroType::Record(fields) => fields.iter().try_for_each(|field| skip(&field.data_type, cursor))?,
        AvroType::Nullable { null_first, inner } => {
            if !is_null(cursor, *null_first)? {
                skip(inner, cursor)?;
            }
        }
    }
    Ok(())
}

fn is_null(cursor: &mut Cursor<'_>, null_first: bool) -> Decoded<bool> {
    match cursor.long()? {
        0 => Ok(null_first),
        1 => Ok(!null_first),
        branch => Err(format!("a block has branch {branch} of a union of two")),
    }
}

/// Reads the runs of items of an array or map; gives the number of items.
fn each_item<'a>(
    cursor: &mut Cursor<'a>,
    mut read: impl FnMut(&mut Cursor<'a>) -> Decoded<()>,
) -> Decoded<usize> {
    let mut total = 0;
    loop {
        let (count, _) = cursor.items()?;
        if count == 0 {
            return Ok(total);
        }
        for _ in 0..count {
            read(cursor)?;
        }
        total += count;
    }
}

fn skip_items<'a>(
    cursor: &mut Cursor<'a>,
    mut skip: impl FnMut(&mut Cursor<'a>) -> Decoded<()>,
) -> Decoded<()> {
    loop {
        match cursor.items()? {
            (0, _) => return Ok(()),
            (_, Some(bytes)) => {
                cursor.take(bytes)?;
            }
            (count, None) => (0..count).try_for_each(|_| skip(cursor))?,
        }
    }
}

fn symbol<'a>(cursor: &mut Cursor<'_>, symbols: &'a [String]) -> Decoded<&'a str> {
    let index = cursor.int()?;
    let symbol = usize::try_from(index).ok().and_then(|index| symbols.get(index));
    symbol
        .map(String::as_str)
        .ok_or_else(|| format!("a block has symbol {index} of an enum of {}", symbols.len()))
}

/// A big-endian two's complement number of any length that fits 128 bits.
fn unscaled(bytes: &[u8]) -> Decoded<i128> {
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let (extra, kept) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut value = [sign; 16];
    value[16 - kept.len()..].copy_from_slice(kept);
    let fits = extra.iter().all(|&byte| byte == sign) && (value[0] ^ sign) & 0x80 == 0;
    if fits {
        Ok(i128::from_be_bytes(value))
    } else {
        Err("a block has a decimal of over 128 bits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_twos_complement_of_any_length() {
        assert_eq!(unscaled(&[]), Ok(0));
        assert_eq!(unscaled(&[0x7f]), Ok(127));
        assert_eq!(unscaled(&[0x80]), Ok(-128));
        assert_eq!(unscaled(&[0x00, 0x80]), Ok(128));
        assert_eq!(unscaled(&[0xff; 20]), Ok(-1));
        let mut wide = [0_u8; 17];
        wide[1] = 0x80;
        assert!(unscaled(&wide).is_err());
    }
}
