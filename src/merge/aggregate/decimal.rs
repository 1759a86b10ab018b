//! `sum` and `product` of decimals, with the overflow rules of Java's `DecimalUtils` and `Decimal`.
//!
//! A result with more digits than the precision is null, and the next value starts over from it. One
//! exception: a sum in a precision of 18 digits or less is checked against 64 bits only, so it may
//! have more digits than the column declares. Java returns such a value as it is, and so does Tarn.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, i256};

use super::fold::{Fold, Outcome};
use crate::merge::fault::Fault;

/// The most digits that Java keeps in a long.
const COMPACT_PRECISION: u8 = 18;

/// Unscaled values of one precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecimalSum {
    precision: u8,
}

impl DecimalSum {
    pub(super) fn new(precision: u8) -> Self {
        Self { precision }
    }

    /// The exact sum where it fits: in 64 bits for small precisions, in the precision for others.
    fn sum(self, a: i128, b: i128) -> Option<i128> {
        let sum = a.checked_add(b)?;
        let compact = self.precision <= COMPACT_PRECISION && i64::try_from(sum).is_ok();
        if compact { Some(sum) } else { fit(sum, self.precision) }
    }
}

impl Fold for DecimalSum {
    type Value = i128;

    fn add(&mut self, merged: Option<i128>, value: Option<i128>) -> Outcome<i128> {
        Ok(match (merged, value) {
            (Some(a), Some(b)) => self.sum(a, b),
            (a, b) => a.or(b),
        })
    }

    fn retract(&mut self, merged: Option<i128>, value: Option<i128>) -> Outcome<i128> {
        Ok(match (merged, value) {
            (Some(a), Some(b)) => b.checked_neg().and_then(|b| self.sum(a, b)),
            (None, Some(b)) => b.checked_neg().and_then(|b| fit(b, self.precision)),
            (a, None) => a,
        })
    }
}

/// Products are rounded half up to the scale of the column.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecimalProduct {
    precision: u8,
    /// 10 to the power of the scale.
    unit: i128,
}

impl DecimalProduct {
    pub(super) fn try_new(precision: u8, scale: i8) -> Result<Self, Fault> {
        let scale = u32::try_from(scale).ok().filter(|scale| *scale <= u32::from(DECIMAL128_MAX_PRECISION));
        match scale.and_then(|scale| 10_i128.checked_pow(scale)) {
            Some(unit) => Ok(Self { precision, unit }),
            None => Err(Fault::refused("products of decimals need a scale from 0 to 38")),
        }
    }

    fn quotient(self, dividend: i128, divisor: i128) -> Outcome<i128> {
        if divisor == 0 || !terminates(dividend, divisor) {
            return Err(Fault::refused(format!(
                "{dividend} / {divisor} (unscaled) has no exact decimal result"
            )));
        }
        let scaled = i256::from_i128(dividend).wrapping_mul(i256::from_i128(self.unit));
        Ok(round_half_up(scaled, divisor).and_then(|value| fit(value, self.precision)))
    }
}

impl Fold for DecimalProduct {
    type Value = i128;

    fn add(&mut self, merged: Option<i128>, value: Option<i128>) -> Outcome<i128> {
        Ok(match (merged, value) {
            (Some(a), Some(b)) => {
                let product = i256::from_i128(a).wrapping_mul(i256::from_i128(b));
                round_half_up(product, self.unit).and_then(|value| fit(value, self.precision))
            }
            (a, b) => a.or(b),
        })
    }

    fn retract(&mut self, merged: Option<i128>, value: Option<i128>) -> Outcome<i128> {
        match (merged, value) {
            (Some(a), Some(b)) => self.quotient(a, b),
            (a, _) => Ok(a),
        }
    }
}

fn fit(value: i128, precision: u8) -> Option<i128> {
    let limit = 10_u128.checked_pow(u32::from(precision));
    limit.is_none_or(|limit| value.unsigned_abs() < limit).then_some(value)
}

