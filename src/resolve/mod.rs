//! Step 1 of a read: which physical rows are live.
//!
//! A *section* is a set of sorted runs whose key ranges overlap. Resolving it reads only the key
//! columns of its files (and sequence and row kind, where they can matter) and gives one bit for
//! each row. Everything that resolving depends on is immutable, so outcomes are cached by the set of
//! files. Engines that combine values (partial-update, aggregation) also get the list of rows that
//! share a key with others; all other rows need no merging.

pub mod cache;
pub mod keys;
mod masks;
pub mod merge;
mod order;
mod outcome;
mod run;
mod section;
mod window;

#[cfg(test)]
mod tests;

pub use outcome::{FileOutcome, Resolved, RowMask, Version, Versions};
pub use section::Section;
