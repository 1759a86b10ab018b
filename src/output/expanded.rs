//! One line a value, for rows that are too wide for the screen.

use super::cells::Cells;
use super::sanitize::{visible, width};
use crate::error::Result;

pub(super) struct Expanded {
    /// Names, padded to one width.
    names: Vec<String>,
    value: Vec<u8>,
}

impl Expanded {
    pub fn new(names: &[String]) -> Self {
        let shown: Vec<String> = names.iter().map(|name| visible(name).into_owned()).collect();
        let widest = shown.iter().map(|name| width(name)).max().unwrap_or(0);
        let padded = shown.into_iter().map(|name| {
            let padding = " ".repeat(widest.saturating_sub(width(&name)));
            name + &padding
        });
        Self { names: padded.collect(), value: Vec::new() }
    }

    /// Writes a batch; `first` is the number of rows before it.
    pub fn write(&mut self, cells: &Cells<'_>, first: u64, out: &mut Vec<u8>) -> Result<()> {
        for row in 0..cells.rows() {
            let number = first + row as u64 + 1;
            out.extend_from_slice(format!("─[ row {number} ]─\n").as_bytes());
            for (column, name) in self.names.iter().enumerate() {
                self.value.clear();
                let known = cells.text(column, row, &mut self.value)?;
                let value = String::from_utf8_lossy(&self.value);
                let value = if known { visible(&value) } else { super::table::NULL.into() };
                out.extend_from_slice(format!("{name} │ {value}\n").as_bytes());
            }
        }
        Ok(())
    }
}
