//! Constructs of Postgres that DataFusion's planner has no word for, said with those that it has.
//!
//! What is changed is the tree, and only where both say the same: `OPERATOR(pg_catalog.~)` is `~`,
//! `pg_catalog.upper(x)` is `upper(x)`, `'t'::regclass` is a function's call. What has no equal is
//! refused.

pub(crate) mod queries;
mod row_functions;
mod table_identifier;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select, Statement, TableFactor,
    UnaryOperator, Value, VisitMut, VisitorMut,
};

use crate::error::{Error, ErrorKind, Result};
use queries::{fetch_as_limit, plain_values};
use row_functions::{SERIES, series_alone, unnested};
use table_identifier::table_identifiers;

/// Collations that compare texts by their bytes, as Tarn does.
const BY_BYTES: [&str; 4] = ["default", "c", "posix", "ucs_basic"];

/// Functions that give a list here and rows in Postgres.
const ROWS_OF_LISTS: [&str; 3] = [SERIES, "generate_subscripts", "_pg_expandarray"];

/// Functions of Postgres, and what DataFusion calls them: `array_remove` there removes one element.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("array_remove", "array_remove_all"),
    ("array_replace", "array_replace_all"),
    ("every", "bool_and"),
    ("gen_random_uuid", "uuid"),
    ("sign", "signum"),
    ("variance", "var_samp"),
    ("ceiling", "ceil"),
];

/// The function behind `AT TIME ZONE`.
pub(crate) const TIME_ZONE: &str = "timezone";

/// The name of the function that makes an array of the rows of a subquery.
pub(crate) const ARRAY_OF_ROWS: &str = "array of rows";

/// Types whose values are identifiers and show as names.
const REG_TYPES: [&str; 5] = ["regclass", "regtype", "regproc", "regnamespace", "regrole"];

/// Says a statement's constructs in DataFusion's words.
pub(crate) fn settle(statement: &mut Statement) -> Result<()> {
    match statement.visit(&mut Settler) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Settler;

impl VisitorMut for Settler {
    type Break = Error;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match settled(expr) {
            Ok(Some(other)) => *expr = other,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        if let TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } = factor {
            bare(name);
        }
        unnested(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        fetch_as_limit(query);
        plain_values(&mut query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        series_alone(select);
        table_identifiers(select);
        ControlFlow::Continue(())
    }
}

/// What stands for an expression, where it is not itself.
fn settled(expr: &mut Expr) -> Result<Option<Expr>> {
    match expr {
        Expr::BinaryOp { op: op @ BinaryOperator::PGCustomBinaryOperator(_), .. } => {
            *op = operator(op)?;
            Ok(None)
        }
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Custom(_) | BinaryOperator::Spaceship), right } => {
            let message = format!("operator does not exist: {left} {op} {right}");
            Err(Error::new(ErrorKind::UndefinedFunction, message))
        }
        Expr::BinaryOp { left, op, right } => {
            let function = match op {
                BinaryOperator::PGOverlap => "array_has_any",
                BinaryOperator::PGStartsWith => "starts_with",
                _ => return Ok(None),
            };
            Ok(Some(call(function, vec![(**left).clone(), (**right).clone()])))
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            Ok(Some(call(TIME_ZONE, vec![(**time_zone).clone(), (**timestamp).clone()])))
        }
        Expr::UnaryOp { op, expr } => {
            let function = match op {
                UnaryOperator::PGAbs => "abs",
                UnaryOperator::PGSquareRoot => "sqrt",
                UnaryOperator::PGCubeRoot => "cbrt",
                _ => return Ok(None),
            };
            Ok(Some(call(function, vec![(**expr).clone()])))
        }
        Expr::Collate { expr, collation } => {
            let name =
                collation.0.last().and_then(ObjectNamePart::as_ident).map(|ident| ident.value.to_lowercase());
            match name {
                Some(name) if BY_BYTES.contains(&name.as_str()) => Ok(Some((**expr).clone())),
                _ => {
                    Err(Error::new(ErrorKind::Unsupported, format!("collation {collation} is not supported"))
                        .with_hint("Texts compare by their bytes, as with COLLATE \"C\"."))
                }
            }
        }
        Expr::Function(function) => Ok(settled_function(function)),
        Expr::Identifier(ident) if ident.quote_style.is_none() => {
            let word = ident.value.to_lowercase();
            let is_function = matches!(word.as_str(), "current_schema" | "current_role" | "current_catalog");
            Ok(is_function.then(|| call(&word, vec![])))
        }
        Expr::Cast { expr, data_type, .. } => {
            let reg = reg_type(data_type);
            Ok(reg.map(|name| call(&format!("{name}in"), vec![(**expr).clone()])))
        }
        Expr::TypedString(typed) => {
            let reg = reg_type(&typed.data_type);
            Ok(reg.map(|name| call(&format!("{name}in"), vec![Expr::Value(typed.value.clone())])))
        }
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
            if let Some(escape) = escape_char.take() {
                **pattern = call("like_escape", vec![(**pattern).clone(), Expr::Value(escape)]);
            }
            Ok(None)
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => Ok(in_list(left, right, false)),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => Ok(in_list(left, right, true)),
        Expr::CompoundFieldAccess { root, access_chain } => Ok(field_access(root, access_chain)),
        _ => Ok(None),
    }
}

