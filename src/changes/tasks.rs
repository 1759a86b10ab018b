//! Steps of a log as tasks that run on their own.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use tarn_catalog::changes::{ChangeStep, ChangeWork, Commit, Images, RowKinds};
use tarn_catalog::common_units::cancel_common_units;
use tarn_catalog::split::TableScan;
use tarn_catalog::version_difference::differing_files;

use super::difference::{Likeness, Side, SideStream, changes};
use super::exec::ChangeMetrics;
use super::layout::LogProjection;
use super::rows::{KindedRows, KindedStream, Wanted, external, of_file, of_merge, of_zip};
use crate::merge::{Retractions, set_columns};
use crate::scan::count::count_rows;
use crate::scan::plan::ScanPlan;
use crate::scan::shared::ScanShared;
use crate::scan::touched_keys::TouchedKeys;

/// Where less than one row in so many is in a file that one side alone has, only the rows with a key of those
/// are read.
const TOUCHED_SHARE: u64 = 4;

/// A piece of a step.
#[derive(Debug, Clone)]
pub struct Task {
    commit: Option<Commit>,
    kinds: Arc<RowKinds>,
    pairs_updates: bool,
    work: Work,
}

#[derive(Debug, Clone)]
enum Work {
    /// Pieces that are read one after the other.
    Read(Vec<Piece>),
    Difference(Arc<Comparison>),
}

/// A part of a scan.
#[derive(Debug, Clone)]
enum Piece {
    File { plan: Arc<ScanPlan>, file: usize },
    Merged { plan: Arc<ScanPlan>, section: usize },
    Zip { plan: Arc<ScanPlan>, group: usize },
}

/// Where the files are, and what is kept of them.
#[derive(Debug, Clone)]
pub struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub shared: Arc<ScanShared>,
}

impl Task {
    /// The tasks of a step, in order. Where the two rows of an update become one, they can stand in two
    /// files, so that the files of such a step are one task.
    pub async fn of_step(
        step: ChangeStep,
        place: &Place,
        images_in_arrays: bool,
    ) -> tarn_catalog::Result<Vec<Self>> {
        let ChangeStep { commit, kinds, pairs_updates, mut work } = step;
        for scan in work.scans_mut() {
            count_rows(scan, &place.store, &place.shared.footers).await?;
        }
        let kinds = Arc::new(kinds);
        let task = |work| Self { commit, kinds: Arc::clone(&kinds), pairs_updates, work };
        Ok(match work {
            ChangeWork::Rows { scan, deleted } => {
                let plan = place.plan(scan, retractions(deleted), None);
                let pieces = Piece::all(&plan);
                match images_in_arrays && pairs_updates {
                    true => vec![task(Work::Read(pieces))],
                    false => pieces.into_iter().map(|piece| task(Work::Read(vec![piece]))).collect(),
                }
            }
            ChangeWork::Difference { mut before, mut after, key, pairs, images, value_changed } => {
                let retractions = retractions(images == Images::After { removed: true });
                let mut touched = None;
                if images == Images::Both {
                    cancel_common_units(&mut before, &mut after);
                    if !key.is_empty() {
                        touched = place.touched_keys(&before, &after, &key)?;
                    }
                }
                vec![task(Work::Difference(Arc::new(Comparison {
                    rows_in_files: rows_in(&before).saturating_add(rows_in(&after)),
                    before: place.plan(before, retractions, touched.clone()),
                    after: place.plan(after, retractions, touched.clone()),
                    touched,
                    key,
                    images,
                    pairs,
                    value_changed,
                })))]
            }
        })
    }

    /// The table that it reads, unless it reads nothing.
    pub fn table(&self) -> Option<&str> {
        match &self.work {
            Work::Difference(comparison) => Some(&comparison.after.table),
            Work::Read(pieces) => pieces.first().map(|piece| piece.plan().table.as_ref()),
        }
    }

