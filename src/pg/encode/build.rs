//! Which writer serves which array.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::*;
use pgwire::api::Type;
use tarn_catalog::types::WIDE_INSTANT;

use super::datetime::out_of_range;
use super::indirect::{Dictionary, Runs};
use super::json::Document;
use super::list::{List, Ranges};
use super::nested::{Map, Struct, Union};
use super::scalar::{Bool, Bytes, Decimal, Float, Int, Named, Oid, Text, Unsigned64, Uuids};
use super::temporal::{Date, Elapsed, Intervals, Time, Timestamp};
use super::{Column, Values};
use crate::pg::error::{PgError, PgResult};
use crate::pg::types::{element_of, wire_type, wire_type_of};
use crate::wide_timestamp::{in_micros, is_wide};

type Writer = Box<dyn Values>;

/// The writer for an array that goes out as `kind`.
pub(super) fn values(array: &ArrayRef, kind: &Type) -> PgResult<Writer> {
    if let Some(indirect) = indirect(array, kind)? {
        return Ok(indirect);
    }
    if matches!(*kind, Type::OID | Type::XID | Type::REGPROC | Type::REGCLASS | Type::REGTYPE) {
        if let Some(writer) = Oid::new(array) {
            return Ok(Box::new(writer));
        }
    }
    let named = matches!(*kind, Type::REGPROC | Type::REGCLASS | Type::REGTYPE | Type::REGNAMESPACE);
    if named && let Some(names) = array.as_string_opt::<i32>() {
        return Ok(Box::new(Named(names.clone())));
    }
    if *kind == Type::UUID {
        return uuids(array);
    }
    if *kind == Type::JSON && array.data_type().is_nested() {
        return Ok(Box::new(Document(nested(array)?)));
    }
    if is_wide(array.data_type()) {
        let micros = in_micros(array).ok_or_else(|| out_of_range("timestamp"))?;
        let zoned = *array.data_type() == WIDE_INSTANT;
        let micros: ArrayRef = Arc::new(micros);
        return Ok(timestamp(&micros, TimeUnit::Microsecond, zoned));
    }
    scalar(array)
        .or_else(|| decimal(array))
        .or_else(|| temporal(array))
        .map_or_else(|| nested_as(array, kind), Ok)
}

/// Arrays that point into another array.
fn indirect(array: &ArrayRef, kind: &Type) -> PgResult<Option<Writer>> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let values = values(dictionary.values(), kind)?;
        return Ok(Some(Box::new(Dictionary { keys: dictionary.normalized_keys(), values })));
    }
    macro_rules! runs {
        ($($index:ty),*) => {
            $(if let Some(runs) = array.as_run_opt::<$index>() {
                let values = values(runs.values(), kind)?;
                return Ok(Some(Box::new(Runs { ends: runs.run_ends().clone(), values })));
            })*
        };
    }
    runs!(Int16Type, Int32Type, Int64Type);
    Ok(None)
}

/// Texts that are UUIDs.
fn uuids(array: &ArrayRef) -> PgResult<Writer> {
    Ok(match array.data_type() {
        DataType::Utf8 => Box::new(Uuids(array.as_string::<i32>().clone())),
        DataType::LargeUtf8 => Box::new(Uuids(array.as_string::<i64>().clone())),
        DataType::Utf8View => Box::new(Uuids(array.as_string_view().clone())),
        other => return Err(PgError::unsupported(format!("{other} sent as uuid"))),
    })
}

fn scalar(array: &ArrayRef) -> Option<Writer> {
    Some(match array.data_type() {
        DataType::Boolean => Box::new(Bool(array.as_boolean().clone())),
        DataType::Int8 => Box::new(Int::<Int8Type, i16>::new(array)),
        DataType::Int16 => Box::new(Int::<Int16Type, i16>::new(array)),
        DataType::Int32 => Box::new(Int::<Int32Type, i32>::new(array)),
        DataType::Int64 => Box::new(Int::<Int64Type, i64>::new(array)),
        DataType::UInt8 => Box::new(Int::<UInt8Type, i16>::new(array)),
        DataType::UInt16 => Box::new(Int::<UInt16Type, i32>::new(array)),
        DataType::UInt32 => Box::new(Int::<UInt32Type, i64>::new(array)),
        DataType::UInt64 => Box::new(Unsigned64(array.as_primitive().clone())),
        DataType::Float16 => Box::new(Float::<Float16Type, f32>::new(array)),
        DataType::Float32 => Box::new(Float::<Float32Type, f32>::new(array)),
        DataType::Float64 => Box::new(Float::<Float64Type, f64>::new(array)),
        DataType::Utf8 => Box::new(Text(array.as_string::<i32>().clone())),
        DataType::LargeUtf8 => Box::new(Text(array.as_string::<i64>().clone())),
        DataType::Utf8View => Box::new(Text(array.as_string_view().clone())),
        DataType::Binary => Box::new(Bytes(array.as_binary::<i32>().clone())),
        DataType::LargeBinary => Box::new(Bytes(array.as_binary::<i64>().clone())),
        DataType::BinaryView => Box::new(Bytes(array.as_binary_view().clone())),
        DataType::FixedSizeBinary(_) => Box::new(Bytes(array.as_fixed_size_binary().clone())),
        // Every row of a Null array is NULL, so that this writer is never asked for a value.
        DataType::Null => Box::new(Text(arrow::array::StringArray::new_null(0))),
        _ => return None,
    })
}

