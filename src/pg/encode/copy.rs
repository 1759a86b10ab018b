//! Rows as CopyData messages, one a row: text, csv and binary.
//!
//! Formats: PostgreSQL 15, COPY, "File Formats". The header of a binary copy goes into the first
//! message with the first row (or, without rows, with the trailer), as in Postgres.

use arrow::array::RecordBatch;

use super::{Column, Style, TextKind, length_of};
use crate::pg::error::PgResult;
use crate::pg::types::WireType;

const BINARY_SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// A format with its options checked and filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyStyle {
    Text { delimiter: u8, null: Vec<u8>, header: bool },
    Csv(CsvStyle),
    Binary,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvStyle {
    pub delimiter: u8,
    pub null: Vec<u8>,
    pub quote: u8,
    pub escape: u8,
    pub header: bool,
    /// Columns whose values are quoted always.
    pub force_quote: Vec<bool>,
}

/// Writes a COPY from its first byte to its last.
pub struct CopyEncoder {
    style: CopyStyle,
    columns: Vec<Column>,
    scratch: Vec<u8>,
    /// The binary header, until the first message takes it along.
    pending: Vec<u8>,
}

impl CopyEncoder {
    pub fn new(style: CopyStyle) -> Self {
        let mut pending = Vec::new();
        if style == CopyStyle::Binary {
            pending.extend_from_slice(BINARY_SIGNATURE);
            pending.extend_from_slice(&[0; 8]);
        }
        Self { style, columns: Vec::new(), scratch: Vec::new(), pending }
    }

    /// The line with the columns' names, where it was asked for.
    pub fn write_header(&mut self, names: &[&str], out: &mut Vec<u8>) -> PgResult<()> {
        let mut line = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let delimiter = match &self.style {
                CopyStyle::Text { header: true, delimiter, .. } => *delimiter,
                CopyStyle::Csv(csv) if csv.header => csv.delimiter,
                _ => return Ok(()),
            };
            if n > 0 {
                line.push(delimiter);
            }
            match &self.style {
                CopyStyle::Csv(csv) => write_csv(name.as_bytes(), csv, false, names.len() == 1, &mut line),
                _ => write_escaped(name.as_bytes(), delimiter, &mut line),
            }
        }
        line.push(b'\n');
        message(out, |out| {
            out.extend_from_slice(&line);
            Ok(())
        })
    }

    /// Takes up a batch, whose rows [`CopyEncoder::write`] then writes.
    pub fn start_batch(&mut self, batch: &RecordBatch, types: &[WireType]) -> PgResult<()> {
        let columns = batch.columns().iter().zip(types);
        self.columns = columns.map(|(array, wire)| Column::new(array, wire)).collect::<PgResult<_>>()?;
        Ok(())
    }

    /// Appends the row as a whole message. After an error `out` ends in a part of one.
    pub fn write(&mut self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let Self { style: copy, columns, scratch, pending } = self;
        message(out, |out| match copy {
            CopyStyle::Binary => {
                out.append(pending);
                out.extend_from_slice(&(columns.len() as u16).to_be_bytes());
                columns.iter().try_for_each(|column| column.binary(row, style, out))
            }
            CopyStyle::Text { delimiter, null, .. } => {
                write_text_row(columns, row, style, (*delimiter, null), scratch, out)
            }
            CopyStyle::Csv(csv) => write_csv_row(columns, row, style, csv, scratch, out),
        })
    }

    /// What ends the stream.
    pub fn write_trailer(&mut self, out: &mut Vec<u8>) -> PgResult<()> {
        if self.style != CopyStyle::Binary {
            return Ok(());
        }
        let pending = &mut self.pending;
        message(out, |out| {
            out.append(pending);
            out.extend_from_slice(&(-1i16).to_be_bytes());
            Ok(())
        })
    }
}

/// A CopyData message around what `write` writes.
fn message(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> PgResult<()>) -> PgResult<()> {
    out.push(b'd');
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let length = length_of(out.len() - start)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn write_text_row(
    columns: &[Column],
    row: usize,
    style: &Style,
    (delimiter, null): (u8, &[u8]),
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            out.push(delimiter);
        }
        if column.is_null(row) {
            out.extend_from_slice(null);
        } else if column.values.text_kind() == TextKind::Number && !is_numeric(delimiter) {
            column.values.text(row, style, out)?;
        } else {
            scratch.clear();
            column.values.text(row, style, scratch)?;
            write_escaped(scratch, delimiter, out);
        }
    }
    out.push(b'\n');
    Ok(())
}

/// Whether a delimiter occurs in numbers, so that they have to be looked through too.
fn is_numeric(delimiter: u8) -> bool {
    delimiter.is_ascii_alphanumeric() || matches!(delimiter, b'+' | b'-' | b'.')
}

fn write_escaped(text: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    for byte in text {
        let escape = match byte {
            8 => b'b',
            9 => b't',
            10 => b'n',
            11 => b'v',
            12 => b'f',
            13 => b'r',
            b'\\' => b'\\',
            byte if *byte == delimiter => *byte,
            _ => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escape]);
    }
}

fn write_csv_row(
    columns: &[Column],
    row: usize,
    style: &Style,
    csv: &CsvStyle,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    for (n, column) in columns.iter().enumerate() {
        if n > 0 {
            out.push(csv.delimiter);
        }
        if column.is_null(row) {
            out.extend_from_slice(&csv.null);
            continue;
        }
        scratch.clear();
        column.values.text(row, style, scratch)?;
        let force = csv.force_quote.get(n).copied().unwrap_or(false);
        write_csv(scratch, csv, force, columns.len() == 1, out);
    }
    out.push(b'\n');
    Ok(())
}

/// A value in quotes where it needs them; `alone` is it on its line, where `\.` would end the data.
fn write_csv(text: &[u8], csv: &CsvStyle, force: bool, alone: bool, out: &mut Vec<u8>) {
    let special = |byte: &u8| [csv.delimiter, csv.quote, b'\n', b'\r'].contains(byte);
    let end_mark = alone && text == b"\\.";
    if !force && !end_mark && text != csv.null && !text.iter().any(special) {
        out.extend_from_slice(text);
        return;
    }
    out.push(csv.quote);
    for byte in text {
        if [csv.quote, csv.escape].contains(byte) {
            out.push(csv.escape);
        }
        out.push(*byte);
    }
    out.push(csv.quote);
}
