//! Columns whose order inside a value is the writer's hash map's business: they are compared as sets.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::Result;
use super::roaring64;
use super::value::{Row, Value};

/// How a column's values are brought to one form before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetLike {
    /// Lists of this nesting depth (0: the value itself) are sorted.
    List { depth: u32 },
    /// Hex bytes of a 64-bit roaring bitmap become its numbers.
    Roaring64 { depth: u32 },
}

impl SetLike {
    /// Brings one column of rows to the form in which they are compared.
    pub fn apply_to_column(self, position: usize, rows: &mut [Row]) {
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(position)) {
            let value = std::mem::replace(cell, Value::Null);
            *cell = self.apply(value);
        }
    }

    fn apply(self, value: Value) -> Value {
        match (self, value) {
            (Self::List { depth: 0 }, Value::List(mut items)) => {
                items.sort_unstable();
                Value::List(items)
            }
            (Self::Roaring64 { depth: 0 }, Value::Text(hex)) => match decode_hex(&hex) {
                Some(numbers) => {
                    Value::List(numbers.into_iter().map(|number| Value::Integer(number.into())).collect())
                }
                None => Value::Text(hex),
            },
            (Self::List { depth }, Value::List(items)) if depth > 0 => {
                let inner = Self::List { depth: depth - 1 };
                Value::List(items.into_iter().map(|item| inner.apply(item)).collect())
            }
            (Self::Roaring64 { depth }, Value::List(items)) if depth > 0 => {
                let inner = Self::Roaring64 { depth: depth - 1 };
                Value::List(items.into_iter().map(|item| inner.apply(item)).collect())
            }
            (_, other) => other,
        }
    }
}

fn decode_hex(hex: &str) -> Option<Vec<u64>> {
    let digits = hex.as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> = digits
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    roaring64::numbers(&bytes?).ok()
}

/// Which columns of a Paimon table are compared as sets, by the options of its newest schema:
/// `collect` with `distinct`, nested tables with a key, 64-bit bitmaps.
///
/// `object` may be `t$binlog`, which wraps every column in a list of row images.
pub fn of_paimon_table(table: &Path, object: &str) -> Result<Vec<(String, SetLike)>> {
    let depth = u32::from(object.ends_with("$binlog"));
    let options = newest_options(&table.join("schema"))?;
    let text = |key: &str| options.get(key).and_then(Json::as_str);
    let mut found = Vec::new();
    for (key, function) in &options {
        let Some(column) = key.strip_prefix("fields.").and_then(|k| k.strip_suffix(".aggregate-function"))
        else {
            continue;
        };
        let rule = match function.as_str() {
            Some("collect") if text(&format!("fields.{column}.distinct")) == Some("true") => {
                SetLike::List { depth }
            }
            Some("nested_update" | "nested_partial_update")
                if text(&format!("fields.{column}.nested-key")).is_some() =>
            {
                SetLike::List { depth }
            }
            Some("rbm64") => SetLike::Roaring64 { depth },
            _ => continue,
        };
        found.push((column.to_owned(), rule));
    }
    Ok(found)
}

fn newest_options(schemas: &Path) -> Result<Map<String, Json>> {
    let mut newest: Option<(u64, std::path::PathBuf)> = None;
    for entry in fs::read_dir(schemas)? {
        let path = entry?.path();
        let id =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("schema-"));
        let Some(id) = id.and_then(|id| id.parse().ok()) else { continue };
        if newest.as_ref().is_none_or(|(seen, _)| id > *seen) {
            newest = Some((id, path));
        }
    }
    let Some((_, path)) = newest else { return Ok(Map::new()) };
    let schema: Json = serde_json::from_slice(&fs::read(path)?)?;
    Ok(schema.get("options").and_then(Json::as_object).cloned().unwrap_or_default())
}
