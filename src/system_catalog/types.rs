//! The types of Postgres: what `pg_type` says of them, their names in SQL, and which one a column of
//! a lake table has.

use std::collections::HashMap;
use std::sync::LazyLock;

use tarn_catalog::schema::SchemaField;
use tarn_catalog::types::{LogicalType, UNBOUNDED_LENGTH};

use super::cell::Cell;
use super::{definitions, stored};
use crate::pg::types::{TYPMOD_HEADER, wire_type_of};

pub const OID_TEXT: u32 = 25;
pub const OID_BPCHAR: u32 = 1042;
pub const OID_VARCHAR: u32 = 1043;
const OID_JSON: u32 = 114;
const OID_UUID: u32 = 2950;

/// Bytes that a typmod of a text counts besides the characters (`VARHDRSZ`).
const HEADER: i32 = TYPMOD_HEADER;

/// What PostgreSQL keeps of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct PgType {
    pub oid: u32,
    pub name: String,
    pub namespace: u32,
    pub length: i64,
    pub by_value: bool,
    /// `typtype`.
    pub kind: String,
    pub category: String,
    /// The type of its elements; 0 where it is no array.
    pub element: u32,
    /// The type of its arrays; 0 where there are none.
    pub array: u32,
    pub align: String,
    pub storage: String,
    pub collation: u32,
    /// What a domain is over; 0 for other types.
    pub base: u32,
}

static TYPES: LazyLock<HashMap<u32, PgType>> = LazyLock::new(|| {
    let Some(definition) = definitions::find("pg_catalog", "pg_type") else { return HashMap::new() };
    let types = stored::rows(definition).iter().map(|row| {
        let cell = |name: &str| definition.arrow.index_of(name).ok().and_then(|index| row.get(index));
        let text = |name: &str| cell(name).and_then(Cell::as_text).unwrap_or_default().to_owned();
        let number = |name: &str| cell(name).and_then(Cell::as_int).unwrap_or_default();
        let oid = |name: &str| u32::try_from(number(name)).unwrap_or_default();
        let found = PgType {
            oid: oid("oid"),
            name: text("typname"),
            namespace: oid("typnamespace"),
            length: number("typlen"),
            by_value: cell("typbyval").and_then(Cell::as_bool).unwrap_or_default(),
            kind: text("typtype"),
            category: text("typcategory"),
            // Vectors have elements and are no arrays.
            element: if number("typlen") == -1 && oid("typarray") == 0 { oid("typelem") } else { 0 },
            array: oid("typarray"),
            align: text("typalign"),
            storage: text("typstorage"),
            collation: oid("typcollation"),
            base: oid("typbasetype"),
        };
        (found.oid, found)
    });
    types.collect()
});

pub fn by_oid(oid: u32) -> Option<&'static PgType> {
    TYPES.get(&oid)
}

/// A type by its name in `pg_type`, of the system's own schema before others.
pub fn by_name(name: &str) -> Option<&'static PgType> {
    let mut found: Vec<&PgType> = TYPES.values().filter(|known| known.name == name).collect();
    found.sort_by_key(|known| known.namespace);
    found.first().copied()
}

#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static PgType> {
    TYPES.values()
}

/// Which type a column has, as `pg_attribute` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnType {
    pub oid: u32,
    pub typmod: i32,
}

/// The type of a column of a lake table. Lengths and precisions are those that the table declares.
pub fn column_type(field: &SchemaField) -> ColumnType {
    type_of(&field.data_type)
}

/// What a column of a lake table declares besides its Arrow type: the name of its type, and a modifier.
pub fn declared_type(field: &SchemaField) -> Option<(&'static str, i32)> {
    let ColumnType { oid, typmod } = column_type(field);
    let says_more = typmod != -1 || matches!(oid, OID_BPCHAR | OID_VARCHAR);
    by_oid(oid).filter(|_| says_more).map(|known| (known.name.as_str(), typmod))
}

fn type_of(logical: &LogicalType) -> ColumnType {
    let with_length = |oid, length: u32| {
        let typmod = i32::try_from(length).unwrap_or(i32::MAX).saturating_add(HEADER);
        ColumnType { oid, typmod }
    };
    match logical {
        LogicalType::Char { length } => with_length(OID_BPCHAR, *length),
        LogicalType::Varchar { length } if *length < UNBOUNDED_LENGTH => with_length(OID_VARCHAR, *length),
        // Six digits are Postgres's own precision, and it has no more.
        LogicalType::Timestamp { precision }
        | LogicalType::TimestampLtz { precision }
        | LogicalType::Time { precision }
            if *precision < 6 =>
        {
            ColumnType { typmod: i32::from(*precision), ..plain(logical) }
        }
        LogicalType::Array { element, .. } => array(element),
        LogicalType::Uuid => ColumnType { oid: OID_UUID, typmod: -1 },
        _ => plain(logical),
    }
}

/// What goes over the wire for the Arrow type.
fn plain(logical: &LogicalType) -> ColumnType {
    let wire = wire_type_of(&logical.arrow());
    ColumnType { oid: wire.oid(), typmod: wire.typmod }
}

fn array(element: &LogicalType) -> ColumnType {
    let item = type_of(element);
    let is_plain = !element.arrow().is_nested();
    match by_oid(item.oid).map(|known| known.array).filter(|array| is_plain && *array != 0) {
        Some(oid) => ColumnType { oid, typmod: item.typmod },
        None => ColumnType { oid: OID_JSON, typmod: -1 },
    }
}

