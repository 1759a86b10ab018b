//! Turns the events of a merge into masks and version lists, by the rule of the merge engine.

use std::ops::Range;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use tarn_catalog::merge_rule::{MergeEngine, MergeRule};

use super::merge::{MergeEvents, Position};
use super::order::{VersionOrder, is_retraction};
use super::outcome::{FileOutcome, RowMask, Version, Versions};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::Retractions;

/// The rows of one file that take part in a merge.
pub struct FileRows {
    /// Physical rows of the file.
    pub rows: usize,
    /// Rows that deletion vectors leave; `None` when there are none.
    pub undeleted: Option<BooleanBuffer>,
    /// Physical position of each key, where deletion vectors make it differ from the key's index.
    pub positions: Option<Vec<u32>>,
    pub level: i32,
}

impl FileRows {
    fn physical(&self, at: usize) -> usize {
        self.positions.as_ref().map_or(at, |positions| positions[at] as usize)
    }
}

/// Builds the outcome of a section while its keys are merged.
pub struct MaskBuilder<'a> {
    table: &'a str,
    rule: &'a MergeRule,
    ignore_delete: bool,
    /// Whether the newest file's row is the one to pick, whatever else the versions are.
    by_rank: bool,
    retractions: Retractions,
    files: &'a [FileRows],
    /// What orders versions, in the windows that are being merged.
    pub order: VersionOrder,
    live: Vec<BooleanBufferBuilder>,
    merging: Vec<BooleanBufferBuilder>,
    /// Rows put into `merging` so far, by file.
    ordinals: Vec<u32>,
    versions: Versions,
    candidates: Vec<(Position, u32)>,
}

impl<'a> MaskBuilder<'a> {
    /// `sequenced` says that the windows hold what orders versions beyond the ranks of their files.
    pub fn new(
        table: &'a str,
        rule: &'a MergeRule,
        retractions: Retractions,
        files: &'a [FileRows],
        order: VersionOrder,
        sequenced: bool,
    ) -> Self {
        let live = files.iter().map(|file| match &file.undeleted {
            Some(bits) => {
                let mut builder = BooleanBufferBuilder::new(file.rows);
                builder.append_buffer(bits);
                builder
            }
            None => {
                let mut builder = BooleanBufferBuilder::new(file.rows);
                builder.append_n(file.rows, true);
                builder
            }
        });
        let live: Vec<_> = live.collect();
        let merging = if rule.engine.picks_one_version() {
            Vec::new()
        } else {
            files
                .iter()
                .map(|file| {
                    let mut builder = BooleanBufferBuilder::new(file.rows);
                    builder.append_n(file.rows, false);
                    builder
                })
                .collect()
        };
        Self {
            table,
            rule,
            ignore_delete: rule.ignore_delete(),
            by_rank: rule.engine == MergeEngine::Deduplicate
                && !sequenced
                && !rule.ignore_delete()
                && !rule.lookup_base,
            retractions,
            files,
            order,
            live,
            merging,
            ordinals: vec![0; files.len()],
            versions: Versions { offsets: vec![0], versions: Vec::new() },
            candidates: Vec::new(),
        }
    }

    pub fn finish(mut self) -> (Vec<FileOutcome>, Option<Versions>) {
        let mut merging = self.merging.iter_mut();
        let files = self
            .live
            .iter_mut()
            .map(|live| FileOutcome {
                live: RowMask::from_bits(live.finish()),
                merging: merging.next().map_or(RowMask::None, |bits| RowMask::from_bits(bits.finish())),
            })
            .collect();
        (files, (!self.rule.engine.picks_one_version()).then_some(self.versions))
    }

    fn kind(&self, row: Position) -> i8 {
        self.order.kind(row)
    }

    fn file(&self, (run, _): Position) -> usize {
        self.order.windows[run].file
    }

    /// The physical row of its file.
    fn physical(&self, (run, at): Position) -> usize {
        let window = &self.order.windows[run];
        self.files[window.file].physical(window.first + at)
    }

    fn bury(&mut self, row: Position) {
        let (file, physical) = (self.file(row), self.physical(row));
        self.live[file].set_bit(physical, false);
    }

