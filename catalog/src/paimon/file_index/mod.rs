//! File indexes: small structures beside a data file that say which of its rows, if any, can satisfy a
//! predicate.
//!
//! An index file is a [container](container) of indexes by column and type: Bloom filters, bitmaps by
//! value, bit-sliced integers (`bsi`) and bit-sliced dictionaries (`range-bitmap`). It lies in the
//! manifest entry when it is small, else beside the data file.
//!
//! An index only ever narrows: types and versions that are not known here narrow nothing, and damage is
//! an error that names the file. What an index leaves over may still hold rows that do not satisfy the
//! predicate.

mod bit_slices;
mod bitmap;
mod bloom;
mod bsi;
mod container;
mod dictionary;
mod evaluate;
mod key;
mod load;
mod range_bitmap;
mod row_index;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use roaring::RoaringBitmap;

use crate::error::Result;
use crate::predicate::Predicate;
use crate::schema::{SchemaField, TableSchema};
use crate::split::{FileIndexSource, FileSchema};
use crate::types::LogicalType;

/// Which rows of a data file can satisfy a predicate.
#[derive(Debug, Clone, PartialEq)]
pub enum Matching {
    /// None: the file need not be read.
    Skip,
    /// Nothing is known.
    All,
    /// These positions and no others.
    Rows(RoaringBitmap),
}

impl Matching {
    fn rows(rows: RoaringBitmap) -> Self {
        if rows.is_empty() { Self::Skip } else { Self::Rows(rows) }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Skip, _) | (_, Self::Skip) => Self::Skip,
            (Self::All, rest) | (rest, Self::All) => rest,
            (Self::Rows(a), Self::Rows(b)) => Self::rows(a & b),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Skip, rest) | (rest, Self::Skip) => rest,
            (Self::Rows(a), Self::Rows(b)) => Self::rows(a | b),
        }
    }
}

/// A data file with an index.
#[derive(Debug, Clone, Copy)]
pub struct IndexedFile<'a> {
    pub source: &'a FileIndexSource,
    /// Path of the data file, for errors.
    pub path: &'a Path,
    /// Physical rows of the data file.
    pub rows: u64,
    /// The schema that the file was written with: indexes go by its names and types.
    pub schema: &'a FileSchema,
}

impl IndexedFile<'_> {
    /// Finds the rows that can satisfy a predicate over `table`, reading no more of the index than the
    /// predicate needs.
    ///
    /// Positions count physical rows: deletion vectors and, in primary-key tables, merging are the
    /// caller's business. Only conjuncts on key columns may drop rows before a merge.
    pub async fn matching(
        &self,
        store: &Arc<dyn ObjectStore>,
        table: &TableSchema,
        predicate: &Predicate,
    ) -> Result<Matching> {
        evaluate::matching(self, store, table, predicate).await
    }

    /// The file's column that holds the values of a column of the table, if those are stored as the
    /// table has them.
    fn column(&self, table: &TableSchema, field_id: i32) -> Option<&SchemaField> {
        let wanted = table.fields.iter().find(|field| field.id == field_id)?;
        let stored = self.schema.field_by_id(field_id)?;
        keeps_values(&stored.data_type, &wanted.data_type).then_some(stored)
    }
}

/// Whether reading a column of type `stored` as `wanted` changes no value and no comparison.
fn keeps_values(stored: &LogicalType, wanted: &LogicalType) -> bool {
    use LogicalType as T;
    match (stored, wanted) {
        (T::Varchar { length: stored }, T::Varchar { length: wanted })
        | (T::Varbinary { length: stored }, T::Varbinary { length: wanted }) => stored <= wanted,
        (T::TinyInt, T::SmallInt | T::Int | T::BigInt)
        | (T::SmallInt, T::Int | T::BigInt)
        | (T::Int, T::BigInt) => true,
        _ => stored == wanted,
    }
}
