//! What each version does to one column of the merged row.

/// The part of one version in the fold of one column. Where versions have a sequence of their own
/// (a sequence group), "older" means below the newest sequence seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Step {
    /// The version leaves the column alone.
    #[default]
    Keep,
    /// The merged value becomes the version's value, whatever it was.
    Start,
    /// The value is added.
    Add,
    /// The value is added, but as one that came before the present ones.
    AddOlder,
    /// The value is taken back.
    Retract,
    /// The value is taken back, but a newer one has been seen.
    RetractOlder,
    /// `Start`, then `Retract`, of the same value.
    StartRetract,
}

/// The steps of all versions for the columns that share them.
#[derive(Debug, Clone)]
pub(super) enum Steps {
    AllAdd,
    Each(Vec<Step>),
}

impl Steps {
    pub(super) fn of(&self, row: usize) -> Step {
        match self {
            Self::AllAdd => Step::Add,
            Self::Each(steps) => steps[row],
        }
    }
}

/// What the versions amount to: the steps of each set of columns, and the kind of each merged row.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Steps>,
    /// One a group.
    pub(super) kinds: Vec<i8>,
}
