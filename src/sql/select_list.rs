//! Select lists with two columns of one name, which SQL allows and DataFusion does not.
//!
//! Later ones are renamed before planning: their name, and a suffix that no text can spell. Results
//! carry the name alone again ([`visible_name`]).

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem, SetExpr,
    Statement, Value, VisitMut, VisitorMut, WildcardAdditionalOptions,
};

/// Stands between a name and the number of its repetition.
const REPETITION: char = '\u{1}';

/// Renames what a select list repeats, in the whole statement.
pub(crate) fn separate_repetitions(statement: &mut Statement) {
    let _ = statement.visit(&mut Separator::default());
}

/// The name that a column was given.
pub(crate) fn visible_name(name: &str) -> &str {
    name.split(REPETITION).next().unwrap_or(name)
}

#[derive(Default)]
struct Separator {
    /// How many queries are around the one that is visited.
    depth: usize,
}

impl VisitorMut for Separator {
    type Break = ();

    /// `ORDER BY 1` finds its column by a name that DataFusion gives, and cannot where the column is an
    /// expression over aggregates. Under a name of its own it is found.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        let SetExpr::Select(select) = query.body.as_mut() else { return ControlFlow::Continue(()) };
        for place in query.order_by.iter().flat_map(ordered_places) {
            let item = place.checked_sub(1).and_then(|place| select.projection.get_mut(place));
            if let Some(item @ SelectItem::UnnamedExpr(_)) = item
                && !matches!(item, SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
                && let Some((name, _)) = name_of(item)
            {
                rename(item, Ident::with_quote('"', format!("{name}{REPETITION}o{place}")));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let wildcard =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        // `FROM t` alone means all of it.
        if select.flavor == SelectFlavor::FromFirstNoSelect && select.projection.is_empty() {
            select.flavor = SelectFlavor::Standard;
            select.projection.push(SelectItem::Wildcard(WildcardAdditionalOptions::default()));
        }
        if self.depth > 1 {
            select.projection.iter_mut().for_each(name_call);
        }
        let beside_wildcard = select.projection.iter().any(wildcard);
        let operators = select.projection.iter();
        let operators = operators
            .filter(|item| matches!(item, SelectItem::UnnamedExpr(expr) if is_operator(expr)))
            .count();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut columns: HashMap<String, bool> = HashMap::new();
        for (place, item) in select.projection.iter_mut().enumerate() {
            if let Some((column, is_cast)) = column_of(item)
                && repeats_cast(&mut columns, &column, is_cast)
            {
                rename(item, Ident::with_quote('"', format!("{column}{REPETITION}c{place}")));
                continue;
            }
            let Some((name, key)) = name_of(item) else { continue };
            let count = seen.entry(key).or_default();
            *count += 1;
            // What a wildcard gives is not known yet. It may well repeat a bare column.
            // An operator may be planned as another one beside it is, whose text differs.
            let may_repeat = matches!(item, SelectItem::UnnamedExpr(expr) if beside_wildcard
                || operators > 1 && is_operator(expr));
            if *count > 1 || may_repeat {
                rename(item, Ident::with_quote('"', format!("{name}{REPETITION}{count}")));
            }
        }
        ControlFlow::Continue(())
    }
}

/// Notes a column; whether it was there before and either one is cast: DataFusion and Postgres alike name a cast by
/// the column that it casts.
fn repeats_cast(columns: &mut HashMap<String, bool>, column: &str, is_cast: bool) -> bool {
    match columns.get_mut(column) {
        Some(was_cast) => {
            let repeats = is_cast || *was_cast;
            *was_cast |= is_cast;
            repeats
        }
        None => {
            columns.insert(column.to_owned(), is_cast);
            false
        }
    }
}

/// The bare name of a column without an alias, and whether it is cast.
fn column_of(item: &SelectItem) -> Option<(String, bool)> {
    let SelectItem::UnnamedExpr(expr) = item else { return None };
    let named = without_casts(expr);
    let is_cast = !std::ptr::eq(named, expr);
    match named {
        Expr::Identifier(ident) => Some((folded(ident), is_cast)),
        Expr::CompoundIdentifier(idents) => Some((folded(idents.last()?), is_cast)),
        _ => None,
    }
}

/// What a cast casts.
fn without_casts(mut expr: &Expr) -> &Expr {
    while let Expr::Cast { expr: inner, .. } | Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        None => ident.value.to_lowercase(),
        Some(_) => ident.value.clone(),
    }
}

fn is_operator(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::AnyOp { .. } | Expr::AllOp { .. })
}

