//! Which statements reach the planner: Tarn reads, and touches no file of its server.

use datafusion::sql::sqlparser::ast::{CreateTable, Query, Select, SetExpr, Statement};

use crate::error::{Error, ErrorKind, Result};

/// Refuses what is no query, in words that say why.
pub(super) fn check(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Query(query) => check_query(query),
        Statement::ExplainTable { .. } => Ok(()),
        Statement::CreateTable(CreateTable { external: true, .. })
        | Statement::CopyIntoSnowflake { .. }
        | Statement::Unload { .. }
        | Statement::Load { .. }
        | Statement::LoadData { .. }
        | Statement::AttachDatabase { .. }
        | Statement::AttachDuckDBDatabase { .. }
        | Statement::Install { .. }
        | Statement::ExportData(_) => {
            Err(Error::new(ErrorKind::Permission, "statements cannot reach files of the server")
                .with_hint("Open the folder as a lake: tarn name=./folder"))
        }
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge(_)
        | Statement::Truncate(_)
        | Statement::Vacuum(_)
        | Statement::Lock(_)
        | Statement::OptimizeTable { .. } => Err(reads_only(first_word(statement))),
        // Procedures are maintenance: a consumer's progress, a compaction, a tag.
        Statement::Call(function) => Err(reads_only(format!("CALL {}", function.name))),
        other => {
            let word = first_word(other);
            match word.as_str() {
                "CREATE" if matches!(other, Statement::CreateTable(CreateTable { query: Some(_), .. })) => {
                    Err(reads_only("CREATE TABLE AS".to_owned())
                        .with_hint("CREATE TEMP TABLE name AS SELECT ... keeps the rows for the session."))
                }
                "CREATE" | "ALTER" | "DROP" | "COMMENT" | "GRANT" | "REVOKE" | "RENAME" => {
                    Err(reads_only(word))
                }
                _ => Err(Error::new(ErrorKind::Unsupported, format!("{word} is not supported"))),
            }
        }
    }
}

fn check_query(query: &Query) -> Result<()> {
    if !query.locks.is_empty() {
        return Err(reads_only("SELECT ... FOR UPDATE or SHARE".to_owned()));
    }
    for (present, clause) in [
        (query.for_clause.is_some(), "FOR"),
        (query.settings.is_some(), "SETTINGS"),
        (query.format_clause.is_some(), "FORMAT"),
    ] {
        if present {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{clause} at a query's end is not supported"),
            ));
        }
    }
    let mut nested = query.with.iter().flat_map(|with| &with.cte_tables);
    nested.try_for_each(|cte| check_query(&cte.query))?;
    check_body(&query.body)
}

fn check_body(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(select) => check_select(select),
        SetExpr::Query(query) => check_query(query),
        SetExpr::SetOperation { left, right, .. } => check_body(left).and_then(|()| check_body(right)),
        SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::Insert(statement)
        | SetExpr::Update(statement)
        | SetExpr::Delete(statement)
        | SetExpr::Merge(statement) => Err(reads_only(first_word(statement))),
    }
}

fn check_select(select: &Select) -> Result<()> {
    match select.into {
        Some(_) => Err(reads_only("SELECT INTO".to_owned())),
        None => Ok(()),
    }
}

pub(super) fn reads_only(what: String) -> Error {
    Error::new(
        ErrorKind::ReadOnly,
        format!("cannot execute {what}: Tarn reads lakes and does not write to them"),
    )
}

fn first_word(statement: &Statement) -> String {
    let text = statement.to_string();
    text.split_whitespace().next().unwrap_or("the statement").to_uppercase()
}
