//! Arrays as parameters: one dimension, of any type that a parameter can have.

use arrow::datatypes::DataType;
use bytes::{Buf, Bytes};
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;

use super::{binary, text};
use crate::pg::error::{PgError, PgResult, state};
use crate::pg::types::arrow_type;
use crate::settings::Zone;

/// `{1,NULL,"a b"}`.
pub(super) fn from_text(literal: &str, element: &Type, zone: &Zone) -> PgResult<ScalarValue> {
    let malformed = || {
        let message = format!("malformed array literal: \"{literal}\"");
        PgError::error(state::INVALID_TEXT_REPRESENTATION, message)
    };
    let inner = literal.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.ok_or_else(malformed)?;
    if inner.trim().is_empty() {
        return list(&[], element);
    }
    let mut items = Vec::new();
    let mut reader = Reader { rest: inner };
    loop {
        let item = match reader.item().ok_or_else(malformed)? {
            Some(item) => text::decode(&item, element, zone)?,
            None => null(element)?,
        };
        items.push(item);
        match reader.next_char() {
            None => return list(&items, element),
            Some(',') => {}
            Some(_) => return Err(malformed()),
        }
    }
}

/// Reads the elements of an array literal.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next_char(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// One element, `Some(None)` for NULL; `None` where there is none.
    fn item(&mut self) -> Option<Option<String>> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(Some);
        }
        let mut item = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                ',' => {
                    end = at;
                    break;
                }
                '{' | '}' | '"' => return None,
                '\\' => item.push(chars.next()?.1),
                _ => item.push(c),
            }
        }
        self.rest = &self.rest[end..];
        let item = item.trim_end();
        if item.is_empty() {
            return None;
        }
        Some(if item.eq_ignore_ascii_case("null") { None } else { Some(item.to_string()) })
    }

    fn quoted(&mut self, text: &str) -> Option<String> {
        let offset = self.rest.len() - text.len();
        let mut item = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[offset + at + 1..];
                    return Some(item);
                }
                '\\' => item.push(chars.next()?.1),
                _ => item.push(c),
            }
        }
        None
    }
}

/// The form of `array_recv`.
pub(super) fn from_binary(bytes: &[u8], element: &Type) -> PgResult<ScalarValue> {
    let mut body = Bytes::copy_from_slice(bytes);
    let short = || PgError::protocol("insufficient data left in message");
    let word = |body: &mut Bytes| {
        if body.remaining() < 4 { Err(short()) } else { Ok(body.get_i32()) }
    };
    let dimensions = word(&mut body)?;
    word(&mut body)?;
    if word(&mut body)?.cast_unsigned() != element.oid() {
        return Err(PgError::error(state::DATATYPE_MISMATCH, "wrong element type"));
    }
    match dimensions {
        0 => return list(&[], element),
        1 => {}
        _ => return Err(PgError::unsupported("arrays of several dimensions are not supported")),
    }
    let count = word(&mut body)?;
    word(&mut body)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let length = word(&mut body)?;
        items.push(match usize::try_from(length) {
            Ok(length) if length <= body.remaining() => binary::decode(&body.split_to(length), element)?,
            Ok(_) => return Err(short()),
            Err(_) => null(element)?,
        });
    }
    if !body.is_empty() {
        return Err(PgError::error(state::INVALID_BINARY_REPRESENTATION, "improper binary format in array"));
    }
    list(&items, element)
}

fn null(element: &Type) -> PgResult<ScalarValue> {
    let data_type = arrow_type(element.oid()).unwrap_or(DataType::Utf8);
    Ok(ScalarValue::try_from(&data_type)?)
}

/// A list of values. Decimals, whose scales may differ, are brought to that of the declared type.
fn list(items: &[ScalarValue], element: &Type) -> PgResult<ScalarValue> {
    let data_type = arrow_type(element.oid()).unwrap_or(DataType::Utf8);
    let items = items.iter().map(|item| item.cast_to(&data_type)).collect::<Result<Vec<_>, _>>()?;
    Ok(ScalarValue::List(ScalarValue::new_list_nullable(&items, &data_type)))
}