    /// Runs the task; the batches are the log's.
    pub fn run(
        self,
        projection: Arc<LogProjection>,
        context: Arc<TaskContext>,
        metrics: ChangeMetrics,
    ) -> BoxStream<'static, Result<RecordBatch>> {
        stream::once(async move { self.open(projection, context, &metrics).await }).try_flatten().boxed()
    }

    async fn open(
        self,
        projection: Arc<LogProjection>,
        context: Arc<TaskContext>,
        metrics: &ChangeMetrics,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let batch_rows = context.session_config().batch_size();
        let mut arranger = projection.arranger(self.commit, self.pairs_updates);
        let rows = match self.work {
            Work::Read(pieces) => Piece::chained(pieces, self.kinds, projection.wanted.clone(), batch_rows),
            Work::Difference(comparison) => {
                comparison.run(&self.kinds, &projection.wanted, &context, metrics).await?
            }
        };
        // One more, empty, item asks for what was held back.
        let ended = rows.map(|rows| rows.map(Some)).chain(stream::iter([Ok(None)]));
        let batches = ended.map(move |rows| match rows? {
            Some(rows) => arranger.arrange(rows).map(Some),
            None => arranger.finish(),
        });
        Ok(batches.try_filter_map(async |batch| Ok(batch.filter(|batch| batch.num_rows() > 0))).boxed())
    }
}

/// Physical rows of the scan's files.
fn rows_in(scan: &TableScan) -> u64 {
    scan.splits
        .iter()
        .flat_map(|split| split.unit.files())
        .fold(0, |rows, file| rows.saturating_add(file.rows))
}

/// Whether keys whose merged version is a deletion have a row.
fn retractions(deleted: bool) -> Retractions {
    if deleted { Retractions::Keep } else { Retractions::Drop }
}

impl Place {
    fn plan(
        &self,
        scan: TableScan,
        retractions: Retractions,
        touched: Option<Arc<TouchedKeys>>,
    ) -> Arc<ScanPlan> {
        let (store, shared) = (Arc::clone(&self.store), Arc::clone(&self.shared));
        Arc::new(ScanPlan::with_retractions(scan, store, shared, retractions, touched))
    }

    /// The keys for which two sides have to be compared; `None` where they are so many that all rows are read
    /// as fast.
    fn touched_keys(
        &self,
        before: &TableScan,
        after: &TableScan,
        key: &[usize],
    ) -> tarn_catalog::Result<Option<Arc<TouchedKeys>>> {
        let (gone, come) = differing_files(before, after)?;
        let all = rows_in(before).saturating_add(rows_in(after));
        if rows_in(&gone).saturating_add(rows_in(&come)).saturating_mul(TOUCHED_SHARE) > all {
            return Ok(None);
        }
        let fields = key.iter().filter_map(|&column| after.schema.fields.get(column)).cloned().collect();
        let sources = [gone, come].map(|scan| self.plan(scan, Retractions::Drop, None));
        Ok(Some(Arc::new(TouchedKeys::new(fields, sources.to_vec()))))
    }
}

impl Piece {
    fn all(plan: &Arc<ScanPlan>) -> Vec<Self> {
        let files = (0..plan.files.len()).map(|file| Self::File { plan: Arc::clone(plan), file });
        let combines = |section: &usize| !plan.sections[*section].section.rule.engine.picks_one_version();
        let merged = (0..plan.sections.len())
            .filter(combines)
            .map(|section| Self::Merged { plan: Arc::clone(plan), section });
        let zips = (0..plan.zips.len()).map(|group| Self::Zip { plan: Arc::clone(plan), group });
        files.chain(merged).chain(zips).collect()
    }

    fn plan(&self) -> &ScanPlan {
        match self {
            Self::File { plan, .. } | Self::Merged { plan, .. } | Self::Zip { plan, .. } => plan,
        }
    }

    /// The rows of pieces, each of which is opened when the one before has ended.
    fn chained(pieces: Vec<Self>, kinds: Arc<RowKinds>, wanted: Wanted, batch_rows: usize) -> KindedStream {
        let wanted = Arc::new(wanted);
        let open = move |piece: Self| {
            let (kinds, wanted) = (Arc::clone(&kinds), Arc::clone(&wanted));
            async move { piece.open(&kinds, &wanted, batch_rows).await }
        };
        stream::iter(pieces).then(open).try_flatten().boxed()
    }

