//! `SET`, `RESET` and `SHOW`.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::super::statement::{accept_word, accept_words, expect_word, next_is_word};
use super::transaction::modes_required;
use super::{SessionStatement, identifier};

/// How long a setting lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetScope {
    Session,
    /// To the end of the transaction.
    Local,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    Default,
    /// Several only for settings that are lists, as `search_path`.
    Values(Vec<String>),
}

type Parsed = Result<SessionStatement, ParserError>;

pub(super) fn parse_set(parser: &mut Parser) -> Parsed {
    if accept_words(parser, ["session", "characteristics", "as", "transaction"]) {
        return Ok(SessionStatement::SetTransaction { session: true, modes: modes_required(parser)? });
    }
    if accept_words(parser, ["session", "authorization"]) {
        return set("session_authorization", SetScope::Session, value(parser)?);
    }
    let scope = scope(parser);
    if accept_word(parser, "transaction") {
        return Ok(SessionStatement::SetTransaction { session: false, modes: modes_required(parser)? });
    }
    if accept_words(parser, ["session", "authorization"]) {
        return set("session_authorization", scope, value(parser)?);
    }
    if accept_words(parser, ["time", "zone"]) {
        return set("timezone", scope, zone(parser)?);
    }
    if accept_word(parser, "names") {
        let ended = parser.peek_token_ref().token == Token::EOF;
        return set("client_encoding", scope, if ended { SetValue::Default } else { value(parser)? });
    }
    let name = setting_name(parser)?;
    // ROLE alone is a word of the grammar; with TO or = it is a setting as any other.
    let assigned = parser.consume_token(&Token::Eq) || accept_word(parser, "to");
    if !assigned && name != "role" {
        expect_word(parser, "to")?;
    }
    set(&name, scope, value(parser)?)
}

fn set(name: &str, scope: SetScope, value: SetValue) -> Parsed {
    Ok(SessionStatement::Set { scope, name: name.to_string(), value })
}

fn scope(parser: &mut Parser) -> SetScope {
    if accept_word(parser, "local") {
        return SetScope::Local;
    }
    let _ = accept_word(parser, "session");
    SetScope::Session
}

/// A name, or a custom one with dots: `my_app.user_id`.
fn setting_name(parser: &mut Parser) -> Result<String, ParserError> {
    let mut name = identifier(parser)?;
    while parser.consume_token(&Token::Period) {
        name.push('.');
        name.push_str(&identifier(parser)?);
    }
    Ok(name)
}

fn value(parser: &mut Parser) -> Result<SetValue, ParserError> {
    if accept_word(parser, "default") {
        return Ok(SetValue::Default);
    }
    parser.parse_comma_separated(one_value).map(SetValue::Values)
}

/// `LOCAL` is the default too; an interval is an offset as its text says.
fn zone(parser: &mut Parser) -> Result<SetValue, ParserError> {
    if accept_word(parser, "local") {
        return Ok(SetValue::Default);
    }
    if !accept_word(parser, "interval") {
        return value(parser);
    }
    let offset = parser.parse_literal_string()?;
    let _ = accept_words(parser, ["hour", "to", "minute"]);
    // An interval counts hours east, `[+-]HH:MM`; a zone's text would count them west.
    let hours = match offset.trim().split_once(':') {
        Some((hours, minutes)) => match (hours.parse::<f64>(), minutes.parse::<f64>()) {
            (Ok(whole), Ok(minutes)) => {
                let sign = if hours.starts_with('-') { -1.0 } else { 1.0 };
                (whole + sign * minutes / 60.0).to_string()
            }
            _ => offset,
        },
        None => offset,
    };
    Ok(SetValue::Values(vec![hours.trim_start_matches('+').to_string()]))
}

fn one_value(parser: &mut Parser) -> Result<String, ParserError> {
    let token = parser.next_token();
    match &token.token {
        Token::Word(word) if word.quote_style.is_some() => Ok(word.value.clone()),
        Token::Word(word) => Ok(word.value.to_lowercase()),
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => Ok(text.clone()),
        Token::Number(digits, _) => Ok(digits.clone()),
        Token::Plus => number(parser, ""),
        Token::Minus => number(parser, "-"),
        _ => parser.expected("a value", token),
    }
}

fn number(parser: &mut Parser, sign: &str) -> Result<String, ParserError> {
    let token = parser.next_token();
    match &token.token {
        Token::Number(digits, _) => Ok(format!("{sign}{digits}")),
        _ => parser.expected("a number", token),
    }
}

pub(super) fn parse_reset(parser: &mut Parser) -> Parsed {
    if accept_word(parser, "all") {
        return Ok(SessionStatement::Reset(None));
    }
    named_setting(parser).map(|name| SessionStatement::Reset(Some(name)))
}

pub(super) fn parse_show(parser: &mut Parser) -> Parsed {
    if accept_word(parser, "all") {
        return Ok(SessionStatement::Show(None));
    }
    named_setting(parser).map(|name| SessionStatement::Show(Some(name)))
}

/// `SHOW TABLES` and its like are DataFusion's, and show data.
pub(super) fn is_show_of_datafusion(parser: &Parser) -> bool {
    next_is_word(parser, "show")
        && matches!(&parser.peek_nth_token_ref(1).token, Token::Word(word)
            if word.quote_style.is_none()
                && ["tables", "columns", "functions", "create", "schemas", "databases"]
                    .iter()
                    .any(|name| word.value.eq_ignore_ascii_case(name)))
}

/// The name of a setting, or the words that SQL has for some of them.
fn named_setting(parser: &mut Parser) -> Result<String, ParserError> {
    if accept_words(parser, ["time", "zone"]) {
        return Ok("timezone".to_string());
    }
    if accept_words(parser, ["transaction", "isolation", "level"]) {
        return Ok("transaction_isolation".to_string());
    }
    if accept_words(parser, ["session", "authorization"]) {
        return Ok("session_authorization".to_string());
    }
    setting_name(parser)
}