/// Divides and rounds halves away from zero; `None` where 128 bits do not hold the result. Products of
/// two 128-bit numbers fit 256 bits, so the dividend is exact.
fn round_half_up(dividend: i256, divisor: i128) -> Option<i128> {
    let wide = i256::from_i128(divisor);
    let quotient = dividend.checked_div(wide)?;
    let rest = dividend.checked_rem(wide)?.wrapping_abs();
    let carry = rest.wrapping_add(rest) >= wide.wrapping_abs();
    let away = if dividend.is_negative() == wide.is_negative() { i256::ONE } else { i256::MINUS_ONE };
    let rounded = if carry { quotient.checked_add(away)? } else { quotient };
    rounded.to_i128()
}

/// Whether the quotient has finitely many decimal digits: the reduced divisor has no prime factor but
/// 2 and 5.
fn terminates(dividend: i128, divisor: i128) -> bool {
    let (mut a, mut b) = (dividend.unsigned_abs(), divisor.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let mut rest = divisor.unsigned_abs() / a.max(1);
    for factor in [2, 5] {
        while rest > 1 && rest.is_multiple_of(factor) {
            rest /= factor;
        }
    }
    rest == 1
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_small_precision_sum_is_checked_against_64_bits_only() {
        let mut sum = DecimalSum::new(5);
        assert_eq!(sum.add(Some(99_999), Some(1)).unwrap(), Some(100_000));
        let most = i128::from(i64::MAX);
        assert_eq!(sum.add(Some(most), Some(1)).unwrap(), None);
    }

    #[test]
    fn a_large_precision_sum_is_null_beyond_its_digits() {
        let mut sum = DecimalSum::new(20);
        let most = 10_i128.pow(20) - 1;
        assert_eq!(sum.add(Some(most), Some(0)).unwrap(), Some(most));
        assert_eq!(sum.add(Some(most), Some(1)).unwrap(), None);
        assert_eq!(sum.retract(Some(-most), Some(1)).unwrap(), None);
        let mut widest = DecimalSum::new(38);
        let most = 10_i128.pow(38) - 1;
        assert_eq!(widest.add(Some(most), Some(most)).unwrap(), None);
    }

    #[test]
    fn products_are_rounded_half_up_to_the_scale() {
        let mut product = DecimalProduct::try_new(10, 2).unwrap();
        assert_eq!(product.add(Some(150), Some(33)).unwrap(), Some(50)); // 1.50 * 0.33 = 0.495
        assert_eq!(product.add(Some(-150), Some(33)).unwrap(), Some(-50));
        assert_eq!(product.add(Some(149), Some(33)).unwrap(), Some(49)); // 0.4917
        let most = 10_i128.pow(10) - 1;
        assert_eq!(product.add(Some(most), Some(most)).unwrap(), None);
    }

    #[test]
    fn quotients_must_be_exact() {
        let mut product = DecimalProduct::try_new(10, 2).unwrap();
        assert_eq!(product.retract(Some(100), Some(800)).unwrap(), Some(13)); // 1 / 8 = 0.125
        assert_eq!(product.retract(Some(-100), Some(800)).unwrap(), Some(-13));
        assert_eq!(product.retract(Some(0), Some(300)).unwrap(), Some(0));
        assert!(product.retract(Some(100), Some(300)).is_err());
        assert!(product.retract(Some(100), Some(0)).is_err());
        assert!(product.retract(Some(300), Some(900)).is_err());
        assert_eq!(product.retract(Some(900), Some(300)).unwrap(), Some(300));
    }

    #[test]
    fn the_widest_decimals_do_not_overflow() {
        let mut product = DecimalProduct::try_new(38, 38).unwrap();
        let most = 10_i128.pow(38) - 1;
        assert_eq!(product.add(Some(most), Some(most)).unwrap(), Some(most - 1));
        assert_eq!(product.retract(Some(most), Some(most)).unwrap(), None);
    }
}
