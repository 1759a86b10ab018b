//! Versions and options after a table's name:
//!
//! ```sql
//! FROM t FOR VERSION AS OF 3              FROM t VERSION AS OF 'tag'
//! FROM t FOR SYSTEM_TIME AS OF <expr>     FROM t TIMESTAMP AS OF <expr>     -- SYSTEM_TIME likewise
//! FROM t OPTIONS ('scan.snapshot-id' = '3', ...) AS alias
//! ```
//!
//! sqlparser knows `FOR SYSTEM_TIME AS OF <expr>` alone, and calls the dialect only where an
//! expression begins. So where a clause begins after a table's name, [`mark`] puts
//! `FOR SYSTEM_TIME AS OF <mark>` before it; the dialect's hook meets the mark, and
//! [`parse_marked`] parses the clause itself. What it found travels in the tree as a call of a
//! function whose name is quoted with [`MARK`], with which no text in this dialect can quote a name.
//!
//! A clause begins where a name that FROM, JOIN, a comma or a parenthesis introduces is followed by
//! its first words; nothing of Postgres's grammar goes on like that there.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, TableVersion, Value,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::syntax_error::PLAIN;

/// Quotes the names that only this module writes: in Postgres's dialect a backtick is an operator.
const MARK: char = '`';
const CLAUSE: &str = "table_clause";
const VERSION: &str = "version";
const TIME: &str = "time";

/// What a query says about how one table is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TableClause {
    pub version: Option<VersionClause>,
    /// Names and values, each name once.
    pub options: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionClause {
    /// `VERSION AS OF`: a snapshot's number or a tag's name.
    Version(Expr),
    /// `SYSTEM_TIME AS OF` and `TIMESTAMP AS OF`: an instant.
    Time(Expr),
}

/// Puts a mark before every clause. The tokens are those of one statement, without spaces.
pub(super) fn mark(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, ParserError> {
    let mut marked = Vec::with_capacity(tokens.len());
    for index in 0..tokens.len() {
        let rest = tokens.get(index..).unwrap_or_default();
        let before = tokens.get(..index).unwrap_or_default();
        let mut token = tokens[index].clone();
        if let Some(start) = Start::of(rest) {
            if follows_table_name(before) {
                marked.extend(introduction(token.span));
            } else if start == Start::ForVersion && !inside_clause(before) {
                return Err(misplaced(&token));
            }
        } else if follows_table_name(before) {
            release_alias(&mut token, rest);
        }
        marked.push(token);
    }
    Ok(marked)
}

/// How a clause begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// `FOR VERSION AS OF` and its like.
    ForVersion,
    /// `VERSION AS OF` and its like.
    Version,
    /// `OPTIONS ('`
    Options,
}

impl Start {
    fn of(tokens: &[TokenWithSpan]) -> Option<Self> {
        let word = |index: usize| tokens.get(index).and_then(|token| bare_word(&token.token));
        let is = |index: usize, expected: &str| {
            word(index).is_some_and(|word| word.value.eq_ignore_ascii_case(expected))
        };
        let version = |index: usize| {
            word(index).is_some_and(|word| VersionWord::of(word).is_some())
                && is(index + 1, "as")
                && is(index + 2, "of")
        };
        if is(0, "for") && version(1) {
            return Some(Self::ForVersion);
        }
        if version(0) {
            return Some(Self::Version);
        }
        let options = is(0, "options")
            && matches!(tokens.get(1), Some(token) if token.token == Token::LParen)
            && matches!(tokens.get(2), Some(token) if is_text(&token.token));
        options.then_some(Self::Options)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionWord {
    Version,
    Time,
}

impl VersionWord {
    fn of(word: &Word) -> Option<Self> {
        match word.value.to_ascii_lowercase().as_str() {
            "version" | "system_version" => Some(Self::Version),
            "timestamp" | "system_time" => Some(Self::Time),
            _ => None,
        }
    }
}

/// Whether the tokens end with `name(.name)*` after a word that introduces a table.
fn follows_table_name(before: &[TokenWithSpan]) -> bool {
    let mut tokens = before.iter().rev().map(|token| &token.token);
    loop {
        if !matches!(tokens.next(), Some(Token::Word(_))) {
            return false;
        }
        match tokens.next() {
            Some(Token::Period) => {}
            Some(Token::Comma | Token::LParen) => return true,
            Some(Token::Word(word)) => {
                return matches!(word.keyword, Keyword::FROM | Keyword::JOIN)
                    || word.value.eq_ignore_ascii_case("subscribe");
            }
            _ => return false,
        }
    }
}

/// Whether an earlier clause of the same table is still being written: `... OPTIONS (...) FOR`.
fn inside_clause(before: &[TokenWithSpan]) -> bool {
    before.last().is_some_and(|token| token.token == Token::RParen)
        && before
            .iter()
            .rposition(|token| token.token == Token::LParen)
            .and_then(|open| before.get(open.checked_sub(1)?..))
            .is_some_and(|tokens| Start::of(tokens) == Some(Start::Options))
}

/// The tokens after which sqlparser asks for an expression, and the mark it is to find.
fn introduction(span: Span) -> impl Iterator<Item = TokenWithSpan> {
    let words = ["FOR", "SYSTEM_TIME", "AS", "OF"].map(Token::make_keyword);
    let mark =
        Token::Word(Word { value: CLAUSE.to_owned(), quote_style: Some(MARK), keyword: Keyword::NoKeyword });
    words.into_iter().chain([mark]).map(move |token| TokenWithSpan::new(token, span))
}

/// `FROM t at` names an alias in Postgres; sqlparser would read Snowflake's `AT (...)`.
fn release_alias(token: &mut TokenWithSpan, rest: &[TokenWithSpan]) {
    let time_follows = rest
        .get(1)
        .and_then(|next| bare_word(&next.token))
        .is_some_and(|word| word.value.eq_ignore_ascii_case("time"));
    if let Token::Word(word) = &mut token.token
        && matches!(word.keyword, Keyword::AT | Keyword::BEFORE | Keyword::CHANGES)
        && !time_follows
    {
        word.keyword = Keyword::NoKeyword;
    }
}

fn misplaced(token: &TokenWithSpan) -> ParserError {
    ParserError::ParserError(format!(
        "{PLAIN}a version must stand right after a table's name\
         {PLAIN}Write FROM t FOR VERSION AS OF 3 AS alias: the alias comes after the version, and a \
         subquery, a function or a view has none.{}",
        token.span.start
    ))
}

fn bare_word(token: &Token) -> Option<&Word> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word),
        _ => None,
    }
}

