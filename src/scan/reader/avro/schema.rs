//! The schema in an Avro file's header.
//!
//! Names may be any text: the lake's column names are not held to Avro's rule of letters, digits and
//! underscores.

use std::collections::HashMap;

use serde_json::Value;

/// The deepest nesting that is followed.
const DEEPEST: usize = 64;

/// The most types that a schema may have once its named types are put in place of their names.
const MOST_TYPES: usize = 100_000;

/// A type as it is encoded, with what its logical type adds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AvroType {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    /// An int.
    Date,
    /// An int.
    TimeMillis,
    /// A long.
    TimeMicros,
    /// A long of seconds' thousandths, millionths or billionths (3, 6 or 9 digits), whatever the zone.
    Timestamp {
        digits: u8,
    },
    /// Big-endian two's complement in bytes, or in a fixed number of them.
    Decimal {
        precision: u8,
        scale: i8,
        size: Option<usize>,
    },
    Array(Box<AvroType>),
    /// Keys are strings.
    Map(Box<AvroType>),
    Record(Vec<AvroField>),
    /// A union with null, and at which of its two places null stands.
    Nullable {
        null_first: bool,
        inner: Box<AvroType>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AvroField {
    pub name: String,
    /// The `field-id` that some writers put beside a field.
    pub id: Option<i32>,
    pub data_type: AvroType,
}

/// Reads a schema; the reason why not otherwise.
pub(super) fn parse(json: &[u8]) -> Result<AvroType, String> {
    let value: Value =
        serde_json::from_slice(json).map_err(|error| format!("its schema is not JSON: {error}"))?;
    let mut parser = Parser { named: HashMap::new(), types: 0 };
    parser.parse(&value, "", 0)
}

struct Parser {
    /// Types by full name, each complete: a type within itself is not known yet when it is named.
    named: HashMap<String, AvroType>,
    types: usize,
}

impl Parser {
    fn parse(&mut self, value: &Value, namespace: &str, depth: usize) -> Result<AvroType, String> {
        if depth > DEEPEST {
            return Err("its schema is nested too deeply".to_owned());
        }
        match value {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(branches) => self.union(branches, namespace, depth),
            Value::Object(_) => {
                let ty = self.object(value, namespace, depth)?;
                self.count(&ty)?;
                Ok(ty)
            }
            _ => Err(format!("its schema has {value} where a type belongs")),
        }
    }

    /// Keeps named types that hold each other from growing without bound.
    fn count(&mut self, ty: &AvroType) -> Result<(), String> {
        self.types = self.types.saturating_add(size(ty));
        if self.types > MOST_TYPES { Err("its schema has too many types".to_owned()) } else { Ok(()) }
    }

    fn by_name(&mut self, name: &str, namespace: &str) -> Result<AvroType, String> {
        Ok(match name {
            "null" => AvroType::Null,
            "boolean" => AvroType::Boolean,
            "int" => AvroType::Int,
            "long" => AvroType::Long,
            "float" => AvroType::Float,
            "double" => AvroType::Double,
            "bytes" => AvroType::Bytes,
            "string" => AvroType::String,
            _ => {
                let known = self.named.get(&full_name(name, namespace)).or_else(|| self.named.get(name));
                let ty = known.cloned().ok_or_else(|| {
                    format!("its schema names the type {name}, which is not known there (or contains itself)")
                })?;
                self.count(&ty)?;
                ty
            }
        })
    }

    fn union(&mut self, branches: &[Value], namespace: &str, depth: usize) -> Result<AvroType, String> {
        let types = branches
            .iter()
            .map(|branch| self.parse(branch, namespace, depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        match <[_; 2]>::try_from(types) {
            Ok([AvroType::Null, inner]) => nullable(true, inner),
            Ok([inner, AvroType::Null]) => nullable(false, inner),
            _ => Err("its schema has a union that is not one type and null".to_owned()),
        }
    }

    fn object(&mut self, value: &Value, namespace: &str, depth: usize) -> Result<AvroType, String> {
        let kind = value.get("type").ok_or("its schema has a type without \"type\"")?;
        let Some(kind) = kind.as_str() else { return self.parse(kind, namespace, depth + 1) };
        let part =
            |name: &str| value.get(name).ok_or_else(|| format!("its schema has {kind} without {name}"));
        match kind {
            "array" => {
                let items = self.parse(part("items")?, namespace, depth + 1)?;
                // Items without bytes could be as many as a file likes to say.
                if shortest(&items) == 0 {
                    return Err("its schema has an array of items without bytes".to_owned());
                }
                Ok(AvroType::Array(Box::new(items)))
            }
            "map" => Ok(AvroType::Map(Box::new(self.parse(part("values")?, namespace, depth + 1)?))),
            "record" | "error" => {
                let name = full_name(text(part("name")?)?, own_namespace(value, namespace));
                let inner = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
                let fields =
                    part("fields")?.as_array().ok_or("its schema has a record whose fields are no list")?;
                let fields = fields
                    .iter()
                    .map(|field| self.field(field, &inner, depth + 1))
                    .collect::<Result<_, _>>()?;
                Ok(self.keep(name, AvroType::Record(fields)))
            }
            "enum" => {
                let name = full_name(text(part("name")?)?, own_namespace(value, namespace));
                let symbols = part("symbols")?.as_array().ok_or("its schema has an enum without symbols")?;
                let symbols =
                    symbols.iter().map(|symbol| text(symbol).map(str::to_owned)).collect::<Result<_, _>>()?;
                Ok(self.keep(name, AvroType::Enum(symbols)))
            }
            "fixed" => {
                let name = full_name(text(part("name")?)?, own_namespace(value, namespace));
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or("its schema has a fixed type without a size")?;
                let ty = logical(value, AvroType::Fixed(size))?;
                Ok(self.keep(name, ty))
            }
            primitive => {
                let ty = self.by_name(primitive, namespace)?;
                logical(value, ty)
            }
        }
    }

    fn keep(&mut self, name: String, ty: AvroType) -> AvroType {
        self.named.insert(name, ty.clone());
        ty
    }

    fn field(&mut self, value: &Value, namespace: &str, depth: usize) -> Result<AvroField, String> {
        let name = value.get("name").ok_or("its schema has a field without a name")?;
        let data_type = value.get("type").ok_or("its schema has a field without a type")?;
        let id = value.get("field-id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
        Ok(AvroField {
            name: text(name)?.to_owned(),
            id,
            data_type: self.parse(data_type, namespace, depth)?,
        })
    }
}

fn nullable(null_first: bool, inner: AvroType) -> Result<AvroType, String> {
    match inner {
        AvroType::Null | AvroType::Nullable { .. } => Err("its schema has a union of nulls".to_owned()),
        inner => Ok(AvroType::Nullable { null_first, inner: Box::new(inner) }),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("its schema has {value} where a name belongs"))
}

fn own_namespace<'a>(value: &'a Value, enclosing: &'a str) -> &'a str {
    value.get("namespace").and_then(Value::as_str).unwrap_or(enclosing)
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// Applies a logical type to the type that carries it; one that does not fit is ignored, as the
/// Avro specification asks.
fn logical(value: &Value, ty: AvroType) -> Result<AvroType, String> {
    let Some(name) = value.get("logicalType").and_then(Value::as_str) else { return Ok(ty) };
    Ok(match (name, ty) {
        ("date", AvroType::Int) => AvroType::Date,
        ("time-millis", AvroType::Int) => AvroType::TimeMillis,
        ("time-micros", AvroType::Long) => AvroType::TimeMicros,
        ("timestamp-millis" | "local-timestamp-millis", AvroType::Long) => AvroType::Timestamp { digits: 3 },
        ("timestamp-micros" | "local-timestamp-micros", AvroType::Long) => AvroType::Timestamp { digits: 6 },
        ("timestamp-nanos" | "local-timestamp-nanos", AvroType::Long) => AvroType::Timestamp { digits: 9 },
        ("decimal", AvroType::Bytes) => decimal(value, None)?,
        ("decimal", AvroType::Fixed(size)) => decimal(value, Some(size))?,
        (_, ty) => ty,
    })
}

fn decimal(value: &Value, size: Option<usize>) -> Result<AvroType, String> {
    let number =
        |name: &str| value.get(name).and_then(Value::as_u64).and_then(|number| u8::try_from(number).ok());
    let precision = number("precision").filter(|precision| (1..=38).contains(precision));
    let precision = precision.ok_or("its schema has a decimal of no or over 38 digits")?;
    let scale = number("scale").unwrap_or(0);
    let scale = i8::try_from(scale).ok().filter(|_| scale <= precision);
    let scale = scale.ok_or("its schema has a decimal with more places than digits")?;
    Ok(AvroType::Decimal { precision, scale, size })
}

/// Types in a type, itself included.
fn size(ty: &AvroType) -> usize {
    match ty {
        AvroType::Array(inner) | AvroType::Map(inner) | AvroType::Nullable { inner, .. } => 1 + size(inner),
        AvroType::Record(fields) => 1 + fields.iter().map(|field| size(&field.data_type)).sum::<usize>(),
        _ => 1,
    }
}

/// Bytes that the shortest value of a type takes.
fn shortest(ty: &AvroType) -> usize {
    match ty {
        AvroType::Null => 0,
        AvroType::Fixed(size) | AvroType::Decimal { size: Some(size), .. } => *size,
        AvroType::Float => 4,
        AvroType::Double => 8,
        AvroType::Record(fields) => fields.iter().map(|field| shortest(&field.data_type)).sum(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn nullable(inner: AvroType) -> AvroType {
        AvroType::Nullable { null_first: true, inner: Box::new(inner) }
    }

    #[test]
    fn schemas_with_any_names_are_read() {
        let schema = parse(
            r#"{"type":"record","name":"record","namespace":"a.b","fields":[
                {"name":"größe €","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null},
                {"name":"t","type":{"type":"long","logicalType":"local-timestamp-micros"},"field-id":7},
                {"name":"m","type":["null",{"type":"array","items":{"type":"record","name":"kv","fields":[
                    {"name":"key","type":"int"},{"name":"value","type":["null","string"]}]},"logicalType":"map"}]},
                {"name":"again","type":"kv"},
                {"name":"d","type":{"type":"int","logicalType":"unheard-of"}}]}"#
                .as_bytes(),
        )
        .unwrap();
        let AvroType::Record(fields) = schema else { unreachable!() };
        let decimal = AvroType::Decimal { precision: 10, scale: 2, size: None };
        assert_eq!(
            fields[0],
            AvroField { name: "größe €".to_owned(), id: None, data_type: nullable(decimal) }
        );
        assert_eq!(fields[1].id, Some(7));
        assert_eq!(fields[1].data_type, AvroType::Timestamp { digits: 6 });
        let pair = AvroType::Record(vec![
            AvroField { name: "key".to_owned(), id: None, data_type: AvroType::Int },
            AvroField { name: "value".to_owned(), id: None, data_type: nullable(AvroType::String) },
        ]);
        assert_eq!(fields[2].data_type, nullable(AvroType::Array(Box::new(pair.clone()))));
        assert_eq!(fields[3].data_type, pair);
        assert_eq!(fields[4].data_type, AvroType::Int);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (json, reason) in [
            ("{", "not JSON"),
            (r#""nothing""#, "not known"),
            (r#"["int","string"]"#, "union"),
            (r#"["null","int","string"]"#, "union"),
            (
                r#"{"type":"record","name":"r","fields":[{"name":"x","type":["null","r"]}]}"#,
                "contains itself",
            ),
            (r#"{"type":"array","items":"null"}"#, "without bytes"),
            (r#"{"type":"bytes","logicalType":"decimal","precision":39}"#, "38"),
            ("3", "where a type belongs"),
        ] {
            let error = parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
        let deep = format!("{}\"int\"{}", "[\"null\",".repeat(100), "]".repeat(100));
        assert!(parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn named_types_cannot_multiply_without_bound() {
        let mut fields = vec![
            r#"{"name":"f","type":{"type":"record","name":"r0","fields":[{"name":"x","type":"int"}]}}"#
                .to_owned(),
        ];
        for level in 1..40 {
            let inner = level - 1;
            fields.push(format!(
                r#"{{"name":"f{level}","type":{{"type":"record","name":"r{level}","fields":[
                    {{"name":"a","type":"r{inner}"}},{{"name":"b","type":"r{inner}"}}]}}}}"#
            ));
        }
        let json = format!(r#"{{"type":"record","name":"top","fields":[{}]}}"#, fields.join(","));
        assert!(parse(json.as_bytes()).unwrap_err().contains("too many"));
    }
}
