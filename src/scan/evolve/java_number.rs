//! Numbers as Java converts, prints and parses them.
//!
//! The lake's values went through Java's rules when their writers cast them, so a cast on read must
//! give what Java gives: narrowing wraps, floating point saturates, and text has Java's forms
//! (`1.0E10`, `NaN`). Floating-point text is the shortest that reads back as the same number, which
//! is Java's rule since version 19; earlier versions print a digit too many for some numbers above 2^53.

use std::fmt::Write;

/// Java's narrowing and widening conversions between its numeric primitives (JLS 5.1.2, 5.1.3).
pub(super) trait JavaNumber: Copy {
    fn byte(self) -> i8;
    fn short(self) -> i16;
    fn int(self) -> i32;
    fn long(self) -> i64;
    fn float(self) -> f32;
    fn double(self) -> f64;
}

macro_rules! java_integer {
    ($($native:ty),*) => {$(
        impl JavaNumber for $native {
            fn byte(self) -> i8 { self as i8 }
            fn short(self) -> i16 { self as i16 }
            fn int(self) -> i32 { self as i32 }
            fn long(self) -> i64 { self as i64 }
            fn float(self) -> f32 { self as f32 }
            fn double(self) -> f64 { self as f64 }
        }
    )*};
}

/// A floating-point number goes to `byte` and `short` through `int`: it saturates there, then wraps.
macro_rules! java_floating {
    ($($native:ty),*) => {$(
        impl JavaNumber for $native {
            fn byte(self) -> i8 { (self as i32) as i8 }
            fn short(self) -> i16 { (self as i32) as i16 }
            fn int(self) -> i32 { self as i32 }
            fn long(self) -> i64 { self as i64 }
            fn float(self) -> f32 { self as f32 }
            fn double(self) -> f64 { self as f64 }
        }
    )*};
}

java_integer!(i8, i16, i32, i64);
java_floating!(f32, f64);

/// `Double.toString`.
pub fn write_double(value: f64, out: &mut String) {
    if write_special(value, out) {
        return;
    }
    let shortest = format!("{:e}", value.abs());
    // With a single digit, Java takes the nearest number of two digits that reads back the same:
    // 4.9E-324 and not 5.0E-324.
    let two_digits = format!("{:.1e}", value.abs());
    let one_digit = !shortest.contains('.');
    let same = one_digit && two_digits.parse() == Ok(value.abs());
    write_scientific(if same { &two_digits } else { &shortest }, value.is_sign_negative(), out);
}

/// `Float.toString`.
pub fn write_float(value: f32, out: &mut String) {
    if write_special(f64::from(value), out) {
        return;
    }
    let shortest = format!("{:e}", value.abs());
    let two_digits = format!("{:.1e}", value.abs());
    let one_digit = !shortest.contains('.');
    let same = one_digit && two_digits.parse() == Ok(value.abs());
    write_scientific(if same { &two_digits } else { &shortest }, value.is_sign_negative(), out);
}

fn write_special(value: f64, out: &mut String) -> bool {
    let text = if value.is_nan() {
        "NaN"
    } else if value == f64::INFINITY {
        "Infinity"
    } else if value == f64::NEG_INFINITY {
        "-Infinity"
    } else if value == 0.0 {
        if value.is_sign_negative() { "-0.0" } else { "0.0" }
    } else {
        return false;
    };
    out.push_str(text);
    true
}

/// Rewrites Rust's `d.ddde±x` in Java's form: plain for 10^-3 <= |x| < 10^7, else `d.dddE±x`, and
/// always with a digit after the point.
fn write_scientific(text: &str, negative: bool, out: &mut String) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    if negative {
        out.push('-');
    }
    if !(-3..7).contains(&exponent) {
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        // Writing to a String cannot fail.
        let _ = write!(out, "{whole}.{fraction}E{exponent}");
    } else if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
        out.push_str(whole);
        out.push_str(fraction);
    } else {
        let point = (exponent.unsigned_abs() as usize).min(fraction.len());
        let (before, after) = fraction.split_at(point);
        out.push_str(whole);
        out.push_str(before);
        out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - point));
        out.push('.');
        out.push_str(if after.is_empty() { "0" } else { after });
    }
}

