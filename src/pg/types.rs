//! Which Postgres type stands for which Arrow type, in both directions.
//!
//! | Arrow | Postgres |
//! |---|---|
//! | Boolean | bool |
//! | Int8, Int16, UInt8 | int2 |
//! | Int32, UInt16 | int4 |
//! | Int64, UInt32 | int8 |
//! | UInt64 | numeric(20,0) |
//! | Float16, Float32 / Float64 | float4 / float8 |
//! | Decimal32 to Decimal256 | numeric(p,s) |
//! | Utf8, LargeUtf8, Utf8View, Null | text |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | bytea |
//! | Date32, Date64 / Time32, Time64 | date / time |
//! | Timestamp and wide timestamps without / with a zone | timestamp / timestamptz |
//! | Interval, Duration | interval |
//! | a list of any of these | its array |
//! | Struct, Map, Union, lists of those and of lists | json |
//!
//! Lists of lists are json because a Postgres array is a box, and theirs may be ragged. Times finer
//! than a microsecond are cut to microseconds. A field can ask for another type by its name in the
//! metadata key [`TYPE_KEY`], as the system catalog does for `oid`, `name` and their like.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::sql::sqlparser::ast::{DataType as SqlType, ExactNumberInfo};
use pgwire::api::Type;
use postgres_types::Kind;
use tarn_catalog::types::{WIDE_INSTANT, WIDE_TIMESTAMP};

use super::error::{PgError, PgResult, state};

/// Field metadata: the name of the Postgres type that a column has, where Arrow's type does not say.
pub const TYPE_KEY: &str = tarn_catalog::types::CLIENT_TYPE_KEY;

/// Field metadata: the type's modifier, where it is not the one that follows from Arrow's type.
pub const TYPMOD_KEY: &str = "tarn:pg_typmod";

/// Length of a variable-length type in RowDescription.
const VARIABLE: i16 = -1;

/// A column's type as RowDescription tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireType {
    pub kind: Type,
    /// -1 where there is none.
    pub typmod: i32,
}

impl WireType {
    fn plain(kind: Type) -> Self {
        Self { kind, typmod: -1 }
    }

    pub fn oid(&self) -> u32 {
        self.kind.oid()
    }

    /// `pg_type.typlen`: bytes of a fixed-length type, -1 for a variable one.
    pub fn size(&self) -> i16 {
        match self.kind {
            Type::BOOL | Type::CHAR => 1,
            Type::INT2 => 2,
            Type::INT4
            | Type::FLOAT4
            | Type::DATE
            | Type::OID
            | Type::XID
            | Type::REGPROC
            | Type::REGCLASS
            | Type::REGTYPE
            | Type::REGNAMESPACE => 4,
            Type::INT8 | Type::FLOAT8 | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => 8,
            Type::INTERVAL | Type::UUID => 16,
            Type::NAME => 64,
            _ => VARIABLE,
        }
    }
}

/// The type of a column.
pub fn wire_type(field: &Field) -> WireType {
    let wire = match field.metadata().get(TYPE_KEY).and_then(|name| named(name)) {
        Some(kind) => WireType::plain(kind),
        None => wire_type_of(field.data_type()),
    };
    match field.metadata().get(TYPMOD_KEY).and_then(|typmod| typmod.parse().ok()) {
        Some(typmod) => WireType { typmod, ..wire },
        None => wire,
    }
}

/// The type that stands for an Arrow type.
pub fn wire_type_of(data_type: &DataType) -> WireType {
    match data_type {
        DataType::Dictionary(_, value) => wire_type_of(value),
        DataType::RunEndEncoded(_, value) => wire_type_of(value.data_type()),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => list(item),
        DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => WireType::plain(Type::JSON),
        &WIDE_TIMESTAMP => WireType::plain(Type::TIMESTAMP),
        &WIDE_INSTANT => WireType::plain(Type::TIMESTAMPTZ),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => numeric(*precision, *scale),
        DataType::UInt64 => numeric(20, 0),
        scalar => WireType::plain(scalar_type(scalar)),
    }
}

fn scalar_type(data_type: &DataType) -> Type {
    match data_type {
        DataType::Boolean => Type::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => Type::INT2,
        DataType::Int32 | DataType::UInt16 => Type::INT4,
        DataType::Int64 | DataType::UInt32 => Type::INT8,
        DataType::Float16 | DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Type::BYTEA
        }
        DataType::Date32 | DataType::Date64 => Type::DATE,
        DataType::Time32(_) | DataType::Time64(_) => Type::TIME,
        DataType::Timestamp(_, None) => Type::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => Type::TIMESTAMPTZ,
        DataType::Interval(_) | DataType::Duration(_) => Type::INTERVAL,
        _ => Type::TEXT,
    }
}

