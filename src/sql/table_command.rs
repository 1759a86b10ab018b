//! `TABLE t` stands for `SELECT * FROM t`. sqlparser keeps neither the quotes of its name nor what
//! comes after it, so that its tokens are said in the other words before it is parsed.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens of one statement, without spaces, with every `TABLE t` as a SELECT.
pub(super) fn as_select(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut said = Vec::with_capacity(tokens.len());
    for index in 0..tokens.len() {
        let rest = tokens.get(index..).unwrap_or_default();
        let before = tokens.get(..index).unwrap_or_default();
        match rest.first() {
            Some(token) if is_command(before, rest) => {
                let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
                said.extend(words.map(|word| TokenWithSpan { token: word, span: token.span }));
            }
            token => said.extend(token.cloned()),
        }
    }
    said
}

fn is_command(before: &[TokenWithSpan], rest: &[TokenWithSpan]) -> bool {
    let is_table = rest.first().is_some_and(|token| keyword(token) == Some(Keyword::TABLE));
    let is_named = rest.get(1).is_some_and(|token| matches!(token.token, Token::Word(_)));
    is_table && is_named && begins_query(before)
}

/// Whether a query can begin after these tokens.
fn begins_query(before: &[TokenWithSpan]) -> bool {
    let Some(last) = before.last() else { return true };
    match (&last.token, keyword(last)) {
        (Token::LParen | Token::RParen, _) => true,
        (_, Some(Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::EXPLAIN)) => true,
        (_, Some(Keyword::ANALYZE | Keyword::VERBOSE)) => true,
        (_, Some(Keyword::ALL | Keyword::DISTINCT)) => before
            .get(before.len().saturating_sub(2))
            .and_then(keyword)
            .is_some_and(|word| matches!(word, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT)),
        // `DECLARE c CURSOR FOR TABLE t`, `PREPARE p AS TABLE t`
        (_, Some(Keyword::FOR | Keyword::AS)) => before
            .first()
            .and_then(keyword)
            .is_some_and(|word| matches!(word, Keyword::DECLARE | Keyword::PREPARE)),
        _ => false,
    }
}

fn keyword(token: &TokenWithSpan) -> Option<Keyword> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}
