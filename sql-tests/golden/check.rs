//! One query: run it, compare it, say how it went.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use futures::TryStreamExt;
use tarn::engine::{Execution, Session};
use tarn::error::ErrorKind;

use crate::changes;
use crate::golden_set::Result;
use crate::golden_set::actual::{Reader, spellings_of};
use crate::golden_set::compare::difference;
use crate::golden_set::expected::{self, KIND};
use crate::golden_set::manifest::{Columns, GoldenSet, Query};
use crate::golden_set::set_like::{self, SetLike};
use crate::golden_set::value::{Row, Value};
use crate::heading::has_row_kinds;
use crate::statement::{compared_columns, sql_of};

/// A query that takes longer hangs.
const QUERY_SECONDS_MAX: u64 = 120;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// The format's own reader refused, and so did Tarn.
    Refused,
    /// Tarn gave its clear error where there are rows to be had.
    NotYet(String),
    Wrong(String),
}

/// What a query gave.
pub struct Answer {
    pub schema: arrow::datatypes::SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Runs a query and judges it.
pub async fn check(set: &GoldenSet, session: &Session, query: &Query) -> Verdict {
    let sql = match sql_of(set, query) {
        Ok(sql) => sql,
        Err(reason) => return Verdict::NotYet(reason.to_string()),
    };
    let limit = Duration::from_secs(QUERY_SECONDS_MAX);
    let Ok(outcome) = tokio::time::timeout(limit, run(session, &sql)).await else {
        return Verdict::Wrong(format!("no answer after {QUERY_SECONDS_MAX} s"));
    };
    match (outcome, &query.file) {
        (Err(error), _) if error.message.contains("panicked") => Verdict::Wrong(error.to_string()),
        (Err(_), None) => Verdict::Refused,
        (Err(error), Some(_)) => match error.kind {
            ErrorKind::Unsupported | ErrorKind::UnsupportedTable => Verdict::NotYet(error.to_string()),
            kind => Verdict::Wrong(format!("error ({kind:?}): {error}")),
        },
        (Ok(answer), None) if query.kind == "changes" => {
            match changes::imbalance(set, query, &answer.batches) {
                Ok(None) => Verdict::Passed,
                Ok(Some(imbalance)) => Verdict::Wrong(imbalance),
                Err(error) => Verdict::NotYet(format!("its changes cannot be checked: {error}")),
            }
        }
        (Ok(answer), None) => {
            let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
            let reason = query.error.as_deref().unwrap_or_default();
            Verdict::Wrong(format!("{rows} rows where the format's reader refused: {reason}"))
        }
        (Ok(answer), Some(file)) => match compare(set, query, file, &answer) {
            Ok(None) => Verdict::Passed,
            Ok(Some(difference)) => Verdict::Wrong(difference),
            Err(error) => Verdict::Wrong(error.to_string()),
        },
    }
}

pub async fn run(session: &Session, sql: &str) -> tarn::Result<Answer> {
    let mut answer = Answer { schema: Schema::empty().into(), batches: Vec::new() };
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        if let Execution::Rows(rows) = session.execute(&prepared, Vec::new()).await? {
            answer.schema = rows.schema.clone();
            answer.batches = rows.batches.try_collect().await?;
        }
    }
    Ok(answer)
}

/// The difference between a result and its answer, if any.
fn compare(set: &GoldenSet, query: &Query, file: &str, answer: &Answer) -> Result<Option<String>> {
    let columns = &compared_columns(query, set.columns(query)?);
    let with_kind = has_row_kinds(query);
    let kind_column = match with_kind {
        true => Some(answer.schema.index_of(KIND).map_err(|_| "the result has no column _kind")?),
        false => None,
    };
    if let Some(difference) = different_names(&answer.schema, kind_column, columns) {
        return Ok(Some(difference));
    }
    let reader = Reader { columns, warehouse: spellings_of(&set.warehouse()) };
    let mut got = Vec::new();
    for batch in &answer.batches {
        got.extend(reader.rows(batch, kind_column)?);
    }
    let mut want = expected::rows(&set.answer(file)?, columns, with_kind)?;
    if query.options.get("mode").is_some_and(|mode| mode == "net") {
        want = changes::without_round_trips(want, columns);
    }
    for (position, rule) in set_like_columns(set, query, columns)? {
        let position = position + usize::from(with_kind);
        rule.apply_to_column(position, &mut want);
        rule.apply_to_column(position, &mut got);
    }
    if query.object().ends_with("$branches") {
        whole_seconds(columns, "create_time", &mut want);
        whole_seconds(columns, "create_time", &mut got);
    }
    Ok(difference(columns, with_kind, want, got))
}

/// A branch was created when its folder was, and packed sets keep the times of folders in whole seconds.
fn whole_seconds(columns: &Columns, name: &str, rows: &mut [Row]) {
    let Some(position) = columns.iter().position(|(column, _)| column == name) else { return };
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(position)) {
        if let Value::Text(text) = cell {
            text.truncate(text.find('.').unwrap_or(text.len()));
        }
    }
}

fn different_names(schema: &Schema, kind_column: Option<usize>, columns: &Columns) -> Option<String> {
    let names = schema.fields().iter().enumerate().filter(|(position, _)| Some(*position) != kind_column);
    let got: Vec<&str> = names.map(|(_, field)| field.name().as_str()).collect();
    let want: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    (got != want).then(|| format!("columns are {got:?} instead of {want:?}"))
}

/// Positions of the columns that are compared as sets.
fn set_like_columns(set: &GoldenSet, query: &Query, columns: &Columns) -> Result<Vec<(usize, SetLike)>> {
    if query.format.is_some() || query.kind == "system" {
        return Ok(Vec::new());
    }
    let table = set.warehouse().join(format!("{}.db", set.paimon_database()?)).join(&query.table);
    let rules = set_like::of_paimon_table(&table, query.object())?;
    let position = |name: &str| columns.iter().position(|(column, _)| column == name);
    Ok(rules.into_iter().filter_map(|(name, rule)| Some((position(&name)?, rule))).collect())
}
