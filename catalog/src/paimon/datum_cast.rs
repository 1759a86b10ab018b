//! Casts of single values, as Paimon casts bounds of columns whose type has changed.
//!
//! Numbers narrow as in Java (integers wrap, floats saturate), decimals round half up and become
//! nothing where they do not fit, text is cut to its length.

use crate::datum::Datum;
use crate::paimon::datum_text::cast_text;
use crate::paimon::java_text;
use crate::types::LogicalType;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// The value as one of type `to`; `None` where the value has no such form or the cast is not known.
pub fn cast(value: &Datum, from: &LogicalType, to: &LogicalType) -> Option<Datum> {
    use LogicalType as T;
    if value.is_null() || from == to {
        return Some(value.clone());
    }
    match (value, to) {
        (_, T::Char { length }) => Some(Datum::Text(fit_text(cast_text(value, from)?, *length, true))),
        (_, T::Varchar { length }) => Some(Datum::Text(fit_text(cast_text(value, from)?, *length, false))),
        (Datum::Integer(millis), T::Timestamp { .. }) if matches!(from, T::Date) => {
            Some(Datum::Timestamp { millis: millis.checked_mul(MILLIS_PER_DAY)?, nanos_of_milli: 0 })
        }
        (Datum::Timestamp { millis, .. }, T::Date) if matches!(from, T::Timestamp { .. }) => {
            // Java divides towards zero here.
            Some(Datum::Integer(millis / MILLIS_PER_DAY))
        }
        (Datum::Timestamp { millis, nanos_of_milli }, T::Timestamp { precision })
            if matches!(from, T::Timestamp { .. }) =>
        {
            truncate_timestamp(*millis, *nanos_of_milli, *precision)
        }
        (Datum::Timestamp { millis, nanos_of_milli }, T::TimestampLtz { precision })
            if matches!(from, T::TimestampLtz { .. }) =>
        {
            truncate_timestamp(*millis, *nanos_of_milli, *precision)
        }
        (Datum::Bytes(bytes), T::Varbinary { length }) => {
            let length = usize::try_from(*length).ok()?.min(bytes.len());
            Some(Datum::Bytes(bytes.get(..length)?.to_vec()))
        }
        _ => cast_number(&Number::of(value, from)?, to),
    }
}

/// A value of a type that counts.
enum Number {
    Integer(i64),
    Float(f64),
    Decimal { unscaled: i128, scale: i8 },
}

impl Number {
    fn of(value: &Datum, data_type: &LogicalType) -> Option<Self> {
        use LogicalType as T;
        Some(match (value, data_type) {
            (Datum::Boolean(value), T::Boolean) => Self::Integer(i64::from(*value)),
            (Datum::Integer(value), T::TinyInt | T::SmallInt | T::Int | T::BigInt) => Self::Integer(*value),
            (Datum::Float(value), T::Float) => Self::Float(f64::from(*value)),
            (Datum::Double(value), T::Double) => Self::Float(*value),
            (Datum::Decimal(unscaled), T::Decimal { scale, .. }) => {
                Self::Decimal { unscaled: *unscaled, scale: *scale }
            }
            (Datum::Text(text), T::Char { .. } | T::Varchar { .. }) => Self::parse(text.trim())?,
            _ => return None,
        })
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Integer).ok().or_else(|| text.parse().map(Self::Float).ok())
    }

    /// Towards zero; wide decimals keep their low 64 bits.
    fn integer(&self, narrow_first: bool) -> i64 {
        match self {
            Self::Integer(value) => *value,
            // A float becomes an INT before it becomes anything smaller.
            Self::Float(value) if narrow_first => i64::from(*value as i32),
            Self::Float(value) => *value as i64,
            Self::Decimal { unscaled, scale } => {
                power_of_ten(*scale).map_or(0, |power| (unscaled / power) as i64)
            }
        }
    }

    fn double(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Decimal { unscaled, scale } => java_text::decimal(*unscaled, *scale).parse().ok(),
        }
    }

    fn decimal(&self, precision: u8, scale: i8) -> Option<i128> {
        let (unscaled, from) = match self {
            Self::Integer(value) => (i128::from(*value), 0),
            Self::Float(value) => decimal_of_double(*value)?,
            Self::Decimal { unscaled, scale } => (*unscaled, i32::from(*scale)),
        };
        let unscaled = rescale(unscaled, from, i32::from(scale))?;
        (unscaled.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?).then_some(unscaled)
    }
}

fn cast_number(number: &Number, to: &LogicalType) -> Option<Datum> {
    use LogicalType as T;
    Some(match to {
        T::Boolean => Datum::Boolean(match number {
            Number::Integer(value) => *value != 0,
            Number::Decimal { unscaled, .. } => *unscaled != 0,
            Number::Float(_) => return None,
        }),
        T::TinyInt => Datum::Integer(i64::from(number.integer(true) as i8)),
        T::SmallInt => Datum::Integer(i64::from(number.integer(true) as i16)),
        T::Int => match number {
            Number::Float(value) => Datum::Integer(i64::from(*value as i32)),
            number => Datum::Integer(i64::from(number.integer(false) as i32)),
        },
        T::BigInt => Datum::Integer(number.integer(false)),
        T::Float => Datum::Float(match number {
            Number::Integer(value) => *value as f32,
            number => number.double()? as f32,
        }),
        T::Double => Datum::Double(number.double()?),
        T::Decimal { precision, scale } => Datum::Decimal(number.decimal(*precision, *scale)?),
        _ => return None,
    })
}

/// Cut to a number of characters, and for CHAR filled with blanks.
fn fit_text(text: String, length: u32, fill: bool) -> String {
    let length = length as usize;
    let mut fitted: String = text.chars().take(length).collect();
    if fill {
        let missing = length.saturating_sub(fitted.chars().count());
        fitted.extend(std::iter::repeat_n(' ', missing));
    }
    fitted
}

