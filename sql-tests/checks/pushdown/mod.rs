//! Projection, filters and limits never change a result: random ones over golden queries, compared with the
//! same done over the full answer.
//!
//! Seeded; `TARN_PUSHDOWN_SEED` and `TARN_PUSHDOWN_CASES` run others, or more.

mod condition;
mod random;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use sqllogictest::harness::{Failed, Trial};
use tarn::error::ErrorKind;

use crate::checks::setting;
use crate::golden_set::actual::{Reader, spellings_of};
use crate::golden_set::compare::difference;
use crate::golden_set::manifest::{Columns, GoldenSet, Query};
use crate::golden_set::set_like::{self, SetLike};
use crate::golden_set::statement::{identifier, relation};
use crate::golden_set::value::Row;
use crate::golden_set::{Result, expected};
use crate::harness::in_process::Connection;
use crate::harness::lakes;
use condition::Condition;

const SEED: u64 = 20_261_107;
const CASES: usize = 600;
/// Cases between which the work is split, so that the two cores are busy.
const TRIALS: u64 = 4;

pub fn trials() -> Vec<Trial> {
    let trial = |part: u64| {
        Trial::test(format!("pushdown::random_scans_{part}"), move || {
            lakes::block_on(run(part))
                .and_then(|outcome| outcome)
                .map_err(|error| Failed::from(error.to_string()))
        })
    };
    (0..TRIALS).map(trial).collect()
}

async fn run(part: u64) -> Result<()> {
    let sets = [GoldenSet::load(&lakes::golden_root()?)?, GoldenSet::load(&lakes::lakes_root()?)?];
    let candidates =
        sets.each_ref().map(|set| set.queries.iter().filter(|query| is_candidate(query)).collect::<Vec<_>>());
    let seed = setting("TARN_PUSHDOWN_SEED", SEED).wrapping_add(part);
    let mut random = StdRng::seed_from_u64(seed);
    let mut connection = Connection::open().await?;
    let mut findings = Vec::new();
    let (mut checked, mut not_yet) = (0, 0);
    for case in 0..setting("TARN_PUSHDOWN_CASES", CASES) / TRIALS as usize {
        let which = usize::from(random.random_bool(0.5));
        let (set, queries) = (&sets[which], &candidates[which]);
        let query = queries.choose(&mut random).ok_or("the set has no batch queries")?;
        let scan = Scan::draw(set, query, &mut random)?;
        let sql = scan.sql(query);
        match connection.query(&sql).await {
            Ok(batches) => {
                checked += 1;
                if let Some(difference) = scan.check(set, &batches)? {
                    findings.push(format!("case {case} of seed {seed}: {sql}\n  {difference}"));
                }
            }
            Err(error) if matches!(error.kind, ErrorKind::Unsupported | ErrorKind::UnsupportedTable) => {
                not_yet += 1;
            }
            Err(error) => findings.push(format!("case {case} of seed {seed}: {sql}\n  {error}")),
        }
    }
    println!("pushdown: {checked} scans compared, {not_yet} not yet");
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
}

/// Batch queries with an answer: of Paimon, and of versions of tables of other formats.
fn is_candidate(query: &Query) -> bool {
    let by_version = query.options.keys().all(|option| option == "version");
    let is_readable = match query.format.as_deref() {
        None => true,
        Some(lakes::DELTA | lakes::ICEBERG) => by_version,
        Some(_) => false,
    };
    query.kind == "batch" && is_readable && query.error.is_none()
}

/// Where a query reads.
fn source(query: &Query) -> String {
    let options = query.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let Some(format) = &query.format else {
        return format!("{}.{}", lakes::GOLDEN, relation("golden", query.object(), &options));
    };
    let version = query.options.get("version").map(|version| format!(" FOR VERSION AS OF {version}"));
    let table = relation("default", &query.table, &BTreeMap::new());
    format!("{format}.{table}{}", version.unwrap_or_default())
}

