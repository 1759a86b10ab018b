//! `SUBSCRIBE`: rows that go on coming as a table changes (Materialize's words).
//!
//! ```sql
//! SUBSCRIBE [TO] { t | (SELECT ...) } [ENVELOPE UPSERT (KEY (column, ...))]
//!     [WITH (SNAPSHOT, PROGRESS, ...)] [AS OF [AT LEAST] [VERSION | TIMESTAMP] <expr>]
//!     [UP TO [VERSION | TIMESTAMP] <expr>]
//! ```

use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, Query};
use datafusion::sql::sqlparser::parser::{IsOptional, Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::option_list::{self, StatementOption};
use super::statement::{accept_word, accept_words, expect_word};

#[derive(Debug, Clone)]
pub struct Subscribe {
    pub source: SubscribeSource,
    /// The key of `ENVELOPE UPSERT`.
    pub upsert_key: Option<Vec<Ident>>,
    pub options: Vec<StatementOption>,
    pub as_of: Option<SubscribeBound>,
    pub up_to: Option<SubscribeBound>,
}

#[derive(Debug, Clone)]
pub enum SubscribeSource {
    Table(ObjectName),
    Query(Box<Query>),
}

/// One end of a subscription.
#[derive(Debug, Clone)]
pub struct SubscribeBound {
    pub kind: SubscribeBoundKind,
    /// `AT LEAST`: a later start is taken where the given one is gone.
    pub at_least: bool,
    pub value: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscribeBoundKind {
    /// Neither word is given: the value's type tells.
    Unsaid,
    Version,
    Timestamp,
}

impl Subscribe {
    /// Parses what follows `SUBSCRIBE`.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let _ = accept_word(parser, "to");
        let source = if parser.consume_token(&Token::LParen) {
            let query = parser.parse_query()?;
            parser.expect_token(&Token::RParen)?;
            SubscribeSource::Query(query)
        } else {
            SubscribeSource::Table(parser.parse_object_name(false)?)
        };
        let (mut upsert_key, mut options, mut as_of, mut up_to) = (None, vec![], None, None);
        loop {
            if options.is_empty() && accept_word(parser, "with") {
                options = option_list::parse_list(parser)?;
            } else if as_of.is_none() && accept_words(parser, ["as", "of"]) {
                as_of = Some(SubscribeBound::parse(parser)?);
            } else if up_to.is_none() && accept_words(parser, ["up", "to"]) {
                up_to = Some(SubscribeBound::parse(parser)?);
            } else if upsert_key.is_none() && accept_word(parser, "envelope") {
                upsert_key = Some(parse_upsert(parser)?);
            } else {
                return Ok(Self { source, upsert_key, options, as_of, up_to });
            }
        }
    }
}

impl SubscribeBound {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let at_least = accept_words(parser, ["at", "least"]);
        let typed_text = matches!(parser.peek_tokens::<2>(), [Token::Word(_), Token::SingleQuotedString(_)]);
        let kind = if accept_word(parser, "version") {
            SubscribeBoundKind::Version
        } else if !typed_text && accept_word(parser, "timestamp") {
            SubscribeBoundKind::Timestamp
        } else {
            SubscribeBoundKind::Unsaid
        };
        Ok(Self { kind, at_least, value: parser.parse_expr()? })
    }
}

/// Parses what follows `ENVELOPE`.
fn parse_upsert(parser: &mut Parser) -> Result<Vec<Ident>, ParserError> {
    expect_word(parser, "upsert")?;
    parser.expect_token(&Token::LParen)?;
    expect_word(parser, "key")?;
    let key = parser.parse_parenthesized_column_list(IsOptional::Mandatory, false)?;
    parser.expect_token(&Token::RParen)?;
    Ok(key)
}
