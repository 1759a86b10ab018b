//! What makes the rows of one scan those of another.
//!
//! Rows are told apart by their keys and compared by all their columns: NaNs equal themselves, -0.0
//! does not equal 0.0, and maps are equal whatever the order of their entries. Lists that are sets to a
//! merge are equal in any order where a side was merged here, since Java's order is that of its hash table;
//! as they were stored, Java tells their order as a change.
//! Both sides are held in memory, within the query's pool: the planner makes each difference small.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use tarn_catalog::changes::Images;

use super::rows::{
    DELETE, INSERT, KindedRows, KindedStream, UPDATE_AFTER, UPDATE_BEFORE, external, takes_back,
};
use crate::merge::Keys;

/// What a row costs beside its bytes: its place in a hash table, and in the outcome.
const ROW_BYTES: usize = 64;

/// All rows of one side.
#[derive(Debug)]
pub struct Side {
    rows: RecordBatch,
    kinds: Vec<i8>,
    sequences: Option<Vec<i64>>,
    /// Whether a row's values were merged; none were where this is shorter.
    merged: Vec<bool>,
}

/// Rows that give all columns of the table, and whether their values are merged here.
pub struct SideStream {
    pub rows: KindedStream,
    pub merged: bool,
}

impl Side {
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Collects the rows of streams.
    pub async fn collect(
        streams: Vec<SideStream>,
        schema: &arrow::datatypes::SchemaRef,
        memory: &MemoryReservation,
    ) -> Result<Self> {
        let (mut batches, mut kinds, mut sequences) = (Vec::new(), Vec::new(), None::<Vec<i64>>);
        let mut merged = Vec::new();
        for mut stream in streams {
            while let Some(batch) = stream.rows.next().await {
                let batch = batch?;
                // Batches are held until they are one, so for a while there are two of each.
                memory.try_grow(2 * batch.rows.get_array_memory_size())?;
                kinds.extend(batch.kinds);
                merged.resize(kinds.len(), stream.merged);
                if let Some(more) = batch.sequences {
                    sequences.get_or_insert_default().extend(more);
                }
                batches.push(batch.rows);
            }
        }
        let rows = concat_batches(schema, &batches)?;
        let collected: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        drop(batches);
        memory.shrink(collected);
        Ok(Self { rows, kinds, sequences, merged })
    }
}

/// A row of the outcome: its side (0 before, 1 after), its place there, its kind.
type Change = (usize, usize, i8);

/// How rows are compared.
#[derive(Debug, Clone, Copy)]
pub struct Likeness<'a> {
    /// For errors.
    pub table: &'a str,
    /// Columns of the sides that tell rows apart; without any, rows are counted.
    pub key: &'a [usize],
    /// Columns by which counted rows make updates; without any, none does.
    pub pairs: &'a [usize],
    /// For each column, whether its lists are sets.
    pub sets: &'a [bool],
    /// Columns that tell whether a key's rows differ; empty: all.
    pub values: &'a [usize],
}

/// The changed rows.
pub fn changes(
    before: &Side,
    after: &Side,
    likeness: &Likeness<'_>,
    images: Images,
    memory: &MemoryReservation,
) -> Result<KindedRows> {
    let all: Vec<usize> = (0..after.rows.num_columns()).collect();
    // Rows without keys are what all their columns say.
    let compared = if likeness.key.is_empty() || likeness.values.is_empty() { &all } else { likeness.values };
    let values = comparable(before, after, compared, likeness, memory)?;
    // Places of rows in a table by their bytes, and the outcome.
    memory.try_grow((before.kinds.len() + after.kinds.len()) * ROW_BYTES)?;
    let changes = if likeness.key.is_empty() {
        let changes = counted(&values);
        match likeness.pairs.is_empty() {
            true => changes,
            false => paired(changes, &comparable(before, after, likeness.pairs, likeness, memory)?),
        }
    } else {
        let keys = comparable(before, after, likeness.key, likeness, memory)?;
        let stored = match images {
            Images::After { .. } if likeness.sets.contains(&true) => {
                let exact = Likeness { sets: &[], ..*likeness };
                Some(comparable(before, after, compared, &exact, memory)?)
            }
            _ => None,
        };
        keyed([before, after], &keys, (&values, stored.as_ref()), images)
    };
    let places: Vec<(usize, usize)> = changes.iter().map(|&(side, row, _)| (side, row)).collect();
    let rows = match places.is_empty() {
        true => after.rows.slice(0, 0),
        false => interleave_record_batch(&[&before.rows, &after.rows], &places)?,
    };
    memory.try_grow(rows.get_array_memory_size())?;
    let sequence = |&(side, row): &(usize, usize)| {
        let of_side = if side == 0 { &before.sequences } else { &after.sequences };
        of_side.as_ref().and_then(|sequences| sequences.get(row).copied())
    };
    let sequences: Option<Vec<i64>> = places.iter().map(sequence).collect();
    Ok(KindedRows { rows, kinds: changes.into_iter().map(|(_, _, kind)| kind).collect(), sequences })
}

