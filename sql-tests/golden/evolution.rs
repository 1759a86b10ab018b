//! Rows of an older schema as rows of a newer one, by the field ids of an Iceberg table's own metadata.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::golden_set::Result;
use crate::golden_set::value::{Row, Value};

/// The schemas of a table's newest metadata, and those of its snapshots.
pub struct Schemas(Json);

impl Schemas {
    /// Reads the newest metadata file in a table's folder.
    pub fn read(table: &Path) -> Result<Self> {
        let mut newest: Option<(u64, Json)> = None;
        for entry in fs::read_dir(table.join("metadata"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number: String =
                name.trim_start_matches('v').chars().take_while(char::is_ascii_digit).collect();
            let (Ok(number), true) = (number.parse(), name.ends_with(".metadata.json")) else { continue };
            if newest.as_ref().is_none_or(|(known, _)| number > *known) {
                newest = Some((number, serde_json::from_slice(&fs::read(&path)?)?));
            }
        }
        Ok(Self(newest.ok_or("a table without metadata")?.1))
    }

    /// The schema of a snapshot.
    fn of(&self, snapshot: &str) -> Result<&Json> {
        let snapshot: i64 = snapshot.parse()?;
        let listed = |name: &str| self.0[name].as_array().into_iter().flatten();
        let found = listed("snapshots").find(|listed| listed["snapshot-id"] == snapshot);
        let id = &found.ok_or("a snapshot that is not listed")?["schema-id"];
        listed("schemas")
            .find(|schema| schema["schema-id"] == *id)
            .ok_or_else(|| "a snapshot without schema".into())
    }

    /// Rows of one snapshot as rows under the schema of another.
    pub fn project(&self, rows: Vec<Row>, from: &str, to: &str) -> Result<Vec<Row>> {
        let (from, to) = (self.of(from)?, self.of(to)?);
        let rows = rows.into_iter().map(|row| {
            let fields = fields(from)?.iter().zip(row).map(|(field, value)| Ok((name(field)?, value)));
            match projected(&Value::Row(fields.collect::<Result<_>>()?), from, to)? {
                Value::Row(fields) => Ok(fields.into_iter().map(|(_, value)| value).collect()),
                _ => Err("a row that is none".into()),
            }
        });
        rows.collect()
    }
}

fn fields(row: &Json) -> Result<&Vec<Json>> {
    row["fields"].as_array().ok_or_else(|| "a row without fields".into())
}

fn name(field: &Json) -> Result<String> {
    Ok(field["name"].as_str().ok_or("a field without a name")?.to_owned())
}

fn projected(value: &Value, from: &Json, to: &Json) -> Result<Value> {
    Ok(match (value, from["type"].as_str(), to["type"].as_str()) {
        (Value::Null, ..) => Value::Null,
        (Value::Row(values), Some("struct"), Some("struct")) => {
            let known = fields(from)?;
            // A row of which nothing is left is none.
            let is_kept = |field: &Json| known.iter().any(|known| known["id"] == field["id"]);
            if !fields(to)?.iter().any(is_kept) {
                return Ok(Value::Null);
            }
            let projected = fields(to)?.iter().map(|field| {
                let place = known.iter().position(|known| known["id"] == field["id"]);
                let value = match place.and_then(|place| Some((known.get(place)?, values.get(place)?))) {
                    Some((known, (_, value))) => projected(value, &known["type"], &field["type"])?,
                    None => default(field)?,
                };
                Ok((name(field)?, value))
            });
            Value::Row(projected.collect::<Result<_>>()?)
        }
        (Value::List(items), Some("list"), Some("list")) => {
            let items = items.iter().map(|item| projected(item, &from["element"], &to["element"]));
            Value::List(items.collect::<Result<_>>()?)
        }
        (Value::List(entries), Some("map"), Some("map")) => {
            let entries = entries.iter().map(|entry| match entry {
                Value::List(pair) if pair.len() == 2 => Ok((
                    projected(&pair[0], &from["key"], &to["key"])?,
                    projected(&pair[1], &from["value"], &to["value"])?,
                )),
                _ => Err("an entry that is no pair".into()),
            });
            Value::map(entries.collect::<Result<Vec<_>>>()?)
        }
        (Value::Float(bits), ..) if *to == "double" => Value::double(f32::from_bits(*bits).into()),
        (value, None, None) => value.clone(),
        _ => return Err(format!("{from} as {to}").into()),
    })
}

/// What stands in rows that are older than a field.
fn default(field: &Json) -> Result<Value> {
    let default = &field["initial-default"];
    Ok(match (default, field["type"].as_str()) {
        (Json::Null, _) => Value::Null,
        (Json::Bool(value), Some("boolean")) => Value::Boolean(*value),
        (Json::Number(value), Some("int" | "long")) => {
            Value::Integer(value.as_i64().ok_or("a default that is no number")?.into())
        }
        (Json::Number(value), Some("double")) => {
            Value::double(value.as_f64().ok_or("a default that is no number")?)
        }
        (Json::String(text), Some("string" | "date")) => Value::Text(text.clone()),
        _ => return Err(format!("the default of {field}").into()),
    })
}
