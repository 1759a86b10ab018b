//! One result, written in one format as its batches come.

use std::io::{self, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cells::Cells;
use super::delimited::Delimited;
use super::expanded::Expanded;
use super::json::Json;
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::encode::Style;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns side by side.
    Table,
    /// One line a value.
    Expanded,
    Csv,
    Tsv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        <Self as clap::ValueEnum>::from_str(name, true).map_err(|_| {
            Error::new(ErrorKind::InvalidParameter, format!("there is no format \"{name}\""))
                .with_hint("Formats are: table, expanded, csv, tsv, json, ndjson.")
        })
    }
}

/// What decides how a result looks.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    pub format: Format,
    pub style: Style,
    /// Longest value of a table in cells of the terminal; longer ones are cut. `None` cuts nothing.
    pub value_width_max: Option<usize>,
    /// `(3 rows)` after a table.
    pub footer: bool,
}

/// Writes one result.
pub struct ResultWriter<W> {
    out: W,
    form: Form,
    style: Style,
    footer: bool,
    rows: u64,
    buffer: Vec<u8>,
}

enum Form {
    Table(Table),
    Expanded(Expanded),
    Delimited(Delimited),
    Json(Json),
}

impl<W: Write> ResultWriter<W> {
    pub fn new(out: W, schema: &SchemaRef, options: &OutputOptions) -> Self {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let form = match options.format {
            Format::Table => Form::Table(Table::new(schema, options.value_width_max)),
            Format::Expanded => Form::Expanded(Expanded::new(&names)),
            Format::Csv => Form::Delimited(Delimited::csv(names)),
            Format::Tsv => Form::Delimited(Delimited::tsv(names)),
            Format::Json => Form::Json(Json::array(&names)),
            Format::Ndjson => Form::Json(Json::lines(&names)),
        };
        let (style, footer) = (options.style.clone(), options.footer);
        Self { out, form, style, footer, rows: 0, buffer: Vec::new() }
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let cells = Cells::new(batch, &self.style)?;
        match &mut self.form {
            Form::Table(table) => table.write(&cells, &mut self.buffer)?,
            Form::Expanded(expanded) => expanded.write(&cells, self.rows, &mut self.buffer)?,
            Form::Delimited(delimited) => delimited.write(&cells, &mut self.buffer)?,
            Form::Json(json) => json.write(&cells, &mut self.buffer)?,
        }
        self.rows += cells.rows() as u64;
        self.flush_buffer()
    }

    /// Shows all rows so far: a table's first rows wait for its widths no longer.
    pub fn show(&mut self) -> Result<()> {
        if let Form::Table(table) = &mut self.form {
            table.release(&mut self.buffer);
        }
        self.flush_buffer()?;
        self.out.flush().map_err(|error| cannot_write(&error))
    }

    /// Writes what ends the result; gives the number of its rows and what it was written to.
    pub fn finish(mut self) -> Result<(u64, W)> {
        match &mut self.form {
            Form::Table(table) => table.finish(&mut self.buffer)?,
            Form::Expanded(_) => {}
            Form::Delimited(delimited) => delimited.finish(&mut self.buffer),
            Form::Json(json) => json.finish(&mut self.buffer),
        }
        if self.footer && matches!(self.form, Form::Table(_) | Form::Expanded(_)) {
            let noun = if self.rows == 1 { "row" } else { "rows" };
            self.buffer.extend_from_slice(format!("({} {noun})\n", self.rows).as_bytes());
        }
        self.flush_buffer()?;
        self.out.flush().map_err(|error| cannot_write(&error))?;
        Ok((self.rows, self.out))
    }

    fn flush_buffer(&mut self) -> Result<()> {
        self.out.write_all(&self.buffer).map_err(|error| cannot_write(&error))?;
        self.buffer.clear();
        Ok(())
    }
}

/// A reader that went away (`| head`) is no failure: the caller stops without a word.
fn cannot_write(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::new(ErrorKind::Cancelled, "nobody reads the result any more"),
        _ => Error::new(ErrorKind::Storage, format!("cannot write the result: {error}")),
    }
}
