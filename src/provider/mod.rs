//! Lake tables as DataFusion sees them.

mod datum;
mod pushdown;
mod statistics;
mod system;
mod table;

pub use datum::{datum_of, scalar_of};
pub use pushdown::predicate_of;
pub use system::SystemTableProvider;
pub use table::LakeTableProvider;
