//! The golden runner: every query of a golden set, through SQL, compared row by row.
//!
//! ```text
//! cargo test --release --test golden
//! cargo test --release --test golden -- --kind batch --table 'pk_*'
//! TARN_GOLDEN=/some/set cargo test --release --test golden
//! ```
//!
//! A query passes when its rows, column names and their order are exactly the answer; it is *refused by both*
//! when the format's own reader refused it and Tarn did (changes that it refused to tell and Tarn tells pass
//! where they are the difference of the two versions); it is *not yet* when Tarn said which feature it lacks;
//! everything else is *wrong*: other rows, rows where none should be, an unclear error, a panic, no end.

#[path = "../golden_set/mod.rs"]
mod golden_set;

mod changes;
mod check;
mod evolution;
mod heading;
mod options;
mod pattern;
mod report;
mod required;
mod run;
mod statement;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use golden_set::manifest::GoldenSet;
use golden_set::{Result, unpack};
use options::{Options, Request};

/// The sets that come with the project: Paimon's, that of the other formats, and more tables of those, made by
/// `lakes-extra/` with the first set's recipe.
const PACKED: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/golden/paimon.tar.zst"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/golden/lakes.tar.zst"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/golden/lakes-extra.tar.zst"),
];

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(Request::Run(options)) => match judge(&options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => refuse(&error.to_string()),
        },
        Ok(Request::Help) => {
            println!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Ok(Request::Nothing) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("golden: {message}");
    ExitCode::from(2)
}

/// Runs what was asked; whether nothing was wrong and nothing required is missing.
fn judge(options: &Options) -> Result<bool> {
    let places = match std::env::var_os("TARN_GOLDEN") {
        Some(place) => vec![PathBuf::from(place)],
        None => PACKED.map(PathBuf::from).to_vec(),
    };
    let sets: Result<Vec<_>> =
        places.iter().map(|place| Ok(Arc::new(GoldenSet::load(&unpack::open(place)?)?))).collect();
    let sets = sets?;
    let mut outcomes = Vec::new();
    for set in &sets {
        outcomes.extend(run::all(set, options)?);
    }
    let counts = report::print(&outcomes, options.shown_max);
    let failures = required::failures(&outcomes)?;
    for failure in failures.iter().take(options.shown_max) {
        eprintln!("required but {:?}: {}", failure.verdict, failure.sql);
    }
    if !failures.is_empty() {
        eprintln!("golden: {} queries that required.txt lists do not pass", failures.len());
    }
    Ok(counts.wrong == 0 && failures.is_empty())
}
