//! The race: merge-on-read in Tarn against plain Parquet of the same rows, and against peers.
//!
//! ```text
//! benches/race/table.sh DIR 6000000      # the table, by Java Paimon
//! cargo bench --bench race -- DIR        # [--queries q1,q5] [--engines tarn-cold,...] [--repetitions 7]
//! ```
//!
//! Every engine is a process of its own that stays alive; queries are interleaved engine by engine, the first
//! repetition of each is dropped, and what is printed are medians and the ratio to DataFusion on the plain files.
//! The race fails when two engines disagree about an answer. `tarn-cold` opens a new engine for each query, so
//! that only the operating system's pages are warm; `tarn-warm` keeps its masks, manifests and footers.

mod driver;
mod plain;
mod queries;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("--worker") if arguments.len() == 3 => worker::run(&arguments[1], Path::new(&arguments[2])),
        Some("--prepare") if arguments.len() == 2 => plain::prepare(Path::new(&arguments[1])),
        Some(folder) if !folder.starts_with('-') => {
            let folder = PathBuf::from(arguments.remove(0));
            driver::run(&folder, &arguments)
        }
        _ => {
            // `cargo bench` without a table, `cargo test --benches`: nothing to race.
            println!(
                "race: name the folder that benches/race/table.sh wrote to: cargo bench --bench race -- DIR"
            );
            return ExitCode::SUCCESS;
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("race: {error}");
            ExitCode::FAILURE
        }
    }
}
