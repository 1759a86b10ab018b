//! `table_changes` in FROM: what changed in a range of a table's versions.
//!
//! ```sql
//! table_changes('db.t', from [, to] [, steps => true] [, value_changed => 'column, column']
//!     [, key => 'column, column'])
//! ```
//!
//! The range is (from, to]; without `to` it reaches to the newest version. An end is a snapshot's number,
//! a tag's name, a timestamp, `'earliest'` (the oldest version that can be read) or `'latest'`; 0 stands
//! before the first version. Changes are net, one a key; with `steps` each version's own. With
//! `value_changed` an update is told only where one of these columns differs. In a table without a primary key
//! a row that went and one that came are an update where they are the only ones that are equal in `key`.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::SessionState;
use datafusion::logical_expr::TableSource;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart,
    Statement as SqlStatement, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use tarn_catalog::follow::RangeEnd;
use tarn_catalog::table_changes::{Granularity, TableChanges};
use tarn_catalog::version::VersionSpec;

use super::query_tables::QueryTables;
use super::session::SessionShared;
use super::time_travel;
use crate::changes::ChangeLogProvider;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::LakeTableProvider;
use crate::sql::{Relation, Statement, folded};
use crate::system_catalog::CatalogView;

pub(super) const NAME: &str = "table_changes";

/// The arguments of a call of `table_changes`, as text; `None` for any other table.
pub(super) fn arguments(relation: &TableFactor) -> Option<String> {
    call_of(relation).map(text_of)
}

fn call_of(relation: &TableFactor) -> Option<&[FunctionArg]> {
    match relation {
        TableFactor::Table { name, args: Some(args), version: None, .. } if folded(name) == [NAME] => {
            Some(&args.args)
        }
        _ => None,
    }
}

fn text_of(arguments: &[FunctionArg]) -> String {
    arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Opens what the calls of a statement give, by their arguments.
pub(super) async fn open(
    session: &SessionShared,
    state: &SessionState,
    statement: &Statement,
    view: &Arc<CatalogView>,
    sql: &SqlStatement,
) -> Result<HashMap<String, Arc<dyn TableSource>>> {
    let mut opened = HashMap::new();
    for arguments in calls(sql) {
        let call = Call::read(&arguments, state)?;
        opened.insert(text_of(&arguments), call.open(session, state, statement, view).await?);
    }
    Ok(opened)
}

/// The arguments of every call, each once.
fn calls(sql: &SqlStatement) -> Vec<Vec<FunctionArg>> {
    #[derive(Default)]
    struct Calls(Vec<Vec<FunctionArg>>);
    impl Visitor for Calls {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            if let Some(arguments) = call_of(factor)
                && !self.0.iter().any(|known| known == arguments)
            {
                self.0.push(arguments.to_vec());
            }
            ControlFlow::Continue(())
        }
    }
    let mut calls = Calls::default();
    let _ = sql.visit(&mut calls);
    calls.0
}

/// A call, its constants worked out.
struct Call {
    table: ObjectName,
    from: End,
    to: End,
    granularity: Granularity,
    value_changed: Vec<String>,
    key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Earliest,
    Latest,
    At(VersionSpec),
}

impl Call {
    fn read(arguments: &[FunctionArg], state: &SessionState) -> Result<Self> {
        let (mut places, mut granularity) = (Vec::new(), Granularity::Net);
        let (mut value_changed, mut key) = (Vec::new(), Vec::new());
        for argument in arguments {
            let (name, expr) = named(argument)?;
            match name.as_deref() {
                None => places.push(expr),
                Some("steps") => granularity = granularity_of(expr)?,
                Some("value_changed") => value_changed = columns_of(expr, "value_changed")?,
                Some("key") => key = columns_of(expr, "key")?,
                Some(other) => return Err(wrong(&format!("table_changes has no argument {other}"))),
            }
        }
        let (table, from, to) = match places.as_slice() {
            [table, from] => (table, End::read(from, state)?, End::Latest),
            [table, from, to] => (table, End::read(from, state)?, End::read(to, state)?),
            other => {
                return Err(wrong(&format!(
                    "table_changes takes a table and one or two ends, not {}",
                    other.len()
                )));
            }
        };
        let table = table_name(&text(table, "the table")?)?;
        Ok(Self { table, from, to, granularity, value_changed, key })
    }

