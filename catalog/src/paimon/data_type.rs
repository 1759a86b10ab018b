//! Column types as Paimon's schema files write them.
//!
//! Atomic types are text (`DECIMAL(10, 2) NOT NULL`), nested ones JSON objects whose `type` says the
//! constructor and the nullability. (paimon-format section 3)

use serde_json::Value as Json;

use crate::schema::SchemaField;
use crate::types::{LogicalType, UNBOUNDED_LENGTH};

/// A type and whether it admits null.
pub type NullableType = (LogicalType, bool);

/// Why a type cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeError {
    /// Well formed, but Tarn does not know it.
    Unknown(String),
    /// Not what a schema file can hold.
    Malformed(String),
}

type Parsed<T> = Result<T, TypeError>;

/// Deeper nesting is refused rather than recursed into.
const MAX_DEPTH: usize = 64;
/// Vectors longer than this are a mistake of the file.
const MAX_VECTOR: u64 = 1 << 24;

/// A type alone.
pub fn parse_type(json: &Json) -> Parsed<NullableType> {
    nested(json, 0)
}

fn nested(json: &Json, depth: usize) -> Parsed<NullableType> {
    if depth > MAX_DEPTH {
        return Err(TypeError::Malformed("the type nests too deeply".into()));
    }
    let text = match json {
        Json::String(text) => return atomic(text),
        json => json.get("type").and_then(Json::as_str),
    };
    let text = text.ok_or_else(|| TypeError::Malformed(format!("{json} is no type")))?;
    let nullable = !text.contains("NOT NULL");
    let part = |name: &str| match json.get(name) {
        Some(part) => nested(part, depth + 1),
        None => Err(TypeError::Malformed(format!("{text} without \"{name}\""))),
    };
    let constructor = text.split([' ', '<', '(']).next().unwrap_or_default();
    let data_type = match constructor {
        "ARRAY" => {
            let (element, element_nullable) = part("element")?;
            LogicalType::Array { element: Box::new(element), element_nullable }
        }
        "MULTISET" => LogicalType::Multiset { element: Box::new(part("element")?.0) },
        "MAP" => {
            let (value, value_nullable) = part("value")?;
            LogicalType::Map { key: Box::new(part("key")?.0), value: Box::new(value), value_nullable }
        }
        "VECTOR" => {
            LogicalType::Vector { element: Box::new(part("element")?.0), length: vector_length(json)? }
        }
        "ROW" => {
            let fields = json.get("fields").and_then(Json::as_array);
            let fields = fields.ok_or_else(|| TypeError::Malformed("ROW without \"fields\"".into()))?;
            let fields = fields.iter().map(|json| field(json, depth + 1));
            LogicalType::Row { fields: fields.collect::<Parsed<_>>()? }
        }
        _ => return Err(TypeError::Unknown(text.to_string())),
    };
    Ok((data_type, nullable))
}

fn vector_length(json: &Json) -> Parsed<u32> {
    let length = json.get("length").and_then(Json::as_u64).filter(|length| (1..=MAX_VECTOR).contains(length));
    let length = length.and_then(|length| u32::try_from(length).ok());
    length.ok_or_else(|| TypeError::Malformed("VECTOR without a sensible \"length\"".into()))
}

/// A column of a table or a field of a row.
pub fn parse_field(json: &Json) -> Parsed<SchemaField> {
    field(json, 0)
}

fn field(json: &Json, depth: usize) -> Parsed<SchemaField> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_string);
    let id = json.get("id").and_then(Json::as_i64).and_then(|id| i32::try_from(id).ok());
    let (Some(id), Some(name), Some(data_type)) = (id, text("name"), json.get("type")) else {
        return Err(TypeError::Malformed(format!("{json} is no field with id, name and type")));
    };
    let (data_type, nullable) = nested(data_type, depth)?;
    let (description, default_value) = (text("description"), text("defaultValue"));
    Ok(SchemaField { id, name, data_type, nullable, description, default_value })
}

fn atomic(text: &str) -> Parsed<NullableType> {
    let unknown = || TypeError::Unknown(text.to_string());
    let (name, parameters, suffix) = split(text).ok_or_else(unknown)?;
    let mut words: Vec<&str> = suffix.split_whitespace().collect();
    let nullable = match words.as_slice() {
        [.., "NOT", "NULL"] => {
            words.truncate(words.len() - 2);
            false
        }
        [.., "NULL"] => {
            words.truncate(words.len() - 1);
            true
        }
        _ => true,
    };
    let parameter = |default: u32, range: std::ops::RangeInclusive<u32>| match parameters.as_slice() {
        [] => Ok(default),
        [one] if range.contains(one) => Ok(*one),
        _ => Err(unknown()),
    };
    let length = |default| parameter(default, 1..=UNBOUNDED_LENGTH);
    let precision = |default| parameter(default, 0..=9).map(|precision| precision as u8);
    let bare = |data_type| if parameters.is_empty() { Ok(data_type) } else { Err(unknown()) };
    let data_type = match (name.as_str(), words.as_slice()) {
        ("CHAR", []) => LogicalType::Char { length: length(1)? },
        ("VARCHAR", []) => LogicalType::Varchar { length: length(1)? },
        ("STRING", []) => bare(LogicalType::STRING)?,
        ("BOOLEAN", []) => bare(LogicalType::Boolean)?,
        ("BINARY", []) => LogicalType::Binary { length: length(1)? },
        ("VARBINARY", []) => LogicalType::Varbinary { length: length(1)? },
        ("BYTES", []) => bare(LogicalType::BYTES)?,
        ("DECIMAL" | "NUMERIC" | "DEC", []) => decimal(&parameters).ok_or_else(unknown)?,
        ("TINYINT", []) => bare(LogicalType::TinyInt)?,
        ("SMALLINT", []) => bare(LogicalType::SmallInt)?,
        ("INT" | "INTEGER", []) => bare(LogicalType::Int)?,
        ("BIGINT", []) => bare(LogicalType::BigInt)?,
        ("FLOAT", []) => bare(LogicalType::Float)?,
        ("DOUBLE", [] | ["PRECISION"]) => bare(LogicalType::Double)?,
        ("DATE", []) => bare(LogicalType::Date)?,
        ("TIME", [] | ["WITHOUT", "TIME", "ZONE"]) => LogicalType::Time { precision: precision(0)? },
        ("TIMESTAMP", [] | ["WITHOUT", "TIME", "ZONE"]) => {
            LogicalType::Timestamp { precision: precision(6)? }
        }
        ("TIMESTAMP", ["WITH", "LOCAL", "TIME", "ZONE"]) | ("TIMESTAMP_LTZ", []) => {
            LogicalType::TimestampLtz { precision: precision(6)? }
        }
        ("VARIANT", []) => bare(LogicalType::Variant)?,
        ("BLOB", []) => bare(LogicalType::Blob)?,
        _ => return Err(unknown()),
    };
    Ok((data_type, nullable))
}

