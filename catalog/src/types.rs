//! Logical types of columns, as the lake's schema declares them.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};

use crate::schema::SchemaField;

/// A column type with the parameters that its format declares (lengths, precisions, nested ids).
///
/// The widths matter beyond Arrow's types: a cast to `Varchar(3)` cuts the text, a `Char` bound is
/// never exact, a `Timestamp(9)` is stored as INT96.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogicalType {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: i8,
    },
    /// Fixed-length text, length in characters.
    Char {
        length: u32,
    },
    /// Variable-length text, longest length in characters; `u32::MAX >> 1` is STRING.
    Varchar {
        length: u32,
    },
    /// Fixed-length bytes.
    Binary {
        length: u32,
    },
    /// Variable-length bytes; `u32::MAX >> 1` is BYTES.
    Varbinary {
        length: u32,
    },
    Date,
    /// Time of day, precision in digits of a second; stored in milliseconds.
    Time {
        precision: u8,
    },
    /// Time of day in microseconds.
    TimeMicros,
    /// A UUID; as text of 36 characters in lower case, which sorts as its 16 bytes do.
    Uuid,
    /// Wall-clock timestamp without zone, precision in digits of a second (0 to 9).
    Timestamp {
        precision: u8,
    },
    /// An instant, precision in digits of a second (0 to 9).
    TimestampLtz {
        precision: u8,
    },
    Array {
        element: Box<LogicalType>,
        element_nullable: bool,
    },
    Map {
        key: Box<LogicalType>,
        value: Box<LogicalType>,
        value_nullable: bool,
    },
    /// A map from element to its count.
    Multiset {
        element: Box<LogicalType>,
    },
    Row {
        fields: Vec<SchemaField>,
    },
    /// A list of fixed length.
    Vector {
        element: Box<LogicalType>,
        length: u32,
    },
    Variant,
    Blob,
}

/// A timestamp of more than six digits in Arrow: nanoseconds since 1970 in 128 bits.
///
/// Arrow's own 64 bits reach from 1677 to 2262 only, and lakes hold years 1 and 9999 as bounds. Arrow has
/// no wider type, so a decimal stands for it whose scale no column can have. It sorts, compares and hashes
/// as it must, and is no other type's value by mistake.
pub const WIDE_TIMESTAMP: DataType = DataType::Decimal128(38, -99);
/// The same for an instant.
pub const WIDE_INSTANT: DataType = DataType::Decimal128(38, -100);

/// Metadata key of an Arrow field: the name of the Postgres type that a column has, where Arrow's type does not
/// say.
pub const CLIENT_TYPE_KEY: &str = "tarn:pg_type";

/// The length that stands for STRING and BYTES.
pub const UNBOUNDED_LENGTH: u32 = i32::MAX as u32;

impl LogicalType {
    pub const STRING: LogicalType = LogicalType::Varchar { length: UNBOUNDED_LENGTH };
    pub const BYTES: LogicalType = LogicalType::Varbinary { length: UNBOUNDED_LENGTH };

    /// The Arrow type in which Tarn hands out values of this type.
    ///
    /// Text and bytes are views, so that slices of pages travel without a copy. Timestamps take the
    /// narrowest unit that holds their precision, and [`WIDE_TIMESTAMP`] where none does.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
            Self::Char { .. } | Self::Varchar { .. } | Self::Uuid => DataType::Utf8View,
            Self::Binary { .. } | Self::Varbinary { .. } | Self::Blob => DataType::BinaryView,
            Self::Date => DataType::Date32,
            Self::Time { .. } => DataType::Time32(TimeUnit::Millisecond),
            Self::TimeMicros => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp { precision } => match time_unit(*precision) {
                Some(unit) => DataType::Timestamp(unit, None),
                None => WIDE_TIMESTAMP,
            },
            Self::TimestampLtz { precision } => match time_unit(*precision) {
                Some(unit) => DataType::Timestamp(unit, Some("UTC".into())),
                None => WIDE_INSTANT,
            },
            Self::Array { element, element_nullable } => {
                DataType::List(Arc::new(Field::new("element", element.arrow(), *element_nullable)))
            }
            Self::Map { key, value, value_nullable } => map_type(key, value, *value_nullable),
            Self::Multiset { element } => map_type(element, &Self::Int, false),
            Self::Row { fields } => {
                DataType::Struct(fields.iter().map(SchemaField::arrow).collect::<Fields>())
            }
            Self::Vector { element, length } => DataType::FixedSizeList(
                Arc::new(Field::new("element", element.arrow(), true)),
                i32::try_from(*length).unwrap_or(i32::MAX),
            ),
            Self::Variant => DataType::Struct(Fields::from(vec![
                Field::new("value", DataType::BinaryView, false),
                Field::new("metadata", DataType::BinaryView, false),
            ])),
        }
    }

    pub fn is_nested(&self) -> bool {
        matches!(
            self,
            Self::Array { .. }
                | Self::Map { .. }
                | Self::Multiset { .. }
                | Self::Row { .. }
                | Self::Vector { .. }
                | Self::Variant
        )
    }
}

/// The unit whose 64 bits hold every timestamp of so many digits.
fn time_unit(precision: u8) -> Option<TimeUnit> {
    match precision {
        0..=3 => Some(TimeUnit::Millisecond),
        4..=6 => Some(TimeUnit::Microsecond),
        _ => None,
    }
}

fn map_type(key: &LogicalType, value: &LogicalType, value_nullable: bool) -> DataType {
    let entries = Fields::from(vec![
        Field::new("key", key.arrow(), false),
        Field::new("value", value.arrow(), value_nullable),
    ]);
    DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false)
}