    /// Keeps of a group what counts: under the lookup rule, only the lowest level above 0 is the
    /// base of what level 0 brings.
    fn choose_candidates(&mut self, rows: &[Position]) {
        self.candidates.clear();
        let base = self.rule.lookup_base.then(|| {
            rows.iter().map(|row| self.files[self.file(*row)].level).filter(|level| *level > 0).min()
        });
        for &row in rows {
            let level = self.files[self.file(row)].level;
            if level > 0 && base.flatten().is_some_and(|base| level != base) {
                continue;
            }
            self.candidates.push((row, 0));
        }
    }

    /// Leaves only the row that the engine picks, or none.
    fn pick_one(&mut self, rows: &[Position]) -> Result<()> {
        if self.by_rank {
            let winner = rows.iter().copied().max_by(|a, b| self.order.compare_ranks(*a, *b));
            self.leave(rows, winner);
            return Ok(());
        }
        self.choose_candidates(rows);
        let candidates = std::mem::take(&mut self.candidates);
        let newest = self.rule.engine == MergeEngine::Deduplicate;
        let mut winner: Option<Position> = None;
        for &(row, _) in &candidates {
            let retracts = is_retraction(self.kind(row));
            if retracts && self.ignore_delete {
                continue;
            }
            if retracts && !newest {
                return Err(Error::new(
                    ErrorKind::UnsupportedTable,
                    format!(
                        "table {}: the first-row merge engine cannot take deletes or update-befores, but its \
                         files hold one; set 'ignore-delete' on the table to pass over them",
                        self.table
                    ),
                ));
            }
            let replaces = winner.is_none_or(|current| (self.order.compare(row, current).is_gt()) == newest);
            if replaces {
                winner = Some(row);
            }
        }
        self.candidates = candidates;
        self.leave(rows, winner);
        Ok(())
    }

    /// Buries the rows of a group except the one that was picked, and that too where it is a
    /// retraction that nobody wants.
    fn leave(&mut self, rows: &[Position], picked: Option<Position>) {
        let keeps = self.retractions == Retractions::Keep;
        let left = picked.filter(|&row| keeps || !is_retraction(self.kind(row)));
        for &row in rows {
            if left != Some(row) {
                self.bury(row);
            }
        }
    }

    /// Lists the rows of a group for the merge of their values.
    fn list_versions(&mut self, rows: &[Position]) -> Result<()> {
        for &row in rows {
            self.bury(row);
        }
        self.choose_candidates(rows);
        let mut candidates = std::mem::take(&mut self.candidates);
        for (row, ordinal) in &mut candidates {
            let (file, physical) = (self.file(*row), self.physical(*row));
            self.merging[file].set_bit(physical, true);
            *ordinal = self.ordinals[file];
            self.ordinals[file] += 1;
        }
        candidates.sort_by(|(a, _), (b, _)| self.order.compare(*a, *b));
        for &(row, ordinal) in &candidates {
            let file = u32::try_from(self.file(row)).map_err(|_| self.too_many())?;
            self.versions.versions.push(Version { file, ordinal, kind: self.kind(row) });
        }
        self.candidates = candidates;
        let end = u32::try_from(self.versions.versions.len()).map_err(|_| self.too_many())?;
        self.versions.offsets.push(end);
        Ok(())
    }

    fn too_many(&self) -> Error {
        Error::new(
            ErrorKind::UnsupportedTable,
            format!("table {}: more than 4 billion rows of one section have to be merged", self.table),
        )
    }
}

impl MergeEvents for MaskBuilder<'_> {
    type Error = Error;

    fn stretch(&mut self, input: usize, rows: Range<usize>) -> Result<()> {
        if self.retractions == Retractions::Keep || self.order.windows[input].rows.kinds.is_none() {
            return Ok(());
        }
        for at in rows {
            if is_retraction(self.kind((input, at))) {
                self.bury((input, at));
            }
        }
        Ok(())
    }

    fn group(&mut self, rows: &[Position]) -> Result<()> {
        if self.rule.engine.picks_one_version() { self.pick_one(rows) } else { self.list_versions(rows) }
    }
}
