//! Random conditions, their SQL, and what they say about a row: SQL's three-valued logic.

use std::cmp::Ordering;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::random::{constant, is_comparable};
use crate::golden_set::manifest::Columns;
use crate::golden_set::sql_type::SqlType;
use crate::golden_set::statement::{identifier, literal};
use crate::golden_set::value::{Row, Value};

#[derive(Debug, Clone)]
pub enum Condition {
    Compare { column: usize, operator: Operator, constant: Value },
    In { column: usize, constants: Vec<Value>, negated: bool },
    Between { column: usize, low: Value, high: Value },
    IsNull { column: usize, negated: bool },
    StartsWith { column: usize, prefix: String },
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const OPERATORS: [(Operator, &str); 6] = [
    (Operator::Equal, "="),
    (Operator::NotEqual, "<>"),
    (Operator::Less, "<"),
    (Operator::LessOrEqual, "<="),
    (Operator::Greater, ">"),
    (Operator::GreaterOrEqual, ">="),
];

impl Condition {
    /// A condition over columns that compare, with constants mostly taken from the rows.
    pub fn draw(columns: &Columns, rows: &[Row], random: &mut StdRng) -> Option<Self> {
        let usable: Vec<usize> = (0..columns.len()).filter(|at| is_comparable(&columns[*at].1)).collect();
        if usable.is_empty() {
            return None;
        }
        Some(Self::draw_level(columns, rows, &usable, random, 2))
    }

    fn draw_level(
        columns: &Columns,
        rows: &[Row],
        usable: &[usize],
        random: &mut StdRng,
        depth: u32,
    ) -> Self {
        if depth > 0 && random.random_bool(0.4) {
            let mut part = || Box::new(Self::draw_level(columns, rows, usable, random, depth - 1));
            let (left, right) = (part(), part());
            return match random.random_range(0..3) {
                0 => Self::And(left, right),
                1 => Self::Or(left, right),
                _ => Self::Not(left),
            };
        }
        let column = usable.choose(random).copied().unwrap_or_default();
        let kind = &columns[column].1;
        let mut draw = || constant(kind, column, rows, random);
        let (first, second, third) = (draw(), draw(), draw());
        match (random.random_range(0..10), first) {
            (0, _) => Self::IsNull { column, negated: false },
            (1, _) => Self::IsNull { column, negated: true },
            (2, Some(first)) => {
                let constants = [Some(first), second, third].into_iter().flatten().collect();
                Self::In { column, constants, negated: random.random_bool(0.3) }
            }
            (3, Some(low)) => {
                let high = second.unwrap_or_else(|| low.clone());
                Self::Between { column, low, high }
            }
            (4, Some(Value::Text(text))) if *kind == SqlType::Text => {
                let prefix = text.chars().take(random.random_range(1..=3)).collect();
                Self::StartsWith { column, prefix }
            }
            (_, Some(constant)) => {
                let operator = OPERATORS.choose(random).map_or(Operator::Equal, |(operator, _)| *operator);
                Self::Compare { column, operator, constant }
            }
            (_, None) => Self::IsNull { column, negated: false },
        }
    }

