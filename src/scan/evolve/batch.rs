//! Batches of a file turned into batches of the table.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use tarn_catalog::Result;
use tarn_catalog::datum::Datum;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FileSchema;

use super::column::EvolvedColumn;
use super::error::{CastError, Origin};

/// Turns batches of one file, in the physical schema that its reader gives, into batches of the
/// table's columns. One is made for each file that is read.
#[derive(Debug, Clone)]
pub struct BatchEvolver {
    columns: Vec<EvolvedColumn>,
    schema: SchemaRef,
    origin: Origin,
}

impl BatchEvolver {
    /// Plans every column; a change that has no rule is an error here, before anything is read.
    pub fn try_new(
        table_fields: &[SchemaField],
        file: &FileSchema,
        constants: &[(i32, Datum)],
        physical: &Schema,
        origin: Origin,
    ) -> Result<Self> {
        let columns = table_fields
            .iter()
            .map(|field| EvolvedColumn::plan(field, file, constants, physical.fields(), &origin))
            .collect::<Result<_>>()?;
        let fields: Vec<_> = table_fields.iter().map(SchemaField::arrow).collect();
        Ok(Self { columns, schema: Arc::new(Schema::new(fields)), origin })
    }

    /// The schema of the batches that come out: the table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Where each column comes from, in the order of the table's.
    pub fn columns(&self) -> &[EvolvedColumn] {
        &self.columns
    }

    /// Turns a batch of the physical schema into one of the table's.
    pub fn evolve(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let arrays = self
            .columns
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| {
                column.read(batch.columns(), rows).map_err(|error| self.origin.error(field.name(), error))
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| self.origin.error("of a batch", CastError::Physical(error.to_string())))
    }
}
