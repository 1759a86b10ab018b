//! Columns side by side, as psql draws them.
//!
//! ```text
//!  country │ users
//! ─────────┼───────
//!  US      │   493
//!  NULL    │    15
//! ```
//!
//! Widths are chosen from the first rows, which are held back until then; a later value that is wider
//! pushes its row out of line. NULL is spelled out; a text `NULL` has quotes.

use arrow::datatypes::SchemaRef;

use super::cells::Cells;
use super::sanitize::{clip, visible, width};
use crate::error::Result;

/// Rows that are looked at before the first is written.
const ROWS_HELD_MAX: usize = 2_000;

/// What stands for NULL.
pub(super) const NULL: &str = "NULL";

pub(super) struct Table {
    columns: Vec<TableColumn>,
    value_width_max: usize,
    /// Rows that wait for the widths; `None` once they are chosen.
    held: Option<Vec<Vec<String>>>,
    value: Vec<u8>,
}

struct TableColumn {
    name: String,
    width: usize,
    right: bool,
}

impl Table {
    pub fn new(schema: &SchemaRef, value_width_max: Option<usize>) -> Self {
        let columns = schema.fields().iter().map(|field| {
            let name = visible(field.name()).into_owned();
            TableColumn { width: width(&name), name, right: field.data_type().is_numeric() }
        });
        Self {
            columns: columns.collect(),
            value_width_max: value_width_max.unwrap_or(usize::MAX),
            held: Some(Vec::new()),
            value: Vec::new(),
        }
    }

    pub fn write(&mut self, cells: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        for row in 0..cells.rows() {
            let values = self.row(cells, row)?;
            match &mut self.held {
                Some(held) => {
                    held.push(values);
                    if held.len() >= ROWS_HELD_MAX {
                        self.release(out);
                    }
                }
                None => write_row(&self.columns, &values, out),
            }
        }
        Ok(())
    }

    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.release(out);
        Ok(())
    }

    fn row(&mut self, cells: &Cells<'_>, row: usize) -> Result<Vec<String>> {
        (0..cells.columns())
            .map(|column| {
                self.value.clear();
                if !cells.text(column, row, &mut self.value)? {
                    return Ok(NULL.to_owned());
                }
                let text = String::from_utf8_lossy(&self.value);
                if text == NULL {
                    return Ok(format!("\"{NULL}\""));
                }
                Ok(clip(&visible(&text), self.value_width_max).into_owned())
            })
            .collect()
    }

    /// Chooses the widths and writes the header and the rows that waited.
    pub fn release(&mut self, out: &mut Vec<u8>) {
        let Some(held) = self.held.take() else { return };
        for row in &held {
            for (column, value) in self.columns.iter_mut().zip(row) {
                column.width = column.width.max(width(value));
            }
        }
        self.write_header(out);
        held.iter().for_each(|row| write_row(&self.columns, row, out));
    }

    fn write_header(&self, out: &mut Vec<u8>) {
        if self.columns.is_empty() {
            return;
        }
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        write_row(&self.columns, &names, out);
        let rules: Vec<String> = self.columns.iter().map(|column| "─".repeat(column.width + 2)).collect();
        out.extend_from_slice(rules.join("┼").as_bytes());
        out.push(b'\n');
    }
}

fn write_row(columns: &[TableColumn], values: &[String], out: &mut Vec<u8>) {
    let last = columns.len().saturating_sub(1);
    for (index, (column, value)) in columns.iter().zip(values).enumerate() {
        let padding = " ".repeat(column.width.saturating_sub(width(value)));
        let (before, after) = if column.right { (padding.as_str(), "") } else { ("", padding.as_str()) };
        // Nothing is seen of spaces at a line's end.
        let (after, end) = if index == last { ("", "\n") } else { (after, " │") };
        out.extend_from_slice(format!(" {before}{value}{after}{end}").as_bytes());
    }
}
