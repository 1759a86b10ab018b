//! The merge of sorted inputs, told as events: stretches that one input has alone, and groups of
//! rows with equal keys.

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

/// One sorted input of a merge.
pub struct Input<'a, K> {
    pub keys: &'a K,
    /// The positions that take part. Keys outside of them are not among those of any input's.
    pub positions: Range<usize>,
    /// Whether a key can stand here more than once.
    pub may_repeat: bool,
}

/// Merges sorted inputs.
///
/// The largest input stands apart and is crossed by galloping from one key of the others to the next, so that the
/// cost is near O(small * log(large / small)) comparisons rather than one for each row, and so that only the
/// others, which hold few rows where a table has been compacted, are kept in order.
pub fn merge<K: Keys, E: MergeEvents>(inputs: Vec<Input<'_, K>>, events: &mut E) -> Result<(), E::Error> {
    let sizes = inputs.iter().map(|input| input.positions.len());
    let Some((large, _)) = sizes.enumerate().max_by_key(|(_, size)| *size) else { return Ok(()) };
    let mut merge = Merge::new(inputs, large);
    let mut group = Vec::new();
    while let Some(&(key, first)) = merge.order.first() {
        let crossed = merge.cross(key);
        emit_stretch(&merge.inputs[large], large, crossed, events)?;
        let next_of_large = merge.next_of_large();
        let second = merge.order.get(1).map(|(second, _)| *second);
        if next_of_large != Some(key) && second != Some(key) {
            // The first of the others is alone, up to the next key of any other input.
            let bound = [next_of_large, second].into_iter().flatten().min();
            let input = &mut merge.inputs[first];
            let start = input.positions.start;
            input.positions.start = match bound {
                Some(bound) => input.keys.gallop(input.positions.clone(), bound),
                None => input.positions.end,
            };
            emit_stretch(input, first, start..input.positions.start, events)?;
            merge.move_on(0);
            continue;
        }
        group.clear();
        if next_of_large == Some(key) {
            merge.take(large, &mut group);
        }
        let same = merge.order.iter().take_while(|(other, _)| *other == key).count();
        // From the last to the first: those behind are in order when one is moved among them.
        for place in (0..same).rev() {
            merge.take(merge.order[place].1, &mut group);
            merge.move_on(place);
        }
        group.sort_unstable();
        events.group(&group)?;
    }
    let rest = merge.inputs[large].positions.clone();
    emit_stretch(&merge.inputs[large], large, rest, events)
}

struct Merge<'a, K: Keys> {
    /// What is left of each input.
    inputs: Vec<Input<'a, K>>,
    /// The input that stands apart.
    large: usize,
    /// The others that are not exhausted, each with its next key, in order.
    order: Vec<(K::Key<'a>, usize)>,
}

/// Inputs among which one is moved step by step; among more its place is searched for.
const FEW_INPUTS: usize = 16;

impl<'a, K: Keys> Merge<'a, K> {
    fn new(inputs: Vec<Input<'a, K>>, large: usize) -> Self {
        let others = inputs.iter().enumerate().filter(|(index, _)| *index != large);
        let heads = others.filter(|(_, input)| !input.positions.is_empty());
        let mut order: Vec<_> =
            heads.map(|(index, input)| (input.keys.key(input.positions.start), index)).collect();
        order.sort_unstable();
        Self { inputs, large, order }
    }

    /// Passes the rows of the large input below a key, and says which they are.
    fn cross(&mut self, key: K::Key<'a>) -> Range<usize> {
        let input = &mut self.inputs[self.large];
        let start = input.positions.start;
        input.positions.start = input.keys.gallop(input.positions.clone(), key);
        start..input.positions.start
    }

    fn next_of_large(&self) -> Option<K::Key<'a>> {
        let Input { keys, positions, .. } = &self.inputs[self.large];
        (!positions.is_empty()).then(|| keys.key(positions.start))
    }

    /// Passes the rows of an input that have its next key, and adds them to a group.
    fn take(&mut self, index: usize, group: &mut Vec<Position>) {
        let input = &mut self.inputs[index];
        let start = input.positions.start;
        input.positions.start = if input.may_repeat { repeat_end(input, start) } else { start + 1 };
        group.extend((start..input.positions.start).map(|at| (index, at)));
    }

    /// Puts the input at `place`, whose next key has changed, where it belongs among those behind it.
    fn move_on(&mut self, mut place: usize) {
        let (_, index) = self.order[place];
        let Input { keys, positions, .. } = &self.inputs[index];
        if positions.is_empty() {
            self.order.remove(place);
            return;
        }
        let key = keys.key(positions.start);
        if self.order.len() > FEW_INPUTS {
            let behind = self.order[place + 1..].partition_point(|(other, _)| *other < key);
            self.order.copy_within(place + 1..=place + behind, place);
            place += behind;
        } else {
            while let Some(&next) = self.order.get(place + 1)
                && next.0 < key
            {
                self.order[place] = next;
                place += 1;
            }
        }
        self.order[place] = (key, index);
    }
}

/// The end of the rows that have the same key as the one at `from`.
fn repeat_end<K: Keys>(input: &Input<'_, K>, from: usize) -> usize {
    let key = input.keys.key(from);
    let end = input.positions.end;
    (from + 1..end).find(|&at| input.keys.key(at) != key).unwrap_or(end)
}

fn emit_stretch<K: Keys, E: MergeEvents>(
    input: &Input<'_, K>,
    index: usize,
    rows: Range<usize>,
    events: &mut E,
) -> Result<(), E::Error> {
    if !input.may_repeat {
        return events.stretch(index, rows);
    }
    let mut alone_from = rows.start;
    let mut at = rows.start;
    while at < rows.end {
        let end = repeat_end(input, at).min(rows.end);
        if end - at > 1 {
            if alone_from < at {
                events.stretch(index, alone_from..at)?;
            }
            let group: Vec<Position> = (at..end).map(|row| (index, row)).collect();
            events.group(&group)?;
            alone_from = end;
        }
        at = end;
    }
    if alone_from < rows.end { events.stretch(index, alone_from..rows.end) } else { Ok(()) }
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
                FixedKeys(keys.into())
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
            let taking_part =
                inputs.iter().map(|keys| Input { keys, positions: 0..keys.len(), may_repeat: repeats });
            let Ok(()) = merge(taking_part.collect(), &mut collected);
            assert_eq!(collected.rows, expected);
        }
    }
}
