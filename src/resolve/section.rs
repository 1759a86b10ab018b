//! Resolving one section: its runs are read side by side, merged a window at a time, and leave masks.
//!
//! Keys are not collected: each run holds some tens of thousands, which are merged as far as all
//! runs have been read, and forgotten. On the bench table (6.9 million keys, 7 runs a bucket) collecting
//! them spent 23% of the query's processor time on pages that the system had to clear for the arrays;
//! this way it is 2 to 8%, and the query's peak memory went from 379 to 250 MiB.
//!
//! Where a cold aggregation's time goes (6 million rows, two idle cores, ratios to DataFusion over the same rows as
//! compacted Parquet; `benches/race` and perf): 2.6 cold, 1.5 warm. Of the cold query's processor time 29% is zstd,
//! 11% merging, 8% taking dead rows out of decoded batches, 6% reading files and clearing pages. The plain files need
//! a third of the zstd of the same columns, since their writer keeps a dictionary where the table's falls back to plain
//! doubles; reading these files without any mask costs 1.2. By this estimate the floor of a warm query is about 1.35
//! (more rows, one filter), and that of a cold one, with 55 MB of plain keys to decompress and a merge of half its
//! present cost, about 2.2.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::DataType;
use arrow::row::RowConverter;
use object_store::ObjectStore;
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::schema::TableSchema;
use tarn_catalog::split::{DataFile, DeleteSource, FileSchema};

use super::keys::{FixedKeys, Keys, RowKeys, are_fixed, sort_fields};
use super::masks::{FileRows, MaskBuilder};
use super::merge::{Input, merge};
use super::order::{VersionOrder, Window, file_ranks, needs_sequence};
use super::outcome::Resolved;
use super::run::{Reads, RunReader};
use super::window::{Horizon, RunWindow};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::Retractions;
use crate::scan::deletes::DeleteReader;
use crate::scan::footer::FooterCache;
use crate::scan::reader::FileToRead;

/// Rows that are decoded, and merged, at a time: few enough that the keys of some ten runs stay in
/// the processor's cache between the two, many enough that passing them on costs nothing.
const BATCH_ROWS: usize = 32 * 1024;

/// A section that can be resolved on its own.
#[derive(Debug, Clone)]
pub struct Section {
    /// For errors.
    pub table: Arc<str>,
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FooterCache>,
    pub schema: Arc<TableSchema>,
    pub file_schemas: Arc<Vec<Arc<FileSchema>>>,
    pub deletes: Arc<Vec<DeleteSource>>,
    pub delete_reader: Arc<DeleteReader>,
    pub rule: Arc<MergeRule>,
    /// Whether a key that is deleted has a live row: its newest version, which says so.
    pub retractions: Retractions,
    /// All files of the section's runs.
    pub files: Arc<Vec<DataFile>>,
    /// Places in `files` of each run's files, in the order of their keys.
    pub runs: Arc<Vec<Vec<usize>>>,
}

impl Section {
    /// Resolves the section from its files.
    pub async fn resolve(&self) -> Result<Resolved> {
        self.resolve_by(BATCH_ROWS).await
    }

    /// Resolves the section by so many rows of each run at a time.
    pub(super) async fn resolve_by(&self, batch_rows: usize) -> Result<Resolved> {
        let mut run_of = vec![0; self.files.len()];
        for (run, files) in self.runs.iter().enumerate() {
            files.iter().for_each(|&file| run_of[file] = run);
        }
        let mut files = Vec::with_capacity(self.files.len());
        for file in self.files.iter() {
            files.push(self.file_rows(file).await?);
        }
        let sequence = needs_sequence(&self.rule, &self.files, &run_of);
        let reads = Reads { sequence, batch_rows };
        let types = self.key_types();
        if are_fixed(&types) {
            return self.resolve_typed(&files, reads, FixedKeys::default).await;
        }
        let fields = sort_fields(&types, SortOptions::default());
        let converter = Arc::new(RowConverter::new(fields).map_err(internal)?);
        self.resolve_typed(&files, reads, || RowKeys::new(Arc::clone(&converter))).await
    }

