//! The part of a run that is held while it is merged, and how far all runs can be merged at once.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::row::RowConverter;

use super::keys::{Keys, drop_rows};
use super::order::{RowOrder, Window};
use super::run::{Piece, RunReader, RunRows};
use super::section::Section;
use crate::error::Result;

/// A window over the keys of one run. What orders its rows lies in the [`Window`] beside it.
pub struct RunWindow<K> {
    section: Arc<Section>,
    reader: RunReader,
    keys: K,
    /// Keys of the window that have been merged.
    merged: usize,
    /// Whether a key can stand more than once in the window's file: a compaction merges equal keys, and
    /// writers of level 0 are not all known to.
    may_repeat: bool,
    state: State,
    /// For the user's sequence columns.
    sequence_rows: Option<Arc<RowConverter>>,
    rows_read: u64,
    rows_of_file: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// More rows of the window's file may follow; the first can have the window's last key.
    InFile,
    /// The file is at its end: whatever follows in this run has a higher key.
    BetweenFiles,
    Ended,
}

impl<K: Keys> RunWindow<K> {
    pub fn new(
        section: Arc<Section>,
        reader: RunReader,
        keys: K,
        sequence_rows: Option<Arc<RowConverter>>,
    ) -> Self {
        let state = State::BetweenFiles;
        Self {
            section,
            reader,
            keys,
            merged: 0,
            may_repeat: true,
            state,
            sequence_rows,
            rows_read: 0,
            rows_of_file: 0,
        }
    }

    pub fn keys(&self) -> &K {
        &self.keys
    }

    pub fn may_repeat(&self) -> bool {
        self.may_repeat
    }

    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Counts the keys before `end` as merged.
    pub fn pass(&mut self, end: usize) {
        self.merged = end;
    }

    /// Reads on until some key is final, or the run ends.
    pub async fn fill(&mut self, window: &mut Window) -> Result<()> {
        while self.state != State::Ended && !self.has_final_keys() {
            match self.reader.next().await? {
                Some(Piece::Rows(rows)) => self.append(rows, window)?,
                // The reader has counted the file's rows.
                Some(Piece::FileEnd) => {
                    self.rows_of_file = 0;
                    self.state = State::BetweenFiles;
                }
                None => self.state = State::Ended,
            }
        }
        Ok(())
    }

    fn has_final_keys(&self) -> bool {
        let last = match self.keys.len().checked_sub(1) {
            Some(last) if self.merged <= last => last,
            _ => return false,
        };
        self.last_is_final() || self.keys.key(self.merged) < self.keys.key(last)
    }

    /// Whether no row with the window's last key can follow. Where that is so, all of a window is merged before the
    /// next one is read, and nothing has to be moved to the front of that.
    fn last_is_final(&self) -> bool {
        self.state == State::BetweenFiles || !self.may_repeat
    }

    fn append(&mut self, rows: RunRows, window: &mut Window) -> Result<()> {
        let more = self.keys.of_columns(&rows.keys);
        let more = more.map_err(|error| self.section.bad_keys(&error.to_string()))?;
        self.check_order(&more, rows.file)?;
        self.rows_read += more.len() as u64;
        self.rows_of_file += more.len() as u64;
        match self.merged == self.keys.len() {
            true => self.keys = more,
            false => {
                self.keys.drop_front(self.merged);
                self.keys.extend(&more);
            }
        }
        self.may_repeat = self.section.files[rows.file].level == 0;
        if self.state == State::BetweenFiles {
            // All of the file before has been merged, or the run would not have been read on.
            *window = Window { file: rows.file, ..Window::default() };
        } else {
            window.first += self.merged;
            forget(&mut window.rows, self.merged, self.sequence_rows.as_deref());
        }
        self.merged = 0;
        self.state = State::InFile;
        self.take_order(rows, &mut window.rows)
    }

    /// Fails where a key lies before the one it follows, or a file begins before the one before it ended.
    fn check_order(&self, more: &K, file: usize) -> Result<()> {
        let corrupt = |reason: &str| Err(self.section.corrupt(&self.section.files[file], reason));
        let unsorted_at = |at: usize| {
            corrupt(&format!("it is not sorted by its key at row {}", self.rows_of_file + at as u64))
        };
        if let Some(known) = self.keys.len().checked_sub(1)
            && !more.is_empty()
        {
            match (self.keys.key(known).cmp(&more.key(0)), self.state == State::BetweenFiles) {
                (Ordering::Greater, true) => return corrupt("it begins before the file before it ended"),
                (Ordering::Equal, true) => {
                    return corrupt("it begins with the key that the file before it ended with");
                }
                (Ordering::Greater, false) => return unsorted_at(0),
                _ => {}
            }
        }
        match more.descent(0..more.len()) {
            Some(at) => unsorted_at(at),
            None => Ok(()),
        }
    }

    fn take_order(&self, rows: RunRows, order: &mut RowOrder) -> Result<()> {
        if let Some(converter) = &self.sequence_rows {
            let into = order.user_sequence.get_or_insert_with(|| converter.empty_rows(0, 0));
            let appended = converter.append(into, &rows.user_sequence);
            appended.map_err(|error| self.section.bad_keys(&error.to_string()))?;
        }
        extend(&mut order.sequence, rows.sequence);
        extend(&mut order.kinds, rows.kinds);
        Ok(())
    }

    /// The keys that can be merged when all runs are merged up to the horizon.
    pub fn before<'a>(&'a self, horizon: &Horizon<K::Key<'a>>) -> Range<usize> {
        let Horizon::At { key, inclusive } = *horizon else {
            return self.merged..self.keys.len();
        };
        let mut end = self.keys.gallop(self.merged..self.keys.len(), key);
        while inclusive && end < self.keys.len() && self.keys.key(end) == key {
            end += 1;
        }
        self.merged..end
    }
}

/// How far all runs can be merged with what is held of them.
pub enum Horizon<Key> {
    At {
        key: Key,
        inclusive: bool,
    },
    /// All runs are held to their ends.
    End,
}

impl<'a, Key: Ord + Copy> Horizon<Key> {
    /// The least of the keys to which the runs are known.
    pub fn of<K: Keys<Key<'a> = Key> + 'a>(runs: &'a [RunWindow<K>]) -> Self {
        let known = runs.iter().filter(|run| run.state != State::Ended).filter_map(|run| {
            let last = run.keys.len().checked_sub(1)?;
            Some((run.keys.key(last), run.last_is_final()))
        });
        known.min().map_or(Self::End, |(key, inclusive)| Self::At { key, inclusive })
    }

    pub fn is_end(&self) -> bool {
        matches!(self, Self::End)
    }
}

/// Forgets what orders the first `count` rows.
fn forget(order: &mut RowOrder, count: usize, sequence_rows: Option<&RowConverter>) {
    if let (Some(rows), Some(converter)) = (&mut order.user_sequence, sequence_rows) {
        drop_rows(rows, converter, count);
    }
    if let Some(sequence) = &mut order.sequence {
        sequence.drain(..count.min(sequence.len()));
    }
    if let Some(kinds) = &mut order.kinds {
        kinds.drain(..count.min(kinds.len()));
    }
}

fn extend<T>(into: &mut Option<Vec<T>>, more: Option<Vec<T>>) {
    if let Some(more) = more {
        into.get_or_insert_with(Vec::new).extend(more);
    }
}
