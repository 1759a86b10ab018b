//! From a unit of work to batches: the mask first, then DataFusion's Parquet reader under it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use datafusion::common::{DataFusionError, internal_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource, ParquetSource};
use datafusion::error::Result;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::stream::BoxStream;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::RowGroupMetaData;
use tarn_catalog::split::{DataFile, FileFormat, RowColumn};

use super::evolve::{EvolveExprAdapterFactory, Origin};
use super::filter::{LiveRowsFilter, RowsInOrder, with_row_numbers};
use super::late::LateColumns;
use super::metrics::ScanMetrics;
use super::named::NamedFile;
use super::output::Output;
use super::plan::{PlannedFile, ScanPlan, ScanUnit, is_first_piece, unit};
use super::wrap::WrappingPlanner;
use super::{merged, reader, whole};
use crate::resolve::RowMask;

/// Share of live rows from which decoding everything and filtering is faster than selecting rows in
/// the reader. Measured on the bench table (13% dead, scattered):
/// filtering took 88 ms where selecting took 111.
const FILTER_FROM_LIVE_SHARE: f64 = 0.5;

/// Plans units for one partition of a scan.
pub struct LakeMorselizer {
    shared: Arc<Shared>,
}

/// What every planner of the partition needs.
struct Shared {
    plan: Arc<ScanPlan>,
    sources: Sources,
    /// For files in which the decoder evaluates the filter, and the columns that it must find there.
    late: Option<(LateColumns, Sources)>,
    config: FileScanConfig,
    partition: usize,
    batch_rows: usize,
    output: Output,
    metrics: ScanMetrics,
}

/// DataFusion's Parquet source, in the ways in which files are read.
struct Sources {
    parquet: Arc<dyn FileSource>,
    /// The same with the row number as a last column.
    numbered: Arc<dyn FileSource>,
}

impl Sources {
    fn try_new(parquet: &ParquetSource, batch_rows: usize) -> Result<Self> {
        let parquet = parquet.with_batch_size(batch_rows);
        Ok(Self { numbered: with_row_numbers(&parquet)?, parquet })
    }
}

impl LakeMorselizer {
    pub fn try_new(
        plan: Arc<ScanPlan>,
        parquet: &ParquetSource,
        config: &FileScanConfig,
        partition: usize,
        batch_rows: usize,
        metrics: ScanMetrics,
    ) -> Result<Self> {
        let Some(projection) = parquet.projection().cloned() else {
            return internal_err!("the Parquet source has no projection");
        };
        let late = match parquet.filter().map(|filter| LateColumns::of(&filter)).transpose()?.flatten() {
            Some(columns) => {
                let filtering = parquet.clone().with_pushdown_filters(true);
                Some((columns, Sources::try_new(&filtering, batch_rows)?))
            }
            None => None,
        };
        let mut config = config.clone();
        // The limit counts rows that leave the scan; masks may still take rows away here.
        config.limit = None;
        let shared = Shared {
            output: Output::try_new(&plan, projection)?,
            sources: Sources::try_new(parquet, batch_rows)?,
            late,
            plan,
            config,
            partition,
            batch_rows,
            metrics,
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for LakeMorselizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeMorselizer").field("table", &self.shared.plan.table).finish_non_exhaustive()
    }
}

impl Morselizer for LakeMorselizer {
    fn plan_file(&self, file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        Ok(Box::new(UnitPlanner { shared: Arc::clone(&self.shared), file }))
    }
}

/// A unit that has not been looked at yet.
struct UnitPlanner {
    shared: Arc<Shared>,
    file: PartitionedFile,
}

impl fmt::Debug for UnitPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitPlanner").field("file", &self.file.object_meta.location).finish_non_exhaustive()
    }
}

