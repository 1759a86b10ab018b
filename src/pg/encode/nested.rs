//! Structs, maps and unions, which go out as JSON. A map is an object whose names are its keys' texts.

use arrow::array::UnionArray;

use super::json::write_string;
use super::list::Ranges;
use super::{Column, Style, TextKind, Values, with_length};
use crate::pg::error::PgResult;

/// Text and binary of a type that only has a JSON form: that form.
macro_rules! written_as_json {
    () => {
        fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
            self.json(row, style, out)
        }

        fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
            with_length(out, |out| self.json(row, style, out))
        }

        fn text_kind(&self) -> TextKind {
            TextKind::Any
        }
    };
}

pub(super) struct Struct {
    pub fields: Vec<(String, Column)>,
}

impl Values for Struct {
    written_as_json!();

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        out.push(b'{');
        for (n, (name, column)) in self.fields.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            write_string(name.as_bytes(), out);
            out.push(b':');
            column.json(row, style, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

pub(super) struct Map {
    pub ranges: Ranges,
    pub keys: Column,
    pub values: Column,
}

impl Values for Map {
    written_as_json!();

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let mut key = Vec::new();
        out.push(b'{');
        for (n, entry) in self.ranges.of(row).enumerate() {
            if n > 0 {
                out.push(b',');
            }
            key.clear();
            // Keys of a map are never NULL.
            self.keys.values.text(entry, style, &mut key)?;
            write_string(&key, out);
            out.push(b':');
            self.values.json(entry, style, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

pub(super) struct Union {
    pub array: UnionArray,
    pub children: Vec<(i8, Column)>,
}

impl Values for Union {
    written_as_json!();

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let id = self.array.type_id(row);
        match self.children.iter().find(|(child, _)| *child == id) {
            Some((_, column)) => column.json(self.array.value_offset(row), style, out),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    }
}
