//! Texts that are cast to `bytea` are read as Postgres reads them: `\x00ff`, or characters with
//! escapes in octal.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Cast;

use crate::error::{Error, ErrorKind};

/// The value of a literal that is cast; another text is left to DataFusion, which takes its bytes.
pub(super) fn literal(cast: Cast) -> Result<Transformed<Expr>> {
    let to_bytes =
        matches!(cast.field.data_type(), DataType::Binary | DataType::BinaryView | DataType::LargeBinary);
    let text = match cast.expr.as_ref() {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) if to_bytes => {
            text
        }
        _ => return Ok(Transformed::no(Expr::Cast(cast))),
    };
    let bytes = read(text).ok_or_else(|| {
        let message = format!("invalid input syntax for type bytea: \"{text}\"");
        DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidText, message)))
    })?;
    let value = Expr::Literal(ScalarValue::Binary(Some(bytes)), None);
    Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(value), field: cast.field })))
}

fn read(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => read_hex(digits),
        None => read_escaped(text.as_bytes()),
    }
}

/// Pairs of digits, between which there may be spaces.
fn read_hex(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut digits = digits.chars();
    while let Some(high) = digits.find(|c| !c.is_ascii_whitespace()) {
        let (high, low) = (high.to_digit(16)?, digits.next()?.to_digit(16)?);
        bytes.push(u8::try_from(high << 4 | low).ok()?);
    }
    Some(bytes)
}

fn read_escaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(read("\\x00fF"), Some(vec![0, 255]));
        assert_eq!(read("\\x 00 ff "), Some(vec![0, 255]));
        assert_eq!(read("a\\\\b\\000\\377"), Some(vec![b'a', b'\\', b'b', 0, 255]));
        assert_eq!(read(""), Some(vec![]));
        for wrong in ["\\x0", "\\xzz", "\\x0 0", "\\9", "\\", "\\400"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