/// An integer with an optional sign and a fraction that is checked and dropped, as Java's
/// `BinaryStringUtils.toLong` and Hive's `LazyLong` read it.
pub(super) fn parse_integer(text: &str) -> Result<i64, &'static str> {
    let (negative, digits) = match text.as_bytes() {
        [] => return Err("the input is empty"),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return Err("the input is only a sign");
    }
    let mut halves = digits.splitn(2, |&byte| byte == b'.');
    let whole = halves.next().unwrap_or_default();
    let fraction = halves.next().unwrap_or_default();
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err("invalid character found");
    }
    // Accumulated below zero, where the range is larger by one.
    let mut value = 0_i64;
    for digit in whole {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_sub(i64::from(digit - b'0')))
            .ok_or("the number overflows")?;
    }
    if negative { Ok(value) } else { value.checked_neg().ok_or("the number overflows") }
}

/// `Double.parseDouble`, without hexadecimal forms.
pub(super) fn parse_double(text: &str) -> Result<f64, &'static str> {
    let number = floating_text(text)?;
    number.parse().map_err(|_| "it is not a number")
}

/// `Float.parseFloat`, without hexadecimal forms.
pub(super) fn parse_float(text: &str) -> Result<f32, &'static str> {
    let number = floating_text(text)?;
    number.parse().map_err(|_| "it is not a number")
}

/// Checks Java's grammar and strips what Rust's parser does not know: outer white space and a type
/// suffix. Rust's own words (`inf`, `nan` in any case) are not Java's.
fn floating_text(text: &str) -> Result<&str, &'static str> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "NaN" || unsigned == "Infinity" {
        return Ok(text);
    }
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        return Err("hexadecimal floating-point text is not supported");
    }
    let bare = unsigned.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(unsigned);
    let starts_as_number = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !starts_as_number || !bare.chars().all(known) {
        return Err("it is not a number");
    }
    Ok(&text[..text.len() - (unsigned.len() - bare.len())])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn double(value: f64) -> String {
        let mut text = String::new();
        write_double(value, &mut text);
        text
    }

    fn float(value: f32) -> String {
        let mut text = String::new();
        write_float(value, &mut text);
        text
    }

    /// Printed by `Double.toString` and `Float.toString` of Java 17.
    #[test]
    fn floating_point_text_is_javas() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (100.0, "100.0"),
            (1234567.0, "1234567.0"),
            (9999999.0, "9999999.0"),
            (1.0e7, "1.0E7"),
            (12345678.9, "1.23456789E7"),
            (0.001, "0.001"),
            (0.0012, "0.0012"),
            (0.0009999, "9.999E-4"),
            (1.0e-5, "1.0E-5"),
            (1.0e23, "1.0E23"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::from_bits(1), "4.9E-324"),
            (f64::from_bits(4), "2.0E-323"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-955.0678480941363, "-955.0678480941363"),
        ] {
            assert_eq!(double(value), text);
        }
        for (value, text) in [
            (0.1_f32, "0.1"),
            (1.0e10, "1.0E10"),
            (f32::MAX, "3.4028235E38"),
            (f32::from_bits(1), "1.4E-45"),
            (-1492.2969, "-1492.2969"),
            (16777216.0, "1.6777216E7"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn floating_point_text_reads_back() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let value = f64::from_bits(seed);
            if value.is_finite() {
                assert_eq!(double(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
            }
        }
    }

    #[test]
    fn integers_are_read_as_paimon_reads_them() {
        for (text, value) in [
            ("0", 0),
            ("+7", 7),
            ("-7", -7),
            ("12.99", 12),
            ("-12.99", -12),
            (".5", 0),
            ("5.", 5),
            (".", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_integer(text), Ok(value), "{text}");
        }
        for text in ["", "-", "+", " 1", "1 ", "1e3", "1.2.3", "0x10", "9223372036854775808", "１"] {
            assert!(parse_integer(text).is_err(), "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_java_reads_them() {
        for (text, value) in
            [(" 1.5 ", 1.5), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-2.5E-1d", -0.25), ("3f", 3.0)]
        {
            assert_eq!(parse_double(text), Ok(value), "{text}");
        }
        assert!(parse_double("NaN").unwrap().is_nan());
        assert_eq!(parse_double("-Infinity"), Ok(f64::NEG_INFINITY));
        assert_eq!(parse_float("0.1"), Ok(0.1_f32));
        for text in ["", "nan", "inf", "infinity", "1e", "e1", "1_000", "0x1p3", "--1", "1 2", "f"] {
            assert!(parse_double(text).is_err(), "{text}");
        }
    }
}
