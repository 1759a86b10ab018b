//! Rows as DataRow messages.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::{Column, Style, length_of, with_length};
use crate::pg::error::PgResult;
use crate::pg::types::WireType;

/// A format code of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Text,
    Binary,
}

impl Format {
    pub fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }

    pub fn from_code(code: i16) -> Option<Self> {
        match code {
            0 => Some(Self::Text),
            1 => Some(Self::Binary),
            _ => None,
        }
    }
}

/// Writes the rows of one batch.
pub struct RowEncoder {
    columns: Vec<(Column, Format)>,
    style: Arc<Style>,
}

impl RowEncoder {
    pub fn new(
        batch: &RecordBatch,
        types: &[WireType],
        formats: &[Format],
        style: Arc<Style>,
    ) -> PgResult<Self> {
        let columns = batch.columns().iter().zip(types).zip(formats);
        let columns = columns.map(|((array, wire), format)| Ok((Column::new(array, wire)?, *format)));
        Ok(Self { columns: columns.collect::<PgResult<_>>()?, style })
    }

    /// Appends the row as a whole message. After an error `out` ends in a part of one.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> PgResult<()> {
        out.push(b'D');
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(self.columns.len() as u16).to_be_bytes());
        for (column, format) in &self.columns {
            match format {
                Format::Binary => column.binary(row, &self.style, out)?,
                Format::Text if column.is_null(row) => out.extend_from_slice(&(-1i32).to_be_bytes()),
                Format::Text => with_length(out, |out| column.values.text(row, &self.style, out))?,
            }
        }
        let length = length_of(out.len() - start)?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}
