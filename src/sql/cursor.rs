//! `DECLARE`, `FETCH`, `MOVE` and `CLOSE`, as Postgres has them, with `FETCH ... WITH (timeout = '1s')`
//! for cursors over subscriptions.

use datafusion::sql::sqlparser::ast::{Ident, Query};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::option_list::{self, StatementOption};
use super::statement::{accept_word, accept_words, expect_word, next_is_word};
use super::subscribe::Subscribe;
use super::syntax_error::PLAIN;

/// Where the rows of a cursor or of a COPY come from.
#[derive(Debug, Clone)]
pub enum RowSource {
    Query(Box<Query>),
    Subscribe(Box<Subscribe>),
}

impl RowSource {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        if accept_word(parser, "subscribe") {
            return Ok(Self::Subscribe(Box::new(Subscribe::parse(parser)?)));
        }
        Ok(Self::Query(parser.parse_query()?))
    }
}

/// `DECLARE name [BINARY] [INSENSITIVE | ASENSITIVE] [[NO] SCROLL] CURSOR [{WITH | WITHOUT} HOLD] FOR ...`
#[derive(Debug, Clone)]
pub struct DeclareCursor {
    pub name: Ident,
    pub binary: bool,
    pub scroll: Option<bool>,
    pub hold: bool,
    pub source: RowSource,
}

impl DeclareCursor {
    /// Parses what follows `DECLARE`.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let name = parser.parse_identifier()?;
        let (mut binary, mut scroll) = (false, None);
        loop {
            if accept_word(parser, "binary") {
                binary = true;
            } else if accept_words(parser, ["no", "scroll"]) {
                scroll = Some(false);
            } else if accept_word(parser, "scroll") {
                scroll = Some(true);
            } else if !accept_word(parser, "insensitive") && !accept_word(parser, "asensitive") {
                break;
            }
        }
        expect_word(parser, "cursor")?;
        let hold = accept_words(parser, ["with", "hold"]);
        if !hold {
            let _ = accept_words(parser, ["without", "hold"]);
        }
        expect_word(parser, "for")?;
        let source = RowSource::parse(parser)?;
        Ok(Self { name, binary, scroll, hold, source })
    }
}

/// `FETCH [direction] [FROM | IN] name [WITH (...)]`, or the same with `MOVE`.
#[derive(Debug, Clone)]
pub struct FetchCursor {
    pub name: Ident,
    pub direction: FetchDirection,
    /// `MOVE`: the rows are passed over, not returned.
    pub moves_only: bool,
    pub options: Vec<StatementOption>,
}

/// Directions, reduced to four as Postgres does: `NEXT` is forward 1, `LAST` is absolute -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchDirection {
    Forward(FetchRows),
    Backward(FetchRows),
    /// From the start, from 1; negative counts from the end, 0 stands before the first row.
    Absolute(i64),
    Relative(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchRows {
    Count(u64),
    All,
}

impl FetchCursor {
    /// Parses what follows `FETCH` or `MOVE`.
    pub(super) fn parse(parser: &mut Parser, moves_only: bool) -> Result<Self, ParserError> {
        let direction = FetchDirection::parse(parser)?;
        if !accept_word(parser, "from") {
            let _ = accept_word(parser, "in");
        }
        let name = parser.parse_identifier()?;
        let options = match accept_word(parser, "with") {
            true => option_list::parse_list(parser)?,
            false => vec![],
        };
        Ok(Self { name, direction, moves_only, options })
    }
}

impl FetchDirection {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        const ONE: FetchRows = FetchRows::Count(1);
        Ok(if accept_word(parser, "next") {
            Self::Forward(ONE)
        } else if accept_word(parser, "prior") {
            Self::Backward(ONE)
        } else if accept_word(parser, "first") {
            Self::Absolute(1)
        } else if accept_word(parser, "last") {
            Self::Absolute(-1)
        } else if accept_word(parser, "absolute") {
            Self::Absolute(parse_integer(parser)?)
        } else if accept_word(parser, "relative") {
            Self::Relative(parse_integer(parser)?)
        } else if accept_word(parser, "forward") {
            Self::counted(parser, false)?
        } else if accept_word(parser, "backward") {
            Self::counted(parser, true)?
        } else {
            Self::counted(parser, false)?
        })
    }

    /// `[ALL | count]`; a negative count goes the other way.
    fn counted(parser: &mut Parser, backward: bool) -> Result<Self, ParserError> {
        let (rows, backward) = if accept_word(parser, "all") {
            (FetchRows::All, backward)
        } else if matches!(parser.peek_token().token, Token::Number(..) | Token::Minus | Token::Plus) {
            let count = parse_integer(parser)?;
            (FetchRows::Count(count.unsigned_abs()), backward != (count < 0))
        } else {
            (FetchRows::Count(1), backward)
        };
        Ok(if backward { Self::Backward(rows) } else { Self::Forward(rows) })
    }
}

fn parse_integer(parser: &mut Parser) -> Result<i64, ParserError> {
    let negative = parser.consume_token(&Token::Minus);
    let _ = !negative && parser.consume_token(&Token::Plus);
    let token = parser.next_token();
    match &token.token {
        Token::Number(digits, _) => {
            let text = if negative { format!("-{digits}") } else { digits.clone() };
            text.parse().map_err(|_| {
                let start = token.span.start;
                ParserError::ParserError(format!("{PLAIN}{text} is no whole number of 64 bits{start}"))
            })
        }
        _ => parser.expected("a number", token),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseCursor {
    All,
    Named(Ident),
}

impl CloseCursor {
    /// Parses what follows `CLOSE`.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        if next_is_word(parser, "all") {
            parser.advance_token();
            return Ok(Self::All);
        }
        Ok(Self::Named(parser.parse_identifier()?))
    }
}