/// Columns of the rows of one side as bytes, which are equal where the rows are.
enum Encoded {
    Flat(Rows),
    /// Where some order does not count.
    Nested {
        keys: Keys,
        rows: usize,
    },
}

impl Encoded {
    fn len(&self) -> usize {
        match self {
            Self::Flat(rows) => rows.num_rows(),
            Self::Nested { rows, .. } => *rows,
        }
    }

    fn get(&self, row: usize) -> &[u8] {
        match self {
            Self::Flat(rows) => rows.row(row).data(),
            Self::Nested { keys, .. } => keys.get(u32::try_from(row).unwrap_or(u32::MAX)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|row| self.get(row))
    }

    fn size(&self) -> usize {
        match self {
            Self::Flat(rows) => rows.size(),
            Self::Nested { keys, .. } => keys.size(),
        }
    }
}

/// Columns of both sides in a form that compares as bytes.
fn comparable(
    before: &Side,
    after: &Side,
    columns: &[usize],
    likeness: &Likeness<'_>,
    memory: &MemoryReservation,
) -> Result<[Encoded; 2]> {
    let of = |side: &Side, column: usize| Arc::clone(side.rows.column(column));
    let is_set = |column: usize| likeness.sets.get(column).copied().unwrap_or(false);
    let types = || columns.iter().map(|&column| after.rows.column(column).data_type());
    let encoded = if types().any(has_map) || columns.iter().any(|&column| is_set(column)) {
        let encode = |side: &Side| {
            let columns: Vec<_> = columns.iter().map(|&column| (of(side, column), is_set(column))).collect();
            let keys = Keys::of_rows(likeness.table, &columns).map_err(external)?;
            Ok::<_, DataFusionError>(Encoded::Nested { keys, rows: side.rows.num_rows() })
        };
        [encode(before)?, encode(after)?]
    } else {
        let converter = RowConverter::new(types().cloned().map(SortField::new).collect())?;
        let encode = |side: &Side| {
            let columns: Vec<_> = columns.iter().map(|&column| of(side, column)).collect();
            Ok::<_, DataFusionError>(Encoded::Flat(converter.convert_columns(&columns)?))
        };
        [encode(before)?, encode(after)?]
    };
    memory.try_grow(encoded.iter().map(Encoded::size).sum())?;
    Ok(encoded)
}

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::List(element) | DataType::FixedSizeList(element, _) => has_map(element.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_map(field.data_type())),
        _ => false,
    }
}

/// `stored`: the values as they are compared where neither side was merged.
fn keyed(
    sides: [&Side; 2],
    keys: &[Encoded; 2],
    (values, stored): (&[Encoded; 2], Option<&[Encoded; 2]>),
    images: Images,
) -> Vec<Change> {
    let [before, after] = sides;
    let mut old: HashMap<&[u8], usize> = keys[0].iter().enumerate().map(|(row, key)| (key, row)).collect();
    // Where both images are told, every row is a row of its table, under whatever kind it was written.
    let gone = |kind: i8| images != Images::Both && takes_back(kind);
    let merged = |side: &Side, row: usize| side.merged.get(row).copied().unwrap_or(false);
    let unchanged = |old: usize, new: usize| {
        let values = match stored {
            Some(stored) if !merged(before, old) && !merged(after, new) => stored,
            _ => values,
        };
        gone(before.kinds[old]) == gone(after.kinds[new]) && values[0].get(old) == values[1].get(new)
    };
    let mut changes = Vec::new();
    for (row, key) in keys[1].iter().enumerate() {
        match (old.remove(key), images) {
            (Some(old), _) if unchanged(old, row) => {}
            (_, Images::After { .. }) => changes.push((1, row, after.kinds[row])),
            (Some(old), Images::Both) => {
                changes.extend([(0, old, UPDATE_BEFORE), (1, row, UPDATE_AFTER)]);
            }
            (None, Images::Both) => changes.push((1, row, INSERT)),
        }
    }
    if images != (Images::After { removed: false }) {
        let mut removed: Vec<usize> = old.into_values().filter(|&row| !gone(before.kinds[row])).collect();
        removed.sort_unstable();
        changes.extend(removed.into_iter().map(|row| (0, row, DELETE)));
    }
    changes
}

