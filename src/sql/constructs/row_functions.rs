//! Functions whose results are rows: in FROM, and in a select list.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Select, SelectItem, TableAlias,
    TableAliasColumnDef, TableFactor, TableFunctionArgs, TableWithJoins,
};

use super::call;

/// Gives rows in FROM, and a list elsewhere.
pub(super) const SERIES: &str = "generate_series";

/// A series beside nothing but constants comes from FROM, where it is given row by row:
/// `SELECT generate_series(1, 3)`.
pub(super) fn series_alone(select: &mut Select) {
    let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] =
        select.projection.as_mut_slice()
    else {
        return;
    };
    let Expr::Function(function) = &*expr else { return };
    let [part] = function.name.0.as_slice() else { return };
    let FunctionArguments::List(list) = &function.args else { return };
    let is_series = part.as_ident().is_some_and(|ident| crate::sql::fold(ident) == SERIES);
    if !is_series || !select.from.is_empty() || constants(&list.args).is_none_or(|args| args.is_empty()) {
        return;
    }
    let relation = TableFactor::Table {
        name: function.name.clone(),
        alias: None,
        args: Some(TableFunctionArgs { args: list.args.clone(), settings: None }),
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    };
    *expr = Expr::Identifier(Ident::with_quote('"', SERIES));
    select.from.push(TableWithJoins { relation, joins: vec![] });
}

/// Arguments that are all constants.
fn constants(args: &[FunctionArg]) -> Option<Vec<&Expr>> {
    let constant = |arg| match arg {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) if is_constant(expr) => Some(expr),
        _ => None,
    };
    args.iter().map(constant).collect()
}

/// Functions in FROM whose rows are the elements of an array: `unnest`, and those that give a list here.
pub(super) fn unnested(factor: &mut TableFactor) {
    let TableFactor::Table { name, args: Some(args), alias, with_ordinality, .. } = factor else { return };
    let [part] = name.0.as_slice() else { return };
    let Some(function) = part.as_ident().map(crate::sql::fold) else { return };
    let exprs = args.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let Some(exprs) = exprs.collect::<Option<Vec<Expr>>>() else { return };
    let array_exprs = match function.as_str() {
        "unnest" => exprs,
        // DataFusion's table function takes constants
        SERIES if exprs.iter().all(is_constant) => {
            name_only_column(alias, &function);
            return;
        }
        SERIES => vec![call(&function, exprs)],
        "generate_subscripts" => vec![call(&function, exprs)],
        _ => return,
    };
    if let [_] = array_exprs.as_slice() {
        name_only_column(alias, &function);
    }
    *factor = TableFactor::UNNEST {
        alias: alias.clone(),
        array_exprs,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: *with_ordinality,
    };
}

/// The alias of a function that gives one column is the column's name too.
fn name_only_column(alias: &mut Option<TableAlias>, function: &str) {
    let alias = alias.get_or_insert_with(|| TableAlias {
        explicit: false,
        name: Ident::new(function),
        columns: vec![],
        at: None,
    });
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef::from_name(alias.name.value.clone()));
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) | Expr::Cast { expr, .. } => is_constant(expr),
        Expr::BinaryOp { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}
