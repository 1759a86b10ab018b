//! A reader of Avro object container files, for metadata.
//!
//! Why not a general Avro crate: metadata may be corrupt or hostile, and planning must stay fast.
//! Here a block is decompressed within a bound, no length in the file is allocated before that many
//! bytes were seen, and values borrow from the block. Fields are resolved by name by the reader of
//! the records, so that files of older and newer writers read alike.
//!
//! Source: Apache Avro 1.12 specification, "Object Container Files" and "Binary Encoding".

mod codec;
mod container;
mod decode;
mod schema;

pub use container::for_each_record;

#[cfg(test)]
mod tests;
