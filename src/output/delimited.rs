//! CSV (RFC 4180, lines end in a bare newline) and TSV.
//!
//! In CSV, NULL is an empty field and an empty text is `""`, as psql and COPY have it. In TSV, NULL is
//! `\N`, and tab, newline, carriage return and backslash are escaped, as in COPY's text format.

use super::cells::Cells;
use crate::error::Result;

pub(super) struct Delimited {
    /// Present until it is written.
    header: Option<Vec<String>>,
    dialect: Dialect,
    value: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Csv,
    Tsv,
}

impl Delimited {
    pub fn csv(header: Vec<String>) -> Self {
        Self { header: Some(header), dialect: Dialect::Csv, value: Vec::new() }
    }

    pub fn tsv(header: Vec<String>) -> Self {
        Self { header: Some(header), dialect: Dialect::Tsv, value: Vec::new() }
    }

    pub fn write(&mut self, cells: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        self.finish(out);
        for row in 0..cells.rows() {
            for column in 0..cells.columns() {
                if column > 0 {
                    out.push(self.dialect.separator());
                }
                self.value.clear();
                if cells.text(column, row, &mut self.value)? {
                    self.dialect.write(&self.value, out);
                } else {
                    out.extend_from_slice(self.dialect.null());
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    /// Writes the header, if no batch has come.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let Some(header) = self.header.take() else { return };
        for (index, name) in header.iter().enumerate() {
            if index > 0 {
                out.push(self.dialect.separator());
            }
            self.dialect.write(name.as_bytes(), out);
        }
        out.push(b'\n');
    }
}

impl Dialect {
    fn separator(self) -> u8 {
        match self {
            Self::Csv => b',',
            Self::Tsv => b'\t',
        }
    }

    fn null(self) -> &'static [u8] {
        match self {
            Self::Csv => b"",
            Self::Tsv => b"\\N",
        }
    }

    fn write(self, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Csv => {
                let plain = !value.is_empty() && !value.iter().any(|byte| b",\"\n\r".contains(byte));
                if plain {
                    return out.extend_from_slice(value);
                }
                out.push(b'"');
                for byte in value {
                    if *byte == b'"' {
                        out.push(b'"');
                    }
                    out.push(*byte);
                }
                out.push(b'"');
            }
            Self::Tsv => {
                for byte in value {
                    match byte {
                        b'\t' => out.extend_from_slice(b"\\t"),
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        byte => out.push(*byte),
                    }
                }
            }
        }
    }
}
