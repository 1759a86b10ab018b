//! One schema for files of several.

use tarn_catalog::schema::SchemaField;
use tarn_catalog::types::LogicalType;

/// The columns of a table, which grow with each file that is added.
#[derive(Debug, Default)]
pub struct Unified {
    pub fields: Vec<SchemaField>,
    last_id: i32,
    /// Whether types are guesses from the values of one file.
    inferred: bool,
    /// Columns that had no type in a file.
    untyped: Vec<String>,
}

/// Two files that do not go together: the column and its two types.
#[derive(Debug, PartialEq, Eq)]
pub struct Clash {
    pub column: String,
    pub types: Box<(LogicalType, LogicalType)>,
}

impl Unified {
    /// For files whose types are inferred from their values: what are whole numbers in one file may have a
    /// fraction in another.
    pub fn of_inferred_types() -> Self {
        Self { inferred: true, ..Self::default() }
    }

    /// Notes a column that has no value in a file.
    pub fn add_untyped(&mut self, name: &str) {
        self.untyped.push(name.to_owned());
    }

    /// Gives columns that have no value in any file their place, as text.
    pub fn name_untyped(&mut self) {
        for name in std::mem::take(&mut self.untyped) {
            if self.fields.iter().all(|field| field.name != name) {
                self.column(&name, LogicalType::STRING);
            }
        }
    }

    /// Adds a file's columns; gives them with the ids of the table's.
    pub fn add(&mut self, file: Vec<SchemaField>) -> Result<Vec<SchemaField>, Clash> {
        let mut fields = std::mem::take(&mut self.fields);
        let added = self.add_to(&mut fields, file);
        self.fields = fields;
        added
    }

    /// The id of a column of this name, made or given this type.
    pub fn column(&mut self, name: &str, data_type: LogicalType) -> i32 {
        if let Some(known) = self.fields.iter_mut().find(|field| field.name == name) {
            known.data_type = data_type;
            return known.id;
        }
        let id = self.next_id();
        self.fields.push(SchemaField {
            id,
            name: name.to_owned(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        });
        id
    }

    fn add_to(
        &mut self,
        table: &mut Vec<SchemaField>,
        file: Vec<SchemaField>,
    ) -> Result<Vec<SchemaField>, Clash> {
        file.into_iter().map(|field| self.add_field(table, field)).collect()
    }

    fn add_field(&mut self, table: &mut Vec<SchemaField>, field: SchemaField) -> Result<SchemaField, Clash> {
        let Some(known) = table.iter_mut().find(|known| known.name == field.name) else {
            let field =
                SchemaField { data_type: self.numbered(field.data_type), id: self.next_id(), ..field };
            table.push(field.clone());
            return Ok(field);
        };
        let data_type = self
            .unify(&mut known.data_type, field.data_type)
            .map_err(|types| Clash { column: field.name.clone(), types: Box::new(types) })?;
        Ok(SchemaField { id: known.id, data_type, ..field })
    }

    fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    /// The same type with ids for the fields of its rows.
    fn numbered(&mut self, of: LogicalType) -> LogicalType {
        use LogicalType as T;
        match of {
            T::Row { fields } => T::Row {
                fields: fields
                    .into_iter()
                    .map(|field| SchemaField {
                        id: self.next_id(),
                        data_type: self.numbered(field.data_type),
                        ..field
                    })
                    .collect(),
            },
            T::Array { element, element_nullable } => {
                T::Array { element: Box::new(self.numbered(*element)), element_nullable }
            }
            T::Map { key, value, value_nullable } => T::Map {
                key: Box::new(self.numbered(*key)),
                value: Box::new(self.numbered(*value)),
                value_nullable,
            },
            other => other,
        }
    }

    /// Widens the table's type to hold the file's; gives the file's with the table's ids.
    fn unify(
        &mut self,
        table: &mut LogicalType,
        file: LogicalType,
    ) -> Result<LogicalType, (LogicalType, LogicalType)> {
        use LogicalType as T;
        let clash = |table: &T, file: &T| (table.clone(), file.clone());
        match (&mut *table, file) {
            (T::Row { fields: known }, T::Row { fields }) => {
                let mut known_fields = std::mem::take(known);
                let added = self.add_to(&mut known_fields, fields);
                *known = known_fields;
                added.map(|fields| T::Row { fields }).map_err(|clash| *clash.types)
            }
            (T::Array { element: known, .. }, T::Array { element, element_nullable }) => {
                let element = self.unify(known, *element)?;
                Ok(T::Array { element: Box::new(element), element_nullable })
            }
            (T::Map { key: known_key, value: known, .. }, T::Map { key, value, value_nullable }) => {
                if known_key != &key {
                    return Err(clash(known_key, &key));
                }
                let value = self.unify(known, *value)?;
                Ok(T::Map { key, value: Box::new(value), value_nullable })
            }
            (known, file) if *known == file => Ok(file),
            (known, file) => match (width(known), width(&file)) {
                (Some((kind, width)), Some((file_kind, file_width))) if kind == file_kind => {
                    if file_width > width {
                        *known = file.clone();
                    }
                    Ok(file)
                }
                (Some(_), Some(_)) if self.inferred => {
                    *known = T::Double;
                    Ok(file)
                }
                _ => match (&*known, &file) {
                    (T::Timestamp { precision: one }, T::Timestamp { precision: other }) if self.inferred => {
                        *known = T::Timestamp { precision: *one.max(other) };
                        Ok(file)
                    }
                    _ => Err(clash(known, &file)),
                },
            },
        }
    }
}

/// Kinds of numbers within which a wider type holds all values of a narrower one.
fn width(of: &LogicalType) -> Option<(u8, u8)> {
    Some(match of {
        LogicalType::TinyInt => (0, 1),
        LogicalType::SmallInt => (0, 2),
        LogicalType::Int => (0, 4),
        LogicalType::BigInt => (0, 8),
        LogicalType::Float => (1, 4),
        LogicalType::Double => (1, 8),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn field(name: &str, data_type: LogicalType) -> SchemaField {
        SchemaField {
            id: 0,
            name: name.into(),
            data_type,
            nullable: true,
            description: None,
            default_value: None,
        }
    }

    #[test]
    fn columns_unite_by_name_and_widen() {
        let mut table = Unified::default();
        let row = |inner| LogicalType::Row { fields: inner };
        table
            .add(vec![field("a", LogicalType::Int), field("r", row(vec![field("x", LogicalType::Int)]))])
            .unwrap();
        let second = table
            .add(vec![
                field("r", row(vec![field("y", LogicalType::STRING), field("x", LogicalType::Int)])),
                field("a", LogicalType::BigInt),
                field("b", LogicalType::Date),
            ])
            .unwrap();
        let names: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["a", "r", "b"]);
        assert_eq!(table.fields[0].data_type, LogicalType::BigInt);
        assert_eq!(second[1].id, table.fields[0].id);
        let LogicalType::Row { fields } = &table.fields[1].data_type else { unreachable!() };
        assert_eq!(fields.len(), 2);
        let narrow = table.add(vec![field("a", LogicalType::TinyInt)]).unwrap();
        assert_eq!(narrow[0].data_type, LogicalType::TinyInt);
        assert_eq!(table.fields[0].data_type, LogicalType::BigInt);
    }

    #[test]
    fn types_that_do_not_go_together_clash() {
        let mut table = Unified::default();
        table.add(vec![field("a", LogicalType::Int)]).unwrap();
        for other in [LogicalType::STRING, LogicalType::Double, LogicalType::Date] {
            assert_eq!(table.add(vec![field("a", other)]).unwrap_err().column, "a");
        }
    }
}
