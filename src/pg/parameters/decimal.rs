//! Numeric parameters: a decimal of as many digits as the value has.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, i256};
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::{invalid_binary, invalid_text, out_of_range};
use crate::pg::error::{PgError, PgResult};

/// Exponents beyond this make a number that no decimal holds.
const EXPONENT_MAX: i32 = 400;

const NEGATIVE: u16 = 0x4000;

/// `-12.50`, `1.5e3`.
pub(super) fn from_text(text: &str) -> PgResult<ScalarValue> {
    let invalid = || invalid_text(&Type::NUMERIC, text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| invalid())?),
        None => (text, 0),
    };
    if exponent.abs() > EXPONENT_MAX {
        return Err(out_of_range(&Type::NUMERIC, text));
    }
    if matches!(text.to_ascii_lowercase().as_str(), "nan" | "infinity" | "-infinity" | "inf" | "-inf") {
        return Err(no_number());
    }
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let mut digits: String = [whole, fraction].concat();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let mut scale = fraction.len() as i64 - i64::from(exponent);
    while scale < 0 {
        digits.push('0');
        scale += 1;
    }
    decimal(negative, &digits, scale).ok_or_else(|| out_of_range(&Type::NUMERIC, text))
}

/// The form of `numeric_recv`: groups of four digits with the weight of the first, and the scale.
pub(super) fn from_binary(bytes: &[u8]) -> PgResult<ScalarValue> {
    let invalid = || invalid_binary(&Type::NUMERIC);
    let words: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| pair.try_into().map(u16::from_be_bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| invalid())?;
    let [count, weight, sign, scale, groups @ ..] = words.as_slice() else {
        return Err(invalid());
    };
    if groups.len() != usize::from(*count) || groups.iter().any(|group| *group > 9999) {
        return Err(invalid());
    }
    if !matches!(*sign, 0 | NEGATIVE) {
        return Err(no_number());
    }
    let (weight, scale) = (i64::from(weight.cast_signed()), i64::from(*scale));
    let mut digits: String = groups.iter().map(|group| format!("{group:04}")).collect();
    // Digits that stand after the decimal point, before the scale cuts or fills them.
    let mut after_point = (groups.len() as i64 - weight - 1) * 4;
    if scale > i64::from(DECIMAL256_MAX_PRECISION) || after_point.abs() > 4 * i64::from(EXPONENT_MAX) {
        return Err(out_of_range(&Type::NUMERIC, "in binary"));
    }
    while after_point < scale {
        digits.push('0');
        after_point += 1;
    }
    while after_point > scale {
        // Postgres writes no digits beyond the scale, other than zeros that fill a group.
        if digits.pop().is_some_and(|digit| digit != '0') {
            return Err(invalid());
        }
        after_point -= 1;
    }
    decimal(*sign == NEGATIVE, &digits, scale).ok_or_else(|| out_of_range(&Type::NUMERIC, "in binary"))
}

fn no_number() -> PgError {
    PgError::unsupported("NaN and infinity are not supported as numeric")
}

/// A decimal of these digits, `scale` of them after the point; `None` if no type holds it.
fn decimal(negative: bool, digits: &str, scale: i64) -> Option<ScalarValue> {
    let digits = digits.trim_start_matches('0');
    let scale = i8::try_from(scale).ok()?;
    let precision = u8::try_from(digits.len()).ok()?.max(scale.unsigned_abs()).max(1);
    let text = format!("{}{}", if negative { "-" } else { "" }, if digits.is_empty() { "0" } else { digits });
    if precision <= DECIMAL128_MAX_PRECISION {
        return Some(ScalarValue::Decimal128(Some(text.parse().ok()?), precision, scale));
    }
    if precision <= DECIMAL256_MAX_PRECISION {
        return Some(ScalarValue::Decimal256(Some(i256::from_string(&text)?), precision, scale));
    }
    None
}
