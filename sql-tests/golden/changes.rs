//! Changes that the format's own reader refuses to tell: whether Tarn's are right.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};

use crate::evolution::Schemas;
use crate::golden_set::Result;
use crate::golden_set::actual::{Reader, spellings_of};
use crate::golden_set::expected;
use crate::golden_set::manifest::{Columns, GoldenSet, Query};
use crate::golden_set::value::{Row, Value};

/// Columns before the table's: the change's type, its version, its time.
const LEADING: usize = 3;

/// The rows that the format's reader has at a range's start, less what the changes take back, plus what they
/// bring, are those that it has at its end. Says what is not; `None` where that is so.
pub fn imbalance(set: &GoldenSet, query: &Query, changes: &[RecordBatch]) -> Result<Option<String>> {
    let (after, columns) = at(set, query, "to")?.ok_or("a range without an end")?;
    let mut rows: BTreeMap<Row, i64> = BTreeMap::new();
    for row in before(set, query, columns)? {
        *rows.entry(row).or_default() += 1;
    }
    let reader = Reader { columns, warehouse: spellings_of(&set.warehouse()) };
    for batch in changes {
        let of_table: Vec<usize> = (LEADING..batch.num_columns()).collect();
        for (place, row) in reader.rows(&batch.project(&of_table)?, None)?.into_iter().enumerate() {
            *rows.entry(row).or_default() += sign(batch, place)?;
        }
    }
    for row in after {
        *rows.entry(row).or_default() -= 1;
    }
    let wrong = rows.into_iter().find(|(_, count)| *count != 0);
    Ok(wrong.map(|(row, count)| format!("after the changes there is {count:+} times too often: {row:?}")))
}

/// The rows at a range's start, as rows of the columns at its end.
fn before(set: &GoldenSet, query: &Query, columns: &Columns) -> Result<Vec<Row>> {
    let Some((rows, own)) = at(set, query, "from")? else { return Ok(Vec::new()) };
    if own == columns {
        return Ok(rows);
    }
    let (Some("iceberg"), Some(from), Some(to)) =
        (query.format.as_deref(), query.options.get("from"), query.options.get("to"))
    else {
        return Err("the rows at its start have other columns".into());
    };
    let table = set.warehouse().join("iceberg").join(&query.table);
    Schemas::read(&table)?.project(rows, from, to)
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

/// The rows at an end of the range, as the format's reader gave them; `None` before the first version.
fn at<'a>(set: &'a GoldenSet, query: &Query, end: &str) -> Result<Option<(Vec<Row>, &'a Columns)>> {
    let Some(version) = query.options.get(end).filter(|version| *version != "-1") else { return Ok(None) };
    let wanted = BTreeMap::from([("version".to_owned(), version.clone())]);
    let asks = |asked: &&Query| {
        asked.kind == "batch"
            && (&asked.format, &asked.table, &asked.options) == (&query.format, &query.table, &wanted)
    };
    let asked = set.queries.iter().find(asks).ok_or("no query asks for the rows at one of its ends")?;
    let file = asked.file.as_deref().ok_or("the rows at one of its ends were refused")?;
    let columns = set.columns(asked)?;
    Ok(Some((expected::rows(&set.answer(file)?, columns, false)?, columns)))
}

fn sign(batch: &RecordBatch, row: usize) -> Result<i64> {
    match batch.column(0).as_string_view().value(row) {
        "insert" | "update_postimage" => Ok(1),
        "delete" | "update_preimage" => Ok(-1),
        other => Err(format!("{other} is no kind of a change").into()),
    }
}
