//! The merge of sorted inputs, told as events: stretches that one input has alone, and groups of
//! rows with equal keys.

use std::cmp::Ordering;
use std::ops::Range;

use super::keys::Keys;

/// A row of an input: (input, position among the input's keys).
pub type Position = (usize, usize);

/// Receives what a merge finds, in key order.
pub trait MergeEvents {
    type Error;

    /// Rows of one input whose keys occur nowhere else and once each.
    fn stretch(&mut self, input: usize, rows: Range<usize>) -> Result<(), Self::Error>;

    /// Two or more rows of one key, by input, then by position.
    fn group(&mut self, rows: &[Position]) -> Result<(), Self::Error>;
}

/// Merges sorted inputs. `may_repeat[i]` says that input `i` can hold a key more than once.
///
/// A large run that meets a small one is crossed by galloping, so that the cost is near
/// O(small * log(large / small)) comparisons rather than one for each row.
pub fn merge<K: Keys, E: MergeEvents>(
    inputs: &[K],
    may_repeat: &[bool],
    events: &mut E,
) -> Result<(), E::Error> {
    let mut merge = Merge { inputs, heads: vec![0; inputs.len()], order: Vec::new(), moved: Vec::new() };
    for input in 0..inputs.len() {
        merge.insert(input);
    }
    let mut group = Vec::new();
    while let Some(&first) = merge.order.first() {
        let start = merge.heads[first];
        let Some(&second) = merge.order.get(1) else {
            return emit_stretch(
                &inputs[first],
                first,
                start..inputs[first].len(),
                may_repeat[first],
                events,
            );
        };
        if inputs[first].compare(start, &inputs[second], merge.heads[second]) == Ordering::Less {
            let end = inputs[first].gallop(start, &inputs[second], merge.heads[second]);
            emit_stretch(&inputs[first], first, start..end, may_repeat[first], events)?;
            merge.heads[first] = end;
            merge.replace_front(1);
        } else {
            let members = merge.equal_heads();
            group.clear();
            for place in 0..members {
                let input = merge.order[place];
                let head = merge.heads[input];
                let end = if may_repeat[input] { repeat_end(&inputs[input], head) } else { head + 1 };
                group.extend((head..end).map(|at| (input, at)));
                merge.heads[input] = end;
            }
            group.sort_unstable();
            events.group(&group)?;
            merge.replace_front(members);
        }
    }
    Ok(())
}

struct Merge<'a, K> {
    inputs: &'a [K],
    /// Next position of each input.
    heads: Vec<usize>,
    /// Inputs that are not exhausted, by their next key.
    order: Vec<usize>,
    /// Room for the inputs that are being sorted in again.
    moved: Vec<usize>,
}

impl<K: Keys> Merge<'_, K> {
    fn insert(&mut self, input: usize) {
        if self.heads[input] >= self.inputs[input].len() {
            return;
        }
        let place = self.order.partition_point(|&other| {
            self.inputs[other].compare(self.heads[other], &self.inputs[input], self.heads[input])
                == Ordering::Less
        });
        self.order.insert(place, input);
    }

    /// How many inputs at the front have the smallest key.
    fn equal_heads(&self) -> usize {
        let first = self.order[0];
        let same_key = |input: usize| {
            self.inputs[first].compare(self.heads[first], &self.inputs[input], self.heads[input])
                == Ordering::Equal
        };
        1 + self.order[1..].iter().take_while(|&&input| same_key(input)).count()
    }

    /// Sorts the first `count` inputs, whose heads have moved on, in again.
    fn replace_front(&mut self, count: usize) {
        let mut moved = std::mem::take(&mut self.moved);
        moved.extend(self.order.drain(..count));
        for input in moved.drain(..) {
            self.insert(input);
        }
        self.moved = moved;
    }
}

/// The end of the rows that have the same key as the one at `from`.
fn repeat_end<K: Keys>(keys: &K, from: usize) -> usize {
    (from + 1..keys.len()).find(|&at| keys.compare(from, keys, at) != Ordering::Equal).unwrap_or(keys.len())
}

fn emit_stretch<K: Keys, E: MergeEvents>(
    keys: &K,
    input: usize,
    rows: Range<usize>,
    may_repeat: bool,
    events: &mut E,
) -> Result<(), E::Error> {
    if !may_repeat {
        return events.stretch(input, rows);
    }
    let mut alone_from = rows.start;
    let mut at = rows.start;
    while at < rows.end {
        let end = repeat_end(keys, at).min(rows.end);
        if end - at > 1 {
            if alone_from < at {
                events.stretch(input, alone_from..at)?;
            }
            let group: Vec<Position> = (at..end).map(|row| (input, row)).collect();
            events.group(&group)?;
            alone_from = end;
        }
        at = end;
    }
    if alone_from < rows.end { events.stretch(input, alone_from..rows.end) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::resolve::keys::FixedKeys;

    struct Collected<'a> {
        inputs: &'a [FixedKeys],
        rows: BTreeMap<i64, Vec<Position>>,
        last_key: Option<i64>,
    }

    impl Collected<'_> {
        fn add(&mut self, key: i64, rows: Vec<Position>) {
            assert!(self.last_key < Some(key), "keys come in order");
            self.last_key = Some(key);
            assert!(self.rows.insert(key, rows).is_none());
        }
    }

    impl MergeEvents for Collected<'_> {
        type Error = Infallible;

        fn stretch(&mut self, input: usize, rows: Range<usize>) -> Result<(), Infallible> {
            for at in rows {
                self.add(self.inputs[input].0[at], vec![(input, at)]);
            }
            Ok(())
        }

        fn group(&mut self, rows: &[Position]) -> Result<(), Infallible> {
            assert!(rows.len() > 1);
            self.add(self.inputs[rows[0].0].0[rows[0].1], rows.to_vec());
            Ok(())
        }
    }

    fn random_inputs(random: &mut StdRng, repeats: bool) -> Vec<FixedKeys> {
        (0..random.random_range(0..6))
            .map(|_| {
                let span = random.random_range(1..60);
                let count = random.random_range(0..40);
                let mut keys: Vec<i64> = (0..count).map(|_| random.random_range(0..span)).collect();
                keys.sort_unstable();
                if !repeats {
                    keys.dedup();
                }
                FixedKeys(keys)
            })
            .collect()
    }

    #[test]
    fn every_row_is_told_once_with_its_equals() {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..2000 {
            let repeats = random.random_bool(0.3);
            let inputs = random_inputs(&mut random, repeats);
            let mut expected: BTreeMap<i64, Vec<Position>> = BTreeMap::new();
            for (input, keys) in inputs.iter().enumerate() {
                for (at, key) in keys.0.iter().enumerate() {
                    expected.entry(*key).or_default().push((input, at));
                }
            }
            let mut collected = Collected { inputs: &inputs, rows: BTreeMap::new(), last_key: None };
            let Ok(()) = merge(&inputs, &vec![repeats; inputs.len()], &mut collected);
            assert_eq!(collected.rows, expected);
        }
    }
}
