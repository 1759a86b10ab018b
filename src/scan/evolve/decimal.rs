//! Decimals as `java.math.BigDecimal` rescales, prints and reads them.
//!
//! A result that does not fit its precision is NULL, as in the Java reader's `Decimal.fromBigDecimal`;
//! dropped digits round half away from zero.

/// The most digits that any decimal of the lake has.
const MAX_DIGITS: usize = 38;

/// Ten to the `exponent`, where it fits 128 bits.
pub(super) fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// Brings an unscaled value to another scale; `None` where it does not fit `precision` digits.
pub(super) fn rescale(unscaled: i128, from_scale: i8, to_scale: i8, precision: u8) -> Option<i128> {
    let shift = i32::from(to_scale) - i32::from(from_scale);
    let rescaled = if shift >= 0 {
        if unscaled == 0 { 0 } else { unscaled.checked_mul(power_of_ten(shift.unsigned_abs())?)? }
    } else {
        match power_of_ten(shift.unsigned_abs()) {
            Some(divisor) => divide_half_up(unscaled, divisor),
            // Dividing by more than 10^38 leaves less than a half.
            None => 0,
        }
    };
    fit(rescaled, precision)
}

fn divide_half_up(value: i128, divisor: i128) -> i128 {
    let quotient = value / divisor;
    let remainder = (value % divisor).unsigned_abs();
    let rounds_away = remainder >= divisor.unsigned_abs().div_ceil(2);
    if rounds_away { quotient + value.signum() } else { quotient }
}

fn fit(unscaled: i128, precision: u8) -> Option<i128> {
    let limit = power_of_ten(u32::from(precision))?;
    (unscaled.abs() < limit).then_some(unscaled)
}

/// `BigDecimal.longValue` after dropping the fraction: the low 64 bits of the whole part.
pub(super) fn to_long(unscaled: i128, scale: i8) -> i64 {
    let whole = match u32::try_from(scale) {
        Ok(scale) => power_of_ten(scale).map_or(0, |divisor| unscaled / divisor),
        Err(_) => {
            let factor = power_of_ten(u32::from(scale.unsigned_abs())).unwrap_or(0);
            unscaled.wrapping_mul(factor)
        }
    };
    whole as i64
}

/// The Java reader's `DecimalUtils.doubleValue`: up to 18 digits one division of doubles, beyond them the
/// nearest double.
pub(super) fn to_double(unscaled: i128, precision: u8, scale: i8) -> f64 {
    if precision <= 18 && (0..=18).contains(&scale) {
        let divisor = power_of_ten(u32::from(scale.unsigned_abs())).unwrap_or(1);
        return unscaled as i64 as f64 / divisor as f64;
    }
    let mut text = String::new();
    write_plain(unscaled, scale, &mut text);
    // The text is plain digits, which always parse.
    text.parse().unwrap_or(f64::NAN)
}

/// `BigDecimal.toPlainString`.
pub(super) fn write_plain(unscaled: i128, scale: i8, out: &mut String) {
    if unscaled < 0 {
        out.push('-');
    }
    let digits = unscaled.unsigned_abs().to_string();
    let scale_digits = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.push_str(&digits);
        if unscaled != 0 {
            out.extend(std::iter::repeat_n('0', scale_digits));
        }
        return;
    }
    match digits.len().checked_sub(scale_digits) {
        Some(point) if point > 0 => {
            let (whole, fraction) = digits.split_at(point);
            out.push_str(whole);
            out.push('.');
            out.push_str(fraction);
        }
        _ => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', scale_digits - digits.len()));
            out.push_str(&digits);
        }
    }
}

/// Reads what `new BigDecimal(text)` reads and rounds it to a decimal type. `Ok(None)` is a number
/// that does not fit the precision.
pub(super) fn parse(text: &str, precision: u8, scale: i8) -> Result<Option<i128>, &'static str> {
    const BAD: &str = "it is not a decimal number";
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent).ok_or(BAD)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(BAD);
    }
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let fraction_digits = i64::try_from(fraction.len()).map_err(|_| BAD)?;
    let shift = i64::from(scale) - (fraction_digits - exponent);
    let unscaled = round_digits(digits, shift).and_then(|unscaled| fit(unscaled, precision));
    Ok(unscaled.map(|unscaled| if negative { -unscaled } else { unscaled }))
}

