//! Cutting a script into statements, each with its own text and its own positions.

use std::iter::Peekable;
use std::str::CharIndices;

use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::dialect::TarnDialect;
use super::syntax_error;
use crate::error::Result;

/// The tokens of one statement.
#[derive(Debug)]
pub(super) struct Piece {
    /// From the first token to the last, without the semicolon.
    pub text: String,
    /// Characters of the script before the text.
    pub offset: usize,
    /// Tokens without comments and spaces; their spans count from the start of the text.
    pub tokens: Vec<TokenWithSpan>,
}

/// Tokenises a script and cuts it at its semicolons.
pub(super) fn split(sql: &str) -> Result<Vec<Piece>> {
    let tokens = Tokenizer::new(&TarnDialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax_error::from_tokenizer(&error, sql))?;
    let mut walker = Walker::new(sql);
    let mut pieces = Vec::new();
    let mut current = Vec::new();
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::SemiColon => pieces.extend(piece(sql, &mut walker, std::mem::take(&mut current))),
            _ => current.push(token),
        }
    }
    pieces.extend(piece(sql, &mut walker, current));
    Ok(pieces)
}

/// Whether a text that is being typed needs no more lines: it ends in a semicolon, or is blank. A text
/// that cannot be tokenised needs more where a quote or a comment is open.
pub fn is_complete(text: &str) -> bool {
    match Tokenizer::new(&TarnDialect, text).tokenize_with_location() {
        Ok(tokens) => {
            let mut tokens = tokens.iter().map(|token| &token.token);
            let last = tokens.rfind(|token| !matches!(token, Token::Whitespace(_) | Token::EOF));
            last.is_none_or(|token| *token == Token::SemiColon)
        }
        Err(error) => {
            let open = ["Unterminated", "Unexpected EOF", "Expected close delimiter"];
            !open.iter().any(|words| error.message.starts_with(words))
        }
    }
}

fn piece(sql: &str, walker: &mut Walker<'_>, mut tokens: Vec<TokenWithSpan>) -> Option<Piece> {
    let start = tokens.first()?.span.start;
    let end = tokens.last()?.span.end;
    let (start_byte, offset) = walker.advance(start);
    let (end_byte, _) = walker.advance(end);
    for token in &mut tokens {
        token.span = Span::new(rebase(token.span.start, start), rebase(token.span.end, start));
    }
    Some(Piece { text: sql.get(start_byte..end_byte)?.to_owned(), offset, tokens })
}

/// The location as seen from `origin`, which becomes line 1, column 1.
fn rebase(location: Location, origin: Location) -> Location {
    let line = location.line.saturating_sub(origin.line) + 1;
    let column = match line {
        1 => location.column.saturating_sub(origin.column) + 1,
        _ => location.column,
    };
    Location::new(line, column)
}

/// Goes through a text once, turning ascending locations into byte and character offsets.
struct Walker<'a> {
    chars: Peekable<CharIndices<'a>>,
    length: usize,
    location: Location,
    characters: usize,
}

impl<'a> Walker<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.char_indices().peekable(),
            length: text.len(),
            location: Location::new(1, 1),
            characters: 0,
        }
    }

    /// Moves on to a location; gives the bytes and the characters before it.
    fn advance(&mut self, to: Location) -> (usize, usize) {
        while (self.location.line, self.location.column) < (to.line, to.column) {
            let Some((_, character)) = self.chars.next() else { break };
            self.characters += 1;
            self.location = match character {
                '\n' => Location::new(self.location.line + 1, 1),
                _ => Location::new(self.location.line, self.location.column + 1),
            };
        }
        let byte = self.chars.peek().map_or(self.length, |(byte, _)| *byte);
        (byte, self.characters)
    }
}
