//! Counts and aggregates of every table, tag and snapshot of the demo lake, computed without Tarn.

use std::collections::BTreeMap;
use std::fs;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqllogictest::harness::{Failed, Trial};

use crate::golden_set::Result;
use crate::golden_set::statement::{identifier, literal};
use crate::harness::in_process::Connection;
use crate::harness::lakes;

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/demo/expected.jsonl");
/// Sums of floats depend on the order of addition.
const RELATIVE_ERROR_MAX: f64 = 1e-9;

/// What one table holds at one version.
#[derive(Deserialize)]
struct Figures {
    table: String,
    /// `latest`, a tag, or `snapshot-N`.
    #[serde(rename = "ref")]
    version: String,
    rows: u64,
    #[serde(default)]
    columns: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

/// One trial for each table, over all its versions.
pub fn trials() -> Result<Vec<Trial>> {
    let mut tables: BTreeMap<String, Vec<Figures>> = BTreeMap::new();
    for line in fs::read_to_string(FIGURES)?.lines() {
        let figures: Figures = serde_json::from_str(line)?;
        tables.entry(figures.table.clone()).or_default().push(figures);
    }
    let trial = |(table, versions): (String, Vec<Figures>)| {
        Trial::test(format!("demo_figures::{table}"), move || check_table(&versions))
    };
    Ok(tables.into_iter().map(trial).collect())
}

fn check_table(versions: &[Figures]) -> Result<(), Failed> {
    let findings = lakes::block_on(async {
        let mut connection = Connection::open().await?;
        let mut findings = Vec::new();
        for figures in versions {
            findings.extend(check(&mut connection, figures).await?);
        }
        Result::<Vec<String>>::Ok(findings)
    })?;
    let findings = findings.map_err(|error| error.to_string())?;
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
}

async fn check(connection: &mut Connection, figures: &Figures) -> Result<Vec<String>> {
    let mut measures = vec![("count(*)".to_owned(), figures.rows.to_string(), false)];
    for (column, expected) in &figures.columns {
        let is_float = |kind: &str| kind.contains("FLOAT") || kind.contains("DOUBLE");
        let kind = expected.get("type").map_or("", |kind| kind.get());
        for (measure, value) in expected.iter().filter(|(measure, _)| *measure != "type") {
            let value = value.get().trim_matches('"').to_owned();
            measures.push((expression(measure, &identifier(column))?, value, is_float(kind)));
        }
    }
    let selected: Vec<&str> = measures.iter().map(|(expression, ..)| expression.as_str()).collect();
    let version = match figures.version.strip_prefix("snapshot-") {
        Some(id) => format!(" FOR VERSION AS OF {id}"),
        None if figures.version == "latest" => String::new(),
        None => format!(" FOR VERSION AS OF {}", literal(&figures.version)),
    };
    let sql = format!("SELECT {} FROM rec.{}{version}", selected.join(", "), figures.table);
    let batches = connection.query(&sql).await.map_err(|error| format!("{sql}: {error}"))?;
    let got = only_row(&batches)?;
    let differing = measures.iter().zip(&got).filter(|((_, want, float), got)| !same(want, got, *float));
    Ok(differing
        .map(|((expression, want, _), got)| {
            format!("{} at {}: {expression} is {got} instead of {want}", figures.table, figures.version)
        })
        .collect())
}

fn expression(measure: &str, column: &str) -> Result<String> {
    Ok(match measure {
        "non_null" => format!("count({column})"),
        "sum" | "min" | "max" => format!("{measure}({column})"),
        "distinct" => format!("count(DISTINCT {column})"),
        "true" => format!("count(*) FILTER (WHERE {column})"),
        "elements" => format!("sum(cardinality({column}))"),
        other => return Err(format!("the test does not know the figure {other:?}").into()),
    })
}

fn only_row(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let mut batches = batches.iter().filter(|batch| batch.num_rows() > 0);
    let (Some(batch), None) = (batches.next(), batches.next()) else { return Err("not one row".into()) };
    let options = FormatOptions::default().with_null("NULL");
    batch
        .columns()
        .iter()
        .map(|column| Ok(ArrayFormatter::try_new(column as &dyn Array, &options)?.value(0).to_string()))
        .collect()
}

fn same(want: &str, got: &str, float: bool) -> bool {
    match (want.parse::<f64>(), got.parse::<f64>()) {
        (Ok(want), Ok(got)) if float => (want - got).abs() <= want.abs() * RELATIVE_ERROR_MAX,
        // Arrow prints no fraction of a second where it is zero.
        _ => want.trim_end_matches(".000") == got,
    }
}