    async fn resolve_typed<K: Keys>(
        &self,
        files: &[FileRows],
        reads: Reads,
        no_keys: impl Fn() -> K,
    ) -> Result<Resolved> {
        let section = Arc::new(self.clone());
        let sequence_rows = self.sequence_converter()?;
        let mut runs: Vec<RunWindow<K>> = (0..self.runs.len())
            .map(|run| {
                let reader = RunReader::spawn(&section, run, files, reads);
                RunWindow::new(Arc::clone(&section), reader, no_keys(), sequence_rows.clone())
            })
            .collect();
        let windows = self.runs.iter().map(|_| Window::default()).collect();
        let order = VersionOrder { windows, ranks: file_ranks(&self.files) };
        let mut builder =
            MaskBuilder::new(&self.table, &self.rule, self.retractions, files, order, reads.sequence);
        loop {
            for (run, window) in runs.iter_mut().zip(&mut builder.order.windows) {
                run.fill(window).await?;
            }
            let horizon = Horizon::of(&runs);
            let inputs: Vec<Input<'_, K>> = runs
                .iter()
                .map(|run| Input {
                    keys: run.keys(),
                    positions: run.before(&horizon),
                    may_repeat: run.may_repeat(),
                })
                .collect();
            let ends: Vec<usize> = inputs.iter().map(|input| input.positions.end).collect();
            merge(inputs, &mut builder)?;
            if horizon.is_end() {
                break;
            }
            runs.iter_mut().zip(ends).for_each(|(run, end)| run.pass(end));
        }
        let rows_compared = runs.iter().map(RunWindow::rows_read).sum();
        let (files, versions) = builder.finish();
        Ok(Resolved { files, versions, rows_compared })
    }

    fn key_types(&self) -> Vec<DataType> {
        self.rule.key.iter().map(|&index| self.schema.fields[index].data_type.arrow()).collect()
    }

    /// Turns the user's sequence columns into rows that compare; `None` where there are none.
    fn sequence_converter(&self) -> Result<Option<Arc<RowConverter>>> {
        if self.rule.sequence_fields.is_empty() {
            return Ok(None);
        }
        let types: Vec<DataType> = self
            .rule
            .sequence_fields
            .iter()
            .map(|&index| self.schema.fields[index].data_type.arrow())
            .collect();
        let options = SortOptions { descending: self.rule.sequence_descending, nulls_first: true };
        Ok(Some(Arc::new(RowConverter::new(sort_fields(&types, options)).map_err(internal)?)))
    }

    async fn file_rows(&self, file: &DataFile) -> Result<FileRows> {
        let too_large =
            || self.corrupt(file, "it has more rows than Tarn can address in one file (4 billion)");
        let undeleted = self.delete_reader.undeleted_rows(self.file_to_read(file), &self.deletes).await?;
        let rows = usize::try_from(file.rows).map_err(|_| too_large())?;
        let numbers = |bits: &arrow::buffer::BooleanBuffer| bits.set_indices().map(u32::try_from).collect();
        let positions = undeleted.as_ref().map(numbers).transpose().map_err(|_| too_large())?;
        Ok(FileRows { rows, undeleted, positions, level: file.level })
    }

    /// What the readers need to read one of the section's files.
    pub(super) fn file_to_read<'a>(&'a self, file: &'a DataFile) -> FileToRead<'a> {
        FileToRead {
            file,
            schema: &self.file_schemas[file.file_schema],
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            table: Arc::clone(&self.table),
        }
    }

    pub(super) fn corrupt(&self, file: &DataFile, reason: &str) -> Error {
        tarn_catalog::Error::corrupt(format!("{} of table {}", file.path, self.table), reason).into()
    }

    pub(super) fn bad_keys(&self, reason: &str) -> Error {
        Error::new(ErrorKind::CorruptLake, format!("table {}: cannot compare keys: {reason}", self.table))
    }
}

fn internal(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}
