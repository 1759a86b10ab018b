//! Lists of options, as COPY, FETCH and SUBSCRIBE have them: `(name, name value, name = value, ...)`.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// One option; its name in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementOption {
    pub name: String,
    pub value: OptionValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// The name stands alone: `HEADER`.
    Absent,
    /// A text, a number or a word, as text.
    Text(String),
    /// `*`
    All,
    /// `(a, b)`
    List(Vec<String>),
}

impl OptionValue {
    /// The value as Postgres reads booleans; a name alone is true.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Absent => Some(true),
            Self::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "on" | "1" | "yes" | "t" => Some(true),
                "false" | "off" | "0" | "no" | "f" => Some(false),
                _ => None,
            },
            Self::All | Self::List(_) => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Parses `(option, ...)`.
pub(super) fn parse_list(parser: &mut Parser) -> Result<Vec<StatementOption>, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let options = parser.parse_comma_separated(parse_option)?;
    parser.expect_token(&Token::RParen)?;
    Ok(options)
}

fn parse_option(parser: &mut Parser) -> Result<StatementOption, ParserError> {
    let name = parse_name(parser)?;
    let _ = parser.consume_token(&Token::Eq);
    let value = match parser.peek_token().token {
        Token::Comma | Token::RParen | Token::EOF => OptionValue::Absent,
        Token::Mul => {
            parser.advance_token();
            OptionValue::All
        }
        Token::LParen => {
            parser.advance_token();
            let names = parser.parse_comma_separated(parse_value)?;
            parser.expect_token(&Token::RParen)?;
            OptionValue::List(names)
        }
        _ => OptionValue::Text(parse_value(parser)?),
    };
    Ok(StatementOption { name, value })
}

/// An option's name: any word, in lower case.
fn parse_name(parser: &mut Parser) -> Result<String, ParserError> {
    let token = parser.next_token();
    match &token.token {
        Token::Word(word) => Ok(word.value.to_ascii_lowercase()),
        _ => parser.expected("the name of an option", token),
    }
}

/// A text, a number or a word.
pub(super) fn parse_value(parser: &mut Parser) -> Result<String, ParserError> {
    let negative = parser.consume_token(&Token::Minus);
    let token = parser.next_token();
    match &token.token {
        Token::Number(digits, _) if negative => Ok(format!("-{digits}")),
        Token::Number(text, _) | Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)
            if !negative =>
        {
            Ok(text.clone())
        }
        Token::Word(word) if !negative => Ok(word.value.clone()),
        _ => parser.expected("the value of an option", token),
    }
}
