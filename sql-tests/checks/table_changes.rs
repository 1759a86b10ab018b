//! `table_changes` makes of the rows at one version those at another, whatever the table.
//!
//! Random ranges over the snapshots of every golden table: the rows at the start, less what the changes
//! take back, plus what they bring, are the rows at the end; so with net changes and with those of each
//! snapshot. The rows themselves come from plain queries of the two versions.
//! Seeded; `TARN_CHANGES_SEED` and `TARN_CHANGES_CASES` run others, or more.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sqllogictest::harness::{Failed, Trial};
use tarn::error::ErrorKind;

use crate::checks::setting;
use crate::golden_set::Result;
use crate::golden_set::manifest::GoldenSet;
use crate::golden_set::statement::identifier;
use crate::harness::in_process::Connection;
use crate::harness::lakes;

const SEED: u64 = 20_261_127;
const CASES: usize = 400;
const TRIALS: u64 = 2;
/// Columns before the table's: the change's type, its version, its time.
const LEADING: usize = 3;

/// Rows as text, and how often each is there.
type Multiset = BTreeMap<String, i64>;

pub fn trials() -> Vec<Trial> {
    let trial = |part: u64| {
        Trial::test(format!("table_changes::random_ranges_{part}"), move || {
            lakes::block_on(run(part))
                .and_then(|outcome| outcome)
                .map_err(|error| Failed::from(error.to_string()))
        })
    };
    (0..TRIALS).map(trial).collect()
}

async fn run(part: u64) -> Result<()> {
    let set = GoldenSet::load(&lakes::golden_root()?)?;
    let tables: BTreeSet<&str> = set.queries.iter().map(|query| query.table.as_str()).collect();
    let tables: Vec<&str> = tables.into_iter().collect();
    let seed = setting("TARN_CHANGES_SEED", SEED).wrapping_add(part);
    let mut random = StdRng::seed_from_u64(seed);
    let mut connection = Connection::open().await?;
    let (mut findings, mut refused, mut checked) = (Vec::new(), BTreeMap::<String, usize>::new(), 0);
    for case in 0..setting("TARN_CHANGES_CASES", CASES) / TRIALS as usize {
        let table = tables.choose(&mut random).ok_or("the set has no tables")?;
        let name = format!("golden.golden.{}", identifier(table));
        let Some((from, to)) = draw(&mut connection, table, &mut random).await? else { continue };
        for steps in [false, true] {
            match check(&mut connection, &name, (from, to), steps).await {
                Ok(Compared::Rows) => checked += 1,
                Ok(Compared::Nothing) => {}
                Err(Finding::Refused(message)) => *refused.entry(message).or_default() += 1,
                Err(Finding::Wrong(what)) => {
                    findings.push(format!(
                        "case {case} of seed {seed}: {name} ({from}, {to}] steps {steps}: {what}"
                    ));
                }
            }
        }
    }
    println!("table_changes: {checked} ranges compared; refused: {refused:?}");
    if !findings.is_empty() {
        return Err(findings.join("\n").into());
    }
    if checked == 0 { Err("no range could be compared".into()) } else { Ok(()) }
}

/// Two snapshots of a table, in order.
async fn draw(connection: &mut Connection, table: &str, random: &mut StdRng) -> Result<Option<(i64, i64)>> {
    let sql = format!("SELECT snapshot_id FROM golden.golden.{}", identifier(&format!("{table}$snapshots")));
    let mut ids = Vec::new();
    for batch in connection.query(&sql).await? {
        ids.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    }
    ids.sort_unstable();
    if ids.first() == Some(&1) && random.random_bool(0.2) {
        ids.insert(0, 0);
    }
    let (Some(one), Some(other)) = (ids.choose(random), ids.choose(random)) else { return Ok(None) };
    Ok(Some((*one.min(other), *one.max(other))))
}

enum Compared {
    Rows,
    /// The rows at the start have other columns than the changes.
    Nothing,
}

enum Finding {
    /// Tarn said that it does not implement something.
    Refused(String),
    Wrong(String),
}

impl From<tarn::Error> for Finding {
    fn from(error: tarn::Error) -> Self {
        match error.kind {
            ErrorKind::Unsupported | ErrorKind::UnsupportedTable => Self::Refused(error.message),
            _ => Self::Wrong(error.to_string()),
        }
    }
}

