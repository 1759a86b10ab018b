//! Transaction control.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::super::statement::{accept_word, accept_words, expect_word};
use super::{SessionStatement, identifier};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IsolationLevel {
    ReadUncommitted,
    #[default]
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl IsolationLevel {
    /// As `SHOW transaction_isolation` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read uncommitted",
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }
}

/// What was said about a transaction; `None` leaves the session's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionModes {
    pub isolation: Option<IsolationLevel>,
    pub read_only: Option<bool>,
    pub deferrable: Option<bool>,
}

type Parsed = Result<SessionStatement, ParserError>;

pub(super) fn parse_begin(parser: &mut Parser) -> Parsed {
    noise(parser);
    Ok(SessionStatement::Begin { modes: modes(parser)?, start: false })
}

pub(super) fn parse_start(parser: &mut Parser) -> Parsed {
    expect_word(parser, "transaction")?;
    Ok(SessionStatement::Begin { modes: modes(parser)?, start: true })
}

pub(super) fn parse_commit(parser: &mut Parser) -> Parsed {
    noise(parser);
    Ok(SessionStatement::Commit { chain: chain(parser)? })
}

pub(super) fn parse_rollback(parser: &mut Parser) -> Parsed {
    noise(parser);
    if accept_word(parser, "to") {
        let _ = accept_word(parser, "savepoint");
        return identifier(parser).map(SessionStatement::RollbackTo);
    }
    Ok(SessionStatement::Rollback { chain: chain(parser)? })
}

pub(super) fn parse_savepoint(parser: &mut Parser) -> Parsed {
    identifier(parser).map(SessionStatement::Savepoint)
}

pub(super) fn parse_release(parser: &mut Parser) -> Parsed {
    let _ = accept_word(parser, "savepoint");
    identifier(parser).map(SessionStatement::Release)
}

/// `WORK` and `TRANSACTION` say nothing.
fn noise(parser: &mut Parser) {
    let _ = accept_word(parser, "work") || accept_word(parser, "transaction");
}

fn chain(parser: &mut Parser) -> Result<bool, ParserError> {
    if !accept_word(parser, "and") {
        return Ok(false);
    }
    let chain = !accept_word(parser, "no");
    expect_word(parser, "chain")?;
    Ok(chain)
}

/// Any number of modes, with commas or without.
fn modes(parser: &mut Parser) -> Result<TransactionModes, ParserError> {
    let mut modes = TransactionModes::default();
    loop {
        if accept_words(parser, ["isolation", "level"]) {
            modes.isolation = Some(isolation(parser)?);
        } else if accept_words(parser, ["read", "only"]) {
            modes.read_only = Some(true);
        } else if accept_words(parser, ["read", "write"]) {
            modes.read_only = Some(false);
        } else if accept_words(parser, ["not", "deferrable"]) {
            modes.deferrable = Some(false);
        } else if accept_word(parser, "deferrable") {
            modes.deferrable = Some(true);
        } else {
            return Ok(modes);
        }
        let _ = parser.consume_token(&Token::Comma);
    }
}

pub(super) fn modes_required(parser: &mut Parser) -> Result<TransactionModes, ParserError> {
    let found = modes(parser)?;
    if found == TransactionModes::default() {
        return parser.expected("a transaction mode", parser.peek_token());
    }
    Ok(found)
}

fn isolation(parser: &mut Parser) -> Result<IsolationLevel, ParserError> {
    if accept_words(parser, ["read", "uncommitted"]) {
        return Ok(IsolationLevel::ReadUncommitted);
    }
    if accept_words(parser, ["read", "committed"]) {
        return Ok(IsolationLevel::ReadCommitted);
    }
    if accept_words(parser, ["repeatable", "read"]) {
        return Ok(IsolationLevel::RepeatableRead);
    }
    if accept_word(parser, "serializable") {
        return Ok(IsolationLevel::Serializable);
    }
    parser.expected("an isolation level", parser.peek_token())
}
