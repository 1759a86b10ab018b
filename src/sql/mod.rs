//! The words of Tarn's SQL: one dialect and one way from text to statements for every front.
//!
//! [`parse`] tokenises a script once, cuts it into statements ([`script`]), marks the clauses that
//! sqlparser has no grammar for ([`table_clause`]), and parses each statement ([`statement`]). Every
//! position in a result counts from the start of its own statement.

mod constructs;
mod copy;
mod cursor;
mod dialect;
mod explain;
mod option_list;
mod position;
mod relations;
mod reserved;
mod script;
mod select_list;
mod session;
mod statement;
mod subscribe;
mod syntax_error;
pub(crate) mod table_clause;
mod table_command;

pub(crate) use constructs::queries::PLAIN_VALUE;
pub(crate) use constructs::{ARRAY_OF_ROWS, TIME_ZONE, array_items, settle as settle_constructs};
pub use copy::{CopySource, CopyStatement, CopyTarget};
pub use cursor::{CloseCursor, DeclareCursor, FetchCursor, FetchDirection, FetchRows, RowSource};
pub use dialect::TarnDialect;
pub use explain::ExplainStatement;
pub use option_list::{OptionValue, StatementOption};
pub use position::position_of;
pub(crate) use relations::{Relation, folded, relations};
pub(crate) use reserved::reserved_word;
pub use script::is_complete;
pub(crate) use select_list::{separate_repetitions, visible_name};
pub use session::{
    Discard, IsolationLevel, PrepareStatement, SessionStatement, SetScope, SetValue, TransactionModes, fold,
};
pub use statement::{Statement, StatementBody};
pub use subscribe::{Subscribe, SubscribeBound, SubscribeBoundKind, SubscribeSource};

use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::Result;

/// How deep expressions and subqueries may nest. Each level costs stack in the parser, which runs on
/// the caller's thread.
const RECURSION_LIMIT: usize = 96;

/// Parses a script into its statements. Empty statements are left out; one that is wrong fails the
/// whole script, as in Postgres, so that nothing of it runs.
pub fn parse(sql: &str) -> Result<Vec<Statement>> {
    script::split(sql)?.into_iter().map(parse_piece).collect()
}

/// Takes a name like `lake.database."Table"` apart, as a query would read it.
pub fn parse_name(text: &str) -> Result<Vec<String>> {
    let failed = |error| syntax_error::from_parser(&error, text);
    let mut parser = Parser::new(&TarnDialect).try_with_sql(text).map_err(failed)?;
    let name = parser.parse_object_name(false).map_err(failed)?;
    match parser.peek_token() {
        token if token.token == Token::EOF => Ok(folded(&name)),
        token => parser.expected("the end of the name", token).map_err(failed),
    }
}

fn parse_piece(piece: script::Piece) -> Result<Statement> {
    let script::Piece { text, offset, tokens } = piece;
    let parsed = table_clause::mark(table_command::as_select(tokens)).and_then(|tokens| {
        let mut parser = Parser::new(&TarnDialect)
            .with_recursion_limit(RECURSION_LIMIT)
            .with_tokens_with_locations(tokens);
        statement::parse_whole(&mut parser)
    });
    match parsed {
        Ok(body) => Ok(Statement { text, offset, body }),
        Err(error) => {
            let mut error = syntax_error::from_parser(&error, &text);
            error.position = error.position.map(|position| position + offset);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests;
