//! Names and literals as they have to be written.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::cell::Cell;
use super::stored;

/// Words that cannot be a name without quotes: all but the unreserved ones, as `quote_ident` has it.
static QUOTED_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let words = stored::keywords().filter_map(|row| {
        let category = row.get(1).and_then(Cell::as_text)?;
        (category != "U").then(|| row.first().and_then(Cell::as_text).map(str::to_owned))?
    });
    words.collect()
});

/// A name, quoted where it has to be.
pub fn quote_ident(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !QUOTED_WORDS.contains(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A text as a literal.
pub fn quote_literal(text: &str) -> String {
    let escaped = text.replace('\'', "''");
    match escaped.contains('\\') {
        true => format!("E'{}'", escaped.replace('\\', "\\\\")),
        false => format!("'{escaped}'"),
    }
}

/// The parts of a name as SQL writes it, folded where they are not quoted; `None` where it is none.
pub fn parse_ident(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => {
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
                let (part, after) = rest.split_at(end);
                let starts = part.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
                if !starts {
                    return None;
                }
                (part.to_lowercase(), after)
            }
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        let after = after.trim_start();
        match after.strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

fn quoted_part(quoted: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            part.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            part.push('"');
        } else {
            return Some((part, &quoted[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of PostgreSQL 15.
    #[test]
    fn names_are_quoted_as_in_postgres() {
        for (name, quoted) in [
            ("abc", "abc"),
            ("Abc", "\"Abc\""),
            ("a b", "\"a b\""),
            ("select", "\"select\""),
            ("int", "\"int\""),
            ("name", "name"),
            ("1a", "\"1a\""),
            ("a$b", "\"a$b\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_ident(name), quoted);
        }
        assert_eq!(quote_literal("a'b"), "'a''b'");
        assert_eq!(quote_literal("a\\b"), "E'a\\\\b'");
    }

    #[test]
    fn names_are_taken_apart() {
        let parsed = |text: &str| parse_ident(text).map(|parts| parts.join("|"));
        assert_eq!(parsed("A.\"B.c\" . d").as_deref(), Some("a|B.c|d"));
        assert_eq!(parsed("\"x\"\"y\"").as_deref(), Some("x\"y"));
        for wrong in ["", "a.", ".a", "a b", "\"a", "1a", "\"\""] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
