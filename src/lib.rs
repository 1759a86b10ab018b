//! Tarn: SQL over a feature lake.
//!
//! [`engine::Engine`] opens lakes; an [`engine::Session`] parses, plans and runs statements against
//! them; the REPL, the one-shot command line, the Postgres server and the tests all go through it.

pub mod changes;
pub mod cli;
pub mod demo;
mod dependent;
pub mod engine;
pub mod error;
pub(crate) mod folders;
pub mod merge;
pub mod output;
pub mod pg;
pub mod provider;
pub mod repl;
pub mod resolve;
pub mod scan;
pub mod settings;
pub mod sql;
pub mod system_catalog;
mod wide_timestamp;

pub use error::{Error, Result};
