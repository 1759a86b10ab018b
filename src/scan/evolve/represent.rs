//! From the Arrow form in which a reader gives a column to the one in which Tarn hands it out.
//!
//! Both hold the same values: text as views or with offsets, decimals of any width, timestamps of
//! any unit. What a reader gives is checked against the type that the schema declares, and a value
//! that Tarn's form cannot hold is an error, never another value.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal128Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use tarn_catalog::types::{LogicalType, WIDE_INSTANT, WIDE_TIMESTAMP};

use super::error::{CastError, CastResult};
use super::instant::{DECIMAL_NANOS, Instants};
use super::type_name::TypeName;
use super::uuid;

/// How to change the form of an array that is not nested.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Form {
    /// It already has Tarn's form.
    Same,
    /// Arrow's own cast gives it; a value that does not fit is an error.
    Arrow(DataType),
    /// The same numbers under another time zone.
    Zone(DataType),
    /// The same nanoseconds in 128 bits under another name.
    Label(DataType),
    /// Another unit of time.
    Unit,
    /// The 16 bytes of a UUID as its text.
    Uuid,
}

impl Form {
    /// How to read `physical` as the type; an error where a reader cannot have meant that type.
    pub fn plan(physical: &DataType, ty: &LogicalType) -> CastResult<Self> {
        let wanted = ty.arrow();
        if *physical == wanted {
            return Ok(Self::Same);
        }
        let stored = match physical {
            DataType::Dictionary(_, values) => values.as_ref(),
            DataType::RunEndEncoded(_, values) => values.data_type(),
            other => other,
        };
        if *stored == wanted {
            return Ok(Self::Arrow(wanted));
        }
        let encoded = stored != physical;
        if *ty == LogicalType::Uuid && uuid::is_stored_as(stored) && !encoded {
            return Ok(Self::Uuid);
        }
        match (stored, &wanted) {
            (DataType::Timestamp(from, _), DataType::Timestamp(to, _)) if from == to && !encoded => {
                Ok(Self::Zone(wanted))
            }
            (DataType::Timestamp(..), DataType::Timestamp(..)) if !encoded => Ok(Self::Unit),
            (wide, DataType::Timestamp(..)) if is_wide(wide) && !encoded => Ok(Self::Unit),
            (DataType::Timestamp(..), &WIDE_TIMESTAMP | &WIDE_INSTANT) if !encoded => Ok(Self::Unit),
            (wide, &WIDE_TIMESTAMP | &WIDE_INSTANT) if is_wide(wide) && !encoded => Ok(Self::Label(wanted)),
            _ if holds_same_values(stored, &wanted) => Ok(Self::Arrow(wanted)),
            _ => Err(CastError::Physical(format!(
                "the file stores it as {physical}, which is no form of {}",
                TypeName(ty)
            ))),
        }
    }

    /// Changes the form. `ty` is the type that the form was planned for.
    pub fn apply(&self, array: &ArrayRef, ty: &LogicalType) -> CastResult<ArrayRef> {
        match self {
            Self::Same => Ok(Arc::clone(array)),
            Self::Arrow(wanted) => arrow_cast(array, wanted),
            Self::Zone(wanted) => with_zone(array, wanted),
            Self::Uuid => uuid::texts(array),
            Self::Label(wanted) => {
                let nanos = array.as_primitive_opt::<Decimal128Type>();
                let nanos = nanos.ok_or_else(|| super::leaf::mismatch(array))?;
                Ok(Arc::new(nanos.clone().with_data_type(wanted.clone())))
            }
            // Finer digits than the type's are dropped toward the past, as a reader of that unit would.
            Self::Unit => Instants::try_new(array)?.to_type(ty, |instant| instant),
        }
    }
}

/// Whether a type holds nanoseconds in 128 bits.
fn is_wide(data_type: &DataType) -> bool {
    matches!(data_type, &DECIMAL_NANOS | &WIDE_TIMESTAMP | &WIDE_INSTANT)
}

