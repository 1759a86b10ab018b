//! Values as indexes store them: a small set of forms with one order.

use crate::cursor::Cursor;
use crate::datum::Datum;
use crate::error::Result;
use crate::types::LogicalType;

/// A stored value. Numbers of all kinds map to integers in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Number(i64),
    Text(Vec<u8>),
}

/// How the values of a column are stored, and mapped to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    Boolean,
    Byte,
    Short,
    Int,
    Long,
    Float,
    Double,
    /// The unscaled value in 64 bits.
    Decimal,
    /// Milliseconds (`micros` false) or microseconds in 64 bits. `rounded` where values have digits
    /// beyond those, so that unequal values share a key.
    Timestamp {
        micros: bool,
        rounded: bool,
    },
    Text,
}

/// The keys that values equal to a constant may have: from `low` to `high`, which differ only for the
/// two zeros of floats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub low: Key,
    pub high: Key,
    /// Whether a value equals the constant exactly when its key is `low`, whoever compares: not where
    /// keys are rounded, nor for zeros and NaNs, which IEEE and total order compare differently.
    pub exact: bool,
}

impl KeyType {
    /// `None` for types that no index orders or counts.
    pub fn of(data_type: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        Some(match data_type {
            T::Boolean => Self::Boolean,
            T::TinyInt => Self::Byte,
            T::SmallInt => Self::Short,
            T::Int | T::Date | T::Time { .. } => Self::Int,
            T::BigInt => Self::Long,
            T::Float => Self::Float,
            T::Double => Self::Double,
            T::Decimal { .. } => Self::Decimal,
            T::Timestamp { precision } | T::TimestampLtz { precision } => {
                Self::Timestamp { micros: *precision > 3, rounded: *precision > 6 }
            }
            T::Char { .. } | T::Varchar { .. } => Self::Text,
            _ => return None,
        })
    }

    /// Fewest bytes that a stored value takes.
    pub fn min_bytes(self) -> usize {
        match self {
            Self::Boolean | Self::Byte => 1,
            Self::Short => 2,
            Self::Int | Self::Float | Self::Text => 4,
            Self::Long | Self::Double | Self::Decimal | Self::Timestamp { .. } => 8,
        }
    }

    pub fn read(self, cursor: &mut Cursor<'_>) -> Result<Key> {
        Ok(match self {
            Self::Boolean => Key::Number(i64::from(cursor.u8()? != 0)),
            Self::Byte => Key::Number(i64::from(cursor.u8()? as i8)),
            Self::Short => Key::Number(i64::from(cursor.u16()? as i16)),
            Self::Int => Key::Number(i64::from(cursor.i32()?)),
            Self::Long | Self::Decimal | Self::Timestamp { .. } => Key::Number(cursor.i64()?),
            Self::Float => float_key(f32::from_bits(cursor.i32()? as u32)),
            Self::Double => double_key(f64::from_bits(cursor.i64()? as u64)),
            Self::Text => {
                let length = cursor.length("the length of a text")?;
                Key::Text(cursor.take(length)?.to_vec())
            }
        })
    }

    /// The keys of a constant of this type; `None` where it is of another or has no key.
    pub fn probe(self, constant: &Datum) -> Option<Probe> {
        let number = |number| Some(Probe::exact(Key::Number(number)));
        match (self, constant) {
            (Self::Boolean, Datum::Boolean(value)) => number(i64::from(*value)),
            (Self::Byte | Self::Short | Self::Int | Self::Long, Datum::Integer(value)) => number(*value),
            (Self::Decimal, Datum::Decimal(value)) => number(i64::try_from(*value).ok()?),
            (Self::Float, Datum::Float(value)) => {
                Some(Probe::float(float_key(*value), float_key(-*value), f64::from(*value)))
            }
            (Self::Double, Datum::Double(value)) => {
                Some(Probe::float(double_key(*value), double_key(-*value), *value))
            }
            (Self::Timestamp { micros, rounded }, Datum::Timestamp { millis, nanos_of_milli }) => {
                let (key, rest) = match micros {
                    false => (*millis, *nanos_of_milli),
                    true => {
                        let micros = i64::from(nanos_of_milli / 1000);
                        (millis.checked_mul(1000)?.checked_add(micros)?, nanos_of_milli % 1000)
                    }
                };
                let key = Key::Number(key);
                Some(Probe { low: key.clone(), high: key, exact: !rounded && rest == 0 })
            }
            (Self::Text, Datum::Text(text)) => Some(Probe::exact(Key::Text(text.as_bytes().to_vec()))),
            _ => None,
        }
    }

