//! Colours for a statement while it is typed.

use std::borrow::Cow;

use super::keywords::is_keyword;

const KEYWORD: &str = "\x1b[1;34m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// The line with colours; the line itself where there is nothing to colour.
pub(super) fn highlight(line: &str) -> Cow<'_, str> {
    if line.starts_with('\\') {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() * 2);
    let mut rest = line;
    let mut coloured = false;
    while let Some(first) = rest.chars().next() {
        let (length, colour) = piece(rest, first);
        let (piece, after) = rest.split_at(length);
        match colour {
            Some(colour) => {
                coloured = true;
                shown.push_str(colour);
                shown.push_str(piece);
                shown.push_str(PLAIN);
            }
            None => shown.push_str(piece),
        }
        rest = after;
    }
    if coloured { Cow::Owned(shown) } else { Cow::Borrowed(line) }
}

/// The bytes of the piece that begins a text, and its colour.
fn piece(text: &str, first: char) -> (usize, Option<&'static str>) {
    let until = |end: usize| end.min(text.len());
    match first {
        '\'' => (until(closing(text, '\'')), Some(TEXT)),
        '"' => (until(closing(text, '"')), None),
        '-' if text.starts_with("--") => (text.find('\n').unwrap_or(text.len()), Some(COMMENT)),
        '/' if text.starts_with("/*") => (text.find("*/").map_or(text.len(), |end| end + 2), Some(COMMENT)),
        _ if first.is_ascii_digit() => {
            let number = |c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_');
            (text.find(number).unwrap_or(text.len()), Some(NUMBER))
        }
        _ if first.is_alphabetic() || first == '_' => {
            let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
            let end = end.unwrap_or(text.len());
            (end, text.get(..end).filter(|word| is_keyword(word)).map(|_| KEYWORD))
        }
        _ => (first.len_utf8(), None),
    }
}

/// The bytes up to and with the closing quote. A doubled quote closes one text and opens the next,
/// in the same colour.
fn closing(text: &str, quote: char) -> usize {
    text.get(1..).and_then(|inner| inner.find(quote)).map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> String {
        [KEYWORD, TEXT, NUMBER, COMMENT, PLAIN]
            .iter()
            .fold(text.to_owned(), |text, code| text.replace(code, ""))
    }

    #[test]
    fn colours_change_no_character() {
        for line in ["SELECT 'it''s', \"a b\", 1.5e3 -- é", "select /* x", "'open", "日本 from t", ""] {
            assert_eq!(bare(&highlight(line)), line);
        }
    }

    #[test]
    fn words_texts_and_numbers_are_coloured() {
        assert_eq!(highlight("SELECT 1"), format!("{KEYWORD}SELECT{PLAIN} {NUMBER}1{PLAIN}"));
        assert_eq!(highlight("users_from"), "users_from");
        assert!(highlight("'from'").starts_with(TEXT));
    }
}
