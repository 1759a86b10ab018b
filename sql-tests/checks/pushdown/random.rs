//! Constants for random conditions.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::golden_set::sql_type::SqlType;
use crate::golden_set::value::{Row, Value};

/// Whether conditions are drawn over a column of this type.
pub fn is_comparable(kind: &SqlType) -> bool {
    matches!(
        kind,
        SqlType::Boolean
            | SqlType::Integer
            | SqlType::Float
            | SqlType::Double
            | SqlType::Decimal
            | SqlType::Text
            | SqlType::Date
            | SqlType::Timestamp { .. }
    )
}

/// A constant to compare a column with: one of its values, mostly, or one nearby.
pub fn constant(kind: &SqlType, column: usize, rows: &[Row], random: &mut StdRng) -> Option<Value> {
    let values: Vec<&Value> =
        rows.iter().map(|row| &row[column]).filter(|value| is_usable(kind, value)).collect();
    let drawn = values.choose(random).map(|value| (*value).clone());
    match (kind, drawn) {
        (SqlType::Boolean, None) => Some(Value::Boolean(random.random())),
        (SqlType::Integer, None) => Some(Value::Integer(random.random_range(-100..100))),
        (SqlType::Text, None) => Some(Value::Text("s2".to_owned())),
        (SqlType::Integer, Some(Value::Integer(value))) if random.random_bool(0.3) => {
            let near = value + random.random_range(-3..=3);
            // Constants stay what they are in the column's own type.
            let bound = i128::from(i8::MAX);
            if value.abs() < bound {
                Some(Value::Integer(near.clamp(-bound, bound)))
            } else {
                Some(Value::Integer(value))
            }
        }
        (SqlType::Text, Some(Value::Text(text))) if random.random_bool(0.3) => {
            Some(Value::Text(text.chars().take(2).collect()))
        }
        (_, drawn) => drawn,
    }
}

/// Leaves out what SQL texts disagree about: zeros with a sign, NaN, text that looks like a number, control
/// characters and quotes in patterns.
fn is_usable(kind: &SqlType, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Float(bits) => f32::from_bits(*bits).is_finite() && f32::from_bits(*bits) != 0.0,
        Value::Double(bits) => f64::from_bits(*bits).is_finite() && f64::from_bits(*bits) != 0.0,
        Value::Text(text) if *kind == SqlType::Text => {
            text.chars().next().is_some_and(char::is_alphabetic) && !text.contains(['\'', '\\', '%'])
        }
        _ => true,
    }
}
