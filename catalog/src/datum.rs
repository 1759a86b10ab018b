//! A single typed value, as metadata stores it: partition values, key bounds, statistics.

use std::cmp::Ordering;

/// A value of a column, in the physical form of its logical type.
///
/// Two data compare only when they are of one variant; floats compare by Java's total order
/// (`Double.compare`: -0.0 < 0.0, NaN greatest), which is the order of the formats' own writers.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Null,
    Boolean(bool),
    /// TINYINT, SMALLINT, INT, BIGINT, DATE (days since 1970-01-01), TIME (milliseconds of the day).
    Integer(i64),
    Float(f32),
    Double(f64),
    /// The unscaled value; the scale is the type's.
    Decimal(i128),
    Text(String),
    Bytes(Vec<u8>),
    /// Milliseconds since 1970-01-01 00:00 and nanoseconds within the millisecond (0 to 999,999).
    Timestamp {
        millis: i64,
        nanos_of_milli: i32,
    },
}

impl Datum {
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Orders two values of one type; `None` where either is null or the types differ.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => Some(compare_floats(f64::from(*a), f64::from(*b))),
            (Self::Double(a), Self::Double(b)) => Some(compare_floats(*a, *b)),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (
                Self::Timestamp { millis: a, nanos_of_milli: x },
                Self::Timestamp { millis: b, nanos_of_milli: y },
            ) => Some((a, x).cmp(&(b, y))),
            _ => None,
        }
    }
}

/// Java's `Double.compare`: all NaNs are equal and greater than any number, -0.0 is below 0.0.
pub fn compare_floats(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.total_cmp(&b),
    }
}
