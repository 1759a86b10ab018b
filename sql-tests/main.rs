//! Tests over whole statements: `.slt` files in process and over the wire, and what they cannot say.
//!
//! One program, because linking the engine takes longer than running the tests:
//!
//! ```text
//! cargo test --release --test sql                  # everything
//! cargo test --release --test sql -- time_travel   # by name
//! ```

mod checks;
mod golden_set;
mod harness;

use std::process::ExitCode;

use sqllogictest::harness::{Arguments, Failed, Trial, run};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("the tests cannot be listed: {}", error.message().unwrap_or("no reason given"));
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, Failed> {
    let mut trials = harness::slt::trials()?;
    trials.extend(checks::trials().map_err(|error| error.to_string())?);
    set_known_failures_aside(&mut trials)?;
    Ok(trials)
}

/// Trials that are known to fail stand in `known-failures.txt`, a name a line, and are named loudly
/// instead of run; `--include-ignored` runs them. The file must only ever get shorter.
fn set_known_failures_aside(trials: &mut Vec<Trial>) -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sql-tests/known-failures.txt");
    let known = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let known: Vec<&str> = known.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    *trials = std::mem::take(trials)
        .into_iter()
        .map(|trial| {
            let label = format!("{} ({})", trial.name(), trial.kind());
            let fails = known.iter().any(|name| *name == label || *name == trial.name());
            if fails {
                eprintln!("KNOWN FAILURE, not run: {label}");
            }
            trial.with_ignored_flag(fails)
        })
        .collect();
    Ok(())
}
