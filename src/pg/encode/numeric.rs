//! Decimals as Postgres's `numeric`, in text and in binary.
//!
//! Binary (`numeric_send`): digits in base 10000 counted, the weight of the first one, the sign, the
//! digits after the decimal point, then the base-10000 digits, each as two bytes. Zeros at both ends
//! are left out. All of a Decimal256's 76 digits fit.

use std::fmt::Display;
use std::io::Write;

/// Digits of the longest decimal: 76, its sign, and what a negative scale appends (128).
const TEXT_BYTES_MAX: usize = 256;

const NEGATIVE: u16 = 0x4000;
const BASE: u64 = 10_000;

/// A decimal's digits without sign, as text on the stack.
struct Digits {
    bytes: [u8; TEXT_BYTES_MAX],
    length: usize,
    negative: bool,
}

impl Digits {
    /// `unscaled` is the integer behind the decimal; a negative scale appends zeros.
    fn new(unscaled: impl Display, scale: i8) -> Self {
        let mut bytes = [b'0'; TEXT_BYTES_MAX];
        let mut rest = &mut bytes[..];
        // The longest text is 77 bytes and the buffer has 256.
        let _fits = write!(rest, "{unscaled}");
        let mut length = TEXT_BYTES_MAX - rest.len();
        let negative = bytes[0] == b'-';
        if negative {
            bytes.copy_within(1..length, 0);
            length -= 1;
            bytes[length] = b'0';
        }
        if scale < 0 && !(length == 1 && bytes[0] == b'0') {
            length += usize::from(scale.unsigned_abs());
        }
        Self { bytes, length, negative }
    }

