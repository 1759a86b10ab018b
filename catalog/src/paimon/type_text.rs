//! Column types and fields as Paimon prints them: as SQL (`ARRAY<INT NOT NULL>`) and as the JSON of
//! schema files without white space.
//!
//! Both are made from the file's own JSON rather than from [`LogicalType`], which forgets what reading
//! does not need (the nullability of a map's keys, for one).

use serde_json::Value as Json;

use crate::paimon::data_type::parse_type;
use crate::types::{LogicalType, UNBOUNDED_LENGTH};

/// Deepest nesting that is printed; deeper schema files are refused when they are read.
const MAX_DEPTH: usize = 64;

/// A type as SQL.
pub fn sql(json: &Json) -> String {
    sql_type(json, 0)
}

fn sql_type(json: &Json, depth: usize) -> String {
    let Some(constructor) = json.get("type").and_then(Json::as_str).filter(|_| depth < MAX_DEPTH) else {
        return atomic(json);
    };
    let part = |name: &str| sql_type(json.get(name).unwrap_or(&Json::Null), depth + 1);
    let (name, nullability) = match constructor.strip_suffix(" NOT NULL") {
        Some(name) => (name, " NOT NULL"),
        None => (constructor, ""),
    };
    let parameters = match name {
        "MAP" => format!("{}, {}", part("key"), part("value")),
        "VECTOR" => format!("{}, {}", part("element"), json.get("length").unwrap_or(&Json::Null)),
        "ROW" => {
            let fields = json.get("fields").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            fields.iter().map(|field| sql_field(field, depth + 1)).collect::<Vec<_>>().join(", ")
        }
        _ => part("element"),
    };
    format!("{name}<{parameters}>{nullability}")
}

