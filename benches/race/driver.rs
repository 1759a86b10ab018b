//! Starts the engines, asks them in turn, and reports.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::queries::{KEYS, QUERIES, title};
use crate::worker::Answer;
use crate::{Result, plain};

/// What the others are measured against.
const MARK: &str = "datafusion-plain";
const OWN: [&str; 3] = ["tarn-cold", "tarn-warm", MARK];
const PEERS: [&str; 1] = ["paimon-rust"];

pub fn run(folder: &Path, arguments: &[String]) -> Result<()> {
    let mut selected: Vec<String> = QUERIES.iter().map(|(query, _)| (*query).to_owned()).collect();
    let mut engines: Vec<String> = OWN.iter().chain(&PEERS).map(|engine| (*engine).to_owned()).collect();
    let mut repetitions = None;
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} needs a value", pair[0]).into()) };
        let listed = || value.split(',').map(str::to_owned).collect();
        match name.as_str() {
            "--queries" => selected = listed(),
            "--engines" => engines = listed(),
            "--repetitions" => repetitions = Some(value.parse::<usize>()?),
            other => return Err(format!("no option {other:?}").into()),
        }
    }
    plain::prepare(folder)?;
    let mut workers = Vec::new();
    for engine in engines {
        match Worker::start(&engine, folder) {
            Ok(worker) => workers.push(worker),
            Err(error) => println!("{engine} does not take part: {error}"),
        }
    }
    let mut race = Race { workers, results: BTreeMap::new() };
    for (query, usual) in QUERIES.iter().filter(|(query, _)| selected.iter().any(|wanted| wanted == query)) {
        race.ask(query, repetitions.unwrap_or(*usual))?;
    }
    race.report()
}

struct Race {
    workers: Vec<Worker>,
    /// By question, then by engine, in the order in which the engines started.
    results: BTreeMap<String, Vec<Lane>>,
}

/// One engine's answers to one question.
struct Lane {
    engine: String,
    answers: Vec<Answer>,
    /// Processor time of each answer, of all threads, in milliseconds.
    cpu_ms: Vec<f64>,
    peak_mib: u64,
}

impl Race {
    fn ask(&mut self, query: &str, repetitions: usize) -> Result<()> {
        let lane = |worker: &Worker| Lane {
            engine: worker.engine.clone(),
            answers: Vec::new(),
            cpu_ms: Vec::new(),
            peak_mib: 0,
        };
        let mut lanes: Vec<Lane> = self.workers.iter().map(lane).collect();
        // One more, since the first is dropped.
        for repetition in 0..=repetitions {
            eprintln!("{query}, repetition {repetition} of {repetitions}");
            for (worker, lane) in self.workers.iter_mut().zip(&mut lanes) {
                worker.forget_peak();
                let before = worker.cpu_ms();
                lane.answers.push(worker.ask(query, KEYS[repetition % KEYS.len()])?);
                lane.cpu_ms.push(worker.cpu_ms() - before);
                lane.peak_mib = lane.peak_mib.max(worker.peak_mib());
            }
        }
        self.results.insert(query.to_owned(), lanes);
        Ok(())
    }

    fn report(&self) -> Result<()> {
        let mut disagreements = Vec::new();
        println!("\nRatios are to {MARK}. On a machine that is shared, trust those of processor time.\n");
        println!("| query | engine | median ms | min ms | ratio | CPU ms | ratio | peak MiB | rows |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for (query, lanes) in &self.results {
            let mark = lanes.iter().find(|lane| lane.engine == MARK);
            for lane in lanes {
                println!("{}", lane.line(query, mark));
            }
            if query != "q6" && disagree(lanes) {
                disagreements.push(query.clone());
            }
        }
        if disagreements.is_empty() {
            return Ok(());
        }
        Err(format!("the engines disagree about {}", disagreements.join(", ")).into())
    }
}

/// Whether two answers with the same key differ.
fn disagree(lanes: &[Lane]) -> bool {
    let answered = |lane: &&Lane| lane.answers.iter().all(|answer| answer.ms.is_some());
    let facts =
        |lane: &Lane| lane.answers.iter().map(|answer| (answer.rows, answer.check)).collect::<Vec<_>>();
    let mut lanes = lanes.iter().filter(answered).map(facts);
    let first = lanes.next();
    lanes.any(|other| Some(other) != first)
}

impl Lane {
    /// Times after the first.
    fn times(&self) -> Vec<f64> {
        self.answers.iter().skip(1).filter_map(|answer| answer.ms).collect()
    }

    fn cpu_median(&self) -> Option<f64> {
        median(self.cpu_ms.iter().skip(1).copied().collect())
    }

    fn line(&self, query: &str, mark: Option<&Self>) -> String {
        let head = format!("| {query} {} | {} |", title(query), self.engine);
        let (Some(wall), Some(cpu)) = (median(self.times()), self.cpu_median()) else {
            let reason =
                self.answers.iter().find_map(|answer| answer.error.as_deref()).unwrap_or("no answer");
            return format!("{head} {} | | | | | | |", reason.chars().take(80).collect::<String>());
        };
        let minimum = self.times().into_iter().fold(wall, f64::min);
        let ratio = |own: f64, mark: Option<f64>| match mark {
            Some(mark) if mark > 0.0 => format!("{:.2}", own / mark),
            _ => String::new(),
        };
        let wall_ratio = ratio(wall, mark.and_then(|mark| median(mark.times())));
        let cpu_ratio = ratio(cpu, mark.and_then(Self::cpu_median));
        let rows = self.answers.last().map_or(0, |answer| answer.rows);
        let peak = self.peak_mib;
        format!("{head} {wall:.1} | {minimum:.1} | {wall_ratio} | {cpu:.0} | {cpu_ratio} | {peak} | {rows} |")
    }
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

struct Worker {
    engine: String,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start(engine: &str, folder: &Path) -> Result<Self> {
        let mut command = if OWN.contains(&engine) {
            let mut command = Command::new(env::current_exe()?);
            command.args(["--worker", engine]).arg(folder);
            command
        } else {
            peer(engine, folder)?
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut worker = Self { engine: engine.to_owned(), process, input, output };
        let greeting = worker.line()?;
        if greeting.trim() == "ready" { Ok(worker) } else { Err(format!("it said {greeting:?}").into()) }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }

    fn ask(&mut self, query: &str, key: i64) -> Result<Answer> {
        writeln!(self.input, "{query} {key}")?;
        self.input.flush()?;
        let line = self.line()?;
        Ok(serde_json::from_str(&line).unwrap_or_else(|_| Answer {
            error: Some(format!("{} died: {}", self.engine, line.trim())),
            ..Answer::default()
        }))
    }

    /// Starts the peak of resident memory anew, where the system lets us.
    fn forget_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5");
    }

    /// Processor time so far, of all threads that are or were, in milliseconds.
    fn cpu_ms(&self) -> f64 {
        /// Linux counts these in hundredths of a second, on every machine.
        const TICK_MS: f64 = 10.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        // What follows the name in parentheses: state is field 3, the two times are fields 14 and 15.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * TICK_MS
    }

    fn peak_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib =
            line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A peer in Python, through the recipe's own worker: `TARN_RACE_PYTHON` is an interpreter that has it.
fn peer(engine: &str, folder: &Path) -> Result<Command> {
    let python = env::var_os("TARN_RACE_PYTHON").map(PathBuf::from);
    let python = python.ok_or("TARN_RACE_PYTHON names no Python that has it installed")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql-tests/golden/paimon-recipe/worker.py");
    let mut command = Command::new(python);
    command.arg(script).arg(engine).arg(folder);
    Ok(command)
}
