//! Tests over whole tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corruption;
mod fixture;
mod golden;
mod planning;
mod plans;
mod synthetic;
mod versions;
mod warehouse;
