//! Dictionaries and runs: values that rows point to.

use arrow::array::ArrowNativeTypeOp;
use arrow::buffer::RunEndBuffer;
use arrow::datatypes::ArrowNativeType;

use super::{Style, TextKind, Values};
use crate::pg::error::PgResult;

pub(super) struct Dictionary {
    pub keys: Vec<usize>,
    pub values: Box<dyn Values>,
}

impl Values for Dictionary {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.text(self.keys[row], style, out)
    }

    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.binary(self.keys[row], style, out)
    }

    fn text_kind(&self) -> TextKind {
        self.values.text_kind()
    }

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.json(self.keys[row], style, out)
    }
}

pub(super) struct Runs<E: ArrowNativeType> {
    pub ends: RunEndBuffer<E>,
    pub values: Box<dyn Values>,
}

impl<E: ArrowNativeType + ArrowNativeTypeOp> Values for Runs<E> {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.text(self.ends.get_physical_index(row), style, out)
    }

    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.binary(self.ends.get_physical_index(row), style, out)
    }

    fn text_kind(&self) -> TextKind {
        self.values.text_kind()
    }

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.values.json(self.ends.get_physical_index(row), style, out)
    }
}
