//! Reads that are about some keys alone: those in the files that a comparison of versions is about.
//!
//! A key that stands in no file which one version has and the other has not has the same versions on both
//! sides, and they merge into the same row. So both sides are resolved and read under masks that keep the
//! rows of touched keys, which costs the key columns of the files that both have, and of their other columns
//! the pages that hold such rows.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBufferBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::compute::SortOptions;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::row::RowConverter;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use parking_lot::Mutex;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::{Error, Result};
use tokio::sync::OnceCell;

use super::plan::ScanPlan;
use super::reader::{self, FileToRead, ReadColumns};
use crate::resolve::keys::{FixedKeys, Keys, RowKeys, are_fixed, sort_fields};

const BATCH_ROWS: usize = 32 * 1024;

/// The rows whose keys stand in some files. The files are read when a mask is first asked for.
pub struct TouchedKeys {
    table: Arc<str>,
    /// The columns of the key.
    fields: Vec<SchemaField>,
    /// The files that touch keys.
    sources: Vec<Arc<ScanPlan>>,
    /// Of these, the ones all of whose rows do.
    whole: HashSet<Path>,
    keys: OnceCell<KeySet>,
    masks: Mutex<HashMap<Path, Arc<OnceCell<BooleanBuffer>>>>,
}

impl fmt::Debug for TouchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TouchedKeys").field("table", &self.table).finish_non_exhaustive()
    }
}

impl TouchedKeys {
    /// The keys, in these columns, of the rows that these scans are about.
    pub fn new(fields: Vec<SchemaField>, sources: Vec<Arc<ScanPlan>>) -> Self {
        let files = sources.iter().flat_map(|plan| &plan.files).map(|planned| &planned.file);
        let whole = files.filter(|file| file.deleted_by.is_none()).map(|file| file.path.clone()).collect();
        let table = sources.first().map_or_else(|| "".into(), |plan| Arc::clone(&plan.table));
        Self { table, fields, sources, whole, keys: OnceCell::new(), masks: Mutex::default() }
    }

    /// Reads the keys, if nobody has; gives the bytes that they take.
    pub async fn load(&self) -> Result<usize> {
        Ok(self.keys().await?.memory_bytes())
    }

    /// The rows of a file that have one of the keys; `None` where that is all of them.
    pub fn rows_of<'a>(&'a self, source: FileToRead<'a>) -> BoxFuture<'a, Result<Option<BooleanBuffer>>> {
        async move {
            if self.whole.contains(&source.file.path) {
                return Ok(None);
            }
            let mask = Arc::clone(self.masks.lock().entry(source.file.path.clone()).or_default());
            let mask = mask.get_or_try_init(|| self.mask_of(source)).await?;
            Ok(Some(mask.clone()))
        }
        .boxed()
    }

    async fn mask_of(&self, source: FileToRead<'_>) -> Result<BooleanBuffer> {
        let keys = self.keys().await?;
        let path = source.file.path.clone();
        let rows = usize::try_from(source.file.rows)
            .map_err(|_| Error::corrupt(path.as_ref(), "it has too many rows to address"))?;
        let mut mask = BooleanBufferBuilder::new(rows);
        mask.append_n(rows, false);
        let mut batches = reader::open(source, &self.columns(), None, BATCH_ROWS).await?;
        let mut first = 0;
        while let Some(batch) = batches.try_next().await? {
            let marked = keys.mark(batch.columns(), first, &mut mask);
            marked.map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
            first += batch.num_rows();
        }
        Ok(mask.finish())
    }

    async fn keys(&self) -> Result<&KeySet> {
        self.keys.get_or_try_init(|| self.read_keys()).await
    }

    async fn read_keys(&self) -> Result<KeySet> {
        let types: Vec<DataType> = self.fields.iter().map(|field| field.data_type.arrow()).collect();
        let unusable =
            |error: ArrowError| Error::invalid(format!("table {}: cannot compare keys: {error}", self.table));
        let mut keys = UnsortedKeys::empty(&types).map_err(unusable)?;
        for plan in &self.sources {
            for planned in &plan.files {
                let source = plan.file_to_read(&planned.file);
                let live = plan.delete_reader.undeleted_rows(source.clone(), &plan.deletes).await?;
                let mut batches = reader::open(source, &self.columns(), live.as_ref(), BATCH_ROWS).await?;
                while let Some(batch) = batches.try_next().await? {
                    keys.append(batch.columns()).map_err(unusable)?;
                }
            }
        }
        Ok(keys.sorted())
    }

    fn columns(&self) -> ReadColumns {
        ReadColumns::of_table(self.fields.clone())
    }
}

/// Keys in ascending order, once each.
enum KeySet {
    Fixed(FixedKeys),
    Rows(RowKeys),
}

