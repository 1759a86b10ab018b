//! `char(n)`: its values are kept without the spaces that fill them, and are sent with them.

use super::{Style, TextKind, Values, with_length};
use crate::pg::error::PgResult;

pub(super) struct Padded {
    pub texts: Box<dyn Values>,
    /// In characters.
    pub length: usize,
}

impl Values for Padded {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        let start = out.len();
        self.texts.text(row, style, out)?;
        // bytes that go on with a character are 10xxxxxx
        let characters = out[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        out.extend(std::iter::repeat_n(b' ', self.length.saturating_sub(characters)));
        Ok(())
    }

    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        with_length(out, |out| self.text(row, style, out))
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }
}
