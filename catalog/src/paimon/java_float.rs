//! `Float.toString` and `Double.toString` as Java had them before version 19.
//!
//! Paimon names the folders of floating-point partitions with them, so digits must agree with the
//! writer's. Up to JDK 18 these are not always the shortest that read back as the number: whole
//! numbers keep digits that say nothing, and the digits of others end by a test whose outcome depends
//! on the width of the intermediate numbers. Nothing documents that; what is here agrees with
//! JDK 17 on millions of random numbers.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_traits::ToPrimitive;

/// Bits behind the point of a double's significand; floats are shifted to have as many.
const FRACTION_BITS: i32 = 52;
/// Largest binary exponent at which a number may be a whole number of 64 bits.
const MAX_WHOLE_EXPONENT: i32 = 62;

/// `Double.toString`.
pub fn double(value: f64) -> String {
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    text(value, Significand::new(bits & ((1 << 52) - 1), 52, exponent, 1023))
}

/// `Float.toString`.
pub fn float(value: f32) -> String {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 0xff) as i32;
    text(f64::from(value), Significand::new(u64::from(bits & ((1 << 23) - 1)), 23, exponent, 127))
}

fn text(value: f64, significand: Significand) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    let Decimal { digits, exponent } = significand.decimal();
    let or_zero = |digits: &str| if digits.is_empty() { "0".to_string() } else { digits.to_string() };
    match exponent {
        1..=7 => {
            let digits = format!("{digits:0<width$}", width = exponent as usize);
            let (whole, fraction) = digits.split_at(exponent as usize);
            format!("{sign}{whole}.{}", or_zero(fraction))
        }
        -2..=0 => format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize)),
        _ => {
            let (whole, fraction) = digits.split_at(1);
            format!("{sign}{whole}.{}E{}", or_zero(fraction), exponent - 1)
        }
    }
}

/// `0.digits` times ten to the power of `exponent`.
struct Decimal {
    digits: String,
    exponent: i32,
}

/// A positive number: `1.fraction` times two to the power of `exponent`.
#[derive(Clone, Copy)]
struct Significand {
    /// With the leading one, which is bit 52.
    bits: u64,
    exponent: i32,
    /// Bits that the format stores: fewer where the number is denormal.
    significant: i32,
}

impl Significand {
    fn new(fraction: u64, width: i32, exponent: i32, bias: i32) -> Self {
        let shift = FRACTION_BITS - width;
        if exponent == 0 {
            // Denormal, or zero, whose digits nobody asks for.
            let missing = fraction.leading_zeros() as i32 - (63 - width);
            let bits = fraction.checked_shl((missing + shift) as u32).unwrap_or(0);
            return Self { bits, exponent: 1 - missing - bias, significant: width + 1 - missing };
        }
        Self { bits: (fraction | 1 << width) << shift, exponent: exponent - bias, significant: width + 1 }
    }

    fn decimal(self) -> Decimal {
        let Self { bits, exponent, significant } = self;
        let trailing = bits.trailing_zeros() as i32;
        let fraction_bits = FRACTION_BITS + 1 - trailing;
        let behind_point = (fraction_bits - exponent - 1).max(0);
        if behind_point == 0 && exponent <= MAX_WHOLE_EXPONENT {
            return self.whole_number();
        }
        // B / S is the number by its power of ten, M half the distance to its neighbours.
        let tens = self.estimated_exponent();
        let (b5, s5) = ((-tens).max(0), tens.max(0));
        let (mut b2, mut s2) = (b5 + behind_point + exponent, s5 + behind_point);
        let mut m2 = b2 - significant;
        b2 -= fraction_bits - 1;
        let common = b2.min(s2);
        (b2, s2, m2) = (b2 - common, s2 - common, m2 - common);
        if fraction_bits == 1 {
            // Below a power of two the neighbours are twice as close.
            m2 -= 1;
        }
        if m2 < 0 {
            (b2, s2, m2) = (b2 - m2, s2 - m2, 0);
        }
        let digits_bits = fraction_bits + b2 + bits_of_power_of_five(b5);
        let unit_bits = s2 + 1 + bits_of_power_of_five(s5 + 1);
        let scaled = |number: u64, fives: i32, twos: i32| {
            (BigUint::from(number) * BigUint::from(5_u32).pow(fives as u32)) << (twos as usize)
        };
        let rest = scaled(bits >> trailing, b5, b2);
        let (unit, half_gap) = (scaled(1, s5, s2), scaled(1, b5, m2));
        match digits_bits.max(unit_bits) {
            ..64 => generate(tens, Word::new(&rest, &unit, &half_gap, digits_bits.max(unit_bits) < 32)),
            _ => generate(tens, Wide { rest, ten_units: &unit * 10_u32, unit, half_gap }),
        }
    }

