//! Can a set of rows hold one that satisfies a predicate?

use std::cmp::Ordering;

use crate::datum::Datum;
use crate::predicate::{Leaf, Predicate, Test};

/// What is known of the values of a column in a set of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Bounds of the values that are not null; [`Datum::Null`] where unknown.
    pub min: Datum,
    pub max: Datum,
    pub nulls: Nulls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    Unknown,
    None,
    Some,
    All,
}

impl Range {
    pub const UNKNOWN: Range = Range { min: Datum::Null, max: Datum::Null, nulls: Nulls::Unknown };
    pub const ALL_NULL: Range = Range { min: Datum::Null, max: Datum::Null, nulls: Nulls::All };

    /// Every row has this value.
    pub fn exactly(value: &Datum) -> Self {
        match value {
            Datum::Null => Self::ALL_NULL,
            value => Self { min: value.clone(), max: value.clone(), nulls: Nulls::None },
        }
    }
}

/// Whether a row that satisfies the predicate is possible, given what `range` knows of the columns.
pub fn may_match(predicate: &Predicate, range: &mut impl FnMut(i32) -> Range) -> bool {
    match predicate {
        Predicate::True => true,
        Predicate::And(parts) => parts.iter().all(|part| may_match(part, range)),
        Predicate::Or(parts) => parts.iter().any(|part| may_match(part, range)),
        Predicate::Leaf(Leaf { field_id, test }) => may_pass(test, &range(*field_id)),
    }
}

fn may_pass(test: &Test, range: &Range) -> bool {
    match test {
        Test::IsNull => return range.nulls != Nulls::None,
        Test::IsNotNull => return range.nulls != Nulls::All,
        _ if range.nulls == Nulls::All => return false,
        _ => {}
    }
    match test {
        Test::Equal(value) => may_equal(value, range),
        Test::In(values) => values.iter().any(|value| may_equal(value, range)),
        Test::NotEqual(value) => !(is(&range.min, value) && is(&range.max, value)),
        Test::Less(value) => not_null(value) && ordered(&range.min, value, Ordering::is_lt),
        Test::LessOrEqual(value) => not_null(value) && touches(&range.min, value, Ordering::is_le),
        Test::Greater(value) => not_null(value) && ordered(&range.max, value, Ordering::is_gt),
        Test::GreaterOrEqual(value) => not_null(value) && touches(&range.max, value, Ordering::is_ge),
        Test::StartsWith(prefix) => may_start_with(prefix, range),
        Test::IsNull | Test::IsNotNull => true,
    }
}

/// A comparison with null is never satisfied.
fn not_null(value: &Datum) -> bool {
    !value.is_null()
}

fn may_equal(value: &Datum, range: &Range) -> bool {
    not_null(value)
        && touches(&range.min, value, Ordering::is_le)
        && touches(&range.max, value, Ordering::is_ge)
}

/// `bound` compares with `value` as wanted; true where they cannot be compared.
fn ordered(bound: &Datum, value: &Datum, wanted: fn(Ordering) -> bool) -> bool {
    is_nan(bound) || is_nan(value) || bound.compare(value).is_none_or(wanted)
}

/// [`ordered`], with both zeros equal: which of them a bound is says nothing about the rows.
fn touches(bound: &Datum, value: &Datum, wanted: fn(Ordering) -> bool) -> bool {
    (is_zero(bound) && is_zero(value)) || ordered(bound, value, wanted)
}

/// The bound is this value, and no other value is equal to it in another spelling.
fn is(bound: &Datum, value: &Datum) -> bool {
    let float = matches!(bound, Datum::Float(_) | Datum::Double(_));
    !float && bound.compare(value).is_some_and(Ordering::is_eq)
}

fn is_nan(value: &Datum) -> bool {
    matches!(value, Datum::Float(value) if value.is_nan())
        || matches!(value, Datum::Double(value) if value.is_nan())
}

fn is_zero(value: &Datum) -> bool {
    matches!(value, Datum::Float(value) if *value == 0.0)
        || matches!(value, Datum::Double(value) if *value == 0.0)
}

