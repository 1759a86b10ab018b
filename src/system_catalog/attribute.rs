//! Columns of relations, whether a table of the lake has them or the system does.

use tarn_catalog::schema::TableSchema;

use super::definitions::Definition;
use super::types::{self, ColumnType, PgType};

/// One column.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// From 1.
    pub number: i32,
    pub name: String,
    pub column_type: ColumnType,
    pub not_null: bool,
    pub default: Option<String>,
    pub comment: Option<String>,
}

impl Attribute {
    /// The columns of a table of the lake.
    pub fn of_table(schema: &TableSchema) -> Vec<Self> {
        let fields = schema.fields.iter().zip(1..).map(|(field, number)| Self {
            number,
            name: field.name.clone(),
            column_type: types::column_type(field),
            not_null: !field.nullable || schema.primary_key.contains(&field.name),
            default: field.default_value.clone(),
            comment: field.description.clone().filter(|text| !text.is_empty()),
        });
        fields.collect()
    }

    /// The columns of a table's primary key, as its index has them.
    pub fn of_key(schema: &TableSchema) -> Vec<Self> {
        let columns = Self::of_table(schema);
        let key = schema.primary_key.iter().zip(1..).filter_map(|(name, number)| {
            let column = columns.iter().find(|column| column.name == *name)?;
            Some(Self { number, not_null: false, default: None, comment: None, ..column.clone() })
        });
        key.collect()
    }

    /// The columns of a system relation.
    pub fn of_system(definition: &Definition) -> Vec<Self> {
        let columns = definition.columns.iter().zip(1..).map(|(column, number)| Self {
            number,
            name: column.name.to_owned(),
            column_type: ColumnType { oid: column.type_oid, typmod: column.typmod },
            not_null: column.not_null,
            default: None,
            comment: None,
        });
        columns.collect()
    }

    /// What is known of its type; `None` only for types that the system does not list.
    pub fn pg_type(&self) -> Option<&'static PgType> {
        types::by_oid(self.column_type.oid)
    }
}

/// The numbers of a table's primary key's columns; empty where it has none.
pub fn key_numbers(schema: &TableSchema) -> Vec<i64> {
    let number = |name: &String| schema.index_of(name).and_then(|index| i64::try_from(index + 1).ok());
    schema.primary_key.iter().filter_map(number).collect()
}