pub(super) fn arrow_cast(array: &ArrayRef, wanted: &DataType) -> CastResult<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, wanted, &options).map_err(|error| CastError::Physical(error.to_string()))
}

/// Whether Arrow's cast between the two keeps each value or fails.
fn holds_same_values(stored: &DataType, wanted: &DataType) -> bool {
    use DataType as D;
    match wanted {
        D::Utf8View => matches!(
            stored,
            D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView
        ),
        D::BinaryView => matches!(
            stored,
            D::Binary
                | D::LargeBinary
                | D::BinaryView
                | D::FixedSizeBinary(_)
                | D::Utf8
                | D::LargeUtf8
                | D::Utf8View
        ),
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => stored.is_integer(),
        D::Float64 => matches!(stored, D::Int8 | D::Int16 | D::Int32 | D::Float32 | D::Float64),
        D::Timestamp(_, None) => *stored == D::Date32,
        // Scales below zero are wide timestamps.
        D::Decimal128(digits, scale) if *scale >= 0 => match stored {
            D::Decimal32(had, had_scale)
            | D::Decimal64(had, had_scale)
            | D::Decimal128(had, had_scale)
            | D::Decimal256(had, had_scale) => {
                // More digits behind the point must not cost one before it.
                let before = |digits: &u8, scale: &i8| i16::from(*digits) - i16::from(*scale);
                had_scale == scale
                    || (0..*scale).contains(had_scale) && before(digits, scale) >= before(had, had_scale)
            }
            stored => stored.is_signed_integer(),
        },
        D::Date32 => matches!(stored, D::Int32),
        D::Time32(TimeUnit::Millisecond) => {
            matches!(stored, D::Int32 | D::Time32(TimeUnit::Second) | D::Time64(_))
        }
        D::Time64(TimeUnit::Microsecond) => matches!(stored, D::Int64 | D::Time32(_)),
        _ => false,
    }
}

