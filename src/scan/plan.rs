//! A scan that is ready to run: units of work over the files of a [`TableScan`].

use std::sync::Arc;

use arrow::buffer::BooleanBuffer;
use arrow::datatypes::SchemaRef;
use chrono::DateTime;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::split::{DataFile, FileFormat, PruningCounts, SplitUnit, TableScan};
use tokio::sync::OnceCell;

use super::deletes::DeleteReader;
use super::reader::FileToRead;
use super::shared::ScanShared;
use super::touched_keys::TouchedKeys;
use crate::error::Result;
use crate::merge::Retractions;
use crate::resolve::cache::SectionIdentity;
use crate::resolve::{Resolved, Section};

/// Bytes of a Parquet file that are one unit of work, so that a bucket of one large file keeps every
/// core busy. Units of a file share its footer and its mask.
const UNIT_BYTES: u64 = 48 * 1024 * 1024;

/// A table's files at one version, divided into work. Immutable, shared by all partitions of a query.
#[derive(Debug)]
pub struct ScanPlan {
    pub table: Arc<str>,
    pub snapshot_id: Option<i64>,
    pub schema: Arc<tarn_catalog::schema::TableSchema>,
    pub arrow_schema: SchemaRef,
    pub store: Arc<dyn ObjectStore>,
    pub shared: Arc<ScanShared>,
    pub file_schemas: Arc<Vec<Arc<tarn_catalog::split::FileSchema>>>,
    pub deletes: Arc<Vec<tarn_catalog::split::DeleteSource>>,
    pub delete_reader: Arc<DeleteReader>,
    pub sections: Vec<PlannedSection>,
    pub files: Vec<PlannedFile>,
    pub zips: Vec<Arc<Vec<DataFile>>>,
    pub pruning: PruningCounts,
}

/// A section, and its outcome once something asked for it.
#[derive(Debug)]
pub struct PlannedSection {
    pub section: Section,
    identity: SectionIdentity,
    resolved: OnceCell<Arc<Resolved>>,
}

/// A file that is read on its own, under the mask of its section or its deletion vectors.
#[derive(Debug)]
pub struct PlannedFile {
    pub file: DataFile,
    /// The section that masks the file's rows, and the file's place in it.
    pub section: Option<(usize, usize)>,
    undeleted: OnceCell<Option<BooleanBuffer>>,
}

/// One piece of work, attached to a [`PartitionedFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanUnit {
    /// Rows of one file (or of the row groups in the range of its `PartitionedFile`) that stand as they are.
    File { file: usize },
    /// Rows of one section whose values have to be merged.
    Merged { section: usize },
    /// A group of files that hold different columns of the same rows.
    Zip { group: usize },
}

/// How a section came by its outcome, for EXPLAIN ANALYZE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolvedFrom {
    Query,
    Cache,
    Files,
}

impl ScanPlan {
    pub fn new(scan: TableScan, store: Arc<dyn ObjectStore>, shared: Arc<ScanShared>) -> Self {
        Self::with_retractions(scan, store, shared, Retractions::Drop, None)
    }

    /// A plan that may keep a row of deleted keys, and that may be about the rows of some keys alone.
    pub fn with_retractions(
        scan: TableScan,
        store: Arc<dyn ObjectStore>,
        shared: Arc<ScanShared>,
        retractions: Retractions,
        touched: Option<Arc<TouchedKeys>>,
    ) -> Self {
        let table: Arc<str> = scan.table.into();
        let footers = Arc::clone(&shared.footers);
        let mut plan = Self {
            delete_reader: DeleteReader::new(Arc::clone(&table), Arc::clone(&store), footers, touched).into(),
            table,
            snapshot_id: scan.snapshot_id,
            arrow_schema: scan.schema.arrow(),
            schema: scan.schema,
            store,
            shared,
            file_schemas: Arc::new(scan.file_schemas),
            deletes: Arc::new(scan.deletes),
            sections: Vec::new(),
            files: Vec::new(),
            zips: Vec::new(),
            pruning: scan.pruning,
        };
        for split in scan.splits {
            match split.unit {
                SplitUnit::Files(files) => plan.files.extend(files.into_iter().map(PlannedFile::alone)),
                SplitUnit::Zip { groups } => plan.zips.extend(groups.into_iter().map(Arc::new)),
                SplitUnit::Merge { runs, rule } => plan.add_section(runs, rule, retractions),
            }
        }
        plan
    }

