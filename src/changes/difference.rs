//! What makes the rows of one scan those of another.
//!
//! Rows are told apart by their keys and compared by all their columns, as bytes of arrow-row: NaNs
//! equal themselves, -0.0 does not equal 0.0, maps equal where their entries have the same order.
//! Both sides are held in memory, within the query's pool: the planner makes each difference small.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::row::{Row, RowConverter, Rows, SortField};
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use tarn_catalog::changes::Images;

use super::rows::{DELETE, INSERT, KindedRows, KindedStream, UPDATE_AFTER, UPDATE_BEFORE, takes_back};

/// All rows of one side.
#[derive(Debug)]
pub struct Side {
    rows: RecordBatch,
    kinds: Vec<i8>,
    sequences: Option<Vec<i64>>,
}

impl Side {
    /// Collects streams that give all columns of the table.
    pub async fn collect(
        streams: Vec<KindedStream>,
        schema: &arrow::datatypes::SchemaRef,
        memory: &MemoryReservation,
    ) -> Result<Self> {
        let (mut batches, mut kinds, mut sequences) = (Vec::new(), Vec::new(), None::<Vec<i64>>);
        for mut stream in streams {
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                // Once as it is, and about once more as comparable rows.
                memory.try_grow(2 * batch.rows.get_array_memory_size())?;
                kinds.extend(batch.kinds);
                if let Some(more) = batch.sequences {
                    sequences.get_or_insert_default().extend(more);
                }
                batches.push(batch.rows);
            }
        }
        Ok(Self { rows: concat_batches(schema, &batches)?, kinds, sequences })
    }
}

/// A row of the outcome: its side (0 before, 1 after), its place there, its kind.
type Change = (usize, usize, i8);

/// The changed rows. `key` are columns of the sides; without any, rows are counted.
pub fn changes(before: &Side, after: &Side, key: &[usize], images: Images) -> Result<KindedRows> {
    let all: Vec<usize> = (0..after.rows.num_columns()).collect();
    let values = comparable(before, after, &all)?;
    let changes = if key.is_empty() {
        counted(&values)
    } else {
        let keys = comparable(before, after, key)?;
        keyed([before, after], &keys, &values, images)
    };
    let places: Vec<(usize, usize)> = changes.iter().map(|&(side, row, _)| (side, row)).collect();
    let rows = match places.is_empty() {
        true => after.rows.slice(0, 0),
        false => interleave_record_batch(&[&before.rows, &after.rows], &places)?,
    };
    let sequence = |&(side, row): &(usize, usize)| {
        let of_side = if side == 0 { &before.sequences } else { &after.sequences };
        of_side.as_ref().and_then(|sequences| sequences.get(row).copied())
    };
    let sequences: Option<Vec<i64>> = places.iter().map(sequence).collect();
    Ok(KindedRows { rows, kinds: changes.into_iter().map(|(_, _, kind)| kind).collect(), sequences })
}

/// Columns of both sides in a form that compares as bytes.
fn comparable(before: &Side, after: &Side, columns: &[usize]) -> Result<[Rows; 2]> {
    let types = columns.iter().map(|&column| after.rows.column(column).data_type().clone());
    let converter = RowConverter::new(types.map(SortField::new).collect())?;
    let convert = |side: &Side| {
        let columns: Vec<_> = columns.iter().map(|&column| side.rows.column(column).clone()).collect();
        converter.convert_columns(&columns)
    };
    Ok([convert(before)?, convert(after)?])
}

fn keyed(sides: [&Side; 2], keys: &[Rows; 2], values: &[Rows; 2], images: Images) -> Vec<Change> {
    let [before, after] = sides;
    let mut old: HashMap<Row<'_>, usize> = keys[0].iter().enumerate().map(|(row, key)| (key, row)).collect();
    let unchanged = |old: usize, new: usize| {
        takes_back(before.kinds[old]) == takes_back(after.kinds[new])
            && values[0].row(old) == values[1].row(new)
    };
    let mut changes = Vec::new();
    for (row, key) in keys[1].iter().enumerate() {
        match (old.remove(&key), images) {
            (Some(old), _) if unchanged(old, row) => {}
            (_, Images::After { .. }) => changes.push((1, row, after.kinds[row])),
            (Some(old), Images::Both) => {
                changes.extend([(0, old, UPDATE_BEFORE), (1, row, UPDATE_AFTER)]);
            }
            (None, Images::Both) => changes.push((1, row, INSERT)),
        }
    }
    if images != (Images::After { removed: false }) {
        let mut removed: Vec<usize> = old.into_values().filter(|&row| !takes_back(before.kinds[row])).collect();
        removed.sort_unstable();
        changes.extend(removed.into_iter().map(|row| (0, row, DELETE)));
    }
    changes
}

/// Rows that are oftener on one side than on the other.
fn counted(values: &[Rows; 2]) -> Vec<Change> {
    let mut old: HashMap<Row<'_>, Vec<usize>> = HashMap::new();
    for (row, value) in values[0].iter().enumerate() {
        old.entry(value).or_default().push(row);
    }
    let mut added = Vec::new();
    for (row, value) in values[1].iter().enumerate() {
        if old.get_mut(&value).and_then(Vec::pop).is_none() {
            added.push((1, row, INSERT));
        }
    }
    let mut removed: Vec<usize> = old.into_values().flatten().collect();
    removed.sort_unstable();
    removed.into_iter().map(|row| (0, row, DELETE)).chain(added).collect()
}
