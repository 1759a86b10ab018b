//! `EXPLAIN [ANALYZE] [VERBOSE] [FORMAT name] ...` and Postgres's `EXPLAIN (ANALYZE, FORMAT json) ...`.
//!
//! sqlparser's own rule swallows syntax errors of the statement within.

use datafusion::common::format::ExplainFormat;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::option_list::{self, StatementOption};
use super::statement::{StatementBody, accept_word, parse_body};
use super::syntax_error::PLAIN;

#[derive(Debug, Clone)]
pub struct ExplainStatement {
    /// Runs the statement and shows what was really done.
    pub analyze: bool,
    pub verbose: bool,
    pub format: Option<ExplainFormat>,
    pub statement: Box<StatementBody>,
}

impl ExplainStatement {
    /// Parses what follows `EXPLAIN`.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let start = parser.peek_token().span.start;
        let (mut analyze, mut verbose, mut format) = (false, false, None);
        if options_follow(parser) {
            for option in option_list::parse_list(parser)? {
                match option.name.as_str() {
                    "analyze" => analyze = flag(&option, start)?,
                    "verbose" => verbose = flag(&option, start)?,
                    "format" => format = Some(format_named(option.value.as_text().unwrap_or(""), start)?),
                    // These only add to Postgres's output what Tarn shows anyway or does not measure.
                    "costs" | "buffers" | "timing" | "summary" | "settings" | "memory" | "wal" => {}
                    unknown => {
                        return Err(plain(&format!("unrecognized EXPLAIN option \"{unknown}\""), start));
                    }
                }
            }
        } else {
            analyze = accept_word(parser, "analyze");
            verbose = accept_word(parser, "verbose");
            if accept_word(parser, "format") {
                format = Some(format_named(&option_list::parse_value(parser)?, start)?);
            }
        }
        let statement = parse_body(parser)?;
        if matches!(statement, StatementBody::Explain(_)) {
            return Err(plain("EXPLAIN cannot explain EXPLAIN", start));
        }
        Ok(Self { analyze, verbose, format, statement: Box::new(statement) })
    }
}

/// Whether `(` begins options rather than a query in parentheses.
fn options_follow(parser: &Parser) -> bool {
    const QUERY: [&str; 5] = ["select", "with", "values", "from", "table"];
    match parser.peek_tokens::<2>() {
        [Token::LParen, Token::Word(word)] => {
            !QUERY.iter().any(|query| word.value.eq_ignore_ascii_case(query))
        }
        _ => false,
    }
}

fn flag(option: &StatementOption, start: Location) -> Result<bool, ParserError> {
    option
        .value
        .as_bool()
        .ok_or_else(|| plain(&format!("EXPLAIN option \"{}\" is a boolean", option.name), start))
}

fn format_named(name: &str, start: Location) -> Result<ExplainFormat, ParserError> {
    match name.to_ascii_lowercase().as_str() {
        "text" | "indent" => Ok(ExplainFormat::Indent),
        "tree" => Ok(ExplainFormat::Tree),
        "json" | "pgjson" => Ok(ExplainFormat::PostgresJSON),
        "graphviz" => Ok(ExplainFormat::Graphviz),
        _ => Err(plain(
            &format!("EXPLAIN has the formats text, tree, json and graphviz, not \"{name}\""),
            start,
        )),
    }
}

fn plain(message: &str, start: Location) -> ParserError {
    ParserError::ParserError(format!("{PLAIN}{message}{start}"))
}