/// Keys as they are read.
enum UnsortedKeys {
    Fixed(Vec<i64>),
    Rows(RowKeys),
}

impl UnsortedKeys {
    fn empty(types: &[DataType]) -> Result<Self, ArrowError> {
        if are_fixed(types) {
            return Ok(Self::Fixed(Vec::new()));
        }
        let converter = RowConverter::new(sort_fields(types, SortOptions::default()))?;
        Ok(Self::Rows(RowKeys::new(Arc::new(converter))))
    }

    fn append(&mut self, columns: &[ArrayRef]) -> Result<(), ArrowError> {
        match self {
            Self::Fixed(keys) => keys.extend_from_slice(&FixedKeys::default().of_columns(columns)?.0),
            Self::Rows(keys) => keys.extend(&keys.of_columns(columns)?),
        }
        Ok(())
    }

    fn sorted(self) -> KeySet {
        match self {
            Self::Fixed(mut keys) => {
                keys.sort_unstable();
                keys.dedup();
                KeySet::Fixed(FixedKeys(keys.into()))
            }
            Self::Rows(mut keys) => {
                keys.sort();
                KeySet::Rows(keys)
            }
        }
    }
}

impl KeySet {
    fn memory_bytes(&self) -> usize {
        match self {
            Self::Fixed(keys) => keys.0.inner().capacity(),
            Self::Rows(keys) => keys.memory_bytes(),
        }
    }

    /// Sets the bits, from `first` on, of the rows with these key columns that are among the keys.
    fn mark(
        &self,
        columns: &[ArrayRef],
        first: usize,
        mask: &mut BooleanBufferBuilder,
    ) -> Result<(), ArrowError> {
        let set = |at: usize| mask.set_bit(first + at, true);
        match self {
            Self::Fixed(keys) => common(keys, &keys.of_columns(columns)?, set),
            Self::Rows(keys) => common(keys, &keys.of_columns(columns)?, set),
        }
        Ok(())
    }
}

/// Tells the places of the rows whose keys are among `wanted`. Files of sorted runs are leapt through.
fn common<'a, K: Keys>(wanted: &'a K, rows: &'a K, mut found: impl FnMut(usize)) {
    if rows.descent(0..rows.len()).is_some() {
        for at in 0..rows.len() {
            let next = wanted.gallop(0..wanted.len(), rows.key(at));
            if next < wanted.len() && wanted.key(next) == rows.key(at) {
                found(at);
            }
        }
        return;
    }
    let (mut next, mut at) = (0, 0);
    while next < wanted.len() {
        at = rows.gallop(at..rows.len(), wanted.key(next));
        if at == rows.len() {
            return;
        }
        if rows.key(at) == wanted.key(next) {
            found(at);
            at += 1;
        } else {
            next = wanted.gallop(next..wanted.len(), rows.key(at));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{Int64Array, StringViewArray};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn marked(types: &[DataType], keys: &[ArrayRef], rows: &[ArrayRef], count: usize) -> Vec<bool> {
        let mut set = UnsortedKeys::empty(types).unwrap();
        set.append(keys).unwrap();
        let set = set.sorted();
        let mut mask = BooleanBufferBuilder::new(count + 3);
        mask.append_n(count + 3, false);
        set.mark(rows, 3, &mut mask).unwrap();
        mask.finish().iter().skip(3).collect()
    }

    #[test]
    fn rows_are_marked_whose_keys_are_wanted() {
        let mut random = StdRng::seed_from_u64(5);
        for round in 0..500 {
            let (wanted, found) = (random.random_range(0..30), random.random_range(0..200));
            let span = random.random_range(1..400);
            let wanted: Vec<i64> = (0..wanted).map(|_| random.random_range(0..span)).collect();
            let mut rows: Vec<i64> = (0..found).map(|_| random.random_range(0..span)).collect();
            if round % 4 != 0 {
                rows.sort_unstable();
            }
            let expected: Vec<bool> = rows.iter().map(|row| wanted.contains(row)).collect();
            let numbers = |values: &[i64]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
            let fixed = marked(&[DataType::Int64], &[numbers(&wanted)], &[numbers(&rows)], rows.len());
            assert_eq!(fixed, expected);
            // The same numbers as text of one width, which orders alike.
            let text = |values: &[i64]| -> ArrayRef {
                Arc::new(StringViewArray::from_iter_values(values.iter().map(|value| format!("{value:05}"))))
            };
            let both = |values: &[i64]| [text(values), numbers(values)];
            let types = [DataType::Utf8View, DataType::Int64];
            assert_eq!(marked(&types, &both(&wanted), &both(&rows), rows.len()), expected);
        }
    }
}