fn decimal(array: &ArrayRef) -> Option<Writer> {
    Some(match array.data_type() {
        DataType::Decimal32(_, scale) => Box::new(Decimal::<Decimal32Type>::new(array, *scale)),
        DataType::Decimal64(_, scale) => Box::new(Decimal::<Decimal64Type>::new(array, *scale)),
        DataType::Decimal128(_, scale) => Box::new(Decimal::<Decimal128Type>::new(array, *scale)),
        DataType::Decimal256(_, scale) => Box::new(Decimal::<Decimal256Type>::new(array, *scale)),
        _ => return None,
    })
}

fn temporal(array: &ArrayRef) -> Option<Writer> {
    Some(match array.data_type() {
        DataType::Date32 => Box::new(Date::<Date32Type>::new(array, 1)),
        DataType::Date64 => Box::new(Date::<Date64Type>::new(array, 86_400_000)),
        DataType::Time32(TimeUnit::Second) => Box::new(Time::<Time32SecondType>::new(array)),
        DataType::Time32(_) => Box::new(Time::<Time32MillisecondType>::new(array)),
        DataType::Time64(TimeUnit::Microsecond) => Box::new(Time::<Time64MicrosecondType>::new(array)),
        DataType::Time64(_) => Box::new(Time::<Time64NanosecondType>::new(array)),
        DataType::Timestamp(unit, zone) => timestamp(array, *unit, zone.is_some()),
        DataType::Interval(IntervalUnit::YearMonth) => {
            Box::new(Intervals::<IntervalYearMonthType>::new(array))
        }
        DataType::Interval(IntervalUnit::DayTime) => Box::new(Intervals::<IntervalDayTimeType>::new(array)),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Box::new(Intervals::<IntervalMonthDayNanoType>::new(array))
        }
        DataType::Duration(TimeUnit::Second) => Box::new(Elapsed::<DurationSecondType>::new(array)),
        DataType::Duration(TimeUnit::Millisecond) => Box::new(Elapsed::<DurationMillisecondType>::new(array)),
        DataType::Duration(TimeUnit::Microsecond) => Box::new(Elapsed::<DurationMicrosecondType>::new(array)),
        DataType::Duration(TimeUnit::Nanosecond) => Box::new(Elapsed::<DurationNanosecondType>::new(array)),
        _ => return None,
    })
}

fn timestamp(array: &ArrayRef, unit: TimeUnit, zoned: bool) -> Writer {
    match unit {
        TimeUnit::Second => Box::new(Timestamp::<TimestampSecondType>::new(array, zoned)),
        TimeUnit::Millisecond => Box::new(Timestamp::<TimestampMillisecondType>::new(array, zoned)),
        TimeUnit::Microsecond => Box::new(Timestamp::<TimestampMicrosecondType>::new(array, zoned)),
        TimeUnit::Nanosecond => Box::new(Timestamp::<TimestampNanosecondType>::new(array, zoned)),
    }
}

/// Lists as arrays; everything else that is nested as JSON.
fn nested_as(array: &ArrayRef, kind: &Type) -> PgResult<Writer> {
    let element = match *kind {
        Type::INT2_VECTOR => Some(Type::INT2),
        Type::OID_VECTOR => Some(Type::OID),
        _ => element_of(kind),
    };
    let (Some(element), Some((ranges, items))) = (element, list_parts(array)) else {
        return Ok(Box::new(Document(nested(array)?)));
    };
    let values = values(&items, &element)?;
    let column = column(&items, values);
    let vector = matches!(*kind, Type::INT2_VECTOR | Type::OID_VECTOR);
    Ok(Box::new(List { ranges, items: column, element: element.oid(), vector }))
}

fn column(array: &ArrayRef, values: Writer) -> Column {
    Column { nulls: array.logical_nulls().filter(|nulls| nulls.null_count() > 0), values }
}

fn list_parts(array: &ArrayRef) -> Option<(Ranges, ArrayRef)> {
    Some(match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            (Ranges::Offsets(list.offsets().clone()), list.values().clone())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            (Ranges::LargeOffsets(list.offsets().clone()), list.values().clone())
        }
        DataType::ListView(_) => {
            let list = array.as_list_view::<i32>();
            (Ranges::Views(list.offsets().clone(), list.sizes().clone()), list.values().clone())
        }
        DataType::LargeListView(_) => {
            let list = array.as_list_view::<i64>();
            (Ranges::LargeViews(list.offsets().clone(), list.sizes().clone()), list.values().clone())
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).ok()?;
            (Ranges::Fixed(size), array.as_fixed_size_list().values().clone())
        }
        _ => return None,
    })
}

/// A value with fields or elements, for JSON.
fn nested(array: &ArrayRef) -> PgResult<Writer> {
    if let Some((ranges, items)) = list_parts(array) {
        let items = Column::new(&items, &wire_type_of(items.data_type()))?;
        return Ok(Box::new(List { ranges, items, element: 0, vector: false }));
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            let parts = array.as_struct();
            let columns = fields
                .iter()
                .zip(parts.columns())
                .map(|(field, column)| Ok((field.name().clone(), Column::new(column, &wire_type(field))?)));
            Ok(Box::new(Struct { fields: columns.collect::<PgResult<_>>()? }))
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (keys, values) = (map.keys(), map.values());
            Ok(Box::new(Map {
                ranges: Ranges::Offsets(map.offsets().clone()),
                keys: Column::new(keys, &wire_type_of(keys.data_type()))?,
                values: Column::new(values, &wire_type_of(values.data_type()))?,
            }))
        }
        DataType::Union(fields, _) => {
            let union = array.as_union();
            let children =
                fields.iter().map(|(id, field)| Ok((id, Column::new(union.child(id), &wire_type(field))?)));
            Ok(Box::new(Union { children: children.collect::<PgResult<_>>()?, array: union.clone() }))
        }
        other => Err(PgError::unsupported(format!("results of type {other} cannot be sent"))),
    }
}
