//! Subqueries that look at the row outside of them, where DataFusion cannot turn them into joins.
//!
//! DataFusion joins a correlated subquery when it is an aggregate over equalities, or EXISTS and IN in
//! a WHERE. Postgres takes them everywhere. What is left over becomes a *dependent join* here: for
//! each distinct combination of the outer values that a subquery reads, its plan runs with them as
//! literals. That is exact whatever the subquery does, and as slow as it sounds, so that it is taken
//! only where nothing else is there.
//!
//! [`lift`] moves such subqueries out of expressions into a [`node`]; while the plan is analyzed and
//! optimized, its subqueries are its inputs like any other, so that every rule and every check sees
//! them. [`planner`] then makes the [`exec`] that runs them.

mod bind;
mod exec;
mod joinable;
mod lift;
mod node;
mod planner;

pub use lift::lift;
pub use planner::LakeQueryPlanner;
