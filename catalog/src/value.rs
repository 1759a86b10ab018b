//! Records of metadata files, whichever container they came in.
//!
//! Manifests are Avro by default and may be Parquet; both give [`Value`]s, and what a manifest entry
//! is made of is written once, over field names. Values borrow from the decoded block.

use crate::malformed::{Decoded, Malformed};

/// A decoded value. Dates, times and timestamps are their integers.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Record(Record<'a>),
}

/// Fields in the writer's order. A reader takes what it knows by name and skips the rest, so that
/// files of older and of newer writers read alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a>(pub Vec<(&'a str, Value<'a>)>);

impl<'a> Record<'a> {
    fn field(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// A field that every writer has written.
    pub fn required<T>(&self, name: &str, read: impl FnOnce(&Value<'a>) -> Decoded<T>) -> Decoded<T> {
        let value = self.field(name).ok_or_else(|| Malformed::new(format!("field {name} is missing")))?;
        read(value).map_err(|reason| reason.within(name))
    }

    /// A field that may be null, or that older writers did not know.
    pub fn optional<T>(&self, name: &str, read: impl FnOnce(&Value<'a>) -> Decoded<T>) -> Decoded<Option<T>> {
        match self.field(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|reason| reason.within(name)),
        }
    }
}

impl<'a> Value<'a> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Double(_) => "a floating point number",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Record(_) => "a record",
        }
    }

    fn mismatch<T>(&self, wanted: &str) -> Decoded<T> {
        Err(Malformed::new(format!("expected {wanted}, found {}", self.kind())))
    }

    pub fn long(&self) -> Decoded<i64> {
        match self {
            Self::Integer(value) => Ok(*value),
            other => other.mismatch("an integer"),
        }
    }

    pub fn int(&self) -> Decoded<i32> {
        let value = self.long()?;
        i32::try_from(value).map_err(|_| Malformed::new(format!("{value} does not fit 32 bits")))
    }

    /// A count or a size: an integer that is not negative.
    pub fn count(&self) -> Decoded<u64> {
        let value = self.long()?;
        u64::try_from(value).map_err(|_| Malformed::new(format!("{value} cannot be a count")))
    }

    pub fn text(&self) -> Decoded<&'a str> {
        match self {
            Self::Text(value) => Ok(value),
            other => other.mismatch("a string"),
        }
    }

    pub fn bytes(&self) -> Decoded<&'a [u8]> {
        match self {
            Self::Bytes(value) => Ok(value),
            other => other.mismatch("bytes"),
        }
    }

    pub fn list(&self) -> Decoded<&[Value<'a>]> {
        match self {
            Self::List(items) => Ok(items),
            other => other.mismatch("a list"),
        }
    }

    pub fn texts(&self) -> Decoded<Vec<String>> {
        self.list()?.iter().map(|item| item.text().map(str::to_string)).collect()
    }

    pub fn record(&self) -> Decoded<&Record<'a>> {
        match self {
            Self::Record(fields) => Ok(fields),
            other => other.mismatch("a record"),
        }
    }

    /// `None` for null, otherwise what `read` makes of the value.
    pub fn optional<T>(&self, read: impl FnOnce(&Self) -> Decoded<T>) -> Decoded<Option<T>> {
        match self {
            Self::Null => Ok(None),
            value => read(value).map(Some),
        }
    }
}
