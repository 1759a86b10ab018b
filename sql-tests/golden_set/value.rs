//! Values in the form in which answers and results are compared.

use std::fmt;

/// A value whose derived equality is the equality of the golden sets: exact, floats by their bits
/// (every NaN is the same one), maps as sorted lists of pairs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    /// Bits of an `f32`.
    Float(u32),
    /// Bits of an `f64`.
    Double(u64),
    /// Text, and everything that the sets write as text: decimals, dates, times, hex bytes.
    Text(String),
    List(Vec<Value>),
    Row(Vec<(String, Value)>),
}

/// A row: its kind where the query gives one, then its columns.
pub type Row = Vec<Value>;

impl Value {
    pub fn float(value: f32) -> Self {
        Self::Float(if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() })
    }

    pub fn double(value: f64) -> Self {
        Self::Double(if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
    }

    /// A map: its entries sorted, each a pair.
    pub fn map(entries: impl IntoIterator<Item = (Value, Value)>) -> Self {
        let mut pairs: Vec<Value> =
            entries.into_iter().map(|(key, value)| Self::List(vec![key, value])).collect();
        pairs.sort_unstable();
        Self::List(pairs)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
            Self::Double(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if position == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Row(fields) => {
                f.write_str("{")?;
                for (position, (name, item)) in fields.iter().enumerate() {
                    write!(f, "{}{name}:{item}", if position == 0 { "" } else { "," })?;
                }
                f.write_str("}")
            }
        }
    }
}
