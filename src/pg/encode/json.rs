//! JSON as `to_json` writes it: no spaces, numbers as they print, times in ISO 8601.

use super::{Style, TextKind, Values, with_length};
use crate::pg::error::PgResult;

/// A nested column that goes out as a JSON document.
pub(super) struct Document(pub Box<dyn Values>);

impl Values for Document {
    fn text(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.0.json(row, style, out)
    }

    fn binary(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        with_length(out, |out| self.0.json(row, style, out))
    }

    fn text_kind(&self) -> TextKind {
        TextKind::Any
    }

    fn json(&self, row: usize, style: &Style, out: &mut Vec<u8>) -> PgResult<()> {
        self.0.json(row, style, out)
    }
}

/// Makes JSON of the text that begins at `start`.
pub(super) fn quote_from(kind: TextKind, start: usize, out: &mut Vec<u8>) {
    let text = out.split_off(start);
    match kind {
        // NaN and infinity are no numbers to JSON.
        TextKind::Number if text.iter().any(u8::is_ascii_digit) => out.extend_from_slice(&text),
        TextKind::Boolean => {
            let word: &[u8] = if text == b"t" { b"true" } else { b"false" };
            out.extend_from_slice(word);
        }
        _ => write_string(&text, out),
    }
}

/// Writes a string with the escapes of `escape_json`.
pub(super) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}
