//! From rows with kinds to the columns of a log.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StringViewArray,
    TimestampMillisecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::internal_err;
use datafusion::error::Result;
use tarn_catalog::changes::{Commit, LogColumn, LogLayout};
use tarn_catalog::schema::TableSchema;

use super::rows::{INSERT, KindedRows, UPDATE_AFTER, UPDATE_BEFORE, Wanted, takes_back};

/// The columns that a query takes of a log.
#[derive(Debug, Clone)]
pub struct LogProjection {
    pub schema: SchemaRef,
    pub wanted: Wanted,
    parts: Vec<Part>,
    tells_kinds: bool,
    images_in_arrays: bool,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Leading(LogColumn),
    /// A wanted column, by its place among them.
    Column(usize),
}

impl LogProjection {
    /// `projection` are columns of the log.
    pub fn try_new(layout: &LogLayout, table: &TableSchema, projection: Option<&Vec<usize>>) -> Result<Self> {
        let whole = layout.schema(table).arrow();
        let all: Vec<usize> = (0..whole.fields().len()).collect();
        let chosen = projection.unwrap_or(&all);
        let (mut columns, mut sequence) = (Vec::new(), false);
        let mut part = |&column: &usize| match layout.leading.get(column) {
            Some(leading) => {
                sequence |= matches!(leading, LogColumn::Sequence(_));
                Part::Leading(*leading)
            }
            None => {
                columns.push(column - layout.leading.len());
                Part::Column(columns.len() - 1)
            }
        };
        let parts = chosen.iter().map(&mut part).collect();
        Ok(Self {
            schema: Arc::new(whole.project(chosen)?),
            wanted: Wanted { columns, sequence },
            parts,
            tells_kinds: layout.tells_kinds(),
            images_in_arrays: layout.images_in_arrays,
        })
    }

    /// A maker of the log's batches for one run of rows.
    ///
    /// `pairs_updates`: a row of kind update-before and the row after it are one update. Paimon takes
    /// whatever row comes next, and so does Tarn.
    pub fn arranger(&self, commit: Option<Commit>, pairs_updates: bool) -> Arranger {
        Arranger { projection: self.clone(), commit, pairs_updates, held_back: None }
    }
}

/// Makes the log's batches of batches of rows that follow each other.
#[derive(Debug)]
pub struct Arranger {
    projection: LogProjection,
    commit: Option<Commit>,
    pairs_updates: bool,
    /// The first row of an update whose second row is still to come.
    held_back: Option<KindedRows>,
}

impl Arranger {
    pub fn arrange(&mut self, rows: KindedRows) -> Result<RecordBatch> {
        if !self.projection.images_in_arrays {
            return self.batch(&rows, None);
        }
        let mut rows = match self.held_back.take() {
            Some(first) => joined(&first, &rows)?,
            None => rows,
        };
        if self.pairs_updates && opens_update(&rows.kinds) {
            let last = rows.kinds.len() - 1;
            self.held_back = Some(rows.slice(last, 1));
            rows = rows.slice(0, last);
        }
        self.batch_of_images(&rows)
    }

