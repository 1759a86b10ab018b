//! Statements about the session and not about data: settings, transactions, prepared statements.
//! Grammar: "SQL Commands" in the manual of PostgreSQL 15.
//!
//! sqlparser has rules for most of them, made for many databases: they miss `DEFERRABLE` and `ABORT`,
//! take any words after `SHOW`, and give a setting's value as an expression.

mod set;
mod transaction;

use datafusion::sql::sqlparser::ast::{DataType, Expr, Ident};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

pub use set::{SetScope, SetValue};
pub use transaction::{IsolationLevel, TransactionModes};

use super::statement::{StatementBody, accept_word, accept_words, expect_word, parse_body};
use super::syntax_error::PLAIN;

/// A statement about the session. Names are folded to lower case unless they were quoted.
#[derive(Debug, Clone)]
pub enum SessionStatement {
    Set {
        scope: SetScope,
        name: String,
        value: SetValue,
    },
    /// `SET TRANSACTION`, or with `session` `SET SESSION CHARACTERISTICS AS TRANSACTION`.
    SetTransaction {
        session: bool,
        modes: TransactionModes,
    },
    /// `None` resets all.
    Reset(Option<String>),
    /// `None` shows all.
    Show(Option<String>),
    /// `start` where it was written `START TRANSACTION`, which its tag repeats.
    Begin {
        modes: TransactionModes,
        start: bool,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    Prepare(Box<PrepareStatement>),
    Execute {
        name: String,
        arguments: Vec<Expr>,
    },
    /// `None` deallocates all.
    Deallocate(Option<String>),
    Discard(Discard),
    Listen(String),
    /// `None` is `UNLISTEN *`.
    Unlisten(Option<String>),
    Notify(String),
    /// `LOCK TABLE ... IN ACCESS SHARE MODE`, which pg_dump sends; there is nothing to lock.
    Lock,
}

/// `PREPARE name (type, ...) AS statement`.
#[derive(Debug, Clone)]
pub struct PrepareStatement {
    pub name: String,
    pub types: Vec<DataType>,
    pub body: StatementBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    All,
    Plans,
    Sequences,
    Temporary,
}

impl SessionStatement {
    /// Parses a statement that begins with one of these words; consumes nothing otherwise.
    pub(super) fn parse(parser: &mut Parser) -> Result<Option<Self>, ParserError> {
        type Rule = fn(&mut Parser) -> Result<SessionStatement, ParserError>;
        const RULES: [(&str, Rule); 19] = [
            ("set", set::parse_set),
            ("reset", set::parse_reset),
            ("begin", transaction::parse_begin),
            ("start", transaction::parse_start),
            ("commit", transaction::parse_commit),
            ("end", transaction::parse_commit),
            ("rollback", transaction::parse_rollback),
            ("abort", transaction::parse_rollback),
            ("savepoint", transaction::parse_savepoint),
            ("release", transaction::parse_release),
            ("prepare", parse_prepare),
            ("execute", parse_execute),
            ("deallocate", parse_deallocate),
            ("discard", parse_discard),
            ("listen", parse_listen),
            ("unlisten", parse_unlisten),
            ("notify", parse_notify),
            ("lock", parse_lock),
            ("show", set::parse_show),
        ];
        if set::is_show_of_datafusion(parser) {
            return Ok(None);
        }
        for (word, rule) in RULES {
            if accept_word(parser, word) {
                return rule(parser).map(Some);
            }
        }
        Ok(None)
    }
}

/// An identifier as Postgres folds it.
pub fn fold(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

fn identifier(parser: &mut Parser) -> Result<String, ParserError> {
    parser.parse_identifier().map(|ident| fold(&ident))
}

fn all_or_identifier(parser: &mut Parser) -> Result<Option<String>, ParserError> {
    if accept_word(parser, "all") { Ok(None) } else { identifier(parser).map(Some) }
}

fn parse_prepare(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    let name = identifier(parser)?;
    let mut types = Vec::new();
    if parser.consume_token(&Token::LParen) {
        types = parser.parse_comma_separated(Parser::parse_data_type)?;
        parser.expect_token(&Token::RParen)?;
    }
    expect_word(parser, "as")?;
    let body = parse_body(parser)?;
    Ok(SessionStatement::Prepare(Box::new(PrepareStatement { name, types, body })))
}

fn parse_execute(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    let name = identifier(parser)?;
    let mut arguments = Vec::new();
    if parser.consume_token(&Token::LParen) {
        arguments = parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(SessionStatement::Execute { name, arguments })
}

fn parse_deallocate(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    let _ = accept_word(parser, "prepare");
    all_or_identifier(parser).map(SessionStatement::Deallocate)
}

fn parse_discard(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    for (word, what) in [
        ("all", Discard::All),
        ("plans", Discard::Plans),
        ("sequences", Discard::Sequences),
        ("temp", Discard::Temporary),
        ("temporary", Discard::Temporary),
    ] {
        if accept_word(parser, word) {
            return Ok(SessionStatement::Discard(what));
        }
    }
    parser.expected("ALL, PLANS, SEQUENCES or TEMPORARY", parser.peek_token())
}

fn parse_listen(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    identifier(parser).map(SessionStatement::Listen)
}

fn parse_unlisten(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    if parser.consume_token(&Token::Mul) {
        return Ok(SessionStatement::Unlisten(None));
    }
    identifier(parser).map(|channel| SessionStatement::Unlisten(Some(channel)))
}

fn parse_notify(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    let channel = identifier(parser)?;
    if parser.consume_token(&Token::Comma) {
        parser.parse_literal_string()?;
    }
    Ok(SessionStatement::Notify(channel))
}

/// Only the weakest lock, a reader's, can be given by a server that only reads.
fn parse_lock(parser: &mut Parser) -> Result<SessionStatement, ParserError> {
    let start = parser.peek_token_ref().span.start;
    let _ = accept_word(parser, "table");
    loop {
        let _ = accept_word(parser, "only");
        parser.parse_object_name(true)?;
        let _ = parser.consume_token(&Token::Mul);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    if accept_words(parser, ["in", "access", "share", "mode"]) {
        let _ = accept_word(parser, "nowait");
        return Ok(SessionStatement::Lock);
    }
    let message = format!("{PLAIN}LOCK TABLE takes ACCESS SHARE MODE only, since Tarn only reads{start}");
    Err(ParserError::ParserError(message))
}

#[cfg(test)]
mod tests;
