//! Names of result columns as Postgres gives them to expressions without an alias: a function's name,
//! the type of a cast, `?column?` (`FigureColname` in `parse_target.c`).
//!
//! Only names are decided here; the query runs as it was written.

use arrow::datatypes::Schema;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, DataType, Expr, FunctionArguments, Query, SelectItem, SetExpr, Statement as SqlStatement,
    TrimWhereField,
};

use super::types::name_of_sql;
use crate::sql::{Statement, StatementBody};

const UNNAMED: &str = "?column?";

/// One name for each field of the schema.
pub fn column_names(statement: &Statement, schema: &Schema) -> Vec<String> {
    let mut names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    if let StatementBody::Sql(sql) = &statement.body
        && let SqlStatement::Query(query) = &**sql
        && let Some(items) = projection(query)
    {
        rename(items, &mut names);
    }
    names
}

/// The select list that names the columns: the first one of a UNION.
fn projection(query: &Query) -> Option<&[SelectItem]> {
    let mut body = &*query.body;
    loop {
        body = match body {
            SetExpr::Select(select) => return Some(&select.projection),
            SetExpr::Query(query) => &query.body,
            SetExpr::SetOperation { left, .. } => left,
            _ => return None,
        };
    }
}

/// Names what stands before the first wildcard and after the last; what a wildcard gives has names.
fn rename(items: &[SelectItem], names: &mut [String]) {
    let wildcard = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) | SelectItem::ExprWithAliases { .. }
        )
    };
    let before = items.iter().position(wildcard).unwrap_or(items.len());
    let after = items.iter().rposition(wildcard).map_or(items.len(), |last| last + 1);
    if before == items.len() && items.len() != names.len() {
        return;
    }
    for (item, name) in items[..before].iter().zip(names.iter_mut()) {
        rename_one(item, name);
    }
    for (item, name) in items[after..].iter().rev().zip(names.iter_mut().rev()) {
        rename_one(item, name);
    }
}

fn rename_one(item: &SelectItem, name: &mut String) {
    if let SelectItem::UnnamedExpr(expr) = item {
        *name = figure(expr).0;
    }
}

/// How sure a name is: an outer construct replaces a weak one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    None,
    Weak,
    Strong,
}

fn strong(name: impl Into<String>) -> (String, Strength) {
    (name.into(), Strength::Strong)
}

fn none() -> (String, Strength) {
    (UNNAMED.to_string(), Strength::None)
}

fn figure(expr: &Expr) -> (String, Strength) {
    match expr {
        Expr::Identifier(ident) => strong(crate::sql::fold(ident)),
        Expr::CompoundIdentifier(parts) => {
            parts.last().map_or_else(none, |ident| strong(crate::sql::fold(ident)))
        }
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
            Some(AccessExpr::Dot(field)) => figure(field),
            _ => figure(root),
        },
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figure(inner),
        Expr::Function(function) => function_name(function),
        Expr::Cast { expr, data_type, .. } => cast(figure(expr), data_type),
        Expr::TypedString(typed) => cast(none(), &typed.data_type),
        Expr::Interval(_) => ("interval".to_string(), Strength::Weak),
        Expr::Case { else_result, .. } => {
            let other = else_result.as_ref().map_or_else(none, |other| figure(other));
            if other.1 == Strength::Strong { other } else { ("case".to_string(), Strength::Weak) }
        }
        Expr::Subquery(query) => match projection(query).and_then(<[_]>::first) {
            Some(SelectItem::ExprWithAlias { alias, .. }) => strong(crate::sql::fold(alias)),
            Some(SelectItem::UnnamedExpr(expr)) => (figure(expr).0, Strength::Strong),
            _ => none(),
        },
        other => construct(other).map_or_else(none, strong),
    }
}

/// A cast has the name of what it casts, or else of its type.
fn cast(inner: (String, Strength), data_type: &DataType) -> (String, Strength) {
    match (inner.1, name_of_sql(data_type)) {
        // An array has the name of its elements' type.
        (Strength::None | Strength::Weak, Some(name)) => {
            (name.trim_start_matches('_').to_string(), Strength::Weak)
        }
        _ => inner,
    }
}

