//! A parsed statement, and the choice of the grammar that parses it.

use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::copy::CopyStatement;
use super::cursor::{CloseCursor, DeclareCursor, FetchCursor};
use super::explain::ExplainStatement;
use super::position::position_of;
use super::session::SessionStatement;
use super::subscribe::Subscribe;

/// A parsed statement with its own text.
#[derive(Debug, Clone)]
pub struct Statement {
    /// As the client wrote it, without the semicolon.
    pub text: String,
    /// Characters of the script before the text.
    pub offset: usize,
    pub body: StatementBody,
}

/// What a statement says. Spans inside count from the start of the statement's text.
#[derive(Debug, Clone)]
pub enum StatementBody {
    /// What sqlparser has a grammar for: queries, `SHOW TABLES`, ...
    Sql(Box<SqlStatement>),
    /// `SET`, `SHOW`, `BEGIN`, `PREPARE`, ...
    Session(Box<SessionStatement>),
    Explain(Box<ExplainStatement>),
    /// `DECLARE name CURSOR FOR ...`
    Declare(Box<DeclareCursor>),
    /// `FETCH` and `MOVE`.
    Fetch(FetchCursor),
    Close(CloseCursor),
    Copy(Box<CopyStatement>),
    Subscribe(Box<Subscribe>),
}

impl Statement {
    /// Where a location of the tree stands in the text: characters, from 1.
    pub fn position(&self, location: Location) -> Option<usize> {
        position_of(&self.text, location)
    }

    /// The statement as sqlparser's tree, where it is one.
    pub fn sql(&self) -> Option<&SqlStatement> {
        match &self.body {
            StatementBody::Sql(statement) => Some(statement),
            _ => None,
        }
    }
}

/// Parses the tokens of one statement to their end.
pub(super) fn parse_whole(parser: &mut Parser) -> Result<StatementBody, ParserError> {
    let body = parse_body(parser)?;
    match parser.peek_token() {
        token if token.token == Token::EOF => Ok(body),
        token => parser.expected("end of statement", token),
    }
}

pub(super) fn parse_body(parser: &mut Parser) -> Result<StatementBody, ParserError> {
    if accept_word(parser, "explain") {
        return ExplainStatement::parse(parser).map(|s| StatementBody::Explain(Box::new(s)));
    }
    if accept_word(parser, "declare") {
        return DeclareCursor::parse(parser).map(|s| StatementBody::Declare(Box::new(s)));
    }
    if accept_word(parser, "fetch") {
        return FetchCursor::parse(parser, false).map(StatementBody::Fetch);
    }
    if accept_word(parser, "move") {
        return FetchCursor::parse(parser, true).map(StatementBody::Fetch);
    }
    if accept_word(parser, "close") {
        return CloseCursor::parse(parser).map(StatementBody::Close);
    }
    if accept_word(parser, "copy") {
        return CopyStatement::parse(parser).map(|s| StatementBody::Copy(Box::new(s)));
    }
    if accept_word(parser, "subscribe") {
        return Subscribe::parse(parser).map(|s| StatementBody::Subscribe(Box::new(s)));
    }
    if let Some(statement) = SessionStatement::parse(parser)? {
        return Ok(StatementBody::Session(Box::new(statement)));
    }
    parser.parse_statement().map(|statement| StatementBody::Sql(Box::new(statement)))
}

/// Whether the next token is this word, unquoted, in any case.
pub(super) fn next_is_word(parser: &Parser, expected: &str) -> bool {
    matches!(&parser.peek_token_ref().token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
}

/// Consumes the next token if it is this word.
pub(super) fn accept_word(parser: &mut Parser, expected: &str) -> bool {
    let found = next_is_word(parser, expected);
    if found {
        parser.advance_token();
    }
    found
}

/// Consumes words if they all follow, else nothing.
pub(super) fn accept_words<const N: usize>(parser: &mut Parser, expected: [&str; N]) -> bool {
    let ahead = parser.peek_tokens::<N>();
    let found = ahead.iter().zip(expected).all(|(token, expected)| {
        matches!(token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
    });
    if found {
        (0..N).for_each(|_| parser.advance_token());
    }
    found
}

pub(super) fn expect_word(parser: &mut Parser, expected: &str) -> Result<(), ParserError> {
    if accept_word(parser, expected) {
        return Ok(());
    }
    let token = parser.peek_token();
    parser.expected(&expected.to_ascii_uppercase(), token)
}
