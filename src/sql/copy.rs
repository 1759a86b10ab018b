//! `COPY ... TO STDOUT`: the rows of a table, a query or a subscription as a stream.
//!
//! ```sql
//! COPY { t [(column, ...)] | (SELECT ...) | (SUBSCRIBE ...) } TO STDOUT [[WITH] (option, ...)]
//! ```
//!
//! The words of before Postgres 9 (`BINARY`, `CSV HEADER`, `DELIMITER AS ','`, `NULL AS ''`) become
//! the same options. Targets other than STDOUT, and COPY FROM, parse, so that their error can say
//! that Tarn only reads.

use datafusion::sql::sqlparser::ast::{Ident, ObjectName};
use datafusion::sql::sqlparser::parser::{IsOptional, Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::cursor::RowSource;
use super::option_list::{self, OptionValue, StatementOption};
use super::statement::{accept_word, accept_words, expect_word};

#[derive(Debug, Clone)]
pub struct CopyStatement {
    pub source: CopySource,
    pub target: CopyTarget,
    pub options: Vec<StatementOption>,
}

#[derive(Debug, Clone)]
pub enum CopySource {
    Table { name: ObjectName, columns: Vec<Ident> },
    Rows(RowSource),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyTarget {
    Stdout,
    /// A file or a program of the server, which Tarn never touches.
    Server,
    /// `COPY t FROM ...`: Tarn does not write.
    Table,
}

impl CopyStatement {
    /// Parses what follows `COPY`.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let binary = accept_word(parser, "binary");
        let source = if parser.consume_token(&Token::LParen) {
            let source = RowSource::parse(parser)?;
            parser.expect_token(&Token::RParen)?;
            CopySource::Rows(source)
        } else {
            let name = parser.parse_object_name(false)?;
            CopySource::Table {
                name,
                columns: parser.parse_parenthesized_column_list(IsOptional::Optional, false)?,
            }
        };
        let target = parse_target(parser)?;
        let mut options = Vec::new();
        if binary {
            options.push(text_option("format", "binary"));
        }
        let _ = accept_word(parser, "with");
        if parser.peek_token().token == Token::LParen {
            options.extend(option_list::parse_list(parser)?);
        } else {
            parse_old_options(parser, &mut options)?;
        }
        Ok(Self { source, target, options })
    }
}

fn parse_target(parser: &mut Parser) -> Result<CopyTarget, ParserError> {
    let reads = accept_word(parser, "from");
    if !reads {
        expect_word(parser, "to")?;
    }
    let _ = accept_word(parser, "program");
    if accept_word(parser, "stdout") {
        return Ok(if reads { CopyTarget::Table } else { CopyTarget::Stdout });
    }
    if !accept_word(parser, "stdin") {
        parser.parse_literal_string()?;
    }
    Ok(if reads { CopyTarget::Table } else { CopyTarget::Server })
}

fn parse_old_options(parser: &mut Parser, options: &mut Vec<StatementOption>) -> Result<(), ParserError> {
    loop {
        if accept_word(parser, "binary") {
            options.push(text_option("format", "binary"));
        } else if accept_word(parser, "csv") {
            options.push(text_option("format", "csv"));
        } else if accept_word(parser, "header") {
            options.push(StatementOption { name: "header".to_owned(), value: OptionValue::Absent });
        } else if accept_words(parser, ["force", "quote"]) {
            let value = match parser.consume_token(&Token::Mul) {
                true => OptionValue::All,
                false => OptionValue::List(parser.parse_comma_separated(option_list::parse_value)?),
            };
            options.push(StatementOption { name: "force_quote".to_owned(), value });
        } else if let Some(name) = ["delimiter", "delimiters", "null", "quote", "escape", "encoding"]
            .into_iter()
            .find(|name| accept_word(parser, name))
        {
            let _ = accept_word(parser, "as");
            let value = parser.parse_literal_string()?;
            options.push(text_option(if name == "delimiters" { "delimiter" } else { name }, &value));
        } else {
            return Ok(());
        }
    }
}

fn text_option(name: &str, value: &str) -> StatementOption {
    StatementOption { name: name.to_owned(), value: OptionValue::Text(value.to_owned()) }
}