/// The operator that `OPERATOR(pg_catalog.~)` names.
fn operator(op: &BinaryOperator) -> Result<BinaryOperator> {
    let BinaryOperator::PGCustomBinaryOperator(parts) = op else { return Ok(op.clone()) };
    let symbol = match parts.as_slice() {
        [symbol] => symbol.as_str(),
        [schema, symbol] if schema.eq_ignore_ascii_case("pg_catalog") => symbol.as_str(),
        _ => "",
    };
    Ok(match symbol {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "||" => BinaryOperator::StringConcat,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        _ => return Err(Error::new(ErrorKind::UndefinedFunction, format!("operator {op} does not exist"))),
    })
}

/// A function's call without the schema that is searched first anyway, and `ARRAY(SELECT ...)`.
fn settled_function(function: &mut Function) -> Option<Expr> {
    bare(&mut function.name);
    let [part] = function.name.0.as_slice() else { return None };
    let ident = part.as_ident()?;
    let name = crate::sql::fold(ident);
    if name == "array"
        && let FunctionArguments::Subquery(query) = &function.args
    {
        return Some(call(ARRAY_OF_ROWS, vec![Expr::Subquery(query.clone())]));
    }
    if ident.quote_style.is_none()
        && let Some((_, other)) = OTHER_NAMES.iter().find(|(known, _)| *known == name)
    {
        function.name = ObjectName::from(Ident::new(*other));
        return None;
    }
    if name == "mod"
        && let FunctionArguments::List(list) = &function.args
        && let [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(left)),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(right)),
        ] = list.args.as_slice()
    {
        let nested = |expr: &Expr| Box::new(Expr::Nested(Box::new(expr.clone())));
        let (left, right) = (nested(left), nested(right));
        return Some(Expr::BinaryOp { left, op: BinaryOperator::Modulo, right });
    }
    // a quoted one comes from here, and is unnested already
    let gives_rows = ident.quote_style.is_none() && ROWS_OF_LISTS.contains(&name.as_str());
    gives_rows.then(|| call("unnest", vec![Expr::Function(function.clone())]))
}

/// Leaves a function's own name alone.
fn bare(name: &mut ObjectName) {
    let [schema, function] = name.0.as_slice() else { return };
    let (Some(schema), Some(function)) = (schema.as_ident(), function.as_ident()) else { return };
    let of_system = match crate::sql::fold(schema).as_str() {
        "pg_catalog" => true,
        "information_schema" => crate::sql::fold(function).starts_with("_pg_"),
        _ => false,
    };
    if of_system {
        *name = ObjectName::from(function.clone());
    }
}

/// The name of a type whose values are identifiers with names.
fn reg_type(data_type: &DataType) -> Option<&'static str> {
    let name = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, modifiers) if modifiers.is_empty() => match name.0.as_slice() {
            [part] => crate::sql::fold(part.as_ident()?),
            [schema, part] if crate::sql::fold(schema.as_ident()?) == "pg_catalog" => {
                crate::sql::fold(part.as_ident()?)
            }
            _ => return None,
        },
        _ => return None,
    };
    REG_TYPES.into_iter().find(|known| *known == name)
}

/// `x = ANY ('{a,b}')`: an array that is written as a literal has the type of what it is compared with.
fn in_list(left: &Expr, right: &Expr, negated: bool) -> Option<Expr> {
    let inner = match right {
        Expr::Nested(inner) => inner.as_ref(),
        other => other,
    };
    let Expr::Value(value) = inner else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let items = array_items(text)?;
    let list = items.into_iter().map(|item| {
        let item = item.map_or(Value::Null, Value::SingleQuotedString);
        Expr::Value(item.with_span(value.span))
    });
    Some(Expr::InList { expr: Box::new(left.clone()), list: list.collect(), negated })
}

/// The elements of an array of one dimension as Postgres writes it; `None` for what is none.
pub(crate) fn array_items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    let mut chars = inner.chars().peekable();
    while chars.peek().is_some() {
        let (mut item, mut quoted, mut inside) = (String::new(), false, false);
        loop {
            match chars.next() {
                Some('"') => {
                    inside = !inside;
                    quoted = true;
                }
                Some('\\') => item.push(chars.next()?),
                Some('{' | '}') if !inside => return None,
                Some(',') if !inside => break,
                None if inside => return None,
                None => break,
                Some(c) => item.push(c),
            }
        }
        let is_null = !quoted && item.trim().eq_ignore_ascii_case("null");
        items.push((!is_null).then(|| if quoted { item } else { item.trim().to_owned() }));
    }
    Some(items)
}

