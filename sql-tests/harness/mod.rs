//! What the tests run against: one engine over two lakes, reached in process and over the wire.

pub mod in_process;
pub mod lakes;
pub mod paimon_writer;
pub mod pg_binary;
pub mod pg_text;
pub mod slt;
pub mod wire;