/// A type's name in SQL, as `format_type` gives it; without a typmod the plain name.
pub fn format_type(oid: u32, typmod: Option<i32>) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let Some(known) = by_oid(oid) else { return "???".to_owned() };
    if let Some(element) = by_oid(known.element) {
        return format!("{}[]", format_type(element.oid, typmod));
    }
    let modified = typmod.filter(|typmod| *typmod >= 0);
    let length = |name: &str| match modified {
        Some(typmod) => format!("{name}({})", typmod - HEADER),
        None => name.to_owned(),
    };
    let precision = |name: &str, rest: &str| match modified {
        Some(typmod) => format!("{name}({typmod}){rest}"),
        None => format!("{name}{rest}"),
    };
    match known.name.as_str() {
        "bool" => "boolean".to_owned(),
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "char" => "\"char\"".to_owned(),
        // Without a length it is not the standard's CHARACTER, which has one.
        "bpchar" if typmod == Some(-1) => "bpchar".to_owned(),
        "bpchar" => length("character"),
        "varchar" => length("character varying"),
        "bit" if typmod == Some(-1) => "\"bit\"".to_owned(),
        "bit" => precision("bit", ""),
        "varbit" => precision("bit varying", ""),
        "numeric" => match modified {
            Some(typmod) => {
                let bits = typmod - HEADER;
                let scale = ((bits & 0x7ff) ^ 1024) - 1024;
                format!("numeric({},{scale})", (bits >> 16) & 0xffff)
            }
            None => "numeric".to_owned(),
        },
        "time" => precision("time", " without time zone"),
        "timetz" => precision("time", " with time zone"),
        "timestamp" => precision("timestamp", " without time zone"),
        "timestamptz" => precision("timestamp", " with time zone"),
        "interval" => "interval".to_owned(),
        name if stored::schema_oid("pg_catalog") == Some(known.namespace) => name.to_owned(),
        name => format!("information_schema.{name}"),
    }
}

/// A type by a name as SQL writes it, with or without a schema: `bigint`, `pg_catalog.int8[]`.
pub fn parse_type(written: &str) -> Option<&'static PgType> {
    let written = written.trim();
    if let Some(element) = written.strip_suffix("[]") {
        return parse_type(element).and_then(|element| by_oid(element.array));
    }
    let bare = written.strip_prefix("pg_catalog.").or_else(|| written.strip_prefix("information_schema."));
    let bare = bare.unwrap_or(written);
    if let Some(quoted) = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return by_name(quoted);
    }
    let name = bare.split('(').next().unwrap_or(bare).trim().to_lowercase();
    let suffix = bare.split(')').nth(1).unwrap_or_default().trim().to_lowercase();
    let full = if suffix.is_empty() { name } else { format!("{name} {suffix}") };
    let internal = match full.as_str() {
        "boolean" => "bool",
        "smallint" => "int2",
        "integer" | "int" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "character varying" => "varchar",
        "character" | "char" => "bpchar",
        "decimal" => "numeric",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "bit varying" => "varbit",
        other => other,
    };
    by_name(internal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Each was asked of PostgreSQL 15: `SELECT format_type(oid, typmod)`.
    #[test]
    fn types_are_called_as_in_postgres() {
        for (oid, typmod, name) in [
            (16, None, "boolean"),
            (1700, Some(655_366), "numeric(10,2)"),
            (1700, Some(329_730), "numeric(5,-2)"),
            (1700, Some(-1), "numeric"),
            (1043, Some(24), "character varying(20)"),
            (1043, Some(-1), "character varying"),
            (1042, Some(-1), "bpchar"),
            (1042, None, "character"),
            (1042, Some(7), "character(3)"),
            (1114, Some(3), "timestamp(3) without time zone"),
            (1184, Some(-1), "timestamp with time zone"),
            (1015, Some(24), "character varying(20)[]"),
            (1009, Some(-1), "text[]"),
            (22, Some(-1), "int2vector"),
            (18, Some(-1), "\"char\""),
            (19, Some(-1), "name"),
            (2277, Some(-1), "anyarray"),
            (0, None, "-"),
            (999_999, None, "???"),
        ] {
            assert_eq!(format_type(oid, typmod), name);
        }
    }

    #[test]
    fn names_of_types_lead_back() {
        for known in all().filter(|known| known.namespace == 11) {
            let name = format_type(known.oid, None);
            assert_eq!(parse_type(&name).map(|found| found.oid), Some(known.oid), "{name}");
        }
        assert_eq!(parse_type("pg_catalog.numeric(10,2)").unwrap().oid, 1700);
        assert_eq!(parse_type("timestamp(3) with time zone").unwrap().oid, 1184);
        assert!(parse_type("nonsense").is_none());
    }

    #[test]
    fn columns_keep_lengths_and_precisions() {
        let typed = |logical: LogicalType| {
            let found = type_of(&logical);
            format_type(found.oid, Some(found.typmod))
        };
        assert_eq!(typed(LogicalType::Varchar { length: 20 }), "character varying(20)");
        assert_eq!(typed(LogicalType::STRING), "text");
        assert_eq!(typed(LogicalType::Char { length: 3 }), "character(3)");
        assert_eq!(typed(LogicalType::Decimal { precision: 10, scale: 2 }), "numeric(10,2)");
        assert_eq!(typed(LogicalType::Timestamp { precision: 3 }), "timestamp(3) without time zone");
        assert_eq!(typed(LogicalType::Timestamp { precision: 9 }), "timestamp without time zone");
        assert_eq!(typed(LogicalType::TinyInt), "smallint");
        let array =
            |element: LogicalType| LogicalType::Array { element: Box::new(element), element_nullable: true };
        assert_eq!(typed(array(LogicalType::Varchar { length: 5 })), "character varying(5)[]");
        assert_eq!(typed(array(array(LogicalType::Int))), "json");
    }
}