/// Rows that are oftener on one side than on the other.
fn counted(values: &[Encoded; 2]) -> Vec<Change> {
    let mut old: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (row, value) in values[0].iter().enumerate() {
        old.entry(value).or_default().push(row);
    }
    let mut added = Vec::new();
    for (row, value) in values[1].iter().enumerate() {
        if old.get_mut(value).and_then(Vec::pop).is_none() {
            added.push((1, row, INSERT));
        }
    }
    let mut removed: Vec<usize> = old.into_values().flatten().collect();
    removed.sort_unstable();
    removed.into_iter().map(|row| (0, row, DELETE)).chain(added).collect()
}

/// Makes a removed row and an added one an update, where they are the only ones of their key.
fn paired(changes: Vec<Change>, keys: &[Encoded; 2]) -> Vec<Change> {
    let key = |&(side, row, _): &Change| keys[side].get(row);
    let mut rows: HashMap<&[u8], [Vec<usize>; 2]> = HashMap::new();
    for change in &changes {
        rows.entry(key(change)).or_default()[change.0].push(change.1);
    }
    let mut updated = Vec::with_capacity(changes.len());
    for change in &changes {
        match (rows.get(key(change)).map(|rows| [&rows[0][..], &rows[1][..]]), change.0) {
            (Some([&[old], &[new]]), 0) => updated.extend([(0, old, UPDATE_BEFORE), (1, new, UPDATE_AFTER)]),
            // Told with the removed row.
            (Some([&[_], &[_]]), _) => {}
            _ => updated.push(*change),
        }
    }
    updated
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int32Array, ListArray};
    use arrow::datatypes::Int32Type;
    use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};

    use super::*;

    const KEYED: Likeness<'_> = Likeness { table: "t", key: &[0], pairs: &[], sets: &[], values: &[] };

    fn side(rows: &[(i32, i32, i8)]) -> Side {
        let keys: Int32Array = rows.iter().map(|row| row.0).collect();
        let values: Int32Array = rows.iter().map(|row| row.1).collect();
        let columns: [(&str, ArrayRef); 2] = [("k", Arc::new(keys)), ("v", Arc::new(values))];
        let rows_of_side = RecordBatch::try_from_iter(columns);
        let kinds = rows.iter().map(|row| row.2).collect();
        Side { rows: rows_of_side.unwrap(), kinds, sequences: None, merged: Vec::new() }
    }

    fn difference(
        before: &Side,
        after: &Side,
        likeness: &Likeness<'_>,
        images: Images,
    ) -> Vec<(i32, i32, i8)> {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let memory = MemoryConsumer::new("test").register(&pool);
        let changed = changes(before, after, likeness, images, &memory).unwrap();
        let column = |index: usize| changed.rows.column(index).as_primitive::<Int32Type>().values().to_vec();
        let (keys, values) = (column(0), column(1));
        keys.into_iter()
            .zip(values)
            .zip(changed.kinds)
            .map(|((key, value), kind)| (key, value, kind))
            .collect()
    }

    #[test]
    fn new_and_changed_rows_have_the_kinds_that_they_are_stored_with() {
        let before = side(&[(1, 10, INSERT), (2, 20, INSERT), (3, 30, INSERT)]);
        let after = side(&[(1, 10, UPDATE_AFTER), (2, 21, INSERT), (4, 40, UPDATE_AFTER)]);
        let changed = vec![(2, 21, INSERT), (4, 40, UPDATE_AFTER)];
        assert_eq!(difference(&before, &after, &KEYED, Images::After { removed: false }), changed);
        let removed = [changed, vec![(3, 30, DELETE)]].concat();
        assert_eq!(difference(&before, &after, &KEYED, Images::After { removed: true }), removed);
    }

    /// A deletion on one side alone is a change though the values are equal; a row that was deleted before
    /// and is gone is none.
    #[test]
    fn deletions_are_compared_too() {
        let before = side(&[(1, 10, INSERT), (2, 20, DELETE), (3, 30, DELETE), (4, 40, DELETE)]);
        let after = side(&[(1, 10, DELETE), (2, 20, DELETE), (3, 30, INSERT)]);
        let changed = difference(&before, &after, &KEYED, Images::After { removed: true });
        assert_eq!(changed, [(1, 10, DELETE), (3, 30, INSERT)]);
    }

    #[test]
    fn both_images_of_a_change_follow_each_other() {
        let before = side(&[(1, 10, INSERT), (2, 20, INSERT)]);
        let after = side(&[(1, 11, INSERT), (3, 30, UPDATE_AFTER)]);
        let changed = difference(&before, &after, &KEYED, Images::Both);
        let expected = [(1, 10, UPDATE_BEFORE), (1, 11, UPDATE_AFTER), (3, 30, INSERT), (2, 20, DELETE)];
        assert_eq!(changed, expected);
    }

    /// Java compares lists as they are stored. What it would have stored of a merge is not known.
    #[test]
    fn the_order_of_a_set_is_a_change_where_both_sides_are_stored() {
        let side = |items: [i32; 2], merged: bool| {
            let key: ArrayRef = Arc::new(Int32Array::from(vec![1]));
            let items = [Some(items.map(Some))];
            let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(items));
            let rows = RecordBatch::try_from_iter([("k", key), ("v", list)]).unwrap();
            Side { rows, kinds: vec![INSERT], sequences: None, merged: vec![merged] }
        };
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let memory = MemoryConsumer::new("test").register(&pool);
        let likeness = Likeness { sets: &[false, true], ..KEYED };
        let told = |before: &Side, after: &Side, images| {
            changes(before, after, &likeness, images, &memory).unwrap().kinds.len()
        };
        let java = Images::After { removed: false };
        assert_eq!(told(&side([1, 2], false), &side([2, 1], false), java), 1);
        assert_eq!(told(&side([1, 2], false), &side([1, 2], false), java), 0);
        assert_eq!(told(&side([1, 2], false), &side([2, 1], true), java), 0);
        assert_eq!(told(&side([1, 2], true), &side([2, 3], true), java), 1);
        assert_eq!(told(&side([1, 2], false), &side([2, 1], false), Images::Both), 0);
    }

    #[test]
    fn rows_without_keys_are_counted() {
        let before = side(&[(1, 1, INSERT), (1, 1, INSERT), (2, 2, INSERT)]);
        let after = side(&[(1, 1, INSERT), (3, 3, INSERT), (2, 2, INSERT), (2, 2, INSERT)]);
        let likeness = Likeness { key: &[], ..KEYED };
        let changed = difference(&before, &after, &likeness, Images::Both);
        assert_eq!(changed, [(1, 1, DELETE), (3, 3, INSERT), (2, 2, INSERT)]);
    }

    #[test]
    fn counted_rows_are_updates_where_there_is_one_of_a_key_on_either_side() {
        let before = side(&[(1, 10, INSERT), (2, 20, INSERT), (3, 30, INSERT), (3, 31, INSERT)]);
        let after = side(&[(1, 11, INSERT), (3, 32, INSERT), (4, 40, INSERT)]);
        let likeness = Likeness { key: &[], pairs: &[0], ..KEYED };
        let changed = difference(&before, &after, &likeness, Images::Both);
        let expected = [
            (1, 10, UPDATE_BEFORE),
            (1, 11, UPDATE_AFTER),
            (2, 20, DELETE),
            (3, 30, DELETE),
            (3, 31, DELETE),
            (3, 32, INSERT),
            (4, 40, INSERT),
        ];
        assert_eq!(changed, expected);
    }

    #[test]
    fn a_difference_counts_its_memory() {
        use datafusion::execution::memory_pool::GreedyMemoryPool;
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(64));
        let memory = MemoryConsumer::new("test").register(&pool);
        let rows = side(&[(1, 1, INSERT), (2, 2, INSERT)]);
        assert!(changes(&rows, &rows, &KEYED, Images::Both, &memory).is_err());
    }
}