    /// What is left when the rows have ended.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.held_back.take().map(|rows| self.batch_of_images(&rows)).transpose()
    }

    fn batch_of_images(&self, rows: &KindedRows) -> Result<RecordBatch> {
        let (mut lengths, mut at) = (Vec::with_capacity(rows.kinds.len()), 0);
        while let Some(kind) = rows.kinds.get(at) {
            let update = self.pairs_updates && *kind == UPDATE_BEFORE && at + 1 < rows.kinds.len();
            lengths.push(1 + usize::from(update));
            at += 1 + usize::from(update);
        }
        self.batch(rows, Some(OffsetBuffer::from_lengths(lengths)))
    }

    /// One row for each row, or for each run of rows that the offsets tell.
    fn batch(&self, rows: &KindedRows, runs: Option<OffsetBuffer<i32>>) -> Result<RecordBatch> {
        let projection = &self.projection;
        let telling: Telling = match &runs {
            Some(runs) => Telling::of_runs(runs),
            None => Telling { first: (0..rows.kinds.len()).collect(), last: (0..rows.kinds.len()).collect() },
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(projection.parts.len());
        for (part, field) in projection.parts.iter().zip(projection.schema.fields()) {
            columns.push(match part {
                Part::Leading(column) => self.leading(*column, rows, &telling)?,
                Part::Column(place) => match (&runs, field.data_type()) {
                    (None, _) => Arc::clone(rows.rows.column(*place)),
                    (Some(runs), DataType::List(element)) => {
                        let values = Arc::clone(rows.rows.column(*place));
                        Arc::new(ListArray::try_new(Arc::clone(element), runs.clone(), values, None)?)
                    }
                    (Some(_), other) => return internal_err!("images of a row in {other}"),
                },
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(telling.last.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&projection.schema), columns, &options)?;
        if projection.tells_kinds || rows.kinds.iter().all(|kind| !takes_back(*kind)) {
            return Ok(batch);
        }
        Ok(filter_record_batch(&batch, &rows.kinds.iter().map(|kind| Some(!takes_back(*kind))).collect())?)
    }

    fn leading(&self, column: LogColumn, rows: &KindedRows, telling: &Telling) -> Result<ArrayRef> {
        let kinds = || telling.last.iter().map(|&row| rows.kinds[row]);
        let count = telling.last.len();
        Ok(match column {
            LogColumn::Kind(_) => Arc::new(StringViewArray::from_iter_values(kinds().map(short_name))),
            LogColumn::ChangeType(_) => Arc::new(StringViewArray::from_iter_values(kinds().map(long_name))),
            LogColumn::Sequence(_) => match &rows.sequences {
                Some(sequences) => {
                    Arc::new(Int64Array::from_iter_values(telling.first.iter().map(|&row| sequences[row])))
                }
                None => return internal_err!("sequence numbers were not read"),
            },
            LogColumn::CommitVersion(_) => {
                let version = self.commit.map(|commit| commit.version);
                Arc::new(Int64Array::from_iter(std::iter::repeat_n(version, count)))
            }
            LogColumn::CommitTimestamp(_) => {
                let millis = self.commit.map(|commit| commit.millis);
                let times = TimestampMillisecondArray::from_iter(std::iter::repeat_n(millis, count));
                Arc::new(times.with_timezone("UTC"))
            }
        })
    }
}

/// Which row of each run tells of it: as in Paimon the last one tells the kind, the first one the sequence
/// number.
struct Telling {
    first: Vec<usize>,
    last: Vec<usize>,
}

impl Telling {
    fn of_runs(runs: &OffsetBuffer<i32>) -> Self {
        let row = |offset: i32| usize::try_from(offset).unwrap_or_default();
        let bounds = || runs.windows(2);
        Self {
            first: bounds().map(|run| row(run[0])).collect(),
            last: bounds().map(|run| row(run[1] - 1)).collect(),
        }
    }
}

/// Whether the last row is the first of an update, rows being taken in order.
fn opens_update(kinds: &[i8]) -> bool {
    let mut open = false;
    for kind in kinds {
        open = !open && *kind == UPDATE_BEFORE;
    }
    open
}

fn short_name(kind: i8) -> &'static str {
    match kind {
        INSERT => "+I",
        UPDATE_BEFORE => "-U",
        UPDATE_AFTER => "+U",
        _ => "-D",
    }
}

fn long_name(kind: i8) -> &'static str {
    match kind {
        INSERT => "insert",
        UPDATE_BEFORE => "update_preimage",
        UPDATE_AFTER => "update_postimage",
        _ => "delete",
    }
}

fn joined(first: &KindedRows, rest: &KindedRows) -> Result<KindedRows> {
    let rows = concat_batches(rest.rows.schema_ref(), [&first.rows, &rest.rows])?;
    let sequences = match (&first.sequences, &rest.sequences) {
        (Some(first), Some(rest)) => Some([first.as_slice(), rest].concat()),
        _ => None,
    };
    Ok(KindedRows { rows, kinds: [first.kinds.as_slice(), &rest.kinds].concat(), sequences })
}