fn decimal(parameters: &[u32]) -> Option<LogicalType> {
    let (precision, scale) = match parameters {
        [] => (10, 0),
        [precision] => (*precision, 0),
        [precision, scale] => (*precision, *scale),
        _ => return None,
    };
    if !(1..=38).contains(&precision) || scale > precision {
        return None;
    }
    Some(LogicalType::Decimal { precision: precision as u8, scale: scale as i8 })
}

/// `NAME(p, ...) SUFFIX`, keywords in upper case.
fn split(text: &str) -> Option<(String, Vec<u32>, String)> {
    let text = text.trim();
    let name_end = text.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let rest = rest.trim_start();
    let (parameters, suffix) = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?,
        None => ("", rest),
    };
    let parameters = match parameters.trim() {
        "" => Vec::new(),
        list => list.split(',').map(|one| one.trim().parse().ok()).collect::<Option<_>>()?,
    };
    Some((name.to_ascii_uppercase(), parameters, suffix.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn parse(json: Json) -> NullableType {
        parse_type(&json).unwrap()
    }

    #[test]
    fn atomic_types_are_read_in_every_spelling() {
        for (text, expected) in [
            ("INT NOT NULL", (LogicalType::Int, false)),
            ("integer null", (LogicalType::Int, true)),
            ("STRING", (LogicalType::STRING, true)),
            ("VARCHAR(2147483647)", (LogicalType::STRING, true)),
            ("VARBINARY(2147483647) NOT NULL", (LogicalType::BYTES, false)),
            ("DECIMAL(12, 3)", (LogicalType::Decimal { precision: 12, scale: 3 }, true)),
            ("DEC", (LogicalType::Decimal { precision: 10, scale: 0 }, true)),
            ("DOUBLE PRECISION", (LogicalType::Double, true)),
            ("TIME(3) WITHOUT TIME ZONE", (LogicalType::Time { precision: 3 }, true)),
            ("TIMESTAMP", (LogicalType::Timestamp { precision: 6 }, true)),
            ("TIMESTAMP(9) NOT NULL", (LogicalType::Timestamp { precision: 9 }, false)),
            ("TIMESTAMP(3) WITH LOCAL TIME ZONE", (LogicalType::TimestampLtz { precision: 3 }, true)),
            ("TIMESTAMP_LTZ(0)", (LogicalType::TimestampLtz { precision: 0 }, true)),
            ("VARIANT", (LogicalType::Variant, true)),
        ] {
            assert_eq!(parse(json!(text)), expected, "{text}");
        }
    }

    #[test]
    fn nested_types_keep_nullability_and_field_ids() {
        let row = json!({"type": "ROW NOT NULL", "fields": [
            {"id": 7, "name": "a", "type": {"type": "ARRAY", "element": "INT NOT NULL"}},
            {"id": 8, "name": "m", "type": {"type": "MAP", "key": "STRING NOT NULL", "value": "BIGINT"}, "description": "d"},
        ]});
        let (LogicalType::Row { fields }, false) = parse(row) else { panic!("a row") };
        assert_eq!((fields[0].id, fields[1].id), (7, 8));
        let array = LogicalType::Array { element: Box::new(LogicalType::Int), element_nullable: false };
        assert_eq!(fields[0].data_type, array);
        assert_eq!(fields[1].description.as_deref(), Some("d"));
        let vector = parse(json!({"type": "VECTOR", "element": "FLOAT", "length": 4}));
        assert_eq!(vector.0, LogicalType::Vector { element: Box::new(LogicalType::Float), length: 4 });
    }

    #[test]
    fn types_that_are_not_known_are_named() {
        for text in
            ["GEOMETRY(OGC:CRS84)", "INTERVAL", "DECIMAL(40, 2)", "TIMESTAMP(12)", "INT(3)", "", "CHAR(0)"]
        {
            assert_eq!(parse_type(&json!(text)), Err(TypeError::Unknown(text.into())));
        }
        assert!(matches!(parse_type(&json!({"type": "ARRAY"})), Err(TypeError::Malformed(_))));
        assert!(matches!(parse_type(&json!(3)), Err(TypeError::Malformed(_))));
    }
}
