//! Logical types as SQL writes them, for messages.

use std::fmt;

use tarn_catalog::types::{LogicalType, UNBOUNDED_LENGTH};

/// Prints a type the way the lake's schema would: `DECIMAL(10, 2)`, `ARRAY<INT>`.
pub struct TypeName<'a>(pub &'a LogicalType);

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use LogicalType as T;
        match self.0 {
            T::Boolean => f.write_str("BOOLEAN"),
            T::TinyInt => f.write_str("TINYINT"),
            T::SmallInt => f.write_str("SMALLINT"),
            T::Int => f.write_str("INT"),
            T::BigInt => f.write_str("BIGINT"),
            T::Float => f.write_str("FLOAT"),
            T::Double => f.write_str("DOUBLE"),
            T::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            T::Char { length } => write!(f, "CHAR({length})"),
            T::Varchar { length: UNBOUNDED_LENGTH } => f.write_str("STRING"),
            T::Varchar { length } => write!(f, "VARCHAR({length})"),
            T::Binary { length } => write!(f, "BINARY({length})"),
            T::Varbinary { length: UNBOUNDED_LENGTH } => f.write_str("BYTES"),
            T::Varbinary { length } => write!(f, "VARBINARY({length})"),
            T::Date => f.write_str("DATE"),
            T::Time { precision } => write!(f, "TIME({precision})"),
            T::TimeMicros => f.write_str("TIME(6)"),
            T::Uuid => f.write_str("UUID"),
            T::Timestamp { precision } => write!(f, "TIMESTAMP({precision})"),
            T::TimestampLtz { precision } => write!(f, "TIMESTAMP({precision}) WITH LOCAL TIME ZONE"),
            T::Array { element, .. } => write!(f, "ARRAY<{}>", TypeName(element)),
            T::Map { key, value, .. } => write!(f, "MAP<{}, {}>", TypeName(key), TypeName(value)),
            T::Multiset { element } => write!(f, "MULTISET<{}>", TypeName(element)),
            T::Row { fields } => {
                f.write_str("ROW<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{} {}", field.name, TypeName(&field.data_type))?;
                }
                f.write_str(">")
            }
            T::Vector { element, length } => write!(f, "VECTOR<{}, {length}>", TypeName(element)),
            T::Variant => f.write_str("VARIANT"),
            T::Blob => f.write_str("BLOB"),
        }
    }
}
