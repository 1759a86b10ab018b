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
    Ok(trials)
}
