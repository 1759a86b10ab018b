//! Floating-point numbers as Postgres prints them.
//!
//! With `extra_float_digits` above zero (the default is 1) the shortest digits that read back to the
//! same number, in plain notation for exponents from -4 to 14 (5 for float4), else scientific with
//! at least two digits of exponent (`src/common/d2s.c`). Otherwise C's `%.*g`.

use std::io::Write;

/// What decides how a number of one width prints.
struct Shape {
    /// Decimal digits that any number of the type keeps (`DBL_DIG`, `FLT_DIG`).
    digits: i32,
    /// The first exponent that is written in scientific notation.
    scientific_from: i32,
}

const FLOAT4: Shape = Shape { digits: 6, scientific_from: 6 };
const FLOAT8: Shape = Shape { digits: 15, scientific_from: 15 };

pub fn float4(value: f32, extra_digits: i32, out: &mut Vec<u8>) {
    if special(f64::from(value), out) {
        return;
    }
    if extra_digits > 0 {
        let mut buffer = ryu::Buffer::new();
        shortest(buffer.format_finite(value), &FLOAT4, out);
    } else {
        general(f64::from(value), &FLOAT4, extra_digits, out);
    }
}

pub fn float8(value: f64, extra_digits: i32, out: &mut Vec<u8>) {
    if special(value, out) {
        return;
    }
    if extra_digits > 0 {
        let mut buffer = ryu::Buffer::new();
        shortest(buffer.format_finite(value), &FLOAT8, out);
    } else {
        general(value, &FLOAT8, extra_digits, out);
    }
}

/// NaN and infinities; `true` if it was one.
fn special(value: f64, out: &mut Vec<u8>) -> bool {
    let name: &[u8] = match value {
        _ if value.is_nan() => b"NaN",
        f64::INFINITY => b"Infinity",
        f64::NEG_INFINITY => b"-Infinity",
        _ => return false,
    };
    out.extend_from_slice(name);
    true
}

/// Rewrites what ryu printed (`-1.5e-7`, `123.0`) in the notation of Postgres.
fn shortest(printed: &str, shape: &Shape, out: &mut Vec<u8>) {
    let (mantissa, exponent) = match printed.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
        None => (printed, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let mut point = exponent + whole.len() as i32;
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..leading);
    point -= leading as i32;
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    if negative {
        out.push(b'-');
    }
    if digits.is_empty() {
        out.push(b'0');
        return;
    }
    write_digits(&digits, point - 1, shape.scientific_from, out);
}

/// C's `%.*g` with the type's digits and as many more (or fewer) as `extra_float_digits` says.
fn general(value: f64, shape: &Shape, extra_digits: i32, out: &mut Vec<u8>) {
    let precision = (shape.digits + extra_digits).max(1);
    let printed = format!("{value:.*e}", precision as usize - 1);
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((&printed, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if mantissa.starts_with('-') {
        out.push(b'-');
    }
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    write_digits(&digits, exponent, precision, out);
}

/// Writes `d.ddd * 10^exponent`, plain where the exponent allows it.
fn write_digits(digits: &[u8], exponent: i32, scientific_from: i32, out: &mut Vec<u8>) {
    if !(-4..scientific_from).contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a vector cannot fail.
        let _infallible = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.extend_from_slice(digits);
            out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn eight(value: f64, extra: i32) -> String {
        let mut out = Vec::new();
        float8(value, extra, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn four(value: f32, extra: i32) -> String {
        let mut out = Vec::new();
        float4(value, extra, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Each was printed by PostgreSQL 15.
    #[test]
    fn shortest_digits_in_the_notation_of_postgres() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (100.0, "100"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1e14, "100000000000000"),
            (1.234_567_890_123_456_7e15, "1.2345678901234568e+15"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(eight(value, 1), text);
        }
        for (value, text) in [
            (0.1, "0.1"),
            (16_777_216.0, "1.6777216e+07"),
            (123_456.0, "123456"),
            (1e6, "1e+06"),
            (1e-5, "1e-05"),
        ] {
            assert_eq!(four(value, 1), text);
        }
    }

    #[test]
    fn fewer_digits_on_request() {
        assert_eq!(eight(1.0 / 3.0, 0), "0.333333333333333");
        assert_eq!(eight(1.0 / 3.0, -10), "0.33333");
        assert_eq!(eight(1e15, 0), "1e+15");
        assert_eq!(eight(123_456.0, -12), "1.23e+05");
        assert_eq!(eight(-0.5, 0), "-0.5");
        assert_eq!(eight(0.0, 0), "0");
        assert_eq!(four(0.1, 0), "0.1");
        assert_eq!(four(1.0 / 3.0, 0), "0.333333");
    }
}
