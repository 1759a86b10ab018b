//! How far a subscription is.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use tarn_catalog::follow::Place;

use super::definition::{Definition, FirstRows};

/// A subscription between two fetches.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub(super) definition: Arc<Definition>,
    pub(super) next: Next,
    pub(super) rest: Rest,
}

/// What comes next.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// Nothing was given yet.
    Begin { place: Place, rows: Option<Arc<FirstRows>> },
    /// Everything up to this place was given, save what is left of its own rows.
    After(Place),
    /// Everything that was asked for.
    Ended,
}

/// Rows of the last version that were read and not given.
#[derive(Debug, Clone, Default)]
pub(super) struct Rest {
    batches: VecDeque<RecordBatch>,
    memory: Option<Arc<MemoryReservation>>,
}

impl Subscription {
    /// A subscription that begins at a place: with its rows, or with what comes after it.
    pub fn new(definition: Arc<Definition>, place: Place, rows: Option<FirstRows>) -> Self {
        let next = Next::Begin { place, rows: rows.map(Arc::new) };
        Self { definition, next, rest: Rest::default() }
    }

    pub fn schema(&self) -> &SchemaRef {
        self.definition.shape.schema()
    }
}

impl Rest {
    /// Takes up to so many rows, of one batch.
    pub fn take(&mut self, rows: u64) -> Option<RecordBatch> {
        let first = self.batches.pop_front()?;
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
        let taken = match wanted < first.num_rows() {
            true => {
                self.batches.push_front(first.slice(wanted, first.num_rows() - wanted));
                first.slice(0, wanted)
            }
            false => first,
        };
        if self.batches.is_empty() {
            self.memory = None;
        }
        Some(taken)
    }

    /// Keeps a batch, within the engine's memory.
    pub fn keep(&mut self, batch: RecordBatch, definition: &Definition) -> Result<()> {
        let memory = self.memory.get_or_insert_with(|| {
            let consumer = MemoryConsumer::new("rows of a subscription that were not fetched yet");
            Arc::new(consumer.register(definition.context.memory_pool()))
        });
        memory.try_grow(batch.get_array_memory_size())?;
        self.batches.push_back(batch);
        Ok(())
    }
}
