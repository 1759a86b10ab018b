//! What the runner was asked to run: arguments after `--`, or environment variables.

use std::env;

use crate::golden_set::Result;
use crate::golden_set::manifest::Query;
use crate::heading::heading;
use crate::pattern::matches;

pub const HELP: &str = "\
Runs the queries of a golden set through SQL and compares their rows exactly.

  cargo test --release --test golden -- [--kind KIND,...] [--table GLOB,...] [--jobs N] [--show N]

  --kind KIND    batch, system, incremental, stream; `delta batch` where a set has formats (TARN_GOLDEN_KIND)
  --table GLOB   tables, with * and ? (TARN_GOLDEN_TABLE)
  --object GLOB  objects: tables, system tables (t$files), branches
  --jobs N       queries at a time, 2 unless told
  --show N       wrong queries that are printed, 50 unless told

TARN_GOLDEN names another set: a folder, or a packed .tar.zst.";

/// Which queries run, and how.
#[derive(Debug)]
pub struct Options {
    pub kinds: Vec<String>,
    pub tables: Vec<String>,
    pub objects: Vec<String>,
    pub jobs: usize,
    pub shown_max: usize,
}

/// What the arguments ask for.
pub enum Request {
    Run(Options),
    Help,
    /// The test harness's `--list`, or a filter by name that this test does not match.
    Nothing,
}

impl Options {
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Request> {
        let mut options = Self {
            kinds: list(&env::var("TARN_GOLDEN_KIND").unwrap_or_default()),
            tables: list(&env::var("TARN_GOLDEN_TABLE").unwrap_or_default()),
            objects: Vec::new(),
            jobs: 2,
            shown_max: 50,
        };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--kind" => options.kinds = list(&value()?),
                "--table" => options.tables = list(&value()?),
                "--object" => options.objects = list(&value()?),
                "--jobs" => options.jobs = value()?.parse::<usize>()?.max(1),
                "--show" => options.shown_max = value()?.parse()?,
                "--help" | "-h" => return Ok(Request::Help),
                "--list" => return Ok(Request::Nothing),
                // A name as `cargo test NAME` hands it to every test program.
                name if !name.starts_with('-') && !"golden".contains(name) => return Ok(Request::Nothing),
                _ => {}
            }
        }
        Ok(Request::Run(options))
    }

    pub fn wants(&self, query: &Query) -> bool {
        let counted_as = heading(query);
        let kind =
            self.kinds.is_empty() || self.kinds.iter().any(|kind| *kind == query.kind || *kind == counted_as);
        let any = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
        };
        kind && any(&self.tables, &query.table) && any(&self.objects, query.object())
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
