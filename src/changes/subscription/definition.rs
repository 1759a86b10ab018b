//! What a subscription is about, and the rows of one of its versions.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use tarn_catalog::follow::{Follow, Place, same_columns};
use tarn_catalog::predicate::Predicate;
use tarn_catalog::schema::TableSchema;
use tarn_catalog::table::ScanRequest;

use super::images::Images;
use super::position::Next;
use super::shape::Shape;
use super::view::View;
use crate::changes::exec::ChangeMetrics;
use crate::changes::layout::LogProjection;
use crate::changes::tasks::{self, Task};
use crate::error::{Error, ErrorKind};
use crate::scan::shared::ScanShared;

/// Chosen when a subscription begins.
#[derive(Debug)]
pub struct Definition {
    pub follow: Arc<dyn Follow>,
    /// The schema of the table throughout.
    pub schema: Arc<TableSchema>,
    pub view: Arc<View>,
    /// What the view's filters let through, as far as planning can use it.
    pub predicate: Predicate,
    pub shape: Shape,
    /// The last version to be given.
    pub up_to: Option<i64>,
    pub store: Arc<dyn ObjectStore>,
    pub shared: Arc<ScanShared>,
    pub context: Arc<TaskContext>,
}

/// The view over the rows at the beginning, to be run once.
#[derive(Debug)]
pub struct FirstRows {
    pub plan: LogicalPlan,
    pub state: SessionState,
}

/// The rows of one version.
pub(super) struct Segment {
    pub batches: BoxStream<'static, Result<RecordBatch>>,
    /// What comes after them.
    pub then: Next,
    /// Versions whose files are read.
    pub reads: Vec<Place>,
}

impl Definition {
    /// What comes next, if it is there already.
    pub(super) async fn segment(&self, next: &Next) -> crate::error::Result<Option<Segment>> {
        match next {
            Next::Ended => Ok(None),
            Next::Begin { place, rows } => match self.first(place, rows.as_deref()).await {
                Ok(segment) => Ok(Some(segment)),
                Err(error) => Err(self.explain(error, std::slice::from_ref(place)).await),
            },
            Next::After(before) => match self.follow.after(before).await? {
                Some(after) => match self.later(before, &after).await {
                    Ok(segment) => Ok(Some(segment)),
                    Err(error) => Err(self.explain(error, &[before.clone(), after]).await),
                },
                None => Ok(None),
            },
        }
    }

    fn next_after(&self, place: &Place) -> Next {
        match self.up_to {
            Some(last) if place.version == last => Next::Ended,
            Some(last) if place.version > last && self.follow.counts_up() => Next::Ended,
            _ => Next::After(place.clone()),
        }
    }

    /// The row that ends a version, where such rows are wanted.
    fn progress(&self, place: &Place, complete: bool) -> Result<Option<RecordBatch>> {
        self.shape.has_progress().then(|| self.shape.progress(place, complete)).transpose()
    }

    async fn first(&self, place: &Place, rows: Option<&FirstRows>) -> crate::error::Result<Segment> {
        let announced = self.progress(place, rows.is_none())?;
        let announced = stream::iter(announced.map(Ok));
        let then = self.next_after(place);
        let Some(FirstRows { plan, state }) = rows else {
            return Ok(Segment { batches: announced.boxed(), then, reads: Vec::new() });
        };
        let physical = state.create_physical_plan(plan).await?;
        let rows = execute_stream(physical, state.task_ctx())?;
        let (shape, at) = (self.shape.clone(), place.clone());
        let rows = rows.map(move |batch| shape.rows(&at, batch?));
        let ended = stream::iter(self.progress(place, true)?.map(Ok));
        let batches = announced.chain(rows).chain(ended).boxed();
        Ok(Segment { batches, then, reads: vec![place.clone()] })
    }

    async fn later(&self, before: &Place, after: &Place) -> crate::error::Result<Segment> {
        self.check_schema(before, after).await?;
        let log = self.follow.changes(before, after, Arc::clone(&self.schema)).await?;
        let request = ScanRequest { predicate: self.predicate.clone() };
        let place = tasks::Place { store: Arc::clone(&self.store), shared: Arc::clone(&self.shared) };
        let mut work = Vec::new();
        for step in log.steps(&request).await? {
            work.extend(Task::of_step(step, &place, false).await?);
        }
        let types = log.layout().leading.len();
        let columns = std::iter::once(0).chain(self.view.columns.iter().map(|column| column + types));
        let columns: Vec<usize> = columns.collect();
        let projection = Arc::new(LogProjection::try_new(log.layout(), &log.table_schema(), Some(&columns))?);
        let changed: Vec<_> = work
            .into_iter()
            .map(|task| {
                let batches =
                    task.run(Arc::clone(&projection), Arc::clone(&self.context), ChangeMetrics::unseen());
                self.shaped(batches, after)
            })
            .collect();
        let ended = stream::iter(self.progress(after, true)?.map(Ok));
        let batches = stream::iter(changed).flatten().chain(ended).boxed();
        Ok(Segment { batches, then: self.next_after(after), reads: vec![before.clone(), after.clone()] })
    }

    /// The view of the changes of one task.
    fn shaped(
        &self,
        batches: BoxStream<'static, Result<RecordBatch>>,
        place: &Place,
    ) -> BoxStream<'static, Result<RecordBatch>> {
        let (shape, place) = (self.shape.clone(), place.clone());
        let mut images = Images::new(Arc::clone(&self.view));
        let ended = stream::iter([Ok(None)]);
        let changed = batches.map_ok(Some).chain(ended).map(move |batch| match batch? {
            Some(batch) => shape.changed(&place, images.push(batch)?).map(Some),
            None => images.finish().map(|()| None),
        });
        changed.try_filter_map(async |batch| Ok(batch.filter(|batch| batch.num_rows() > 0))).boxed()
    }

    /// A subscription has the same columns throughout.
    async fn check_schema(&self, before: &Place, after: &Place) -> crate::error::Result<()> {
        if same_columns(&self.schema, &*self.follow.schema(after).await?) {
            return Ok(());
        }
        let message = format!(
            "table {} has other columns from version {} on: the subscription ends at version {}",
            self.follow.table(),
            after.version,
            before.version
        );
        Err(Error::new(ErrorKind::Unsupported, message).with_hint(format!(
            "SUBSCRIBE ... AS OF {} WITH (SNAPSHOT = false) goes on from there under the new columns.",
            before.version
        )))
    }

    /// Why a version could not be read: where files are missing, because it has expired meanwhile.
    pub async fn explain(&self, error: Error, reads: &[Place]) -> Error {
        if error.kind != ErrorKind::Storage {
            return error;
        }
        for place in reads.iter().filter(|place| place.version > 0) {
            if let Err(gone @ tarn_catalog::Error::NotFound { .. }) = self.follow.schema(place).await {
                return gone.into();
            }
        }
        error
    }
}