    /// All rows of a plan, as one side of a comparison.
    async fn streams(
        plan: &Arc<ScanPlan>,
        kinds: &RowKinds,
        wanted: &Wanted,
        batch_rows: usize,
    ) -> Result<Vec<SideStream>> {
        let mut streams = Vec::new();
        for piece in Self::all(plan) {
            let merged = matches!(piece, Self::Merged { .. });
            let rows = piece.open(kinds, wanted, batch_rows).await?;
            streams.push(SideStream { rows, merged });
        }
        Ok(streams)
    }

    async fn open(self, kinds: &RowKinds, wanted: &Wanted, batch_rows: usize) -> Result<KindedStream> {
        match self {
            Self::File { plan, file } => of_file(plan, file, kinds, wanted, batch_rows).await,
            Self::Merged { plan, section } => of_merge(plan, section, kinds, wanted, batch_rows).await,
            Self::Zip { plan, group } => of_zip(plan, group, kinds, wanted, batch_rows).await,
        }
    }
}

/// What makes the rows of one plan those of another; [`ChangeWork::Difference`] says what each part means.
#[derive(Debug)]
struct Comparison {
    before: Arc<ScanPlan>,
    after: Arc<ScanPlan>,
    key: Vec<usize>,
    images: Images,
    pairs: Vec<usize>,
    value_changed: Vec<usize>,
    /// The keys that may differ, where they are few.
    touched: Option<Arc<TouchedKeys>>,
    /// Physical rows of both plans' files.
    rows_in_files: u64,
}

impl Comparison {
    /// The changed rows in batches, whose memory counts until the last is taken.
    async fn run(
        &self,
        kinds: &RowKinds,
        wanted: &Wanted,
        context: &TaskContext,
        metrics: &ChangeMetrics,
    ) -> Result<KindedStream> {
        let batch_rows = context.session_config().batch_size().max(1);
        let memory = MemoryConsumer::new("difference of versions").register(context.memory_pool());
        if let Some(touched) = &self.touched {
            let keys_bytes = touched.load().await.map_err(external)?;
            metrics.bytes_of_touched_keys.add(keys_bytes);
            memory.try_grow(keys_bytes)?;
        }
        let whole =
            Wanted { columns: (0..self.after.schema.fields.len()).collect(), sequence: wanted.sequence };
        let schema = &self.after.arrow_schema;
        let side = async |plan| {
            let rows = Piece::streams(plan, kinds, &whole, batch_rows).await?;
            Side::collect(rows, schema, &memory).await
        };
        let (before, after) = (side(&self.before).await?, side(&self.after).await?);
        metrics.rows_in_files.add(usize::try_from(self.rows_in_files).unwrap_or(usize::MAX));
        metrics.rows_compared.add(before.len() + after.len());
        let table = self.after.table.as_ref();
        let sets = self.sets().map_err(external)?;
        let (key, pairs, values) = (&self.key, &self.pairs, &self.value_changed);
        let likeness = Likeness { table, key, pairs, sets: &sets, values };
        let changed = changes(&before, &after, &likeness, self.images, &memory)?;
        drop((before, after));
        let changed = KindedRows { rows: changed.rows.project(&wanted.columns)?, ..changed };
        memory.resize(changed.rows.get_array_memory_size());
        metrics.rows_changed.add(changed.kinds.len());
        let total = changed.kinds.len();
        let batches = (0..total).step_by(batch_rows).map(move |start| {
            let _counted = &memory;
            Ok(changed.slice(start, batch_rows.min(total - start)))
        });
        Ok(stream::iter(batches).boxed())
    }

    /// Columns whose lists are sets to the rule by which either side is merged.
    fn sets(&self) -> tarn_catalog::Result<Vec<bool>> {
        match self.before.sections.iter().chain(&self.after.sections).next() {
            Some(planned) => set_columns(&self.after.table, &planned.section.rule, &self.after.schema),
            None => Ok(Vec::new()),
        }
    }
}