fn function_name(function: &datafusion::sql::sqlparser::ast::Function) -> (String, Strength) {
    let name = function.name.0.last().and_then(|part| part.as_ident()).map(crate::sql::fold);
    match (name, &function.args) {
        // CURRENT_DATE and its like are words, not calls.
        (Some(name), FunctionArguments::None) => strong(name),
        (Some(name), FunctionArguments::Subquery(_)) if name == "array" => strong("array"),
        (Some(name), _) => strong(name),
        (None, _) => none(),
    }
}

/// Constructs with words of their own that stand for a function.
fn construct(expr: &Expr) -> Option<&'static str> {
    Some(match expr {
        Expr::Extract { .. } => "extract",
        Expr::Ceil { .. } => "ceil",
        Expr::Floor { .. } => "floor",
        Expr::Position { .. } => "position",
        Expr::Substring { shorthand: true, .. } => "substr",
        Expr::Substring { .. } => "substring",
        Expr::Overlay { .. } => "overlay",
        Expr::Trim { trim_where, .. } => match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        },
        Expr::AtTimeZone { .. } => "timezone",
        Expr::Exists { negated: false, .. } => "exists",
        Expr::Array(_) => "array",
        Expr::Tuple(_) => "row",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::{DataType, Field};

    use super::*;

    /// The names for a query of so many columns, which DataFusion calls c0, c1, ...
    fn names(sql: &str, columns: usize) -> Vec<String> {
        let statement = &crate::sql::parse(sql).unwrap()[0];
        let fields: Vec<Field> =
            (0..columns).map(|n| Field::new(format!("c{n}"), DataType::Int32, true)).collect();
        column_names(statement, &Schema::new(fields))
    }

    /// Each was asked of PostgreSQL 15.
    #[test]
    fn expressions_are_called_as_in_postgres() {
        for (expression, name) in [
            ("1", "?column?"),
            ("1 + 1", "?column?"),
            ("NULL", "?column?"),
            ("true", "?column?"),
            ("count(*)", "count"),
            ("pg_catalog.version()", "version"),
            ("Upper('x')", "upper"),
            ("'1'::int", "int4"),
            ("CAST(1 AS text)", "text"),
            ("CAST(a AS text)", "a"),
            ("2.5::float8::int", "int4"),
            ("'{1}'::int[]", "int4"),
            ("1::float(10)", "float4"),
            ("1::float", "float8"),
            ("'a'::\"char\"", "char"),
            ("substr('abc', 2)", "substr"),
            ("CAST(a + 1 AS double precision)", "float8"),
            ("t.\"Col\"", "Col"),
            ("(A)", "a"),
            ("CASE WHEN true THEN 1 END", "case"),
            ("CASE WHEN true THEN 1 ELSE b END", "b"),
            ("CASE WHEN true THEN 1 ELSE 2::int END", "case"),
            ("coalesce(a, b)", "coalesce"),
            ("DATE '2024-01-01'", "date"),
            ("INTERVAL '1 day'", "interval"),
            ("EXTRACT(year FROM d)", "extract"),
            ("EXISTS (SELECT 1)", "exists"),
            ("(SELECT max(x) FROM t)", "max"),
            ("(SELECT 1 AS one)", "one"),
            ("a IS NULL", "?column?"),
            ("-a", "?column?"),
            ("a || 'x'", "?column?"),
            ("current_date", "current_date"),
            ("ARRAY[1, 2]", "array"),
            ("substring('abc' FROM 2)", "substring"),
            ("trim('x')", "btrim"),
            ("d AT TIME ZONE 'UTC'", "timezone"),
        ] {
            assert_eq!(names(&format!("SELECT {expression}"), 1), [name], "{expression}");
        }
    }

    #[test]
    fn wildcards_keep_their_names() {
        assert_eq!(names("SELECT count(*), t.*, 1 + 1 FROM t", 4), ["count", "c1", "c2", "?column?"]);
        assert_eq!(names("SELECT a AS x, 1 FROM t UNION SELECT 2, 3", 2), ["c0", "?column?"]);
        assert_eq!(names("SELECT *, *", 2), ["c0", "c1"]);
        assert_eq!(names("VALUES (1, 2)", 2), ["c0", "c1"]);
    }
}
