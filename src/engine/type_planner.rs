//! Types of Postgres that sqlparser or DataFusion does not know by name (`oid`, `name`, `"char"`, `uuid`),
//! or of which DataFusion forgets the length.

use std::sync::Arc;

use datafusion::arrow::datatypes::{
    DECIMAL_DEFAULT_SCALE, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef,
    TimeUnit,
};
use datafusion::common::datatype::DataTypeExt;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, ObjectName, ObjectNamePart,
    TimezoneInfo,
};

use crate::error::{Error, ErrorKind};
use crate::pg::types::{TYPE_KEY, TYPMOD_HEADER, TYPMOD_KEY, numeric_typmod};
use crate::system_catalog;

/// The longest `varchar` and `char`.
const LENGTH_MAX: u64 = 10_485_760;

/// Bits of a mantissa up to which `float(n)` is `real`.
const REAL_BITS: u64 = 24;

#[derive(Debug)]
pub(super) struct PgTypePlanner {
    /// The session's, as Arrow writes it.
    pub zone: Arc<str>,
}

impl TypePlanner for PgTypePlanner {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        Ok(match sql_type {
            SqlType::Custom(name, modifiers) => Some(custom(name, modifiers)?),
            SqlType::Varchar(length) | SqlType::CharacterVarying(length) | SqlType::CharVarying(length) => {
                Some(text("varchar", length.as_ref().map(length_of).transpose()?))
            }
            SqlType::Char(length) | SqlType::Character(length) => {
                Some(text("bpchar", Some(length.as_ref().map_or(Ok(1), length_of)?)))
            }
            SqlType::Uuid => Some(named(DataType::Utf8View, "uuid", None)),
            SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => Some(numeric(info)?),
            SqlType::Timestamp(Some(precision @ 0..=6), zone) => {
                let zoned = matches!(zone, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone);
                let data_type =
                    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| Arc::clone(&self.zone)));
                let name = if zoned { "timestamptz" } else { "timestamp" };
                Some(named(data_type, name, i32::try_from(*precision).ok()))
            }
            SqlType::Float(ExactNumberInfo::Precision(bits)) if *bits <= REAL_BITS => {
                Some(DataType::Float32.into_nullable_field_ref())
            }
            SqlType::Float(_) => Some(DataType::Float64.into_nullable_field_ref()),
            SqlType::Array(ArrayElemTypeDef::SquareBracket(item, None)) => {
                self.plan_type_field(item)?.map(|item| {
                    let item = Arc::new(item.as_ref().clone().with_name("item"));
                    Arc::new(Field::new("", DataType::List(item), true))
                })
            }
            _ => None,
        })
    }
}

fn custom(name: &ObjectName, modifiers: &[String]) -> Result<FieldRef> {
    let parts: Vec<String> =
        name.0.iter().filter_map(ObjectNamePart::as_ident).map(crate::sql::fold).collect();
    match system_catalog::type_field(&parts) {
        Some(field) if modifiers.is_empty() => Ok(Arc::new(field)),
        _ => Err(refuse(ErrorKind::UndefinedObject, format!("type \"{name}\" does not exist"))),
    }
}

fn refuse(kind: ErrorKind, message: String) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(kind, message)))
}

/// A field of a type that has another name in Postgres than its Arrow type says.
fn named(data_type: DataType, name: &str, typmod: Option<i32>) -> FieldRef {
    let mut metadata = std::collections::HashMap::from([(TYPE_KEY.to_owned(), name.to_owned())]);
    metadata.extend(typmod.map(|typmod| (TYPMOD_KEY.to_owned(), typmod.to_string())));
    Arc::new(Field::new("", data_type, true).with_metadata(metadata))
}

fn text(name: &str, length: Option<i32>) -> FieldRef {
    named(DataType::Utf8View, name, length.map(|length| length + TYPMOD_HEADER))
}

fn length_of(length: &CharacterLength) -> Result<i32> {
    let length = match length {
        CharacterLength::IntegerLength { length, .. } => *length,
        CharacterLength::Max => LENGTH_MAX,
    };
    match i32::try_from(length) {
        Ok(fits @ 1..) if length <= LENGTH_MAX => Ok(fits),
        _ => {
            let message = format!("length for a type of characters must be from 1 to {LENGTH_MAX}");
            Err(refuse(ErrorKind::InvalidParameter, message))
        }
    }
}

/// `numeric` alone takes values as they are: what that means is settled where the value is known.
fn numeric(info: &ExactNumberInfo) -> Result<FieldRef> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => {
            let widest = DataType::Decimal128(DECIMAL128_MAX_PRECISION, DECIMAL_DEFAULT_SCALE);
            return Ok(named(widest, "numeric", None));
        }
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let fitting = u8::try_from(precision).ok().zip(i8::try_from(scale).ok());
    let (precision, scale) = fitting
        .filter(|(precision, scale)| {
            (1..=DECIMAL256_MAX_PRECISION).contains(precision) && scale.unsigned_abs() <= *precision
        })
        .ok_or_else(|| {
            let message = format!("numeric({precision},{scale}) is not supported");
            DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidParameter, message).with_hint(
                format!("A precision is from 1 to {DECIMAL256_MAX_PRECISION} and no smaller than the scale."),
            )))
        })?;
    let data_type = match precision {
        ..=DECIMAL128_MAX_PRECISION => DataType::Decimal128(precision, scale),
        _ => DataType::Decimal256(precision, scale),
    };
    Ok(named(data_type, "numeric", Some(numeric_typmod(precision, scale))))
}
