//! Text read as other types: the Java reader's casts from CHAR and VARCHAR.
//!
//! Text that does not read as the type is an error, as in Java, and never NULL; only a decimal that
//! overflows its precision is NULL.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringViewArray,
    StringViewBuilder,
};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType,
};
use tarn_catalog::types::LogicalType;

use super::decimal;
use super::error::{CastError, CastResult};
use super::instant::timestamps;
use super::instant_text::{parse_date, parse_time, parse_timestamp, parse_timestamp_text};
use super::java_number::{parse_double, parse_float, parse_integer};
use super::leaf::{labelled, mismatch};
use super::text::{fit_bytes, fit_text};

/// The longest piece of a value that an error shows, in characters.
const SHOWN_CHARACTERS: usize = 60;

/// Casts text, in Tarn's Arrow form, to anything that is not nested.
pub(super) fn cast_text(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    use LogicalType as T;
    let texts = array.as_string_view_opt().ok_or_else(|| mismatch(array))?;
    Ok(match to {
        T::Char { .. } | T::Varchar { .. } => refit(texts, to),
        T::Binary { .. } | T::Varbinary { .. } => {
            fit_bytes(texts.iter().map(|text| text.map(str::as_bytes)), to)?
        }
        T::Boolean => Arc::new(
            texts
                .iter()
                .map(|text| text.map(|text| read(text, to, parse_boolean)).transpose())
                .collect::<CastResult<BooleanArray>>()?,
        ),
        T::TinyInt => Arc::new(integers::<Int8Type>(texts, to)?),
        T::SmallInt => Arc::new(integers::<Int16Type>(texts, to)?),
        T::Int => Arc::new(integers::<Int32Type>(texts, to)?),
        T::BigInt => Arc::new(integers::<Int64Type>(texts, to)?),
        T::Float => Arc::new(read_each::<Float32Type>(texts, to, |text| parse_float(text).map(Some))?),
        T::Double => Arc::new(read_each::<Float64Type>(texts, to, |text| parse_double(text).map(Some))?),
        T::Decimal { precision, scale } => {
            let unscaled =
                read_each::<Decimal128Type>(texts, to, |text| decimal::parse(text, *precision, *scale))?;
            labelled(unscaled, *precision, *scale)?
        }
        T::Date => Arc::new(read_each::<Date32Type>(texts, to, |text| parse_date(text).map(Some))?),
        T::Time { .. } => {
            Arc::new(read_each::<Time32MillisecondType>(texts, to, |text| parse_time(text).map(Some))?)
        }
        T::Timestamp { precision } => read_timestamps(texts, to, |text| parse_timestamp(text, *precision))?,
        T::TimestampLtz { precision } => {
            read_timestamps(texts, to, |text| parse_timestamp_text(text, *precision))?
        }
        _ => return Err(CastError::unsupported(from, to)),
    })
}

fn refit(texts: &StringViewArray, to: &LogicalType) -> ArrayRef {
    let mut builder = StringViewBuilder::with_capacity(texts.len());
    let mut fitted = String::new();
    for text in texts {
        let Some(text) = text else {
            builder.append_null();
            continue;
        };
        fitted.clear();
        fitted.push_str(text);
        fit_text(&mut fitted, to);
        builder.append_value(&fitted);
    }
    Arc::new(builder.finish())
}

fn read<T>(text: &str, to: &LogicalType, parse: impl Fn(&str) -> Result<T, &'static str>) -> CastResult<T> {
    parse(text).map_err(|reason| {
        let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
        CastError::value(format!("'{shown}'"), to, reason)
    })
}

fn read_each<T: ArrowPrimitiveType>(
    texts: &StringViewArray,
    to: &LogicalType,
    parse: impl Fn(&str) -> Result<Option<T::Native>, &'static str>,
) -> CastResult<PrimitiveArray<T>> {
    texts
        .iter()
        .map(|text| match text {
            Some(text) => read(text, to, &parse),
            None => Ok(None),
        })
        .collect()
}

fn integers<T: ArrowPrimitiveType>(texts: &StringViewArray, to: &LogicalType) -> CastResult<PrimitiveArray<T>>
where
    T::Native: TryFrom<i64>,
{
    read_each(texts, to, |text| {
        let value = parse_integer(text)?;
        T::Native::try_from(value).map(Some).map_err(|_| "the number overflows")
    })
}

fn read_timestamps(
    texts: &StringViewArray,
    to: &LogicalType,
    parse: impl Fn(&str) -> Result<super::instant::Instant, &'static str>,
) -> CastResult<ArrayRef> {
    timestamps(to, texts.iter().map(|text| text.map(|text| read(text, to, &parse)).transpose()))
}

fn parse_boolean(text: &str) -> Result<bool, &'static str> {
    match text.to_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "1" => Ok(true),
        "f" | "false" | "n" | "no" | "0" => Ok(false),
        _ => Err("it is neither true nor false"),
    }
}
