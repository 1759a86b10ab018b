//! Changes that the format's own reader refuses to tell: whether Tarn's are right.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use tarn::engine::Session;

use crate::check::{Answer, run};
use crate::golden_set::Result;
use crate::golden_set::manifest::{Columns, Query};
use crate::golden_set::value::{Row, Value};
use crate::statement::table_of;

/// Columns before the table's: the change's type, its version, its time.
const LEADING: usize = 3;

/// Rows as text, and how often each is there.
type Multiset = BTreeMap<String, i64>;

/// The rows at a range's start, less what the changes take back, plus what they bring, are the rows at its
/// end. Says what is not; `None` where that is so.
pub async fn imbalance(session: &Session, query: &Query, changes: &[RecordBatch]) -> Result<Option<String>> {
    let before = at(session, query, "from").await?;
    let after = at(session, query, "to").await?.ok_or("a range without an end")?;
    let mut rows = Multiset::new();
    if let Some(before) = &before {
        if columns(&before.schema) != columns(&after.schema) {
            return Err("the rows at its start have other columns".into());
        }
        before.batches.iter().try_for_each(|batch| add(&mut rows, batch, 0, |_| Ok(1)))?;
    }
    changes.iter().try_for_each(|batch| add(&mut rows, batch, LEADING, |row| sign(batch, row)))?;
    after.batches.iter().try_for_each(|batch| add(&mut rows, batch, 0, |_| Ok(-1)))?;
    let wrong = rows.into_iter().find(|(_, count)| *count != 0);
    Ok(wrong.map(|(row, count)| format!("after the changes there is {count:+} times too often: {row}")))
}

/// Net changes without rows that came and went again: Iceberg compares bytes by their identity, and tells of
/// such rows where they hold some.
pub fn without_round_trips(rows: Vec<Row>, columns: &Columns) -> Vec<Row> {
    let Some(kind) = columns.iter().position(|(name, _)| name == "_change_type") else { return rows };
    let mut net: BTreeMap<Row, i64> = BTreeMap::new();
    for mut row in rows {
        let removed = row.remove(kind) == Value::Text("DELETE".to_owned());
        *net.entry(row).or_default() += if removed { -1 } else { 1 };
    }
    let mut left = Vec::new();
    for (row, count) in net {
        let mut row = row;
        row.insert(kind, Value::Text(if count < 0 { "DELETE" } else { "INSERT" }.to_owned()));
        left.extend((0..count.unsigned_abs()).map(|_| row.clone()));
    }
    left
}

/// The rows at an end of the range; `None` before the first version.
async fn at(session: &Session, query: &Query, end: &str) -> Result<Option<Answer>> {
    let format = query.format.as_deref().unwrap_or_default();
    match query.options.get(end).map(String::as_str) {
        None | Some("-1") => Ok(None),
        Some(version) => {
            let table = table_of(query, format, "");
            Ok(Some(run(session, &format!("SELECT * FROM {table} FOR VERSION AS OF {version}")).await?))
        }
    }
}

fn columns(schema: &SchemaRef) -> Vec<(&str, &arrow::datatypes::DataType)> {
    schema.fields().iter().map(|field| (field.name().as_str(), field.data_type())).collect()
}

fn add(
    rows: &mut Multiset,
    batch: &RecordBatch,
    leading: usize,
    sign: impl Fn(usize) -> Result<i64>,
) -> Result<()> {
    let options = FormatOptions::new().with_null("NULL");
    let columns = &batch.columns()[leading..];
    let columns: Vec<_> = columns
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<std::result::Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        let text: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
        *rows.entry(text.join(" | ")).or_default() += sign(row)?;
    }
    Ok(())
}

fn sign(batch: &RecordBatch, row: usize) -> Result<i64> {
    match batch.column(0).as_string_view().value(row) {
        "insert" | "update_postimage" => Ok(1),
        "delete" | "update_preimage" => Ok(-1),
        other => Err(format!("{other} is no kind of a change").into()),
    }
}
