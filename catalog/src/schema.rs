//! A table's schema: columns with stable ids, keys and options.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

use crate::types::{CLIENT_TYPE_KEY, LogicalType};

/// A column, or a field of a nested row. The id outlives renames and moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaField {
    pub id: i32,
    pub name: String,
    pub data_type: LogicalType,
    pub nullable: bool,
    pub description: Option<String>,
    /// The default as SQL text, used when rows are written.
    pub default_value: Option<String>,
}

impl SchemaField {
    pub fn arrow(&self) -> Field {
        let field = Field::new(&self.name, self.data_type.arrow(), self.nullable);
        match self.data_type {
            LogicalType::Uuid => {
                field.with_metadata([(CLIENT_TYPE_KEY.to_owned(), "uuid".to_owned())].into())
            }
            _ => field,
        }
    }
}

/// The schema of a table at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    pub id: i64,
    pub fields: Vec<SchemaField>,
    pub partition_keys: Vec<String>,
    /// Primary key in declaration order; empty for append tables.
    pub primary_key: Vec<String>,
    pub options: BTreeMap<String, String>,
    pub comment: Option<String>,
}

impl TableSchema {
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(self.fields.iter().map(SchemaField::arrow).collect::<Vec<_>>()))
    }

    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    pub fn field(&self, name: &str) -> Option<&SchemaField> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }
}