fn truncate_timestamp(millis: i64, nanos_of_milli: i32, precision: u8) -> Option<Datum> {
    let (millis, nanos_of_milli) = match precision {
        0..=3 => {
            let unit = 10_i64.pow(u32::from(3 - precision));
            (millis.div_euclid(unit).checked_mul(unit)?, 0)
        }
        _ => {
            let unit = 10_i32.pow(u32::from(9_u8.saturating_sub(precision)));
            (millis, nanos_of_milli - nanos_of_milli % unit)
        }
    };
    Some(Datum::Timestamp { millis, nanos_of_milli })
}

fn power_of_ten(exponent: i8) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// Changes the scale of a decimal, rounding half up (away from zero).
fn rescale(unscaled: i128, from: i32, to: i32) -> Option<i128> {
    let shift = to.checked_sub(from)?;
    if shift >= 0 {
        return unscaled.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?);
    }
    let Some(unit) = 10_i128.checked_pow(shift.unsigned_abs()) else { return Some(0) };
    let (quotient, rest) = (unscaled / unit, unscaled % unit);
    let away = if rest.unsigned_abs() * 2 >= unit.unsigned_abs() { unscaled.signum() } else { 0 };
    quotient.checked_add(away)
}

/// The decimal that the shortest text of a double says, as unscaled value and scale.
fn decimal_of_double(value: f64) -> Option<(i128, i32)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled = format!("{whole}{fraction}").parse().ok()?;
    Some((unscaled, i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECIMAL: LogicalType = LogicalType::Decimal { precision: 10, scale: 2 };

    fn integer(value: i64, from: LogicalType, to: LogicalType) -> Option<Datum> {
        cast(&Datum::Integer(value), &from, &to)
    }

    #[test]
    fn integers_widen_and_wrap() {
        assert_eq!(integer(-7, LogicalType::Int, LogicalType::BigInt), Some(Datum::Integer(-7)));
        assert_eq!(integer(1 << 32 | 5, LogicalType::BigInt, LogicalType::Int), Some(Datum::Integer(5)));
        assert_eq!(integer(5, LogicalType::Int, LogicalType::Double), Some(Datum::Double(5.0)));
        assert_eq!(integer(5, LogicalType::Int, LogicalType::STRING), Some(Datum::Text("5".into())));
        let boolean = cast(&Datum::Boolean(true), &LogicalType::Boolean, &LogicalType::Int);
        assert_eq!(boolean, Some(Datum::Integer(1)));
    }

    #[test]
    fn floats_saturate_and_keep_their_shortest_decimal() {
        let double = |value, to| cast(&Datum::Double(value), &LogicalType::Double, &to);
        assert_eq!(double(1e20, LogicalType::Int), Some(Datum::Integer(i64::from(i32::MAX))));
        assert_eq!(double(-1.9, LogicalType::BigInt), Some(Datum::Integer(-1)));
        assert_eq!(double(0.125, DECIMAL), Some(Datum::Decimal(13)));
        assert_eq!(double(-0.125, DECIMAL), Some(Datum::Decimal(-13)));
        assert_eq!(double(1.5e7, DECIMAL), Some(Datum::Decimal(1_500_000_000)));
        assert_eq!(double(f64::NAN, DECIMAL), None);
        let float = cast(&Datum::Float(0.1), &LogicalType::Float, &LogicalType::Double);
        assert_eq!(float, Some(Datum::Double(f64::from(0.1_f32))));
    }

    #[test]
    fn decimals_round_and_must_fit() {
        let from = LogicalType::Decimal { precision: 20, scale: 6 };
        let decimal = |unscaled, to| cast(&Datum::Decimal(unscaled), &from, &to);
        assert_eq!(decimal(1_084_999, DECIMAL), Some(Datum::Decimal(108)));
        assert_eq!(decimal(1_085_000, DECIMAL), Some(Datum::Decimal(109)));
        assert_eq!(decimal(99_999_999_999_999, DECIMAL), None);
        assert_eq!(decimal(-2_999_999, LogicalType::Int), Some(Datum::Integer(-2)));
        assert_eq!(decimal(1_500_000, LogicalType::Double), Some(Datum::Double(1.5)));
    }

    #[test]
    fn text_is_cut_and_filled() {
        let text = |value: &str, to| cast(&Datum::Text(value.into()), &LogicalType::STRING, &to);
        let varchar = |length| LogicalType::Varchar { length };
        assert_eq!(text("äöü", varchar(2)), Some(Datum::Text("äö".into())));
        assert_eq!(text("a", LogicalType::Char { length: 3 }), Some(Datum::Text("a  ".into())));
        assert_eq!(text("-12", LogicalType::BigInt), Some(Datum::Integer(-12)));
        assert_eq!(text("twelve", LogicalType::BigInt), None);
    }

    #[test]
    fn dates_and_timestamps_convert() {
        let micros = LogicalType::Timestamp { precision: 6 };
        let midnight = Datum::Timestamp { millis: 2 * MILLIS_PER_DAY, nanos_of_milli: 0 };
        assert_eq!(integer(2, LogicalType::Date, micros.clone()), Some(midnight));
        let late = Datum::Timestamp { millis: -1, nanos_of_milli: 999_999 };
        assert_eq!(cast(&late, &micros, &LogicalType::Date), Some(Datum::Integer(0)));
        let seconds = LogicalType::Timestamp { precision: 0 };
        let expected = Datum::Timestamp { millis: -1000, nanos_of_milli: 0 };
        assert_eq!(cast(&late, &micros, &seconds), Some(expected));
    }
}
