//! Values of metadata as Tarn's.

use iceberg::spec::{Datum as IcebergDatum, Literal, PrimitiveLiteral, PrimitiveType, Type};

use super::data_file::Raw;

use crate::datum::Datum;

/// A literal of a type; `None` where Tarn has no such value.
pub fn datum(literal: &Literal, of: &Type) -> Option<Datum> {
    match (literal, of) {
        (Literal::Primitive(literal), Type::Primitive(of)) => primitive(literal, of),
        _ => None,
    }
}

pub fn primitive(literal: &PrimitiveLiteral, of: &PrimitiveType) -> Option<Datum> {
    Some(match literal {
        PrimitiveLiteral::Boolean(value) => Datum::Boolean(*value),
        PrimitiveLiteral::Int(value) => number((*value).into(), of)?,
        PrimitiveLiteral::Long(value) => number(*value, of)?,
        PrimitiveLiteral::Float(value) if *of == PrimitiveType::Double => Datum::Double(value.0.into()),
        PrimitiveLiteral::Float(value) => Datum::Float(value.0),
        PrimitiveLiteral::Double(value) => Datum::Double(value.0),
        PrimitiveLiteral::String(value) => Datum::Text(value.clone()),
        PrimitiveLiteral::Binary(value) => Datum::Bytes(value.clone()),
        PrimitiveLiteral::Int128(value) => Datum::Decimal(*value),
        PrimitiveLiteral::UInt128(value) => Datum::Text(uuid(value.to_be_bytes())),
        PrimitiveLiteral::AboveMax | PrimitiveLiteral::BelowMin => return None,
    })
}

/// A partition's value, of this type; `None` where Tarn has no such value.
pub fn raw(value: &Raw, of: &PrimitiveType) -> Option<Datum> {
    Some(match value {
        Raw::Null => Datum::Null,
        Raw::Boolean(value) => Datum::Boolean(*value),
        Raw::Integer(value) => number(*value, of)?,
        Raw::Double(bits) if *of == PrimitiveType::Float => Datum::Float(f64::from_bits(*bits) as f32),
        Raw::Double(bits) => Datum::Double(f64::from_bits(*bits)),
        Raw::Bytes(bytes) if matches!(of, PrimitiveType::Decimal { .. }) => bound(bytes, of)?,
        Raw::Bytes(bytes) if *of == PrimitiveType::Uuid => {
            Datum::Text(uuid(bytes.as_slice().try_into().ok()?))
        }
        Raw::Bytes(bytes) => Datum::Bytes(bytes.clone()),
        Raw::Text(text) => Datum::Text(text.clone()),
    })
}

/// A bound of a column of this type, which may have been of a narrower one when the bound was written. None of
/// UUIDs: writers order them by signed halves.
pub fn bound(bytes: &[u8], of: &PrimitiveType) -> Option<Datum> {
    if *of == PrimitiveType::Uuid {
        return None;
    }
    let written = match (of, bytes.len()) {
        (PrimitiveType::Long, 4) => PrimitiveType::Int,
        (PrimitiveType::Double, 4) => PrimitiveType::Float,
        _ => of.clone(),
    };
    let value = IcebergDatum::try_from_bytes(bytes, written).ok()?;
    primitive(value.literal(), of)
}

/// The usual text of a UUID.
fn uuid(bytes: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(bytes).hyphenated().to_string()
}

fn number(value: i64, of: &PrimitiveType) -> Option<Datum> {
    Some(match of {
        PrimitiveType::Int | PrimitiveType::Long | PrimitiveType::Date | PrimitiveType::Time => {
            Datum::Integer(value)
        }
        PrimitiveType::Timestamp | PrimitiveType::Timestamptz => from_units(value, 1_000),
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => from_units(value, 1_000_000),
        _ => return None,
    })
}

/// A timestamp in units of which a millisecond has so many.
pub fn from_units(value: i64, per_milli: i64) -> Datum {
    let nanos = value.rem_euclid(per_milli).saturating_mul(1_000_000 / per_milli);
    Datum::Timestamp {
        millis: value.div_euclid(per_milli),
        nanos_of_milli: i32::try_from(nanos).unwrap_or_default(),
    }
}