/// One random scan, with the whole answer that it is checked against.
struct Scan {
    columns: Columns,
    answer: Vec<Row>,
    /// Positions of the columns that are selected, in any order.
    selected: Vec<usize>,
    condition: Option<Condition>,
    limit: Option<usize>,
    /// Columns whose order inside a value says nothing.
    set_like: Vec<(String, SetLike)>,
}

impl Scan {
    fn draw(set: &GoldenSet, query: &Query, random: &mut StdRng) -> Result<Self> {
        let columns = set.columns(query)?.clone();
        let file = query.file.as_deref().ok_or("a query without an answer")?;
        let answer = expected::rows(&set.answer(file)?, &columns, false)?;
        let mut selected: Vec<usize> = (0..columns.len()).collect();
        selected.shuffle(random);
        selected.truncate(random.random_range(1..=columns.len().min(6)));
        let condition =
            if random.random_bool(0.8) { Condition::draw(&columns, &answer, random) } else { None };
        let limit = random.random_bool(0.3).then(|| random.random_range(0..=answer.len() + 2));
        let set_like = match query.format {
            None => {
                let table = set.warehouse().join(format!("{}.db", set.paimon_database()?)).join(&query.table);
                set_like::of_paimon_table(&table, query.object())?
            }
            Some(_) => Vec::new(),
        };
        Ok(Self { columns, answer, selected, condition, limit, set_like })
    }

    fn sql(&self, query: &Query) -> String {
        let names: Vec<String> = self.selected.iter().map(|at| identifier(&self.columns[*at].0)).collect();
        let from = source(query);
        let filter =
            self.condition.as_ref().map(|condition| format!(" WHERE {}", condition.sql(&self.columns)));
        let limit = self.limit.map(|limit| format!(" LIMIT {limit}"));
        format!(
            "SELECT {} FROM {from}{}{}",
            names.join(", "),
            filter.unwrap_or_default(),
            limit.unwrap_or_default()
        )
    }

    /// The difference between a result and what the scan must give, if any.
    fn check(&self, set: &GoldenSet, batches: &[RecordBatch]) -> Result<Option<String>> {
        let columns: Columns = self.selected.iter().map(|at| self.columns[*at].clone()).collect();
        let reader = Reader { columns: &columns, warehouse: spellings_of(&set.warehouse()) };
        let mut got = Vec::new();
        for batch in batches {
            got.extend(reader.rows(batch, None)?);
        }
        let kept =
            |row: &&Row| self.condition.as_ref().is_none_or(|condition| condition.holds(row) == Some(true));
        let project = |row: &Row| self.selected.iter().map(|at| row[*at].clone()).collect();
        let mut want: Vec<Row> = self.answer.iter().filter(kept).map(project).collect();
        for (position, (name, _)) in columns.iter().enumerate() {
            for (_, rule) in self.set_like.iter().filter(|(column, _)| column == name) {
                rule.apply_to_column(position, &mut want);
                rule.apply_to_column(position, &mut got);
            }
        }
        match self.limit {
            None => Ok(difference(&columns, false, want, got)),
            Some(limit) => Ok(limited_difference(limit, want, got)),
        }
    }
}

/// With a limit, any rows will do, so long as they are rows of the answer and enough of them.
fn limited_difference(limit: usize, mut want: Vec<Row>, mut got: Vec<Row>) -> Option<String> {
    let count = limit.min(want.len());
    if got.len() != count {
        return Some(format!("{} rows instead of {count}", got.len()));
    }
    want.sort_unstable();
    got.sort_unstable();
    let mut available = want.into_iter().peekable();
    for row in got {
        while available.peek().is_some_and(|candidate| *candidate < row) {
            available.next();
        }
        if available.next_if_eq(&row).is_none() {
            return Some(format!("a row that is not in the answer: {row:?}"));
        }
    }
    None
}
