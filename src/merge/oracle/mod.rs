//! The merge rules once more, row by row over plain values and as close to Java's code as it gets, and
//! property tests that hold the vectorised [`Merger`](super::Merger) against them.

#![expect(clippy::unwrap_used, clippy::panic)]

mod engines;
mod functions;
mod generate;
mod properties;
mod values;