    /// Digits of a number without fraction that fits 64 bits. Of digits below the number's precision
    /// only some are known to say nothing, and those become zeros.
    fn whole_number(self) -> Decimal {
        let Self { bits, exponent, significant } = self;
        let mut value = if exponent >= FRACTION_BITS {
            bits << (exponent - FRACTION_BITS)
        } else {
            bits >> (FRACTION_BITS - exponent)
        };
        let idle_bits = exponent - significant - 1;
        let mut dropped = 0;
        if exponent > significant && idle_bits > 1 {
            dropped = 2_u64.checked_pow(idle_bits as u32).map_or(0, u64::ilog10);
            let power = 10_u64.pow(dropped);
            value = value / power + u64::from(value % power >= power / 2 && dropped > 0);
        }
        let digits = value.to_string();
        let exponent = digits.len() as i32 + dropped as i32;
        let kept = digits.trim_end_matches('0').to_string();
        Decimal { digits: if kept.is_empty() { "0".into() } else { kept }, exponent }
    }

    /// The power of ten of the first digit, perhaps one too high.
    #[expect(clippy::approx_constant, reason = "Java's constants, with as many digits")]
    fn estimated_exponent(self) -> i32 {
        let mantissa = f64::from_bits(1.0_f64.to_bits() | self.bits & ((1 << FRACTION_BITS) - 1));
        let estimate =
            (mantissa - 1.5) * 0.289529654 + 0.176091259 + f64::from(self.exponent) * 0.301029995663981;
        estimate.floor() as i32
    }
}

/// Bits of five to a power, as Java reckons them: exactly only for those that it has in a table.
fn bits_of_power_of_five(power: i32) -> i32 {
    const TABLE: i32 = 27;
    if power < TABLE { BigUint::from(5_u32).pow(power as u32).bits() as i32 } else { power * 3 }
}

/// A division that gives digits: `rest / unit` is what is left of the number.
trait Division {
    /// The next digit, and whether what is left, or what is missing to the next higher digit, is less
    /// than half the distance to a neighbouring number.
    fn step(&mut self, is_first: bool) -> (u8, bool, bool);

    /// What is left, compared with half a digit.
    fn against_half(&self) -> Ordering;
}

fn generate(mut exponent: i32, mut division: impl Division) -> Decimal {
    let mut digits = Vec::new();
    let (first, mut low, mut high) = division.step(true);
    if first == 0 && !high {
        exponent -= 1;
    } else {
        digits.push(first);
    }
    if !(-3..8).contains(&exponent) {
        // The scientific form has two digits at least.
        (low, high) = (false, false);
    }
    while !low && !high {
        let digit;
        (digit, low, high) = division.step(false);
        digits.push(digit);
    }
    let is_odd = digits.last().is_some_and(|digit| digit % 2 == 1);
    let rounds_up = match division.against_half() {
        _ if !low => high,
        Ordering::Less => false,
        Ordering::Equal => high && is_odd,
        Ordering::Greater => high,
    };
    if rounds_up && round_up(&mut digits) {
        exponent += 1;
    }
    let digits = digits.into_iter().map(|digit| char::from(b'0' + digit)).collect();
    Decimal { digits, exponent: exponent + 1 }
}