/// The columns of a subquery are known outside by the names that Postgres gives them: a call's is that of
/// its function.
fn name_call(item: &mut SelectItem) {
    let SelectItem::UnnamedExpr(Expr::Function(function)) = item else { return };
    if let Some(ident) = function.name.0.last().and_then(|part| part.as_ident()) {
        let name = super::fold(ident);
        rename(item, Ident::with_quote('"', name));
    }
}

/// The places in the select list by which a result is ordered.
fn ordered_places(order_by: &OrderBy) -> Vec<usize> {
    let OrderByKind::Expressions(exprs) = &order_by.kind else { return vec![] };
    let place = |expr: &OrderByExpr| match &expr.expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.to_string().parse().ok(),
            _ => None,
        },
        _ => None,
    };
    exprs.iter().filter_map(place).collect()
}

/// The name of a column as it is shown, and as it compares. Expressions other than columns are
/// named by their text, which only has to tell them apart.
fn name_of(item: &SelectItem) -> Option<(String, String)> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some((folded(alias), folded(alias))),
        SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some((folded(ident), folded(ident))),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(idents)) => {
            let parts: Vec<String> = idents.iter().map(folded).collect();
            Some((parts.last()?.clone(), parts.join(".")))
        }
        SelectItem::UnnamedExpr(expr) => {
            // DataFusion names a cast by what is cast.
            let text = without_casts(expr).to_string();
            Some((text.clone(), format!("{REPETITION}{text}")))
        }
        _ => None,
    }
}

fn rename(item: &mut SelectItem, name: Ident) {
    let expr = match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.clone(),
        _ => return,
    };
    *item = SelectItem::ExprWithAlias { expr, alias: name };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn separated(sql: &str) -> String {
        let mut statement = crate::sql::parse(sql).unwrap().remove(0).sql().unwrap().clone();
        separate_repetitions(&mut statement);
        statement.to_string().replace(REPETITION, "#")
    }

    #[test]
    fn repeated_columns_get_names_of_their_own() {
        assert_eq!(separated("SELECT a, A, b AS a"), "SELECT a, A AS \"a#2\", b AS \"a#3\"");
        assert_eq!(
            separated("SELECT count(*) FROM (SELECT count(*), pg_catalog.upper(a) FROM t) u"),
            "SELECT count(*) FROM (SELECT count(*) AS \"count\", pg_catalog.upper(a) AS \"upper\" FROM t) u"
        );
        assert_eq!(
            separated("SELECT a, a::text, t.b::text, t.b, c::text"),
            "SELECT a, a::TEXT AS \"a#c1\", t.b::TEXT, t.b AS \"b#c3\", c::TEXT"
        );
        assert_eq!(separated("SELECT 1, 1, t.x, u.x"), "SELECT 1, 1 AS \"1#2\", t.x, u.x");
        assert_eq!(
            separated("SELECT * FROM (SELECT a, a FROM t) u"),
            "SELECT * FROM (SELECT a, a AS \"a#2\" FROM t) u"
        );
    }

    #[test]
    fn columns_beside_a_wildcard_may_repeat_it() {
        assert_eq!(separated("SELECT *, a, b AS c FROM t"), "SELECT *, a AS \"a#1\", b AS c FROM t");
        assert_eq!(visible_name("a\u{1}2"), "a");
    }

    #[test]
    fn from_alone_selects_everything() {
        assert_eq!(separated("FROM t JOIN u ON a"), "SELECT * FROM t JOIN u ON a");
    }
}
