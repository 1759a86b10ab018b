//! Lake tables as DataFusion sees them.

mod datum;
mod pushdown;
mod statistics;
mod table;

pub use datum::{datum_of, scalar_of};
pub use pushdown::predicate_of;
pub use table::LakeTableProvider;
