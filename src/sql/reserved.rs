//! Words that can't name a table without quotes. sqlparser takes most of them for a name where a name is
//! due, so that `SELECT * FROM WHERE` would ask for a table called `where`.

use datafusion::sql::sqlparser::ast::ObjectName;

/// Reserved in Postgres (manual, appendix C), in order. Left out are those that Postgres takes for a
/// function in FROM: `current_date`, `user` and the like.
#[rustfmt::skip]
const RESERVED: [&str; 89] = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "binary", "both", "case", "cast", "check", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "default", "deferrable", "desc", "distinct", "do", "else",
    "end", "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group",
    "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join",
    "lateral", "leading", "left", "like", "limit", "natural", "not", "notnull", "null", "offset",
    "on", "only", "or", "order", "outer", "overlaps", "placing", "primary", "references",
    "returning", "right", "select", "similar", "some", "symmetric", "table", "tablesample", "then",
    "to", "trailing", "true", "union", "unique", "using", "variadic", "verbose", "when", "where",
    "window", "with",
];

/// The reserved word, as it was written, that a name begins with.
pub(crate) fn reserved_word(name: &ObjectName) -> Option<&str> {
    let ident = name.0.first()?.as_ident()?;
    let folded = ident.value.to_ascii_lowercase();
    let reserved = ident.quote_style.is_none() && RESERVED.binary_search(&folded.as_str()).is_ok();
    reserved.then_some(ident.value.as_str())
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Ident;

    use super::*;

    #[test]
    fn reserved_words_are_known_in_any_case_but_not_in_quotes() {
        assert!(RESERVED.is_sorted());
        let named = |ident: Ident| reserved_word(&ObjectName::from(ident)).map(str::to_owned);
        assert_eq!(named(Ident::new("WHERE")).as_deref(), Some("WHERE"));
        assert_eq!(named(Ident::new("with")).as_deref(), Some("with"));
        assert_eq!(named(Ident::with_quote('"', "where")), None);
        assert_eq!(named(Ident::new("users")), None);
    }
}