impl MorselPlanner for UnitPlanner {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        let Self { shared, file } = *self;
        let next = async move {
            match unit(&file)? {
                ScanUnit::File { file: index } => shared.plan_data_file(index, file).await,
                ScanUnit::Merged { section } => {
                    let (resolved, from) = shared.plan.resolved(section).await.map_err(external)?;
                    shared.metrics.count_section(&resolved, from);
                    let stream = merged::open(
                        Arc::clone(&shared.plan),
                        section,
                        resolved,
                        shared.output.clone(),
                        shared.batch_rows,
                        shared.metrics.rows_merged.clone(),
                    )?;
                    Ok(StreamPlanner::boxed(stream))
                }
                ScanUnit::Zip { group } => {
                    whole::open_zip(&shared.plan, group, &shared.output, shared.batch_rows)
                        .await
                        .map(StreamPlanner::boxed)
                }
            }
        };
        Ok(Some(MorselPlan::new().with_pending_planner(next)))
    }
}

impl Shared {
    /// The rows of a data file that are in the table as they stand.
    async fn mask(&self, planned: &PlannedFile) -> Result<RowMask> {
        let timer = self.metrics.resolve_time.timer();
        let mask = match planned.section {
            Some((section, place)) => {
                let (resolved, from) = self.plan.resolved(section).await.map_err(external)?;
                self.metrics.count_section(&resolved, from);
                match resolved.files.get(place) {
                    Some(outcome) => outcome.live.clone(),
                    None => return internal_err!("a section lost one of its files"),
                }
            }
            None => match self.plan.undeleted(planned).await.map_err(external)? {
                Some(undeleted) => RowMask::from_bits(undeleted),
                None => RowMask::All,
            },
        };
        timer.done();
        Ok(mask)
    }

    async fn plan_data_file(&self, index: usize, file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        let planned = &self.plan.files[index];
        let mask = self.mask(planned).await?;
        if mask == RowMask::None {
            self.metrics.files_fully_masked.add(1);
            return Ok(Box::new(Nothing));
        }
        if self.needs_own_reader(&planned.file) {
            // Our readers read files whole: the first piece of a file stands for all of it.
            if !is_first_piece(&file) {
                return Ok(Box::new(Nothing));
            }
            let live = if let RowMask::Some(bits) = &mask { Some(bits) } else { None };
            let stream =
                whole::open_file(&self.plan, &planned.file, live, &self.output, self.batch_rows).await?;
            return Ok(StreamPlanner::boxed(stream));
        }
        let sources = self.sources_for(&planned.file);
        match mask {
            RowMask::Some(mask) if self.filters_after_decoding(&mask) && self.reads_every_row() => {
                let rows = self.rows_read(&planned.file, &file).await?;
                let Some(mask) = (rows.end <= mask.len()).then(|| mask.slice(rows.start, rows.len())) else {
                    return internal_err!("a mask of {} rows for {}", mask.len(), planned.file.path);
                };
                let inner = self.plan_parquet(&sources.parquet, &planned.file, file)?;
                let masked = self.metrics.rows_masked.clone();
                Ok(WrappingPlanner::boxed(inner, RowsInOrder { mask, masked }))
            }
            RowMask::Some(mask) if self.filters_after_decoding(&mask) => {
                let inner = self.plan_parquet(&sources.numbered, &planned.file, file)?;
                let masked = self.metrics.rows_masked.clone();
                Ok(WrappingPlanner::boxed(inner, LiveRowsFilter { mask, masked }))
            }
            RowMask::Some(bits) => {
                let selection = ParquetRowSelection::new(RowSelection::from_boolean_buffer(bits));
                self.plan_parquet(&sources.parquet, &planned.file, file.with_extension(selection))
            }
            _ => self.plan_parquet(&sources.parquet, &planned.file, file),
        }
    }

    /// Whether the Parquet source leaves out no row of what it is asked to read.
    fn reads_every_row(&self) -> bool {
        self.sources.parquet.filter().is_none()
    }