    /// Whether a row satisfies this; `None` where SQL says unknown.
    pub fn holds(&self, row: &Row) -> Option<bool> {
        match self {
            Self::Compare { column, operator, constant } => {
                compare(&row[*column], constant).map(|order| match operator {
                    Operator::Equal => order == Ordering::Equal,
                    Operator::NotEqual => order != Ordering::Equal,
                    Operator::Less => order == Ordering::Less,
                    Operator::LessOrEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    Operator::GreaterOrEqual => order != Ordering::Less,
                })
            }
            Self::In { column, constants, negated } => {
                let value = &row[*column];
                let any = |constant: &Value| compare(value, constant) == Some(Ordering::Equal);
                (*value != Value::Null).then(|| constants.iter().any(any) != *negated)
            }
            Self::Between { column, low, high } => {
                let low = compare(&row[*column], low)? != Ordering::Less;
                Some(low && compare(&row[*column], high)? != Ordering::Greater)
            }
            Self::IsNull { column, negated } => Some((row[*column] == Value::Null) != *negated),
            Self::StartsWith { column, prefix } => match &row[*column] {
                Value::Text(text) => Some(text.starts_with(prefix.as_str())),
                _ => None,
            },
            Self::And(left, right) => match (left.holds(row), right.holds(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.holds(row), right.holds(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(inner) => inner.holds(row).map(|holds| !holds),
        }
    }

    pub fn sql(&self, columns: &Columns) -> String {
        let name = |column: &usize| identifier(&columns[*column].0);
        let written = |column: &usize, constant: &Value| sql_constant(&columns[*column].1, constant);
        match self {
            Self::Compare { column, operator, constant } => {
                let symbol =
                    OPERATORS.iter().find(|(known, _)| known == operator).map_or("=", |(_, symbol)| *symbol);
                format!("{} {symbol} {}", name(column), written(column, constant))
            }
            Self::In { column, constants, negated } => {
                let listed: Vec<String> =
                    constants.iter().map(|constant| written(column, constant)).collect();
                let not = if *negated { "NOT " } else { "" };
                format!("{} {not}IN ({})", name(column), listed.join(", "))
            }
            Self::Between { column, low, high } => {
                format!("{} BETWEEN {} AND {}", name(column), written(column, low), written(column, high))
            }
            Self::IsNull { column, negated } => {
                format!("{} IS {}NULL", name(column), if *negated { "NOT " } else { "" })
            }
            Self::StartsWith { column, prefix } => {
                let pattern = prefix.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                format!("{} LIKE {}", name(column), literal(&(pattern + "%")))
            }
            Self::And(left, right) => format!("({} AND {})", left.sql(columns), right.sql(columns)),
            Self::Or(left, right) => format!("({} OR {})", left.sql(columns), right.sql(columns)),
            Self::Not(inner) => format!("NOT ({})", inner.sql(columns)),
        }
    }
}

/// SQL's comparison of two values of one type; `None` where either is NULL. Decimals of a column all have
/// the same number of digits after the point, dates and times have fixed widths within years 1 to 9999.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Float(left), Value::Float(right)) => {
            Some(f32::from_bits(*left).total_cmp(&f32::from_bits(*right)))
        }
        (Value::Double(left), Value::Double(right)) => {
            Some(f64::from_bits(*left).total_cmp(&f64::from_bits(*right)))
        }
        (Value::Text(left), Value::Text(right)) => match (unscaled(left), unscaled(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => Some(left.as_bytes().cmp(right.as_bytes())),
        },
        (left, right) => Some(left.cmp(right)),
    }
}

/// A decimal's digits as a number, if this is a decimal (text columns never compare as numbers: their
/// constants are drawn from values that are not).
fn unscaled(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.replace('.', "").parse().ok() } else { None }
}

fn sql_constant(kind: &SqlType, constant: &Value) -> String {
    match (kind, constant) {
        (_, Value::Null) => "NULL".to_owned(),
        (SqlType::Float, Value::Float(bits)) => format!("CAST('{:?}' AS REAL)", f32::from_bits(*bits)),
        (SqlType::Double, Value::Double(bits)) => {
            format!("CAST('{:?}' AS DOUBLE PRECISION)", f64::from_bits(*bits))
        }
        (SqlType::Date, Value::Text(text)) => format!("DATE '{text}'"),
        (SqlType::Timestamp { utc: false, .. }, Value::Text(text)) => format!("TIMESTAMP '{text}'"),
        (SqlType::Timestamp { utc: true, .. }, Value::Text(text)) => format!("TIMESTAMPTZ '{text}'"),
        (SqlType::Decimal, Value::Text(text)) => {
            let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            format!("CAST('{text}' AS DECIMAL(38, {scale}))")
        }
        (_, Value::Text(text)) => literal(text),
        (_, other) => other.to_string(),
    }
}
