//! Sorted runs and sections of a bucket, by key ranges.
//!
//! A section is a set of files whose key ranges hang together; no key lies in two sections. Within a
//! section files are packed into as few runs as can be: files of a run are sorted and disjoint.
//! (paimon-format section 9, Paimon's `IntervalPartition`)

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::datum::Datum;
use crate::paimon::java_heap::JavaHeap;

/// A key: one value for each key column.
#[derive(Debug, Clone, PartialEq)]
pub struct Key(pub Vec<Datum>);

impl Eq for Key {}

impl Ord for Key {
    /// Column by column, nulls first. All keys of a bucket have values of the same types: whoever
    /// makes them checks that.
    fn cmp(&self, other: &Self) -> Ordering {
        let column = |(a, b): (&Datum, &Datum)| match (a.is_null(), b.is_null()) {
            (false, false) => a.compare(b).unwrap_or(Ordering::Equal),
            (a_null, b_null) => b_null.cmp(&a_null),
        };
        self.0.iter().zip(&other.0).map(column).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Something with a range of keys.
pub trait KeyRange {
    fn min_key(&self) -> &Key;
    fn max_key(&self) -> &Key;
}

/// Runs of one section.
pub type Section<T> = Vec<Vec<T>>;

/// Divides files into sections, in ascending order of keys.
pub fn sections<T: KeyRange>(files: Vec<T>) -> Vec<Section<T>> {
    divide(files).into_iter().map(runs).collect()
}

/// The same, with the runs of a section in the order in which Paimon reads them one after the other.
pub fn sections_in_javas_order<T: KeyRange>(files: Vec<T>) -> Vec<Section<T>> {
    divide(files).into_iter().map(javas_runs).collect()
}

/// The files of each section, sorted.
fn divide<T: KeyRange>(mut files: Vec<T>) -> Vec<Vec<T>> {
    files.sort_by(|a, b| a.min_key().cmp(b.min_key()).then_with(|| a.max_key().cmp(b.max_key())));
    let mut sections = Vec::new();
    let mut current: Vec<T> = Vec::new();
    let mut bound: Option<Key> = None;
    for file in files {
        if bound.as_ref().is_some_and(|bound| file.min_key() > bound) {
            sections.push(std::mem::take(&mut current));
            bound = None;
        }
        if bound.as_ref().is_none_or(|bound| file.max_key() > bound) {
            bound = Some(file.max_key().clone());
        }
        current.push(file);
    }
    if !current.is_empty() {
        sections.push(current);
    }
    sections
}

/// Packs the files of a section, sorted by smallest key, into runs: each goes behind the run that
/// ends first, if that ends before the file begins.
fn runs<T: KeyRange>(files: Vec<T>) -> Section<T> {
    let mut runs: Section<T> = Vec::new();
    let mut ends: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
    for file in files {
        let end = file.max_key().clone();
        let first_to_end =
            ends.peek().filter(|Reverse((end, _))| file.min_key() > end).map(|Reverse((_, run))| *run);
        let run = match first_to_end {
            Some(run) => {
                ends.pop();
                run
            }
            None => {
                runs.push(Vec::new());
                runs.len() - 1
            }
        };
        if let Some(files) = runs.get_mut(run) {
            files.push(file);
        }
        ends.push(Reverse((end, run)));
    }
    runs
}

/// As [`runs`], by the steps of Java's `IntervalPartition`.
fn javas_runs<T: KeyRange>(files: Vec<T>) -> Section<T> {
    let end = |run: &Vec<T>| run.last().map(|file| file.max_key().clone());
    let mut runs = JavaHeap::new(|a: &Vec<T>, b: &Vec<T>| end(a).cmp(&end(b)));
    for file in files {
        let mut first = runs.poll().unwrap_or_default();
        if end(&first).is_none_or(|end| *file.min_key() > end) {
            first.push(file);
        } else {
            runs.add(vec![file]);
        }
        runs.add(first);
    }
    runs.into_elements()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone)]
    struct File(Key, Key);

    impl KeyRange for File {
        fn min_key(&self) -> &Key {
            &self.0
        }

        fn max_key(&self) -> &Key {
            &self.1
        }
    }

    fn key(value: i64) -> Key {
        Key(vec![Datum::Integer(value)])
    }

    fn divide(ranges: &[(i64, i64)]) -> Vec<Vec<Vec<(i64, i64)>>> {
        let files = ranges.iter().map(|(min, max)| File(key(*min), key(*max))).collect();
        let number = |key: &Key| match key.0.as_slice() {
            [Datum::Integer(value)] => *value,
            _ => i64::MIN,
        };
        let file = |file: &File| (number(&file.0), number(&file.1));
        let run = |run: &Vec<File>| run.iter().map(file).collect();
        sections(files).iter().map(|section| section.iter().map(run).collect()).collect()
    }

    #[test]
    fn files_that_meet_share_a_section() {
        let divided = divide(&[(5, 190), (1, 2), (200, 600), (3, 4), (5, 180), (210, 700)]);
        assert_eq!(
            divided,
            vec![
                vec![vec![(1, 2)]],
                vec![vec![(3, 4)]],
                vec![vec![(5, 180)], vec![(5, 190)]],
                vec![vec![(200, 600)], vec![(210, 700)]],
            ]
        );
    }

    #[test]
    fn touching_bounds_meet_and_runs_are_few() {
        assert_eq!(divide(&[(1, 5), (5, 9)]), vec![vec![vec![(1, 5)], vec![(5, 9)]]]);
        let divided = divide(&[(0, 100), (1, 10), (20, 30), (40, 50)]);
        assert_eq!(divided, vec![vec![vec![(0, 100)], vec![(1, 10), (20, 30), (40, 50)]]]);
    }

    #[test]
    fn nulls_come_first() {
        assert!(Key(vec![Datum::Null]) < key(i64::MIN));
        assert!(Key(vec![Datum::Integer(1), Datum::Null]) > key(0));
    }

    /// Seeded: whatever the ranges, runs are disjoint, sections apart, and nothing is lost.
    #[test]
    fn random_ranges_keep_the_invariants() {
        let mut state = 42u64;
        let mut next = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        for _ in 0..200 {
            let count = 1 + next(30);
            let ranges: Vec<(i64, i64)> = (0..count)
                .map(|_| {
                    let min = next(200) as i64;
                    (min, min + next(20) as i64)
                })
                .collect();
            let divided = divide(&ranges);
            let mut all: Vec<(i64, i64)> = divided.iter().flatten().flatten().copied().collect();
            let mut expected = ranges.clone();
            all.sort_unstable();
            expected.sort_unstable();
            assert_eq!(all, expected);
            for run in divided.iter().flatten() {
                assert!(run.windows(2).all(|pair| pair[0].1 < pair[1].0), "{run:?}");
            }
            let ends = |section: &Vec<Vec<(i64, i64)>>| {
                let files = || section.iter().flatten();
                (files().map(|file| file.0).min(), files().map(|file| file.1).max())
            };
            assert!(divided.windows(2).all(|pair| ends(&pair[0]).1 < ends(&pair[1]).0));
        }
    }
}