fn may_start_with(prefix: &str, range: &Range) -> bool {
    let prefix = prefix.as_bytes();
    let cut = |text: &str| text.as_bytes().iter().take(prefix.len()).copied().collect::<Vec<u8>>();
    let low = matches!(&range.min, Datum::Text(min) if cut(min).as_slice() > prefix);
    let high = matches!(&range.max, Datum::Text(max) if max.as_bytes() < prefix);
    !low && !high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(min: i64, max: i64) -> Range {
        Range { min: Datum::Integer(min), max: Datum::Integer(max), nulls: Nulls::None }
    }

    fn possible(test: Test, range: &Range) -> bool {
        may_match(&Predicate::Leaf(Leaf { field_id: 1, test }), &mut |_| range.clone())
    }

    #[test]
    fn bounds_decide_comparisons() {
        let range = integers(10, 20);
        for (test, expected) in [
            (Test::Equal(Datum::Integer(10)), true),
            (Test::Equal(Datum::Integer(21)), false),
            (Test::NotEqual(Datum::Integer(10)), true),
            (Test::Less(Datum::Integer(10)), false),
            (Test::LessOrEqual(Datum::Integer(10)), true),
            (Test::Greater(Datum::Integer(20)), false),
            (Test::GreaterOrEqual(Datum::Integer(20)), true),
            (Test::In(vec![Datum::Integer(1), Datum::Integer(15)]), true),
            (Test::In(vec![Datum::Integer(1), Datum::Integer(25)]), false),
            (Test::Equal(Datum::Null), false),
            (Test::IsNull, false),
            (Test::IsNotNull, true),
            // Not comparable: kept.
            (Test::Equal(Datum::Text("10".into())), true),
        ] {
            assert_eq!(possible(test.clone(), &range), expected, "{test:?}");
        }
        assert!(!possible(Test::NotEqual(Datum::Integer(7)), &integers(7, 7)));
    }

    #[test]
    fn nulls_decide_null_tests() {
        assert!(possible(Test::IsNull, &Range::ALL_NULL));
        assert!(!possible(Test::IsNotNull, &Range::ALL_NULL));
        assert!(!possible(Test::Equal(Datum::Integer(1)), &Range::ALL_NULL));
        assert!(possible(Test::IsNull, &Range::UNKNOWN));
        assert!(possible(Test::Equal(Datum::Integer(1)), &Range::UNKNOWN));
    }

    #[test]
    fn floating_point_bounds_are_taken_with_care() {
        let doubles =
            |min, max| Range { min: Datum::Double(min), max: Datum::Double(max), nulls: Nulls::None };
        assert!(possible(Test::Equal(Datum::Double(0.0)), &doubles(-0.0, -0.0)));
        assert!(possible(Test::NotEqual(Datum::Double(0.0)), &doubles(0.0, 0.0)));
        assert!(possible(Test::Equal(Datum::Double(f64::NAN)), &doubles(1.0, 2.0)));
        assert!(possible(Test::Less(Datum::Double(1.0)), &doubles(f64::NAN, f64::NAN)));
        assert!(!possible(Test::Less(Datum::Double(1.0)), &doubles(1.0, 2.0)));
    }

    #[test]
    fn prefixes_are_compared_as_far_as_they_go() {
        let texts = |min: &str, max: &str| Range {
            min: Datum::Text(min.into()),
            max: Datum::Text(max.into()),
            nulls: Nulls::None,
        };
        for (min, max, expected) in [
            ("abc", "abd", true),
            ("a", "b", true),
            ("abz", "b", true),
            ("ac", "b", false),
            ("a", "aa", false),
        ] {
            assert_eq!(possible(Test::StartsWith("ab".into()), &texts(min, max)), expected, "{min} {max}");
        }
    }

    #[test]
    fn connectives_combine() {
        let leaf = |value| Predicate::Leaf(Leaf { field_id: 1, test: Test::Equal(Datum::Integer(value)) });
        let mut range = |_| integers(10, 20);
        assert!(may_match(&Predicate::Or(vec![leaf(1), leaf(11)]), &mut range));
        assert!(!may_match(&Predicate::And(vec![leaf(1), leaf(11)]), &mut range));
        assert!(may_match(&Predicate::True, &mut range));
    }
}
