//! The writer's schema of an Avro file, reduced to what decoding needs.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::malformed::{Decoded, Malformed};

/// How a value is laid out. Logical types are their underlying types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Null,
    Boolean,
    /// `int` and `long`: both are variable-length zig-zag integers.
    Integer,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    Array(Box<Shape>),
    Map(Box<Shape>),
    Union(Vec<Shape>),
    Record(Vec<(String, Shape)>),
}

/// Deeper schemas are refused: metadata nests four levels.
const MAX_DEPTH: usize = 32;
/// Type references are copied, so their number bounds the size of the shape.
const MAX_TYPES: usize = 10_000;

impl Shape {
    pub fn parse(schema: &[u8]) -> Decoded<Self> {
        let json: Json = serde_json::from_slice(schema)
            .map_err(|error| Malformed::new(format!("the Avro schema is not JSON: {error}")))?;
        Parser::default().shape(&json, 0)
    }
}

#[derive(Default)]
struct Parser {
    named: HashMap<String, Shape>,
    types: usize,
}

impl Parser {
    fn shape(&mut self, json: &Json, depth: usize) -> Decoded<Shape> {
        if depth > MAX_DEPTH {
            return Err(Malformed::new("the Avro schema nests too deeply"));
        }
        self.count(1)?;
        match json {
            Json::String(name) => self.by_name(name),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.shape(branch, depth + 1));
                Ok(Shape::Union(branches.collect::<Decoded<_>>()?))
            }
            Json::Object(_) => self.complex(json, depth),
            other => Err(Malformed::new(format!("{other} is no Avro type"))),
        }
    }

    fn complex(&mut self, json: &Json, depth: usize) -> Decoded<Shape> {
        let part = |name: &str| {
            json.get(name).ok_or_else(|| Malformed::new(format!("an Avro type lacks \"{name}\"")))
        };
        let kind = part("type")?;
        let Json::String(kind) = kind else {
            return self.shape(kind, depth + 1);
        };
        let shape = match kind.as_str() {
            "array" => Shape::Array(Box::new(self.shape(part("items")?, depth + 1)?)),
            "map" => Shape::Map(Box::new(self.shape(part("values")?, depth + 1)?)),
            "record" | "error" => Shape::Record(self.fields(part("fields")?, depth)?),
            "fixed" => {
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                Shape::Fixed(size.ok_or_else(|| Malformed::new("an Avro fixed has no size"))?)
            }
            "enum" => {
                let symbols = part("symbols")?.as_array().map(Vec::as_slice).unwrap_or_default();
                Shape::Enum(symbols.iter().filter_map(Json::as_str).map(str::to_string).collect())
            }
            name => return self.by_name(name),
        };
        self.remember(json, &shape);
        Ok(shape)
    }

    fn fields(&mut self, json: &Json, depth: usize) -> Decoded<Vec<(String, Shape)>> {
        let fields = json.as_array().ok_or_else(|| Malformed::new("Avro fields are no list"))?;
        let field = |field: &Json| {
            let name = field.get("name").and_then(Json::as_str);
            let name = name.ok_or_else(|| Malformed::new("an Avro field has no name"))?;
            let kind = field.get("type").ok_or_else(|| Malformed::new("an Avro field has no type"))?;
            Ok((name.to_string(), self.shape(kind, depth + 1)?))
        };
        fields.iter().map(field).collect()
    }

    fn by_name(&mut self, name: &str) -> Decoded<Shape> {
        Ok(match name {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "int" | "long" => Shape::Integer,
            "float" => Shape::Float,
            "double" => Shape::Double,
            "bytes" => Shape::Bytes,
            "string" => Shape::Text,
            name => {
                let short = name.rsplit('.').next().unwrap_or(name);
                let known = self.named.get(name).or_else(|| self.named.get(short)).cloned();
                let shape = known.ok_or_else(|| Malformed::new(format!("Avro type {name} is unknown")))?;
                self.count(shape.types())?;
                shape
            }
        })
    }

    fn remember(&mut self, json: &Json, shape: &Shape) {
        if let Some(name) = json.get("name").and_then(Json::as_str) {
            if let Some(namespace) = json.get("namespace").and_then(Json::as_str) {
                self.named.insert(format!("{namespace}.{name}"), shape.clone());
            }
            self.named.insert(name.to_string(), shape.clone());
        }
    }

    fn count(&mut self, types: usize) -> Decoded<()> {
        self.types += types;
        if self.types > MAX_TYPES {
            return Err(Malformed::new("the Avro schema has too many types"));
        }
        Ok(())
    }
}

impl Shape {
    fn types(&self) -> usize {
        1 + match self {
            Self::Array(item) | Self::Map(item) => item.types(),
            Self::Union(branches) => branches.iter().map(Self::types).sum(),
            Self::Record(fields) => fields.iter().map(|(_, shape)| shape.types()).sum(),
            _ => 0,
        }
    }
}
