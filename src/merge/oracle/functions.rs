//! Aggregate functions over plain values, after the classes of Java's `mergetree.compact.aggregate`.

use super::values::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Function {
    LastValue,
    LastNonNullValue,
    FirstValue,
    FirstNonNullValue,
    PrimaryKey,
    Min,
    Max,
    BoolAnd,
    BoolOr,
    /// Of integers between two bounds, of floats, or of decimals.
    Sum(Numbers),
    Product(Numbers),
    ListAgg {
        delimiter: String,
        distinct: bool,
    },
    /// `bytes`: elements are bytes, which Java tells apart by identity unless distinct; `nested`:
    /// elements are nested.
    Collect {
        distinct: bool,
        bytes: bool,
        nested: bool,
    },
    MergeMap,
    MergeMapWithKeyTime {
        time: usize,
    },
    NestedUpdate {
        key: Vec<usize>,
        sequence: Vec<usize>,
        limit: usize,
        nulls: Nulls,
    },
    NestedPartialUpdate {
        key: Vec<usize>,
        nulls: Nulls,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numbers {
    Integer { least: i64, most: i64 },
    Floating,
    Decimal { precision: u8, scale: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Nulls {
    Merge,
    Ignore,
    Error,
}

/// A function with the state that Java's objects keep between calls.
#[derive(Debug, Clone)]
pub(super) struct Aggregator {
    pub(super) function: Function,
    pub(super) ignore_retract: bool,
    initialized: bool,
}

pub(super) type Outcome = Result<Value, String>;

impl Aggregator {
    pub(super) fn new(function: Function, ignore_retract: bool) -> Self {
        Self { function, ignore_retract, initialized: false }
    }

    pub(super) fn reset(&mut self) {
        self.initialized = false;
    }

    pub(super) fn agg(&mut self, acc: Value, input: Value) -> Outcome {
        use Function::*;
        let both = !acc.is_null() && !input.is_null();
        let either = |acc: Value, input: Value| if acc.is_null() { input } else { acc };
        Ok(match &self.function {
            LastValue | PrimaryKey => input,
            LastNonNullValue => either(input, acc),
            FirstValue if self.initialized => acc,
            FirstNonNullValue if self.initialized || input.is_null() => acc,
            FirstValue | FirstNonNullValue => {
                self.initialized = true;
                input
            }
            NestedUpdate { .. } | NestedPartialUpdate { .. } if input.is_null() => acc,
            NestedUpdate { key, limit, .. } if key.is_empty() => append(acc, input, *limit),
            NestedUpdate { key, sequence, limit, nulls } => {
                upsert(acc, input, key, sequence, *limit, *nulls)?
            }
            NestedPartialUpdate { key, nulls } => partial_upsert(acc, input, key, *nulls)?,
            ListAgg { delimiter, distinct } => list_agg(acc, input, delimiter, *distinct),
            Collect { distinct: true, bytes, nested } if !(acc.is_null() && input.is_null()) => {
                collect_distinct(acc, input, *bytes || *nested)
            }
            _ if !both => either(acc, input),
            Min => {
                if acc.compare(&input).is_lt() {
                    acc
                } else {
                    input
                }
            }
            Max => {
                if acc.compare(&input).is_lt() {
                    input
                } else {
                    acc
                }
            }
            BoolAnd => Value::Bool(acc == Value::Bool(true) && input == Value::Bool(true)),
            BoolOr => Value::Bool(acc == Value::Bool(true) || input == Value::Bool(true)),
            Sum(numbers) => numbers.add(acc, input)?,
            Product(numbers) => numbers.multiply(acc, input)?,
            Collect { .. } => Value::List([acc.items(), input.items()].concat()),
            MergeMap => {
                let mut merged = acc.entries().to_vec();
                input.entries().iter().for_each(|entry| put(&mut merged, entry));
                Value::Map(merged)
            }
            MergeMapWithKeyTime { time } => merge_by_time(acc, input, *time),
        })
    }

    pub(super) fn agg_reversed(&mut self, acc: Value, input: Value) -> Outcome {
        if matches!(self.function, Function::Collect { .. }) && !self.ignore_retract {
            return self.agg(acc, input);
        }
        self.agg(input, acc)
    }

    pub(super) fn retract(&mut self, acc: Value, input: Value) -> Outcome {
        use Function::*;
        if self.ignore_retract {
            return Ok(acc);
        }
        let both = !acc.is_null() && !input.is_null();
        Ok(match &self.function {
            LastValue => Value::Null,
            LastNonNullValue => {
                if input.is_null() {
                    acc
                } else {
                    Value::Null
                }
            }
            PrimaryKey => input,
            Sum(numbers) if acc.is_null() && !input.is_null() => numbers.negate(input)?,
            Sum(_) | Product(_) | Collect { .. } | MergeMap | NestedUpdate { .. } if !both => acc,
            Sum(numbers) => numbers.subtract(acc, input)?,
            Product(numbers) => numbers.divide(acc, input)?,
            Collect { .. } if input.items().is_empty() => acc,
            Collect { distinct: false, bytes: true, .. } => acc,
            Collect { distinct: false, nested: true, .. } if !acc.items().is_empty() => {
                return Err("nested elements have no equality".to_owned());
            }
            Collect { .. } => {
                let mut taken = input.items().to_vec();
                let rest = acc.items().iter().filter(|element| {
                    let place = taken.iter().position(|other| other == *element);
                    place.map(|place| taken.remove(place)).is_none()
                });
                Value::List(rest.cloned().collect())
            }
            MergeMap => {
                let gone = |key: &Value| input.entries().iter().any(|(other, _)| other == key);
                Value::Map(acc.entries().iter().filter(|(key, _)| !gone(key)).cloned().collect())
            }
            NestedUpdate { key, .. } if key.is_empty() => {
                let rest = acc.items().iter().filter(|row| !row.is_null() && !input.items().contains(row));
                Value::List(rest.cloned().collect())
            }
            NestedUpdate { key, nulls, .. } => {
                let mut table: Vec<(Vec<Value>, Value)> = Vec::new();
                for row in allowed(acc.items(), key, *nulls)? {
                    replace(&mut table, key_of(row, key), row.clone());
                }
                for row in allowed(input.items(), key, *nulls)? {
                    table.retain(|(present, _)| *present != key_of(row, key));
                }
                Value::List(table.into_iter().map(|(_, row)| row).collect())
            }
            _ => return Err("no retraction".to_owned()),
        })
    }
}

impl Numbers {
    fn add(self, a: Value, b: Value) -> Outcome {
        match (self, a, b) {
            (Self::Integer { least, most }, Value::Int(a), Value::Int(b)) => {
                exact(i128::from(a) + i128::from(b), least, most)
            }
            (Self::Decimal { precision, .. }, Value::Decimal(a), Value::Decimal(b)) => {
                Ok(decimal_sum(a + b, precision))
            }
            (_, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a + b)),
            (_, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
            other => panic!("{other:?}"),
        }
    }

    fn subtract(self, a: Value, b: Value) -> Outcome {
        match (self, a, b) {
            (Self::Integer { least, most }, Value::Int(a), Value::Int(b)) => {
                exact(i128::from(a) - i128::from(b), least, most)
            }
            (Self::Decimal { precision, .. }, Value::Decimal(a), Value::Decimal(b)) => {
                Ok(decimal_sum(a - b, precision))
            }
            (_, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a - b)),
            (_, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
            other => panic!("{other:?}"),
        }
    }

    fn negate(self, a: Value) -> Outcome {
        match (self, a) {
            (Self::Integer { least, most }, Value::Int(a)) => exact(-i128::from(a), least, most),
            (_, Value::Decimal(a)) => Ok(Value::Decimal(-a)),
            (_, Value::Float(a)) => Ok(Value::Float(-a)),
            (_, Value::Double(a)) => Ok(Value::Double(-a)),
            other => panic!("{other:?}"),
        }
    }

    fn multiply(self, a: Value, b: Value) -> Outcome {
        match (self, a, b) {
            (Self::Integer { least, most }, Value::Int(a), Value::Int(b)) => {
                exact(i128::from(a) * i128::from(b), least, most)
            }
            (Self::Decimal { precision, scale }, Value::Decimal(a), Value::Decimal(b)) => {
                // Beyond 128 bits the product has too many digits at any scale that is tried here.
                Ok(a.checked_mul(b)
                    .map_or(Value::Null, |product| rounded(product, 10_i128.pow(scale.into()), precision)))
            }
            (_, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a * b)),
            (_, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
            other => panic!("{other:?}"),
        }
    }

    fn divide(self, a: Value, b: Value) -> Outcome {
        match (self, a, b) {
            (Self::Integer { .. }, Value::Int(_), Value::Int(0)) => Err("division by zero".to_owned()),
            (Self::Integer { least, most }, Value::Int(a), Value::Int(b)) => {
                exact(i128::from(a) / i128::from(b), least, most)
            }
            (_, Value::Decimal(_), Value::Decimal(0)) => Err("division by zero".to_owned()),
            (Self::Decimal { precision, scale }, Value::Decimal(a), Value::Decimal(b)) => {
                // A quotient of so few digits ends within 80 of them or never.
                let mut rest = a.unsigned_abs() % b.unsigned_abs();
                for _ in 0..80 {
                    rest = rest * 10 % b.unsigned_abs();
                }
                if rest != 0 {
                    return Err("no exact quotient".to_owned());
                }
                Ok(rounded(a * 10_i128.pow(scale.into()), b, precision))
            }
            (_, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a / b)),
            (_, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
            other => panic!("{other:?}"),
        }
    }
}

fn exact(result: i128, least: i64, most: i64) -> Outcome {
    let fits = (i128::from(least)..=i128::from(most)).contains(&result);
    if fits { Ok(Value::Int(result as i64)) } else { Err("overflow".to_owned()) }
}

fn decimal_sum(sum: i128, precision: u8) -> Value {
    let fits = if precision <= 18 {
        i64::try_from(sum).is_ok() || sum.unsigned_abs() < 10_u128.pow(precision.into())
    } else {
        sum.unsigned_abs() < 10_u128.pow(precision.into())
    };
    if fits { Value::Decimal(sum) } else { Value::Null }
}

/// `dividend / divisor` to the nearest, halves away from zero.
fn rounded(dividend: i128, divisor: i128, precision: u8) -> Value {
    let sign = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
    let (dividend, divisor) = (dividend.unsigned_abs(), divisor.unsigned_abs());
    let value = (dividend + divisor / 2) / divisor;
    if value < 10_u128.pow(precision.into()) { Value::Decimal(value as i128 * sign) } else { Value::Null }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.text().chars().all(char::is_whitespace)
}

fn list_agg(acc: Value, input: Value, delimiter: &str, distinct: bool) -> Value {
    if is_blank(&input) {
        return acc;
    }
    if is_blank(&acc) {
        return input;
    }
    let mut text = acc.text().to_owned();
    if !distinct {
        return Value::Text(text + delimiter + input.text());
    }
    let mut tokens: Vec<String> = text.split(delimiter).map(str::to_owned).collect();
    for token in input.text().split(delimiter) {
        if token.trim().is_empty() || tokens.iter().any(|known| known == token) {
            continue;
        }
        tokens.push(token.to_owned());
        text = text + delimiter + token;
    }
    Value::Text(text)
}

fn collect_distinct(acc: Value, input: Value, equaliser: bool) -> Value {
    let mut list = Vec::new();
    let items = |value: &Value| if value.is_null() { Vec::new() } else { value.items().to_vec() };
    for element in items(&acc) {
        if equaliser || !list.contains(&element) {
            list.push(element);
        }
    }
    for element in items(&input) {
        if !list.contains(&element) {
            list.push(element);
        }
    }
    Value::List(list)
}

fn put(map: &mut Vec<(Value, Value)>, entry: &(Value, Value)) {
    match map.iter_mut().find(|(key, _)| *key == entry.0) {
        Some(present) => present.1 = entry.1.clone(),
        None => map.push(entry.clone()),
    }
}

fn merge_by_time(acc: Value, input: Value, time: usize) -> Value {
    let mut merged = acc.entries().to_vec();
    for entry in input.entries() {
        let (key, row) = entry;
        if row.is_null() {
            merged.retain(|(present, _)| present != key);
            continue;
        }
        let new = &row.items()[time];
        if new.is_null() {
            continue;
        }
        let present = merged.iter().find(|(present, _)| present == key).map(|(_, row)| row.clone());
        match present {
            None | Some(Value::Null) => put(&mut merged, entry),
            Some(old) => {
                let old = &old.items()[time];
                let units = |text: &Value| text.text().encode_utf16().collect::<Vec<_>>();
                if old.is_null() || units(new) > units(old) {
                    put(&mut merged, entry);
                }
            }
        }
    }
    Value::Map(merged)
}

fn append(acc: Value, input: Value, limit: usize) -> Value {
    let rows = |list: &Value| list.items().iter().filter(|row| !row.is_null()).cloned().collect::<Vec<_>>();
    if acc.is_null() {
        return Value::List(rows(&input).into_iter().take(limit).collect());
    }
    if acc.items().len() >= limit {
        return acc;
    }
    let room = limit - acc.items().len();
    Value::List(rows(&acc).into_iter().chain(rows(&input).into_iter().take(room)).collect())
}

fn key_of(row: &Value, key: &[usize]) -> Vec<Value> {
    key.iter().map(|field| row.items()[*field].clone()).collect()
}

/// The rows that are no null and have a key that takes part.
fn allowed<'v>(rows: &'v [Value], key: &[usize], nulls: Nulls) -> Result<Vec<&'v Value>, String> {
    let mut kept = Vec::new();
    for row in rows.iter().filter(|row| !row.is_null()) {
        let any_null = key_of(row, key).iter().any(Value::is_null);
        match nulls {
            Nulls::Ignore if any_null => {}
            Nulls::Error if any_null => return Err("null in the nested key".to_owned()),
            _ => kept.push(row),
        }
    }
    Ok(kept)
}

fn replace(table: &mut Vec<(Vec<Value>, Value)>, key: Vec<Value>, row: Value) {
    match table.iter_mut().find(|(present, _)| *present == key) {
        Some(present) => present.1 = row,
        None => table.push((key, row)),
    }
}

fn upsert(
    acc: Value,
    input: Value,
    key: &[usize],
    sequence: &[usize],
    limit: usize,
    nulls: Nulls,
) -> Outcome {
    let mut table: Vec<(Vec<Value>, Value)> = Vec::new();
    for (list, limited) in [(&acc, false), (&input, true)] {
        if list.is_null() {
            continue;
        }
        for row in allowed(list.items(), key, nulls)? {
            let row_key = key_of(row, key);
            let present = table.iter().find(|(present, _)| *present == row_key).map(|(_, row)| row.clone());
            let put = match present {
                Some(old) => {
                    let orders =
                        sequence.iter().map(|field| row.items()[*field].nulls_first(&old.items()[*field]));
                    orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).is_ge()
                }
                None => !limited || table.len() < limit,
            };
            if put {
                replace(&mut table, row_key, row.clone());
            }
        }
    }
    Ok(Value::List(table.into_iter().map(|(_, row)| row).collect()))
}

fn partial_upsert(acc: Value, input: Value, key: &[usize], nulls: Nulls) -> Outcome {
    let mut table: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    for list in [&acc, &input].into_iter().filter(|list| !list.is_null()) {
        for row in allowed(list.items(), key, nulls)? {
            let row_key = key_of(row, key);
            if !table.iter().any(|(present, _)| *present == row_key) {
                table.push((row_key.clone(), vec![Value::Null; row.items().len()]));
            }
            let (_, fields) = table.iter_mut().find(|(present, _)| *present == row_key).unwrap();
            for (field, value) in fields.iter_mut().zip(row.items()).filter(|(_, value)| !value.is_null()) {
                *field = value.clone();
            }
        }
    }
    Ok(Value::List(table.into_iter().map(|(_, fields)| Value::Row(fields)).collect()))
}
