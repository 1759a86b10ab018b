//! Results as text: tables for people, CSV, TSV and JSON for programs.
//!
//! Values print as psql prints them (`t` and `f`, `2026-11-03 17:55:00`, the shortest digits of a
//! float); nested values are JSON. All formats are written as rows come; a table looks at its first
//! rows to choose the widths of its columns.

mod cells;
mod delimited;
mod error_text;
mod expanded;
mod json;
mod live;
mod sanitize;
mod table;
mod writer;

pub use error_text::{ErrorText, render_error};
pub use live::write_live;
pub use writer::{Format, OutputOptions, ResultWriter};

#[cfg(test)]
mod tests;
