//! Answers: JSON rows, read by their SQL types.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Result;
use super::sql_type::SqlType;
use super::value::{Row, Value};

type Object<'a> = HashMap<String, &'a RawValue>;

/// The key under which rows carry their kind.
pub const KIND: &str = "_kind";

/// Reads the rows of an answer. `with_kind` puts the row kind before the columns.
pub fn rows(text: &str, columns: &[(String, SqlType)], with_kind: bool) -> Result<Vec<Row>> {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let object: Object = serde_json::from_str(line)?;
            let mut row = Vec::with_capacity(columns.len() + usize::from(with_kind));
            if with_kind {
                row.push(member(&object, KIND, &SqlType::Text)?);
            }
            for (name, column) in columns {
                row.push(member(&object, name, column)?);
            }
            Ok(row)
        })
        .collect()
}

fn member(object: &Object, name: &str, column: &SqlType) -> Result<Value> {
    let raw = object.get(name).ok_or_else(|| format!("an answer lacks {name:?}"))?;
    value(raw, column)
}

/// Numbers are parsed from their own text, so that an f32 is never rounded through an f64.
fn value(raw: &RawValue, column: &SqlType) -> Result<Value> {
    let text = raw.get();
    if text == "null" {
        return Ok(Value::Null);
    }
    Ok(match column {
        SqlType::Boolean => Value::Boolean(text.parse()?),
        SqlType::Integer => Value::Integer(text.parse()?),
        SqlType::Float => Value::float(text.trim_matches('"').parse()?),
        SqlType::Double => Value::double(text.trim_matches('"').parse()?),
        SqlType::List(element) => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::List(items.into_iter().map(|item| value(item, element)).collect::<Result<_>>()?)
        }
        SqlType::Map(key_type, value_type) => {
            let entries: Vec<(&RawValue, &RawValue)> = serde_json::from_str(text)?;
            let entries = entries.into_iter().map(|(k, v)| Ok((value(k, key_type)?, value(v, value_type)?)));
            Value::map(entries.collect::<Result<Vec<_>>>()?)
        }
        SqlType::Row(fields) => {
            let object: Object = serde_json::from_str(text)?;
            let fields = fields.iter().map(|(name, field)| Ok((name.clone(), member(&object, name, field)?)));
            Value::Row(fields.collect::<Result<_>>()?)
        }
        SqlType::Text
        | SqlType::Uuid
        | SqlType::Decimal
        | SqlType::Binary
        | SqlType::Date
        | SqlType::Time { .. }
        | SqlType::Timestamp { .. }
        | SqlType::Variant => Value::Text(serde_json::from_str(text)?),
    })
}
