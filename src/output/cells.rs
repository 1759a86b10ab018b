//! One batch of a result, cell by cell, in the text forms of Postgres.

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::pg::encode::{Column, Style};
use crate::pg::wire_type;

/// The columns of a batch, taken apart once.
pub(super) struct Cells<'a> {
    columns: Vec<Column>,
    style: &'a Style,
    rows: usize,
}

impl<'a> Cells<'a> {
    pub fn new(batch: &RecordBatch, style: &'a Style) -> Result<Self> {
        let schema = batch.schema_ref();
        let columns = batch.columns().iter().zip(schema.fields());
        let columns: Result<Vec<Column>> =
            columns.map(|(array, field)| Ok(Column::new(array, &wire_type(field))?)).collect();
        Ok(Self { columns: columns?, style, rows: batch.num_rows() })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Appends the text of a value; gives false, and appends nothing, for NULL.
    pub fn text(&self, column: usize, row: usize, out: &mut Vec<u8>) -> Result<bool> {
        match self.columns.get(column) {
            Some(column) if !column.is_null(row) => {
                column.text(row, self.style, out)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Appends a value, or null, as JSON. Numbers that JSON has no form for (NaN) are strings.
    pub fn json(&self, column: usize, row: usize, out: &mut Vec<u8>) -> Result<()> {
        match self.columns.get(column) {
            Some(column) => Ok(column.json(row, self.style, out)?),
            None => Ok(out.extend_from_slice(b"null")),
        }
    }
}
