//! The `.slt` files of every topic, each in process, over the simple and over the extended protocol.

use std::path::Path;

use sqllogictest::harness::{Failed, Trial, glob};
use sqllogictest::{MakeConnection, Runner};

use super::{in_process, lakes, wire};

/// One trial for each file and way to run it, named `TOPIC/FILE (way)`.
pub fn trials() -> Result<Vec<Trial>, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql-tests");
    let mut trials = Vec::new();
    for entry in glob(&root.join("*/*.slt").display().to_string())? {
        let file = entry?;
        let name = file.strip_prefix(&root)?.with_extension("").display().to_string();
        let mut add = |way: &str, run: fn(&Path) -> Result<(), Failed>| {
            let file = file.clone();
            trials.push(Trial::test(format!("{name} ({way})"), move || run(&file)));
        };
        add("in process", |file| run(file, "in-process", in_process::Connection::open));
        add("simple", |file| run(file, "simple", wire::Simple::connect));
        add("extended", |file| run(file, "extended", wire::Extended::connect));
    }
    if trials.is_empty() {
        return Err(format!("{} holds no .slt file", root.display()).into());
    }
    Ok(trials)
}

/// Runs one file; `label` serves `onlyif` and `skipif`.
fn run<M: MakeConnection>(file: &Path, label: &str, connect: M) -> Result<(), Failed> {
    let mut runner = Runner::new(connect);
    runner.add_label(label);
    let outcome = lakes::block_on(async {
        let outcome = runner.run_file_async(file).await;
        runner.shutdown_async().await;
        outcome
    });
    outcome.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    Ok(())
}