    fn add_section(&mut self, runs: Vec<Vec<DataFile>>, rule: Arc<MergeRule>, retractions: Retractions) {
        let mut places = 0..;
        let runs_of_places = runs.iter().map(|run| places.by_ref().take(run.len()).collect()).collect();
        let files: Vec<DataFile> = runs.into_iter().flatten().collect();
        let index = self.sections.len();
        let store_id = self.shared.footers.store_id(&self.store);
        let identity = SectionIdentity::new(store_id, &rule, retractions, &files, &self.deletes);
        for (place, file) in files.iter().enumerate() {
            self.files
                .push(PlannedFile { section: Some((index, place)), ..PlannedFile::alone(file.clone()) });
        }
        let section = Section {
            table: Arc::clone(&self.table),
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.shared.footers),
            schema: Arc::clone(&self.schema),
            file_schemas: Arc::clone(&self.file_schemas),
            deletes: Arc::clone(&self.deletes),
            delete_reader: Arc::clone(&self.delete_reader),
            rule,
            retractions,
            files: Arc::new(files),
            runs: Arc::new(runs_of_places),
        };
        self.sections.push(PlannedSection { section, identity, resolved: OnceCell::new() });
    }

    /// The units of work, in the order in which they should be taken up: the first units belong to
    /// different sections, so that workers resolve different sections at once.
    pub fn units(&self, workers: usize) -> Vec<PartitionedFile> {
        let mut queues: Vec<Vec<PartitionedFile>> = Vec::new();
        let mut alone = Vec::new();
        queues.resize_with(self.sections.len(), Vec::new);
        for (index, planned) in self.files.iter().enumerate() {
            let pieces = file_pieces(&planned.file, index);
            match planned.section {
                Some((section, _)) => queues[section].extend(pieces),
                None => alone.extend(pieces),
            }
        }
        for (index, planned) in self.sections.iter().enumerate() {
            if !planned.section.rule.engine.picks_one_version() {
                let size = planned.section.files.iter().map(|file| file.size).sum();
                let unit = ScanUnit::Merged { section: index };
                queues[index].push(unit_of(Path::from("merged rows"), size, unit));
            }
        }
        for (group, files) in self.zips.iter().enumerate() {
            let size = files.iter().map(|file| file.size).sum();
            let path = files.first().map(|file| file.path.clone()).unwrap_or_default();
            alone.push(unit_of(path, size, ScanUnit::Zip { group }));
        }
        let mut units = interleave(queues, workers.max(1));
        units.extend(alone);
        units
    }

    /// The outcome of a section: of this query, of the cache, or from its files.
    pub async fn resolved(&self, index: usize) -> Result<(Arc<Resolved>, ResolvedFrom)> {
        let planned = &self.sections[index];
        if let Some(resolved) = planned.resolved.get() {
            return Ok((Arc::clone(resolved), ResolvedFrom::Query));
        }
        let mut from = ResolvedFrom::Query;
        let resolved = planned
            .resolved
            .get_or_try_init(|| async {
                from = ResolvedFrom::Cache;
                let resolve = async {
                    from = ResolvedFrom::Files;
                    planned.section.resolve().await.map(Arc::new)
                };
                if self.delete_reader.is_restricted() {
                    return resolve.await;
                }
                self.shared.resolved.get_or_resolve(&planned.identity, resolve).await
            })
            .await?;
        Ok((Arc::clone(resolved), from))
    }

    /// What the readers need to read one of the scan's files.
    pub fn file_to_read<'a>(&'a self, file: &'a DataFile) -> FileToRead<'a> {
        FileToRead {
            file,
            schema: &self.file_schemas[file.file_schema],
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.shared.footers),
            table: Arc::clone(&self.table),
        }
    }

    /// The rows of a file outside any section that deletion vectors leave.
    pub async fn undeleted(&self, planned: &PlannedFile) -> Result<Option<BooleanBuffer>> {
        let load = || self.delete_reader.undeleted_rows(self.file_to_read(&planned.file), &self.deletes);
        Ok(planned.undeleted.get_or_try_init(load).await?.clone())
    }
}

impl PlannedFile {
    fn alone(file: DataFile) -> Self {
        Self { file, section: None, undeleted: OnceCell::new() }
    }
}

/// The unit that a partitioned file of this scan carries.
pub fn unit(file: &PartitionedFile) -> DataFusionResult<ScanUnit> {
    file.extensions
        .get::<ScanUnit>()
        .copied()
        .ok_or_else(|| DataFusionError::Internal("a scanned file carries no unit of work".into()))
}

/// The path is taken as it is: made from text, it would be escaped once more.
fn unit_of(location: Path, size: u64, unit: ScanUnit) -> PartitionedFile {
    let meta = ObjectMeta { location, last_modified: DateTime::default(), size, e_tag: None, version: None };
    PartitionedFile::new_from_meta(meta).with_extension(unit)
}

/// A Parquet file in ranges of about [`UNIT_BYTES`]; any other file whole.
fn file_pieces(file: &DataFile, index: usize) -> Vec<PartitionedFile> {
    let whole = unit_of(file.path.clone(), file.size, ScanUnit::File { file: index });
    let pieces = if file.format == FileFormat::Parquet { file.size.div_ceil(UNIT_BYTES) } else { 1 };
    if pieces <= 1 {
        return vec![whole];
    }
    let bound = |piece: u64| i64::try_from(file.size * piece / pieces).unwrap_or(i64::MAX);
    (0..pieces)
        .map(|piece| {
            let range = FileRange { start: bound(piece), end: bound(piece + 1) };
            PartitionedFile { range: Some(range), ..whole.clone() }
        })
        .collect()
}

/// Whether a piece is the first of its file, or all of it. It stands for the file where that is read whole.
pub fn is_first_piece(file: &PartitionedFile) -> bool {
    file.range.as_ref().is_none_or(|range| range.start == 0)
}

/// Takes queues `width` at a time and deals their units out in turn.
fn interleave(queues: Vec<Vec<PartitionedFile>>, width: usize) -> Vec<PartitionedFile> {
    let mut units = Vec::new();
    let mut queues = queues.into_iter().filter(|queue| !queue.is_empty()).map(Vec::into_iter);
    loop {
        let mut active: Vec<_> = queues.by_ref().take(width).collect();
        if active.is_empty() {
            return units;
        }
        while !active.is_empty() {
            active.retain_mut(|queue| match queue.next() {
                Some(unit) => {
                    units.push(unit);
                    true
                }
                None => false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_of_a_file_is_the_first() {
        for (size, count) in [(1, 1), (UNIT_BYTES, 1), (UNIT_BYTES + 1, 2), (10 * UNIT_BYTES, 10)] {
            let file = DataFile::alone(Path::from("a"), FileFormat::Parquet, size, 1);
            let pieces = file_pieces(&file, 0);
            assert_eq!(pieces.len(), count);
            assert_eq!(pieces.iter().filter(|piece| is_first_piece(piece)).count(), 1);
        }
    }
}