/// Exact numbers of any size; here a neighbour that is reached exactly counts.
struct Wide {
    rest: BigUint,
    unit: BigUint,
    ten_units: BigUint,
    half_gap: BigUint,
}

impl Division for Wide {
    fn step(&mut self, _: bool) -> (u8, bool, bool) {
        let digit = (&self.rest / &self.unit).to_u8().unwrap_or(9);
        self.rest = (&self.rest % &self.unit) * 10_u32;
        self.half_gap *= 10_u32;
        (digit, self.rest < self.half_gap, &self.rest + &self.half_gap >= self.ten_units)
    }

    fn against_half(&self) -> Ordering {
        (&self.rest << 1_usize).cmp(&self.ten_units)
    }
}

/// Java's machine numbers, which wrap around, and some digits are what they are because they do.
struct Word {
    rest: i64,
    unit: i64,
    ten_units: i64,
    half_gap: i64,
    /// `int` rather than `long`.
    is_int: bool,
}

impl Word {
    fn new(rest: &BigUint, unit: &BigUint, half_gap: &BigUint, is_int: bool) -> Self {
        let word = |number: &BigUint| number.to_i64().unwrap_or(i64::MAX);
        let mut words =
            Self { rest: word(rest), unit: word(unit), ten_units: 0, half_gap: word(half_gap), is_int };
        words.ten_units = words.wrap(words.unit.wrapping_mul(10));
        words
    }

    fn wrap(&self, number: i64) -> i64 {
        if self.is_int { i64::from(number as i32) } else { number }
    }
}

impl Division for Word {
    fn step(&mut self, is_first: bool) -> (u8, bool, bool) {
        let digit = (self.rest / self.unit) as u8;
        self.rest = self.wrap((self.rest % self.unit).wrapping_mul(10));
        self.half_gap = self.wrap(self.half_gap.wrapping_mul(10));
        if !is_first && self.half_gap <= 0 {
            return (digit, true, true);
        }
        let reach = self.wrap(self.rest.wrapping_add(self.half_gap));
        (digit, self.rest < self.half_gap, reach > self.ten_units)
    }

    fn against_half(&self) -> Ordering {
        self.wrap(self.wrap(self.rest << 1).wrapping_sub(self.ten_units)).cmp(&0)
    }
}

/// Adds one to the last digit; `true` where all were nines, so that the number gained a place.
fn round_up(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return false;
        }
        *digit = 0;
    }
    if let Some(first) = digits.first_mut() {
        *first = 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by JDK 17.
    #[test]
    fn doubles_read_as_in_java() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.001, "0.001"),
            (0.00012, "1.2E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (123_456.789, "123456.789"),
            (1.5e300, "1.5E300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::from_bits(0x44c52d02c7e14af6), "1.9999999999999998E23"),
            (f64::from_bits(0x3d30000000000000), "5.6843418860808015E-14"),
            (f64::from_bits(0x1), "4.9E-324"),
            (f64::from_bits(0x10000000000000), "2.2250738585072014E-308"),
            (f64::from_bits(0x4340000000000000), "9.007199254740992E15"),
            (f64::from_bits(0x44b52d02c7e14af6), "9.999999999999999E22"),
            (f64::from_bits(0x43d0000000000000), "4.6116860184273879E18"),
            (f64::from_bits(0x3f60624dd2f1a9fc), "0.002"),
            (f64::from_bits(0x43b12210f47de981), "1.23456789012345677E18"),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn floats_read_as_in_java() {
        for (value, text) in [
            (0.1, "0.1"),
            (3.4e10, "3.3999999E10"),
            (f32::from_bits(0x44b6b500), "1461.6562"),
            (f32::from_bits(0x5a3f5a04), "1.34651734E16"),
            (f32::from_bits(0x69000000), "9.6714065E24"),
            (f32::from_bits(0x1), "1.4E-45"),
            (f32::from_bits(0x4c400000), "5.0331648E7"),
            (f32::from_bits(0x800000), "1.17549435E-38"),
            (f32::from_bits(0xdd9c405f), "-1.40738794E18"),
        ] {
            assert_eq!(float(value), text);
        }
    }
}