/// `(f(x)).n`: a field of what a function or a column gives.
fn field_access(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let (Expr::Nested(inner), [AccessExpr::Dot(Expr::Identifier(field))]) = (root, chain) else {
        return None;
    };
    let name = Value::SingleQuotedString(crate::sql::fold(field)).with_empty_span();
    Some(call("get_field", vec![(**inner).clone(), Expr::Value(name)]))
}

/// A call of a function by its name.
fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
    Expr::Function(Function {
        name: ObjectName::from(Ident::with_quote('"', name)),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn settled_text(sql: &str) -> String {
        let mut statement = crate::sql::parse(sql).unwrap().remove(0).sql().unwrap().clone();
        settle(&mut statement).unwrap();
        statement.to_string()
    }

    #[test]
    fn constructs_are_said_in_other_words() {
        for (written, settled) in [
            ("SELECT a OPERATOR(pg_catalog.~) 'x' COLLATE pg_catalog.default", "SELECT a ~ 'x'"),
            ("SELECT pg_catalog.upper(a), upper(b)", "SELECT upper(a), upper(b)"),
            ("SELECT 't'::regclass::oid", "SELECT \"regclassin\"('t')::oid"),
            ("SELECT CAST(1 AS pg_catalog.regtype)", "SELECT \"regtypein\"(1)"),
            ("SELECT ARRAY(SELECT 1)", "SELECT \"array of rows\"((SELECT 1))"),
            ("SELECT a = ANY ('{x,\"y,z\",NULL}')", "SELECT a IN ('x', 'y,z', NULL)"),
            ("SELECT a <> ALL ('{}')", "SELECT a NOT IN ()"),
            ("SELECT a LIKE 'x/_%' ESCAPE '/'", "SELECT a LIKE \"like_escape\"('x/_%', '/')"),
            (
                "SELECT (information_schema._pg_expandarray(k)).n",
                "SELECT \"get_field\"(\"unnest\"(_pg_expandarray(k)), 'n')",
            ),
            (
                "SELECT a && b, a ^@ 'x', |/ a, @ a",
                "SELECT \"array_has_any\"(a, b), \"starts_with\"(a, 'x'), \"sqrt\"(a), \"abs\"(a)",
            ),
            ("SELECT array_remove(a, 1), sign(a)", "SELECT array_remove_all(a, 1), signum(a)"),
            ("SELECT 1 OFFSET 2 FETCH FIRST 3 ROWS ONLY", "SELECT 1 LIMIT 3 OFFSET 2"),
            ("VALUES (1, 'a'::varchar(3))", "VALUES (1, \"plain value\"('a'::VARCHAR(3)))"),
            (
                "SELECT c.tableoid FROM pg_catalog.pg_class c",
                "SELECT \"regclassin\"('pg_catalog.pg_class')::oid FROM pg_catalog.pg_class c",
            ),
            ("SELECT t.tableoid FROM t", "SELECT t.tableoid FROM t"),
            ("SELECT a AT TIME ZONE 'UTC', mod(a + 1, 2)", "SELECT \"timezone\"('UTC', a), (a + 1) % (2)"),
            ("SELECT current_schema", "SELECT \"current_schema\"()"),
            ("SELECT \"current_schema\"", "SELECT \"current_schema\""),
            ("SELECT * FROM pg_catalog.unnest(a) u", "SELECT * FROM UNNEST(a) u (u)"),
            ("SELECT * FROM generate_series(1, 2) s", "SELECT * FROM generate_series(1, 2) s (s)"),
            (
                "SELECT generate_series(1, 2) AS n",
                "SELECT \"generate_series\" AS n FROM generate_series(1, 2) generate_series (generate_series)",
            ),
            ("SELECT a, generate_series(1, 2) FROM t", "SELECT a, \"unnest\"(generate_series(1, 2)) FROM t"),
            (
                "SELECT * FROM generate_series(1, array_upper(a, 1)) s",
                "SELECT * FROM UNNEST(\"generate_series\"(1, array_upper(a, 1))) s (s)",
            ),
        ] {
            assert_eq!(settled_text(written), settled, "{written}");
        }
    }

    #[test]
    fn what_has_no_equal_is_refused() {
        for wrong in ["SELECT a COLLATE \"de-x-icu\"", "SELECT a OPERATOR(x.=) b", "SELECT a %% b"] {
            let mut statement = crate::sql::parse(wrong).unwrap().remove(0).sql().unwrap().clone();
            assert!(settle(&mut statement).is_err(), "{wrong}");
        }
    }
}