    async fn open(
        &self,
        session: &SessionShared,
        state: &SessionState,
        statement: &Statement,
        view: &Arc<CatalogView>,
    ) -> Result<Arc<dyn TableSource>> {
        let relation = Relation { name: self.table.clone(), version: None, is_cte: false };
        let tables = QueryTables::open(session, state, statement, view, vec![relation]).await?;
        let provider = source_as_provider(&tables.source(&folded(&self.table), None)?)?;
        let no_changes = || {
            let message = format!("table_changes cannot tell what changed in \"{}\"", self.table);
            Error::new(ErrorKind::Unsupported, message).with_hint(
                "It reads versioned tables of a lake: no system tables, no folders of files, and no table of which you may read some columns alone.",
            )
        };
        let table = provider.downcast_ref::<LakeTableProvider>().ok_or_else(no_changes)?;
        let follow = table.version().follow().ok_or_else(no_changes)?;
        // The statement sees one version of the table, here too.
        let newest = table.version().snapshot_id().unwrap_or(0);
        let ends = (self.from.in_range(newest), self.to.in_range(newest));
        let changes = TableChanges::open(
            follow.as_ref(),
            (&ends.0, &ends.1),
            self.granularity,
            (&self.key, &self.value_changed),
        )
        .await?;
        let (store, shared) = (Arc::clone(table.store()), Arc::clone(table.shared()));
        Ok(provider_as_source(Arc::new(ChangeLogProvider::new(Arc::new(changes), store, shared))))
    }
}

impl End {
    fn read(expr: &SqlExpr, state: &SessionState) -> Result<Self> {
        Ok(match time_travel::version_or_time(expr, state)? {
            VersionSpec::Named(name) if name.eq_ignore_ascii_case("earliest") => Self::Earliest,
            VersionSpec::Named(name) if name.eq_ignore_ascii_case("latest") => Self::Latest,
            VersionSpec::Latest => Self::Latest,
            spec => Self::At(spec),
        })
    }

    fn in_range(&self, newest: i64) -> RangeEnd {
        match self {
            Self::Earliest => RangeEnd::Earliest,
            Self::Latest => RangeEnd::Latest(newest),
            Self::At(spec) => RangeEnd::At(spec.clone()),
        }
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, message)
        .with_hint("table_changes('t', from [, to] [, steps => true] [, value_changed => 'column, column'] [, key => 'column, column'])")
}

fn text(expr: &SqlExpr, what: &str) -> Result<String> {
    match expr {
        SqlExpr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Ok(text.clone()),
            _ => Err(wrong(&format!("{what} of table_changes is a text, not {expr}"))),
        },
        _ => Err(wrong(&format!("{what} of table_changes is a text, not {expr}"))),
    }
}

fn granularity_of(expr: &SqlExpr) -> Result<Granularity> {
    match expr {
        SqlExpr::Value(value) => match value.value {
            Value::Boolean(true) => Ok(Granularity::EachVersion),
            Value::Boolean(false) => Ok(Granularity::Net),
            _ => Err(wrong("steps is true or false")),
        },
        _ => Err(wrong("steps is true or false")),
    }
}

fn columns_of(expr: &SqlExpr, argument: &str) -> Result<Vec<String>> {
    let list = text(expr, argument)?;
    let columns: Vec<String> =
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if columns.is_empty() { Err(wrong(&format!("{argument} names no column"))) } else { Ok(columns) }
}

/// An argument and the name that it is given under, in lower case.
fn named(argument: &FunctionArg) -> Result<(Option<String>, &SqlExpr)> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok((None, expr)),
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed {
            name: SqlExpr::Identifier(name), arg: FunctionArgExpr::Expr(expr), ..
        } => Ok((Some(name.value.to_lowercase()), expr)),
        other => Err(wrong(&format!("table_changes does not take \"{other}\""))),
    }
}

/// The name of a table as a query would write it. Its places are not those of the statement.
fn table_name(text: &str) -> Result<ObjectName> {
    let invalid = || Error::new(ErrorKind::InvalidName, format!("\"{text}\" is no name of a table"));
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).map_err(|_| invalid())?;
    let name = parser.parse_object_name(false).map_err(|_| invalid())?;
    if parser.peek_token_ref().token != datafusion::sql::sqlparser::tokenizer::Token::EOF {
        return Err(invalid());
    }
    let parts = name.0.iter().map(|part| {
        let ident = part.as_ident().ok_or_else(invalid)?;
        Ok(ObjectNamePart::Identifier(Ident { quote_style: ident.quote_style, ..Ident::new(&ident.value) }))
    });
    Ok(ObjectName(parts.collect::<Result<_>>()?))
}
