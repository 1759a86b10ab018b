//! Rows with their kinds: reads of what changed, and tables shown as logs.
//!
//! The catalog plans a [`ChangeLog`](tarn_catalog::changes::ChangeLog) as steps over scans of files.
//! [`rows`] reads a scan's rows with their kinds, [`difference`] compares the rows of two scans,
//! [`layout`] makes the log's columns of them, and [`ChangeLogProvider`] is the table of it all.
//! [`subscription`] goes on from version to version.

mod difference;
mod exec;
mod layout;
mod provider;
mod rows;
pub mod subscription;
mod tasks;

pub use provider::ChangeLogProvider;
