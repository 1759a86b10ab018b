//! The columns of a subscription's rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, TimestampMillisecondArray,
    UInt32Array, new_null_array,
};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::error::Result;
use tarn_catalog::changes::{LogColumn, LogLayout};
use tarn_catalog::follow::Place;
use tarn_catalog::schema::TableSchema;

use super::images::{self, AFTER, BEFORE, Changed, DELETE, INSERT};

const LEADING: [LogColumn; 3] = [
    LogColumn::ChangeType("_change_type"),
    LogColumn::CommitVersion("_commit_version"),
    LogColumn::CommitTimestamp("_commit_timestamp"),
];
const PROGRESSED: &str = "_progressed";

/// How a change of a key is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// Each image is a row: `insert`, `update_preimage`, `update_postimage` or `delete`.
    Changelog,
    /// Each changed key is a row, its columns first: `upsert` with the row as it is now, or `delete`
    /// with nulls beside the key. The key's columns, as indices into the view's.
    Upsert { key: Vec<usize> },
}

/// The columns: what tells about a row, then those of the view.
#[derive(Debug, Clone)]
pub struct Shape {
    schema: SchemaRef,
    envelope: Envelope,
    progress: bool,
    /// The view's columns in the order of the result.
    order: Vec<usize>,
}

impl Shape {
    /// `view` are the columns of the view under the names of the result.
    pub fn new(view: &Schema, envelope: Envelope, progress: bool) -> Self {
        let order: Vec<usize> = match &envelope {
            Envelope::Changelog => (0..view.fields().len()).collect(),
            Envelope::Upsert { key } => {
                let others = (0..view.fields().len()).filter(|column| !key.contains(column));
                key.iter().copied().chain(others).collect()
            }
        };
        let leading = LogLayout::new(LEADING.to_vec()).schema(&TableSchema {
            id: 0,
            fields: Vec::new(),
            partition_keys: Vec::new(),
            primary_key: Vec::new(),
            options: Default::default(),
            comment: None,
        });
        let progressed = progress.then(|| Arc::new(Field::new(PROGRESSED, DataType::Boolean, true)));
        // A progress row has nulls everywhere.
        let nullable = |field: &Field| Arc::new(field.clone().with_nullable(true));
        let fields: Fields = (leading.arrow().fields().iter().map(|field| nullable(field)))
            .chain(progressed)
            .chain(order.iter().filter_map(|column| view.fields().get(*column)).map(|field| nullable(field)))
            .collect();
        Self { schema: Arc::new(Schema::new(fields)), envelope, progress, order }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn has_progress(&self) -> bool {
        self.progress
    }

    /// Rows that are there at a place.
    pub fn rows(&self, place: &Place, rows: RecordBatch) -> Result<RecordBatch> {
        let types = vec![INSERT; rows.num_rows()];
        self.changed(place, Changed { rows, types })
    }

    /// Rows that the version of a place changed.
    pub fn changed(&self, place: &Place, changed: Changed) -> Result<RecordBatch> {
        let Changed { rows, types } = match &self.envelope {
            Envelope::Changelog => changed,
            Envelope::Upsert { .. } => upserts(changed)?,
        };
        let columns = self.order.iter().map(|column| {
            let values = rows.column(*column);
            match &self.envelope {
                Envelope::Upsert { key } if !key.contains(column) => nulls_where_deleted(values, &types),
                _ => Ok(Arc::clone(values)),
            }
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let types: ArrayRef = Arc::new(images::column(&types));
        self.batch(types, place, Some(false), columns, rows.num_rows())
    }

    /// The row that says that everything up to a place was given; without `complete`, that its rows are
    /// about to come.
    pub fn progress(&self, place: &Place, complete: bool) -> Result<RecordBatch> {
        let view = self.schema.fields().iter().skip(self.leading());
        let columns = view.map(|field| new_null_array(field.data_type(), 1)).collect();
        self.batch(new_null_array(&DataType::Utf8, 1), place, Some(complete), columns, 1)
    }

    fn leading(&self) -> usize {
        LEADING.len() + usize::from(self.progress)
    }

    fn batch(
        &self,
        types: ArrayRef,
        place: &Place,
        progressed: Option<bool>,
        view: Vec<ArrayRef>,
        rows: usize,
    ) -> Result<RecordBatch> {
        let version = Int64Array::from_iter_values(std::iter::repeat_n(place.version, rows));
        let times = TimestampMillisecondArray::from_iter(std::iter::repeat_n(place.millis, rows));
        let mut columns: Vec<ArrayRef> = vec![types, Arc::new(version), Arc::new(times.with_timezone("UTC"))];
        if self.progress {
            columns.push(Arc::new(BooleanArray::from_iter(std::iter::repeat_n(progressed, rows))));
        }
        columns.extend(view);
        // Texts come in whatever form the view's expressions give them.
        let fields = self.schema.fields().iter().zip(columns);
        let columns = fields.map(|(field, column)| match column.data_type() == field.data_type() {
            true => Ok(column),
            false => Ok(cast(&column, field.data_type())?),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// One row for each key.
fn upserts(changed: Changed) -> Result<Changed> {
    let kept = (0_u32..).zip(&changed.types).filter(|(_, kind)| **kind != BEFORE).map(|(row, _)| row);
    let kept = UInt32Array::from_iter_values(kept);
    let types = changed.types.iter().filter(|kind| **kind != BEFORE);
    let types = types.map(|kind| if matches!(*kind, INSERT | AFTER) { "upsert" } else { DELETE }).collect();
    Ok(Changed { rows: take_record_batch(&changed.rows, &kept)?, types })
}

fn nulls_where_deleted(values: &ArrayRef, types: &[&'static str]) -> Result<ArrayRef> {
    let deleted = BooleanArray::from_iter(types.iter().map(|kind| Some(*kind == DELETE)));
    Ok(arrow::compute::nullif(values, &deleted)?)
}