async fn check(
    connection: &mut Connection,
    name: &str,
    (from, to): (i64, i64),
    steps: bool,
) -> std::result::Result<Compared, Finding> {
    let (before, after) = match (at(connection, name, from).await?, at(connection, name, to).await?) {
        (Some(before), Some(after)) => (before, after),
        _ => return Ok(Compared::Nothing),
    };
    let quoted = name.replace('\'', "''");
    let changes = connection
        .query(&format!("SELECT * FROM table_changes('{quoted}', {from}, {to}, steps => {steps})"))
        .await?;
    if columns(&before).is_some() && columns(&before) != columns(&after) && !after.is_empty() {
        return Ok(Compared::Nothing);
    }
    check_updates(&changes)?;
    let mut rows = Multiset::new();
    before.iter().try_for_each(|batch| add(&mut rows, batch, 0, |_| 1))?;
    changes.iter().try_for_each(|batch| add(&mut rows, batch, LEADING, sign))?;
    after.iter().try_for_each(|batch| add(&mut rows, batch, 0, |_| -1))?;
    match rows.iter().find(|(_, count)| **count != 0) {
        None => Ok(Compared::Rows),
        Some((row, count)) => Err(Finding::Wrong(format!("{count:+} times too often: {row}"))),
    }
}

/// The two images of an update follow each other, and differ.
fn check_updates(changes: &[RecordBatch]) -> std::result::Result<(), Finding> {
    let mut before: Option<String> = None;
    for batch in changes {
        for (change, row) in rows_of(batch, LEADING)? {
            match (before.take(), change.as_str()) {
                (None, "update_preimage") => before = Some(row),
                (Some(old), "update_postimage") if old != row => {}
                (None, "insert" | "delete") => {}
                (_, other) => return Err(Finding::Wrong(format!("{other} out of place: {row}"))),
            }
        }
    }
    match before {
        None => Ok(()),
        Some(row) => Err(Finding::Wrong(format!("an update without its second image: {row}"))),
    }
}

/// The rows at a version; none at 0. `None` where Java refuses that version of the table too.
async fn at(
    connection: &mut Connection,
    name: &str,
    id: i64,
) -> std::result::Result<Option<Vec<RecordBatch>>, Finding> {
    if id == 0 {
        return Ok(Some(Vec::new()));
    }
    match connection.query(&format!("SELECT * FROM {name} FOR VERSION AS OF {id}")).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind == ErrorKind::InvalidParameter => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn columns(batches: &[RecordBatch]) -> Option<SchemaRef> {
    batches.first().map(RecordBatch::schema)
}

/// What a change does to the rows.
fn sign(change_type: &str) -> i64 {
    match change_type {
        "insert" | "update_postimage" => 1,
        "delete" | "update_preimage" => -1,
        _ => 0,
    }
}

fn add(
    rows: &mut Multiset,
    batch: &RecordBatch,
    leading: usize,
    sign: impl Fn(&str) -> i64,
) -> std::result::Result<(), Finding> {
    for (change, row) in rows_of(batch, leading)? {
        *rows.entry(row).or_default() += sign(&change);
    }
    Ok(())
}

/// The first column of each row, and the columns of the table, as text: items of lists and entries of
/// maps in order, since that of sets and maps says nothing.
fn rows_of(batch: &RecordBatch, leading: usize) -> std::result::Result<Vec<(String, String)>, Finding> {
    let options = FormatOptions::default().with_null("NULL");
    let wrong = |error: arrow::error::ArrowError| Finding::Wrong(error.to_string());
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(wrong)?;
    let row = |row: usize| {
        let first = columns.first().map(|first| first.value(row).to_string()).unwrap_or_default();
        let values: Vec<_> =
            columns.iter().skip(leading).map(|column| ordered(&column.value(row).to_string())).collect();
        (first, values.join("|"))
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn ordered(value: &str) -> String {
    match value.starts_with(['[', '{']) {
        true => {
            let mut items: Vec<&str> = value.split(['[', ']', '{', '}', ',']).map(str::trim).collect();
            items.sort_unstable();
            items.join(" ")
        }
        false => value.to_owned(),
    }
}
