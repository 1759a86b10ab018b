//! Rows of a system relation on their way into a batch.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::cell::{Cell, array_of};

/// Rows, column by column, of the columns that a query asks for.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    cells: Vec<Vec<Cell>>,
    count: usize,
}

impl Rows {
    pub fn new(schema: SchemaRef) -> Self {
        let cells = vec![Vec::new(); schema.fields().len()];
        Self { schema, cells, count: 0 }
    }

    /// Adds a row, whose values are told by the columns' names.
    pub fn row(&mut self, cell: impl Fn(&str) -> Cell) {
        self.count += 1;
        for (field, cells) in self.schema.fields().iter().zip(&mut self.cells) {
            cells.push(cell(field.name()));
        }
    }

    pub fn finish(self) -> Result<RecordBatch, ArrowError> {
        let fields = self.schema.fields().iter();
        let columns = fields.zip(&self.cells).map(|(field, cells)| array_of(cells, field.data_type()));
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.count));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}