fn numeric(precision: u8, scale: i8) -> WireType {
    WireType { kind: Type::NUMERIC, typmod: numeric_typmod(precision, scale) }
}

/// The typmod packs precision and scale (`make_numeric_typmod`); scales below zero came with 15.
pub fn numeric_typmod(precision: u8, scale: i8) -> i32 {
    ((i32::from(precision) << 16) | (i32::from(scale) & 0x7ff)) + TYPMOD_HEADER
}

/// What typmods of numerics and texts count besides (`VARHDRSZ`).
pub const TYPMOD_HEADER: i32 = 4;

fn list(item: &Field) -> WireType {
    let element = wire_type(item);
    match array_of(&element.kind) {
        Some(array) if !is_nested(item.data_type()) => WireType { kind: array, typmod: element.typmod },
        _ => WireType::plain(Type::JSON),
    }
}

/// Whether a value has fields or elements of its own.
fn is_nested(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_nested(value),
        DataType::RunEndEncoded(_, value) => is_nested(value.data_type()),
        other => other.is_nested(),
    }
}

/// The types that clients meet, and their arrays.
const ARRAYS: [(Type, Type); 24] = [
    (Type::BOOL, Type::BOOL_ARRAY),
    (Type::CHAR, Type::CHAR_ARRAY),
    (Type::INT2, Type::INT2_ARRAY),
    (Type::INT4, Type::INT4_ARRAY),
    (Type::INT8, Type::INT8_ARRAY),
    (Type::FLOAT4, Type::FLOAT4_ARRAY),
    (Type::FLOAT8, Type::FLOAT8_ARRAY),
    (Type::NUMERIC, Type::NUMERIC_ARRAY),
    (Type::TEXT, Type::TEXT_ARRAY),
    (Type::VARCHAR, Type::VARCHAR_ARRAY),
    (Type::BPCHAR, Type::BPCHAR_ARRAY),
    (Type::NAME, Type::NAME_ARRAY),
    (Type::OID, Type::OID_ARRAY),
    (Type::BYTEA, Type::BYTEA_ARRAY),
    (Type::DATE, Type::DATE_ARRAY),
    (Type::TIME, Type::TIME_ARRAY),
    (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
    (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
    (Type::INTERVAL, Type::INTERVAL_ARRAY),
    (Type::JSON, Type::JSON_ARRAY),
    (Type::JSONB, Type::JSONB_ARRAY),
    (Type::UUID, Type::UUID_ARRAY),
    (Type::REGTYPE, Type::REGTYPE_ARRAY),
    (Type::ACLITEM, Type::ACLITEM_ARRAY),
];

fn array_of(element: &Type) -> Option<Type> {
    ARRAYS.iter().find(|(scalar, _)| scalar == element).map(|(_, array)| array.clone())
}

/// The type of an array's elements.
pub fn element_of(array: &Type) -> Option<Type> {
    match array.kind() {
        Kind::Array(element) => Some(element.clone()),
        _ => None,
    }
}

/// A type by the name that `pg_type` has for it: `int4`, `_text`, `oid`.
fn named(name: &str) -> Option<Type> {
    const OTHERS: [Type; 12] = [
        Type::XID,
        Type::REGPROC,
        Type::REGCLASS,
        Type::REGNAMESPACE,
        Type::INT2_VECTOR,
        Type::OID_VECTOR,
        Type::PG_NODE_TREE,
        Type::ANYARRAY,
        Type::UNKNOWN,
        Type::VOID,
        Type::INET,
        Type::PG_LSN,
    ];
    let listed = ARRAYS.into_iter().flat_map(|(scalar, array)| [scalar, array]);
    listed.chain(OTHERS).find(|known| known.name() == name)
}

/// The Arrow type for planning with a parameter that a client declared; `None` leaves it open.
pub fn arrow_type(oid: u32) -> Option<DataType> {
    let kind = Type::from_oid(oid)?;
    if let Some(element) = element_of(&kind) {
        return Some(DataType::List(Field::new_list_field(arrow_type(element.oid())?, true).into()));
    }
    Some(match kind {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 | Type::OID | Type::REGCLASS | Type::REGTYPE | Type::XID => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        // The scale of a value is known when it is bound; the plan meets the value's own type then.
        Type::NUMERIC => DataType::Decimal128(38, 10),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::JSON
        | Type::JSONB
        | Type::UUID => DataType::Utf8,
        Type::BYTEA => DataType::Binary,
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        Type::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => return None,
    })
}

/// The type behind a name in SQL, as `PREPARE p (int)` and casts write it.
fn of_sql(data_type: &SqlType) -> Option<Type> {
    if let SqlType::Float(ExactNumberInfo::Precision(..=24)) = data_type {
        return Some(Type::FLOAT4);
    }
    let written = data_type.to_string().to_lowercase();
    if written == "\"char\"" {
        return Some(Type::CHAR);
    }
    if let Some(element) = written.strip_suffix("[]") {
        return array_of(&by_name(element)?);
    }
    by_name(&written)
}

/// A type by its name in SQL, without regard to its length or precision.
fn by_name(written: &str) -> Option<Type> {
    let (base, rest) = match written.split_once('(') {
        Some((base, rest)) => (base.trim(), rest.split_once(')').map_or("", |(_, rest)| rest.trim())),
        None => (written.trim(), ""),
    };
    let zoned = rest == "with time zone" || base.ends_with(" with time zone");
    let base = base.trim_end_matches(" with time zone").trim_end_matches(" without time zone");
    Some(match base {
        "bool" | "boolean" => Type::BOOL,
        "smallint" | "int2" => Type::INT2,
        "int" | "integer" | "int4" => Type::INT4,
        "bigint" | "int8" => Type::INT8,
        "real" | "float4" => Type::FLOAT4,
        "float" | "double" | "double precision" | "float8" => Type::FLOAT8,
        "numeric" | "decimal" | "dec" => Type::NUMERIC,
        "text" | "string" => Type::TEXT,
        "varchar" | "character varying" | "char varying" => Type::VARCHAR,
        "char" | "character" => Type::BPCHAR,
        "timestamp" if zoned => Type::TIMESTAMPTZ,
        "interval" => Type::INTERVAL,
        other => named(other)?,
    })
}

/// A UUID by its text: 32 hexadecimal digits, with or without hyphens and braces.
pub fn uuid_of(text: &str) -> Option<uuid::Uuid> {
    let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    uuid::Uuid::try_parse(bare).ok()
}

/// The OID of a type that a statement names.
pub fn oid_of_sql(data_type: &SqlType) -> PgResult<u32> {
    of_sql(data_type).map(|kind| kind.oid()).ok_or_else(|| {
        PgError::error(state::UNDEFINED_OBJECT, format!("type \"{data_type}\" does not exist"))
    })
}

/// The name that `pg_type` has for a type that a statement names.
pub fn name_of_sql(data_type: &SqlType) -> Option<String> {
    of_sql(data_type).map(|kind| kind.name().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typmods_are_those_of_postgres() {
        // SELECT atttypmod FROM pg_attribute for numeric(10,2), numeric(38,10), numeric(5,-2).
        assert_eq!(numeric(10, 2).typmod, 655_366);
        assert_eq!(numeric(38, 10).typmod, 2_490_382);
        assert_eq!(numeric(5, -2).typmod, 329_730);
    }

    #[test]
    fn lists_are_arrays_unless_they_can_be_ragged() {
        let list = |item: DataType| DataType::List(Field::new_list_field(item, true).into());
        assert_eq!(wire_type_of(&list(DataType::Int32)).kind, Type::INT4_ARRAY);
        assert_eq!(wire_type_of(&list(DataType::Decimal128(10, 2))).typmod, 655_366);
        assert_eq!(wire_type_of(&list(list(DataType::Int32))).kind, Type::JSON);
        let dictionary = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
        assert_eq!(wire_type_of(&list(dictionary)).kind, Type::TEXT_ARRAY);
    }

    #[test]
    fn a_field_can_name_its_type() {
        let named = |name: &str| {
            let metadata = [(TYPE_KEY.to_string(), name.to_string())].into();
            wire_type(&Field::new("c", DataType::Int64, false).with_metadata(metadata))
        };
        assert_eq!((named("oid").oid(), named("oid").size()), (26, 4));
        assert_eq!((named("name").oid(), named("name").size()), (19, 64));
        assert_eq!(named("_text").oid(), 1009);
        assert_eq!(named("nonsense").oid(), 20);
    }

    #[test]
    fn types_have_many_names_in_sql() {
        for (written, oid) in [
            ("integer", 23),
            ("numeric(10,2)", 1700),
            ("varchar(3)", 1043),
            ("double precision", 701),
            ("timestamp with time zone", 1184),
            ("timestamp(3) with time zone", 1184),
            ("timestamp(3)", 1114),
            ("timestamptz", 1184),
            ("uuid", 2950),
        ] {
            assert_eq!(by_name(written).map(|kind| kind.oid()), Some(oid), "{written}");
        }
        assert_eq!(by_name("nonsense"), None);
    }

    #[test]
    fn every_declared_type_plans_as_a_type_that_is_sent_back_as_it() {
        for oid in [16, 21, 23, 20, 700, 701, 25, 17, 1082, 1083, 1114, 1184, 1186, 1007, 1009, 1016] {
            let planned = arrow_type(oid).map(|data_type| wire_type_of(&data_type).oid());
            assert_eq!(planned, Some(oid));
        }
        assert_eq!(arrow_type(0), None);
        assert_eq!(arrow_type(600), None, "point");
    }
}