    fn digits(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Writes a decimal with exactly `scale` digits after the point.
pub fn write_text(unscaled: impl Display, scale: i8, out: &mut Vec<u8>) {
    let digits = Digits::new(unscaled, scale);
    let scale = usize::try_from(scale).unwrap_or(0);
    if digits.negative {
        out.push(b'-');
    }
    let digits = digits.digits();
    let whole = digits.len().saturating_sub(scale);
    if whole == 0 {
        out.push(b'0');
    } else {
        out.extend_from_slice(&digits[..whole]);
    }
    if scale > 0 {
        out.push(b'.');
        out.extend(std::iter::repeat_n(b'0', scale.saturating_sub(digits.len())));
        out.extend_from_slice(&digits[whole..]);
    }
}

/// The same for an unscaled value of 64 bits, without a pass over a wide buffer.
pub fn write_text_small(unscaled: i64, scale: i8, out: &mut Vec<u8>) {
    let Ok(scale_digits @ 0..=18) = u32::try_from(scale) else {
        return write_text(unscaled, scale, out);
    };
    let unit = 10u64.pow(scale_digits);
    let value = unscaled.unsigned_abs();
    if unscaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(value / unit).as_bytes());
    if scale_digits > 0 {
        out.push(b'.');
        let fraction = buffer.format(value % unit);
        out.extend(std::iter::repeat_n(b'0', scale_digits as usize - fraction.len()));
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// Writes the binary form of a decimal whose unscaled value fits 64 bits: nearly all of them.
pub fn write_binary_small(unscaled: i64, scale: i8, out: &mut Vec<u8>) {
    let Ok(scale_digits @ 0..=15) = u32::try_from(scale) else {
        return write_binary(unscaled, scale, out);
    };
    let value = unscaled.unsigned_abs();
    let unit = 10u64.pow(scale_digits);
    let (mut whole, fraction) = (value / unit, value % unit);
    // Five groups hold the 19 digits of the whole part, four the 16 of the fraction.
    let mut groups = [0u16; 9];
    let mut whole_groups = 0;
    while whole > 0 {
        groups[4 - whole_groups] = (whole % BASE) as u16;
        whole /= BASE;
        whole_groups += 1;
    }
    let fraction_groups = scale_digits.div_ceil(4) as usize;
    let mut fraction = fraction * 10u64.pow(fraction_groups as u32 * 4 - scale_digits);
    for group in groups[5..5 + fraction_groups].iter_mut().rev() {
        *group = (fraction % BASE) as u16;
        fraction /= BASE;
    }
    let used = &groups[5 - whole_groups..5 + fraction_groups];
    write_groups(used, whole_groups as i16 - 1, unscaled < 0, scale_digits as u16, out);
}

/// Writes the binary form of any decimal.
pub fn write_binary(unscaled: impl Display, scale: i8, out: &mut Vec<u8>) {
    let digits = Digits::new(unscaled, scale);
    let scale = usize::try_from(scale).unwrap_or(0);
    let (negative, digits) = (digits.negative, digits.digits());
    let whole = digits.len().saturating_sub(scale);
    let mut groups = [0u16; TEXT_BYTES_MAX / 2];
    let whole_groups = whole.div_ceil(4);
    for (n, digit) in digits[..whole].iter().enumerate() {
        add_digit(&mut groups, n + whole_groups * 4 - whole, *digit);
    }
    let zeros = scale.saturating_sub(digits.len());
    for (n, digit) in digits[whole..].iter().enumerate() {
        add_digit(&mut groups, whole_groups * 4 + zeros + n, *digit);
    }
    let used = &groups[..whole_groups + scale.div_ceil(4)];
    write_groups(used, whole_groups as i16 - 1, negative, scale as u16, out);
}

/// Adds the decimal digit at a place that counts from the first digit of the first group.
fn add_digit(groups: &mut [u16], place: usize, digit: u8) {
    const UNITS: [u16; 4] = [1000, 100, 10, 1];
    groups[place / 4] += u16::from(digit - b'0') * UNITS[place % 4];
}

fn write_groups(groups: &[u16], weight: i16, negative: bool, scale: u16, out: &mut Vec<u8>) {
    let leading = groups.iter().take_while(|group| **group == 0).count();
    let groups = &groups[leading..];
    let trailing = groups.iter().rev().take_while(|group| **group == 0).count();
    let groups = &groups[..groups.len() - trailing];
    let zero = groups.is_empty();
    let weight = if zero { 0 } else { weight - leading as i16 };
    let sign = if negative && !zero { NEGATIVE } else { 0 };
    out.extend_from_slice(&(groups.len() as u16).to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::i256;

    use super::*;

    fn text(unscaled: impl Display, scale: i8) -> String {
        let mut out = Vec::new();
        write_text(unscaled, scale, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_keeps_the_scale() {
        assert_eq!(text(12_345, 2), "123.45");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(0, 3), "0.000");
        assert_eq!(text(100, 0), "100");
        assert_eq!(text(-12, -3), "-12000");
        assert_eq!(text(0, -3), "0");
        assert_eq!(text(i128::MAX, 38), "1.70141183460469231731687303715884105727");
        assert_eq!(text(i256::MIN, 0), i256::MIN.to_string());
    }

    /// The `numeric_send` of PostgreSQL 15 for the same numbers.
    #[test]
    fn binary_is_that_of_numeric_send() {
        for (unscaled, scale, words) in [
            (0i64, 0i8, vec![0, 0, 0, 0]),
            (0, 2, vec![0, 0, 0, 2]),
            (1, 0, vec![1, 0, 0, 0, 1]),
            (-1, 0, vec![1, 0, 0x4000, 0, 1]),
            (10_000, 0, vec![1, 1, 0, 0, 1]),
            (12_345, 2, vec![2, 0, 0, 2, 123, 4500]),
            (-5, 2, vec![1, 0xffff, 0x4000, 2, 500]),
            (1, 8, vec![1, 0xfffe, 0, 8, 1]),
            (1_234_567_890, 5, vec![3, 1, 0, 5, 1, 2345, 6789]),
            (i64::MAX, 0, vec![5, 4, 0, 0, 922, 3372, 368, 5477, 5807]),
        ] {
            let bytes: Vec<u8> = words.iter().flat_map(|word: &u16| word.to_be_bytes()).collect();
            let (mut small, mut any) = (Vec::new(), Vec::new());
            write_binary_small(unscaled, scale, &mut small);
            write_binary(unscaled, scale, &mut any);
            assert_eq!(any, bytes, "{unscaled} scale {scale}");
            assert_eq!(small, bytes, "{unscaled} scale {scale}");
        }
    }

    #[test]
    fn both_ways_agree() {
        let mut state = 0x2545_f491_4f6c_dd1du64;
        for round in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let unscaled = (state >> (round % 60)).cast_signed();
            for scale in [0, 1, 3, 4, 7, 15, 18, -2] {
                let (mut small, mut any) = (Vec::new(), Vec::new());
                write_binary_small(unscaled, scale, &mut small);
                write_binary(unscaled, scale, &mut any);
                assert_eq!(small, any, "{unscaled} scale {scale}");
                small.clear();
                write_text_small(unscaled, scale, &mut small);
                assert_eq!(String::from_utf8(small).unwrap(), text(unscaled, scale));
            }
        }
    }
}