fn with_zone(array: &ArrayRef, wanted: &DataType) -> CastResult<ArrayRef> {
    let DataType::Timestamp(unit, zone) = wanted else {
        return arrow_cast(array, wanted);
    };
    let zone = zone.clone();
    let relabelled: Option<ArrayRef> = match unit {
        TimeUnit::Second => array
            .as_primitive_opt::<TimestampSecondType>()
            .map(|array| Arc::new(array.clone().with_timezone_opt(zone)) as ArrayRef),
        TimeUnit::Millisecond => array
            .as_primitive_opt::<TimestampMillisecondType>()
            .map(|array| Arc::new(array.clone().with_timezone_opt(zone)) as ArrayRef),
        TimeUnit::Microsecond => array
            .as_primitive_opt::<TimestampMicrosecondType>()
            .map(|array| Arc::new(array.clone().with_timezone_opt(zone)) as ArrayRef),
        TimeUnit::Nanosecond => array
            .as_primitive_opt::<TimestampNanosecondType>()
            .map(|array| Arc::new(array.clone().with_timezone_opt(zone)) as ArrayRef),
    };
    relabelled.ok_or_else(|| super::leaf::mismatch(array))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{
        Date32Array, Decimal128Array, DictionaryArray, Int32Array, StringArray, StringViewArray,
        TimestampMicrosecondArray, TimestampNanosecondArray,
    };
    use arrow::datatypes::{Float64Type, Int32Type};

    use super::*;

    fn represent(array: ArrayRef, ty: &LogicalType) -> CastResult<ArrayRef> {
        Form::plan(array.data_type(), ty)?.apply(&array, ty)
    }

    #[test]
    fn text_becomes_views() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let expected: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        assert_eq!(&represent(plain, &LogicalType::STRING).unwrap(), &expected);
        let coded: DictionaryArray<Int32Type> = vec![Some("a"), None].into_iter().collect();
        assert_eq!(&represent(Arc::new(coded), &LogicalType::STRING).unwrap(), &expected);
    }

    #[test]
    fn a_number_too_large_for_its_type_is_an_error() {
        let array: ArrayRef = Arc::new(Int32Array::from(vec![127, -128]));
        assert_eq!(represent(array, &LogicalType::TinyInt).unwrap().data_type(), &DataType::Int8);
        let array: ArrayRef = Arc::new(Int32Array::from(vec![128]));
        assert!(represent(array, &LogicalType::TinyInt).is_err());
    }

    #[test]
    fn timestamps_change_zone_and_unit() {
        let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1]).with_timezone("UTC"));
        let six = represent(Arc::clone(&micros), &LogicalType::Timestamp { precision: 6 }).unwrap();
        assert_eq!(six.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
        let three = represent(micros, &LogicalType::TimestampLtz { precision: 3 }).unwrap();
        assert_eq!(three.as_primitive::<TimestampMillisecondType>().value(0), -1);
    }

    #[test]
    fn wide_timestamps_keep_every_value_and_narrow_or_fail() {
        let (six, nine) =
            (LogicalType::Timestamp { precision: 6 }, LogicalType::TimestampLtz { precision: 9 });
        let decimals = |nanos: i128| -> ArrayRef {
            Arc::new(Decimal128Array::from(vec![nanos]).with_precision_and_scale(38, 9).unwrap())
        };
        let wide = represent(decimals(10_i128.pow(20) + 5), &nine).unwrap();
        assert_eq!(wide.data_type(), &WIDE_INSTANT);
        assert_eq!(wide.as_primitive::<Decimal128Type>().value(0), 10_i128.pow(20) + 5);
        let narrow = represent(wide, &six).unwrap();
        assert_eq!(narrow.as_primitive::<TimestampMicrosecondType>().value(0), 10_i64.pow(17));
        assert!(represent(decimals(10_i128.pow(24)), &six).is_err());
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-5]));
        assert_eq!(represent(nanos, &nine).unwrap().as_primitive::<Decimal128Type>().value(0), -5);
    }

    /// The widenings of Delta's and Iceberg's rules, for files that are older than their column's type.
    #[test]
    fn narrower_types_are_read_as_wider_ones() {
        let ints: ArrayRef = Arc::new(Int32Array::from(vec![i32::MIN, 7]));
        let doubles = represent(Arc::clone(&ints), &LogicalType::Double).unwrap();
        assert_eq!(doubles.as_primitive::<Float64Type>().values(), &[-2_147_483_648.0, 7.0]);
        let (wide, narrow) = (
            LogicalType::Decimal { precision: 12, scale: 2 },
            LogicalType::Decimal { precision: 6, scale: 2 },
        );
        let decimals = represent(Arc::clone(&ints), &wide).unwrap();
        assert_eq!(decimals.as_primitive::<Decimal128Type>().values(), &[-214_748_364_800, 700]);
        assert!(represent(ints, &narrow).is_err());
        let finer = LogicalType::Decimal { precision: 12, scale: 5 };
        assert!(represent(decimals, &finer).is_err());
        let days: ArrayRef = Arc::new(Date32Array::from(vec![-1, 19_000]));
        let moments = represent(days, &LogicalType::Timestamp { precision: 6 }).unwrap();
        let micros = moments.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(micros.values(), &[-86_400_000_000, 19_000 * 86_400_000_000]);
    }

    #[test]
    fn another_type_is_refused() {
        for (stored, ty) in [
            (DataType::Utf8, LogicalType::Int),
            (DataType::Int32, LogicalType::STRING),
            (DataType::Int64, LogicalType::Date),
            (DataType::Decimal128(10, 3), LogicalType::Decimal { precision: 10, scale: 2 }),
            (DataType::Int64, LogicalType::Double),
            (DataType::Date32, LogicalType::TimestampLtz { precision: 6 }),
            (DataType::Float64, LogicalType::Float),
            (DECIMAL_NANOS, LogicalType::Decimal { precision: 38, scale: 10 }),
        ] {
            assert!(matches!(Form::plan(&stored, &ty), Err(CastError::Physical(_))), "{stored} as {ty:?}");
        }
    }
}
