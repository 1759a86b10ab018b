//! Filters that planning understands: over columns of the table's schema and constants.

use crate::datum::Datum;

/// A filter over the table's columns. Whatever cannot be said here is `True`: planning may keep
/// too much, never too little.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    True,
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Leaf(Leaf),
}

/// One comparison of a column with constants. A null column value satisfies only `IsNull`.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Id of a top-level field of the table's schema.
    pub field_id: i32,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Equal(Datum),
    NotEqual(Datum),
    Less(Datum),
    LessOrEqual(Datum),
    Greater(Datum),
    GreaterOrEqual(Datum),
    In(Vec<Datum>),
    StartsWith(String),
    IsNull,
    IsNotNull,
}

impl Predicate {
    /// The conjuncts of this predicate.
    pub fn conjuncts(&self) -> &[Predicate] {
        match self {
            Self::True => &[],
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// The conjuncts that mention no other columns than these.
    pub fn over(&self, field_ids: &[i32]) -> Self {
        let parts: Vec<Self> =
            self.conjuncts().iter().filter(|part| part.mentions_only(field_ids)).cloned().collect();
        match parts.is_empty() {
            true => Self::True,
            false => Self::And(parts),
        }
    }

    fn mentions_only(&self, field_ids: &[i32]) -> bool {
        match self {
            Self::True => true,
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|part| part.mentions_only(field_ids)),
            Self::Leaf(leaf) => field_ids.contains(&leaf.field_id),
        }
    }
}
