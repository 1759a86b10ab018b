//! JSON: one array of objects, or one object a line.
//!
//! Integers, floats and decimals are JSON numbers with all their digits (a reader that takes numbers
//! for doubles may round them); NaN and infinities are strings; times are ISO 8601; bytes are text as
//! Postgres prints them. Two columns of one name give an object with the name twice.

use super::cells::Cells;
use crate::error::Result;

pub(super) struct Json {
    /// `"name":` for each column.
    keys: Vec<Vec<u8>>,
    layout: Layout,
    any: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Array,
    Lines,
}

impl Json {
    pub fn array(names: &[String]) -> Self {
        Self { keys: keys(names), layout: Layout::Array, any: false }
    }

    pub fn lines(names: &[String]) -> Self {
        Self { keys: keys(names), layout: Layout::Lines, any: false }
    }

    pub fn write(&mut self, cells: &Cells<'_>, out: &mut Vec<u8>) -> Result<()> {
        for row in 0..cells.rows() {
            if self.layout == Layout::Array {
                out.extend_from_slice(if self.any { b",\n " } else { b"[" });
            }
            self.any = true;
            out.push(b'{');
            for (column, key) in self.keys.iter().enumerate() {
                if column > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                cells.json(column, row, out)?;
            }
            out.push(b'}');
            if self.layout == Layout::Lines {
                out.push(b'\n');
            }
        }
        Ok(())
    }

    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.layout == Layout::Array {
            out.extend_from_slice(if self.any { b"]\n" } else { b"[]\n" });
        }
    }
}

fn keys(names: &[String]) -> Vec<Vec<u8>> {
    names
        .iter()
        .map(|name| {
            let mut key = serde_json::Value::String(name.clone()).to_string().into_bytes();
            key.push(b':');
            key
        })
        .collect()
}
