//! What the tokenizer and the parser say, in the words of Postgres and with a position.

use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, TokenizerError};

use super::position::position_of;
use crate::error::{Error, ErrorKind};

/// Marks a message that is meant for people as it is, not as "syntax error at or near".
pub(super) const PLAIN: &str = "\u{1}";

pub(super) fn from_tokenizer(error: &TokenizerError, text: &str) -> Error {
    let mut result = Error::new(ErrorKind::Syntax, lower_first(&error.message));
    result.position = position_of(text, error.location);
    result
}

/// A parser's error over the tokens of `text`. sqlparser writes the location into the message.
pub(super) fn from_parser(error: &ParserError, text: &str) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return Error::new(ErrorKind::StatementTooComplex, "the statement nests too deeply")
                .with_hint("Take it apart with WITH, or with fewer parentheses.");
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (message, location) = split_location(message);
    if let Some(plain) = message.strip_prefix(PLAIN) {
        let (message, hint) = plain.split_once(PLAIN).unwrap_or((plain, ""));
        let mut result = Error::new(ErrorKind::Syntax, message);
        result.hint = (!hint.is_empty()).then(|| hint.to_owned());
        result.position = location.and_then(|location| position_of(text, location));
        return result;
    }
    near(message, location, text)
}

fn near(message: &str, location: Option<Location>, text: &str) -> Error {
    let position = location.and_then(|location| position_of(text, location));
    let word = position.map(|position| word_at(text, position)).filter(|word| !word.is_empty());
    let (headline, position) = match word {
        Some(word) => (format!("syntax error at or near \"{word}\""), position),
        None if message.ends_with("found: EOF") => {
            ("syntax error at end of input".to_owned(), Some(text.chars().count() + 1))
        }
        None => (lower_first(message), position),
    };
    let mut error = Error::new(ErrorKind::Syntax, headline);
    error.position = position;
    error.detail = message
        .strip_prefix("Expected: ")
        .and_then(|rest| rest.rsplit_once(", found: "))
        .map(|(expected, _)| format!("Expected {expected}."));
    error
}

/// Takes ` at Line: L, Column: C` from the end of a message.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let found = message.rsplit_once(" at Line: ").and_then(|(head, tail)| {
        let (line, column) = tail.split_once(", Column: ")?;
        Some((head, Location::new(line.parse().ok()?, column.trim().parse().ok()?)))
    });
    match found {
        Some((head, location)) => (head, Some(location)),
        None => (message, None),
    }
}

/// The word, or the single sign, that begins at a position (characters, from 1).
fn word_at(text: &str, position: usize) -> String {
    let mut rest = text.chars().skip(position.saturating_sub(1));
    let Some(first) = rest.next() else { return String::new() };
    let mut word = String::from(first);
    let in_word: fn(char) -> bool = match first {
        '\'' | '"' => {
            for character in rest.take(60) {
                word.push(character);
                if character == first {
                    break;
                }
            }
            return word;
        }
        _ if first.is_alphanumeric() || first == '_' => |c| c.is_alphanumeric() || c == '_' || c == '$',
        _ => |_| false,
    };
    word.extend(rest.take_while(|character| in_word(*character)).take(60));
    word
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