fn is_text(token: &Token) -> bool {
    matches!(token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_))
}

/// The dialect's hook: parses the clauses after a mark; `None` where there is no mark.
pub(super) fn parse_marked(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let marked = matches!(
        &parser.peek_token_ref().token,
        Token::Word(word) if word.quote_style == Some(MARK)
    );
    marked.then(|| {
        let span = parser.next_token().span;
        parse_clauses(parser).map(|clause| clause.into_expr(span))
    })
}

fn parse_clauses(parser: &mut Parser) -> Result<TableClause, ParserError> {
    let mut clause = TableClause::default();
    loop {
        let ahead = parser.peek_tokens_with_location::<4>();
        match Start::of(&ahead) {
            Some(Start::Options) => parse_options(parser, &mut clause)?,
            Some(_) => parse_version(parser, &mut clause)?,
            None => return Ok(clause),
        }
    }
}

fn parse_version(parser: &mut Parser, clause: &mut TableClause) -> Result<(), ParserError> {
    let start = parser.peek_token().span.start;
    if clause.version.is_some() {
        return Err(ParserError::ParserError(format!("{PLAIN}a table is read at one version only{start}")));
    }
    let _ = parser.parse_keyword(Keyword::FOR);
    let token = parser.next_token();
    let kind = bare_word(&token.token).and_then(VersionWord::of);
    parser.expect_keywords(&[Keyword::AS, Keyword::OF])?;
    let value = parser.parse_expr()?;
    clause.version = match kind {
        Some(VersionWord::Version) => Some(VersionClause::Version(value)),
        Some(VersionWord::Time) => Some(VersionClause::Time(value)),
        None => return parser.expected("VERSION or SYSTEM_TIME", token),
    };
    Ok(())
}

fn parse_options(parser: &mut Parser, clause: &mut TableClause) -> Result<(), ParserError> {
    let start = parser.next_token().span.start;
    parser.expect_token(&Token::LParen)?;
    for (name, value) in parser.parse_comma_separated(parse_option)? {
        if clause.options.iter().any(|(known, _)| *known == name) {
            let message = format!("{PLAIN}option '{name}' is given twice{start}");
            return Err(ParserError::ParserError(message));
        }
        clause.options.push((name, value));
    }
    parser.expect_token(&Token::RParen)?;
    Ok(())
}

/// `'name' = 'value'`; a bare number or word as a value is taken as its text.
fn parse_option(parser: &mut Parser) -> Result<(String, String), ParserError> {
    let name = parser.parse_literal_string()?;
    parser.expect_token(&Token::Eq)?;
    let token = parser.next_token();
    let value = match &token.token {
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => text.clone(),
        Token::Number(digits, _) => digits.clone(),
        Token::Word(word) if word.quote_style.is_none() => word.value.clone(),
        _ => return parser.expected("the option's value", token),
    };
    Ok((name, value))
}

/// A name that no text can spell.
fn marked(value: String, span: Span) -> Ident {
    Ident { value, quote_style: Some(MARK), span }
}

impl TableClause {
    /// Packs the clause into an expression that only [`TableClause::of`] understands.
    fn into_expr(self, span: Span) -> Expr {
        let named = |name: Ident, value: Expr| FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(value),
            operator: FunctionArgOperator::RightArrow,
        };
        let version = self.version.map(|version| match version {
            VersionClause::Version(value) => named(Ident::new(VERSION), value),
            VersionClause::Time(value) => named(Ident::new(TIME), value),
        });
        let options = self
            .options
            .into_iter()
            .map(|(name, value)| named(marked(name, span), Expr::value(Value::SingleQuotedString(value))));
        Expr::Function(Function {
            name: ObjectName(vec![ObjectNamePart::Identifier(marked(CLAUSE.to_owned(), span))]),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args: version.into_iter().chain(options).collect(),
                clauses: vec![],
            }),
            filter: None,
            null_treatment: None,
            over: None,
            within_group: vec![],
        })
    }

    /// Unpacks a clause; `None` for a version that this module did not write.
    pub fn of(version: &TableVersion) -> Option<Self> {
        let TableVersion::ForSystemTimeAsOf(Expr::Function(function)) = version else { return None };
        let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return None };
        let FunctionArguments::List(list) = &function.args else { return None };
        if name.quote_style != Some(MARK) {
            return None;
        }
        let mut clause = Self::default();
        for argument in &list.args {
            let FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } = argument else {
                return None;
            };
            match (name.quote_style, name.value.as_str(), value) {
                (None, VERSION, value) => clause.version = Some(VersionClause::Version(value.clone())),
                (None, TIME, value) => clause.version = Some(VersionClause::Time(value.clone())),
                (Some(MARK), _, Expr::Value(text)) => {
                    clause.options.push((name.value.clone(), text.clone().into_string()?));
                }
                _ => return None,
            }
        }
        Some(clause)
    }
}
