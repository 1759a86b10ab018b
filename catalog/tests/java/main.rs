//! Tarn agrees with Java Paimon about tables that Java Paimon wrote.

#![allow(clippy::unwrap_used, clippy::panic)]

mod buckets;
mod deletion_vectors;
mod file_indexes;
mod golden;
mod system_tables;
