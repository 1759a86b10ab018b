//! Reads that are about some keys alone: those in the files that a comparison of versions is about.
//!
//! A key that stands in no file which one version has and the other has not has the same versions on both
//! sides, and they merge into the same row. So both sides are resolved and read under masks that keep the
//! rows of touched keys, which costs the key columns of the files that both have, and of their other columns
//! the pages that hold such rows.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{SortOptions, concat_batches, filter_record_batch};
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
    rows: Mutex<HashMap<Path, Arc<OnceCell<Arc<TouchedRows>>>>>,
}

/// The rows of a file that have one of the keys.
#[derive(Debug)]
struct TouchedRows {
    mask: BooleanBuffer,
    /// The key columns of these rows alone.
    keys: Vec<ArrayRef>,
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
        Self { table, fields, sources, whole, keys: OnceCell::new(), rows: Mutex::default() }
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
            Ok(Some(self.touched(source).await?.mask.clone()))
        }
        .boxed()
    }

    /// The keys of the rows of [`Self::rows_of`], in these columns; `None` where they have not been read. They are
    /// kept, since both sides of a comparison are resolved over them.
    pub async fn keys_of(
        &self,
        source: FileToRead<'_>,
        fields: &[&SchemaField],
    ) -> Result<Option<Vec<ArrayRef>>> {
        if self.whole.contains(&source.file.path) {
            return Ok(None);
        }
        let place = |field: &&SchemaField| self.fields.iter().position(|key| key.id == field.id);
        let Some(places) = fields.iter().map(place).collect::<Option<Vec<usize>>>() else { return Ok(None) };
        let rows = self.touched(source).await?;
        Ok(places.into_iter().map(|place| rows.keys.get(place).cloned()).collect())
    }

    async fn touched(&self, source: FileToRead<'_>) -> Result<Arc<TouchedRows>> {
        let rows = Arc::clone(self.rows.lock().entry(source.file.path.clone()).or_default());
        rows.get_or_try_init(async || self.read_rows(source).await.map(Arc::new)).await.cloned()
    }

    async fn read_rows(&self, source: FileToRead<'_>) -> Result<TouchedRows> {
        let wanted = self.keys().await?;
        let path = source.file.path.clone();
        let broken = |error: ArrowError| Error::corrupt(path.as_ref(), error.to_string());
        let mut mask = BooleanBufferBuilder::new(0);
        let mut kept = Vec::new();
        let mut batches = reader::open(source, &self.columns(), None, BATCH_ROWS).await?;
        while let Some(batch) = batches.try_next().await? {
            let touched = wanted.among(batch.columns()).map_err(broken)?;
            mask.append_buffer(&touched);
            if touched.count_set_bits() > 0 {
                kept.push(filter_record_batch(&batch, &BooleanArray::new(touched, None)).map_err(broken)?);
            }
        }
        let kept = concat_batches(&self.columns().schema(), &kept).map_err(broken)?;
        Ok(TouchedRows { mask: mask.finish(), keys: kept.columns().iter().map(alone).collect() })
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

/// The same values without the bytes of others: views keep whole pages.
fn alone(column: &ArrayRef) -> ArrayRef {
    if let Some(texts) = column.as_string_view_opt() {
        return Arc::new(texts.gc());
    }
    match column.as_binary_view_opt() {
        Some(bytes) => Arc::new(bytes.gc()),
        None => Arc::clone(column),
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

    /// Which of the rows with these key columns are among the keys.
    fn among(&self, columns: &[ArrayRef]) -> Result<BooleanBuffer, ArrowError> {
        let count = columns.first().map_or(0, |column| column.len());
        let mut touched = BooleanBufferBuilder::new(count);
        touched.append_n(count, false);
        let set = |at: usize| touched.set_bit(at, true);
        match self {
            Self::Fixed(keys) => common(keys, &keys.of_columns(columns)?, set),
            Self::Rows(keys) => common(keys, &keys.of_columns(columns)?, set),
        }
        Ok(touched.finish())
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
        let touched: Vec<bool> = set.among(rows).unwrap().iter().collect();
        assert_eq!(touched.len(), count);
        touched
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