fn sql_field(json: &Json, depth: usize) -> String {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let name = text("name").unwrap_or_default().replace('`', "``");
    let mut sql = format!("`{name}` {}", sql_type(json.get("type").unwrap_or(&Json::Null), depth));
    if let Some(description) = text("description").filter(|description| !description.is_empty()) {
        sql.push_str(&format!(" COMMENT '{}'", description.replace('\'', "''")));
    }
    if let Some(default) = text("defaultValue") {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    sql
}

/// The fields of a schema as JSON.
pub fn fields_json(fields: &Json) -> String {
    let fields = fields.as_array().map(Vec::as_slice).unwrap_or_default();
    list(fields.iter().map(|field| field_json(field, 0)))
}

fn field_json(json: &Json, depth: usize) -> String {
    let mut members = vec![
        member("id", json.get("id").unwrap_or(&Json::Null).to_string()),
        member("name", json.get("name").unwrap_or(&Json::Null).to_string()),
        member("type", type_json(json.get("type").unwrap_or(&Json::Null), depth)),
    ];
    for name in ["description", "defaultValue"] {
        members.extend(json.get(name).filter(|value| !value.is_null()).map(|v| member(name, v.to_string())));
    }
    format!("{{{}}}", members.join(","))
}

fn type_json(json: &Json, depth: usize) -> String {
    if json.get("type").is_none() || depth >= MAX_DEPTH {
        return Json::from(atomic(json)).to_string();
    }
    let mut members = Vec::new();
    for name in ["type", "element", "key", "value", "length", "fields"] {
        let Some(part) = json.get(name) else { continue };
        let text = match (name, part.as_array()) {
            ("type" | "length", _) => part.to_string(),
            ("fields", Some(fields)) => list(fields.iter().map(|field| field_json(field, depth + 1))),
            _ => type_json(part, depth + 1),
        };
        members.push(member(name, text));
    }
    format!("{{{}}}", members.join(","))
}

fn member(name: &str, value: String) -> String {
    format!("\"{name}\":{value}")
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// An atomic type in the spelling that Paimon prints, whichever the file has; types that are not
/// known stay as they are.
fn atomic(json: &Json) -> String {
    let text = json.as_str().unwrap_or_default();
    match parse_type(json) {
        Ok((data_type, nullable)) => match atomic_name(&data_type) {
            Some(name) if nullable => name,
            Some(name) => format!("{name} NOT NULL"),
            None => text.to_string(),
        },
        Err(_) => text.to_string(),
    }
}

fn atomic_name(data_type: &LogicalType) -> Option<String> {
    use LogicalType as T;
    Some(match data_type {
        T::Boolean => "BOOLEAN".into(),
        T::TinyInt => "TINYINT".into(),
        T::SmallInt => "SMALLINT".into(),
        T::Int => "INT".into(),
        T::BigInt => "BIGINT".into(),
        T::Float => "FLOAT".into(),
        T::Double => "DOUBLE".into(),
        T::Decimal { precision, scale } => format!("DECIMAL({precision}, {scale})"),
        T::Char { length } => format!("CHAR({length})"),
        T::Varchar { length: UNBOUNDED_LENGTH } => "STRING".into(),
        T::Varchar { length } => format!("VARCHAR({length})"),
        T::Binary { length } => format!("BINARY({length})"),
        T::Varbinary { length: UNBOUNDED_LENGTH } => "BYTES".into(),
        T::Varbinary { length } => format!("VARBINARY({length})"),
        T::Date => "DATE".into(),
        T::Time { precision } => format!("TIME({precision})"),
        T::Timestamp { precision } => format!("TIMESTAMP({precision})"),
        T::TimestampLtz { precision } => format!("TIMESTAMP({precision}) WITH LOCAL TIME ZONE"),
        T::Variant => "VARIANT".into(),
        T::Blob => "BLOB".into(),
        // Types of other formats, and nested ones.
        T::TimeMicros
        | T::Uuid
        | T::Array { .. }
        | T::Map { .. }
        | T::Multiset { .. }
        | T::Row { .. }
        | T::Vector { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_types_print_as_sql() {
        let row = json!({"type": "ROW", "fields": [
            {"id": 1, "name": "a`b", "type": "INT NOT NULL", "description": "it's", "defaultValue": "7"},
            {"id": 2, "name": "m", "type": {"type": "MAP NOT NULL", "key": "STRING NOT NULL", "value": "INT"}},
        ]});
        let array = json!({"type": "ARRAY", "element": row});
        assert_eq!(
            sql(&array),
            "ARRAY<ROW<`a``b` INT NOT NULL COMMENT 'it''s' DEFAULT 7, \
             `m` MAP<STRING NOT NULL, INT> NOT NULL>>"
        );
        assert_eq!(sql(&json!({"type": "VECTOR", "element": "FLOAT", "length": 4})), "VECTOR<FLOAT, 4>");
        assert_eq!(sql(&json!("varchar(2147483647) not null")), "STRING NOT NULL");
        assert_eq!(sql(&json!("TIMESTAMP_LTZ")), "TIMESTAMP(6) WITH LOCAL TIME ZONE");
        assert_eq!(sql(&json!("GEOMETRY(OGC:CRS84)")), "GEOMETRY(OGC:CRS84)");
    }

    #[test]
    fn fields_print_as_the_json_of_schema_files() {
        let fields = json!([
            {"type": "DEC(10,2)", "name": "d \"q\"", "id": 4},
            {"description": "added", "id": 7, "name": "e", "type": {"element": "STRING", "type": "ARRAY"}},
            {"id": 8, "name": "r", "type": {"type": "ROW NOT NULL", "fields": [
                {"id": 9, "name": "x", "type": "INT"}]}},
        ]);
        assert_eq!(
            fields_json(&fields),
            r#"[{"id":4,"name":"d \"q\"","type":"DECIMAL(10, 2)"},"#.to_string()
                + r#"{"id":7,"name":"e","type":{"type":"ARRAY","element":"STRING"},"description":"added"},"#
                + r#"{"id":8,"name":"r","type":{"type":"ROW NOT NULL","fields":[{"id":9,"name":"x","type":"INT"}]}}]"#
        );
    }
}
