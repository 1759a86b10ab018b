//! Merge rules: what several versions of one key become.
//!
//! The resolve step finds, for each key that stands in more than one file, its versions from oldest
//! to newest. A [`Merger`] turns them into one row a key, column by column: it first decides, once
//! for all columns, what each version does to the merged row (a [`step`](steps::Step)), and then
//! folds each column over those steps. Rules that only choose one version's value fold row numbers
//! and gather once; the others fold native values. No row is ever built by itself.
//!
//! The rules are those of Paimon's Java merge functions (package `mergetree.compact`), to which the
//! comments refer; shared/paimon-format.md section 9 is the summary. A rule, function or option that
//! is not implemented, and every combination that Java refuses, is an error when the [`Merger`] is
//! made, before anything is read.
//!
//! Keys with a single version do not come here: they are returned as they are, or dropped when they
//! are a retraction. A key whose versions were thinned out to one by the lookup rule does come here,
//! because Java runs its merge function over it.

mod aggregate;
mod aggregation;
mod expire;
mod fault;
mod merger;
mod options;
mod order;
mod partial_update;
mod pick;
mod sets;
mod steps;
mod versions;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod refusals;

pub use aggregate::Keys;
pub use expire::RecordExpiry;
pub use merger::{Merged, Merger, Retractions};
pub use sets::set_columns;
