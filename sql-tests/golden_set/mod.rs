//! Golden sets: tables written by a format's own writer, with the rows that writer's reader gave.
//!
//! A set is a folder (or a `.tar.zst` of one):
//!
//! ```text
//! warehouse/                 the tables, untouched
//! expected/manifest.jsonl    one query a line: table, object, kind, options, file or error, columns
//! expected/columns.jsonl     names and SQL types of results, by id
//! expected/TABLE/HASH.jsonl  the rows of an answer, one JSON object a line
//! ```
//!
//! Answers and results are both turned into [`value::Value`]s, whose equality is the exact equality that
//! the set's README asks for, and compared as multisets.

pub mod actual;
pub mod compare;
pub mod expected;
pub mod manifest;
pub mod roaring64;
pub mod set_like;
pub mod sql_type;
pub mod statement;
pub mod unpack;
pub mod value;
pub mod variant;

/// Failures of the runner itself, or of a value that cannot be what its type says.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