    /// The physical rows of a file, or of a piece of it: those of the row groups that begin within.
    async fn rows_read(&self, file: &DataFile, piece: &PartitionedFile) -> Result<Range<usize>> {
        let footer = self.plan.shared.footers.footer(&self.plan.store, &file.path, file.size).await?;
        let begins = |group: &RowGroupMetaData| {
            let first = group.column(0);
            first.dictionary_page_offset().unwrap_or_else(|| first.data_page_offset())
        };
        let within = |group: &RowGroupMetaData| match &piece.range {
            None => true,
            Some(range) => (range.start..range.end).contains(&begins(group)),
        };
        let groups = footer.row_groups();
        let rows = |groups: &[RowGroupMetaData]| -> Result<usize> {
            let rows = groups.iter().map(RowGroupMetaData::num_rows).sum::<i64>();
            usize::try_from(rows).or_else(|_| internal_err!("{} has {rows} rows", file.path))
        };
        let first = groups.iter().position(within).unwrap_or(groups.len());
        let end = groups.iter().rposition(within).map_or(first, |last| last + 1);
        let start = rows(groups.get(..first).unwrap_or_default())?;
        Ok(start..start + rows(groups.get(first..end).unwrap_or_default())?)
    }

    fn plan_parquet(
        &self,
        source: &Arc<dyn FileSource>,
        data_file: &DataFile,
        file: PartitionedFile,
    ) -> Result<Box<dyn MorselPlanner>> {
        let inner = self.morselizer(source, data_file)?.plan_file(file)?;
        Ok(WrappingPlanner::boxed(inner, NamedFile::new(data_file, &self.plan.table)))
    }

    /// Whether DataFusion's Parquet source cannot read what the scan wants of this file.
    fn needs_own_reader(&self, file: &DataFile) -> bool {
        let wanted = self.output.columns.iter().map(|&column| &self.plan.schema.fields[column]);
        file.format != FileFormat::Parquet
            || wanted.clone().any(|field| RowColumn::of(field).is_some())
            || reader::needs_own_reader(file.format, &self.plan.file_schemas[file.file_schema], wanted)
    }

    fn sources_for(&self, file: &DataFile) -> &Sources {
        match &self.late {
            Some((columns, sources))
                if columns.are_unchanged(&self.plan.schema, &self.plan.file_schemas[file.file_schema]) =>
            {
                sources
            }
            _ => &self.sources,
        }
    }

    fn filters_after_decoding(&self, live: &BooleanBuffer) -> bool {
        live.count_set_bits() as f64 >= FILTER_FROM_LIVE_SHARE * live.len() as f64
    }

    /// Parquet's own morselizer, made to read the columns of this file's schema.
    fn morselizer(&self, source: &Arc<dyn FileSource>, file: &DataFile) -> Result<Box<dyn Morselizer>> {
        let schema = Arc::clone(&self.plan.file_schemas[file.file_schema]);
        let adapter = EvolveExprAdapterFactory::new(
            self.plan.schema.fields.clone(),
            schema,
            Arc::clone(&file.constants),
            Origin::new(Arc::clone(&self.plan.table), Some(file.path.as_ref())),
        );
        let mut config = self.config.clone();
        config.expr_adapter_factory = Some(Arc::new(adapter));
        source.create_morselizer(Arc::clone(&self.plan.store), &config, self.partition)
    }
}

fn external(error: crate::error::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A unit that has no rows.
#[derive(Debug)]
struct Nothing;

impl MorselPlanner for Nothing {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        Ok(None)
    }
}

/// A unit whose rows come from a stream of our own.
struct StreamPlanner(BoxStream<'static, Result<RecordBatch>>);

impl StreamPlanner {
    fn boxed(stream: BoxStream<'static, Result<RecordBatch>>) -> Box<dyn MorselPlanner> {
        Box::new(Self(stream))
    }
}

impl fmt::Debug for StreamPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamPlanner")
    }
}

impl MorselPlanner for StreamPlanner {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        Ok(Some(MorselPlan::new().with_morsels(vec![self])))
    }
}

impl Morsel for StreamPlanner {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch>> {
        self.0
    }
}