    /// The key of NaN, in types that have it. Indexes hold it to be the greatest value; total order
    /// puts a negative NaN below all.
    pub fn nan(self) -> Option<Key> {
        match self {
            Self::Float => Some(float_key(f32::NAN)),
            Self::Double => Some(double_key(f64::NAN)),
            _ => None,
        }
    }
}

impl Probe {
    fn exact(key: Key) -> Self {
        Self { low: key.clone(), high: key, exact: true }
    }

    fn float(key: Key, negated: Key, value: f64) -> Self {
        if value == 0.0 {
            Self { low: key.clone().min(negated.clone()), high: key.max(negated), exact: false }
        } else {
            Self { low: key.clone(), high: key, exact: !value.is_nan() }
        }
    }
}

/// Maps floats to integers in the order of Java's `Float.compare`: -0.0 below 0.0, NaN greatest.
fn float_key(value: f32) -> Key {
    let bits = if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() } as i32;
    Key::Number(i64::from(if bits < 0 { bits ^ i32::MAX } else { bits }))
}

/// [`float_key`] for doubles.
fn double_key(value: f64) -> Key {
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() } as i64;
    Key::Number(if bits < 0 { bits ^ i64::MAX } else { bits })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn float_keys_keep_javas_order() {
        let values = [f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY];
        assert!(values.map(double_key).is_sorted_by(|a, b| a < b));
        assert!(values.map(|value| float_key(value as f32)).is_sorted());
        assert!(double_key(-f64::NAN) > double_key(f64::INFINITY));
        assert_eq!(float_key(-f32::NAN), float_key(f32::NAN));
    }

    #[test]
    fn zeros_and_nan_are_not_exact() {
        let zero = KeyType::Double.probe(&Datum::Double(-0.0)).unwrap();
        assert_eq!((zero.low, zero.high), (double_key(-0.0), double_key(0.0)));
        assert!(!zero.exact);
        assert!(!KeyType::Float.probe(&Datum::Float(f32::NAN)).unwrap().exact);
        assert!(KeyType::Float.probe(&Datum::Float(1.0)).unwrap().exact);
    }

    #[test]
    fn timestamps_are_exact_only_within_their_unit() {
        let probe = |precision, nanos_of_milli| {
            let data_type = KeyType::of(&LogicalType::Timestamp { precision }).unwrap();
            let probe = data_type.probe(&Datum::Timestamp { millis: -2, nanos_of_milli }).unwrap();
            (probe.low, probe.exact)
        };
        assert_eq!(probe(3, 0), (Key::Number(-2), true));
        assert_eq!(probe(3, 1), (Key::Number(-2), false));
        assert_eq!(probe(6, 5000), (Key::Number(-1995), true));
        assert_eq!(probe(6, 5001), (Key::Number(-1995), false));
        assert_eq!(probe(9, 5000), (Key::Number(-1995), false));
    }

    #[test]
    fn constants_of_another_type_have_no_key() {
        assert_eq!(KeyType::Int.probe(&Datum::Text("1".into())), None);
        assert_eq!(KeyType::Decimal.probe(&Datum::Decimal(1 << 70)), None);
        let far = Datum::Timestamp { millis: i64::MAX, nanos_of_milli: 0 };
        assert_eq!(KeyType::Timestamp { micros: true, rounded: false }.probe(&far), None);
        assert_eq!(KeyType::of(&LogicalType::Variant), None);
    }
}