/// At most ten digits, as `BigDecimal` allows.
fn parse_exponent(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plausible = (1..=10).contains(&unsigned.len()) && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    plausible.then(|| text.parse().ok())?
}

/// The digits times ten to the `shift`, rounded half up; `None` beyond 38 digits.
fn round_digits(digits: &str, shift: i64) -> Option<i128> {
    if digits.is_empty() {
        return Some(0);
    }
    if let Ok(zeros) = usize::try_from(shift) {
        if digits.len().checked_add(zeros)? > MAX_DIGITS {
            return None;
        }
        let factor = power_of_ten(u32::try_from(zeros).ok()?)?;
        return digits.parse::<i128>().ok()?.checked_mul(factor);
    }
    let dropped = usize::try_from(shift.unsigned_abs()).ok()?;
    let Some(kept) = digits.len().checked_sub(dropped) else {
        return Some(0);
    };
    if kept > MAX_DIGITS {
        return None;
    }
    let (kept, rest) = digits.split_at(kept);
    let rounds_up = rest.as_bytes().first().is_some_and(|&digit| digit >= b'5');
    let value = if kept.is_empty() { 0 } else { kept.parse::<i128>().ok()? };
    Some(value + i128::from(rounds_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaling_rounds_half_away_from_zero_and_overflows_to_null() {
        assert_eq!(rescale(12345, 2, 3, 10), Some(123_450));
        assert_eq!(rescale(12345, 2, 1, 10), Some(1235));
        assert_eq!(rescale(12344, 2, 1, 10), Some(1234));
        assert_eq!(rescale(-12345, 2, 1, 10), Some(-1235));
        assert_eq!(rescale(99995, 3, 2, 4), None);
        assert_eq!(rescale(9999, 2, 2, 4), Some(9999));
        assert_eq!(rescale(5, 38, 0, 10), Some(0));
        assert_eq!(rescale(i128::MAX / 10, 0, 38, 38), None);
        assert_eq!(rescale(0, 0, 38, 38), Some(0));
    }

    #[test]
    fn text_is_plain() {
        for (unscaled, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 3, "0.005"),
            (-5, 3, "-0.005"),
            (12345, 2, "123.45"),
            (-12345, 5, "-0.12345"),
            (7, 0, "7"),
            (7, -2, "700"),
            (-10_i128.pow(37), 18, "-10000000000000000000.000000000000000000"),
        ] {
            let mut out = String::new();
            write_plain(unscaled, scale, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn text_is_read_as_big_decimal() {
        for (text, value) in [
            ("12.345", Some(1235)),
            ("-12.345", Some(-1235)),
            ("12.344", Some(1234)),
            ("1e2", Some(10000)),
            ("1.5E-2", Some(2)),
            ("+.5", Some(50)),
            ("5.", Some(500)),
            ("0.004", Some(0)),
            ("0.005", Some(1)),
            ("0.0049999999999999999999999999999999999999999999999", Some(0)),
            ("99999999.99", Some(9_999_999_999)),
            ("99999999.995", None),
            ("100000000", None),
            ("1e999999999", None),
            ("1e-999999999", Some(0)),
            ("0e999999999", Some(0)),
        ] {
            assert_eq!(parse(text, 10, 2), Ok(value), "{text}");
        }
        for text in ["", " 1", "1 ", ".", "e1", "1e", "1e+", "1e12345678901", "NaN", "1.2.3", "--1", "1_0"] {
            assert!(parse(text, 10, 2).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_parts_wrap_to_64_bits() {
        assert_eq!(to_long(-1299, 2), -12);
        assert_eq!(to_long(10_i128.pow(20), 0), 7_766_279_631_452_241_920);
        assert_eq!(to_long(1 << 64, 0), 0);
    }

    #[test]
    fn doubles_are_javas() {
        assert_eq!(to_double(12345, 10, 2), 123.45);
        assert_eq!(to_double(-9098, 38, 18), -9.098e-15);
        assert_eq!(to_double(1, 38, 38), 1e-38);
    }
}
