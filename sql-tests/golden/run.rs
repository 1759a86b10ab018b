//! Running many queries at once.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tarn::engine::{Engine, EngineConfig, LakeLocation, Session};

use crate::check::{Verdict, check};
use crate::golden_set::Result;
use crate::golden_set::manifest::GoldenSet;
use crate::options::Options;
use crate::report::Outcome;
use crate::statement::sql_of;

const LAKE: &str = "lake";
/// Queries between two lines of progress where nobody watches.
const PROGRESS_QUERIES: usize = 1000;

/// Runs every query that the options want; the outcomes stand in the manifest's order.
pub fn all<'a>(set: &'a Arc<GoldenSet>, options: &Options) -> Result<Vec<Outcome<'a>>> {
    let wanted: Vec<usize> = (0..set.queries.len()).filter(|at| options.wants(&set.queries[*at])).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let verdicts = runtime.block_on(verdicts(set, &wanted, options.jobs))?;
    let outcomes = wanted.into_iter().zip(verdicts).map(|(position, verdict)| {
        let query = &set.queries[position];
        let sql = sql_of(set, query).unwrap_or_else(|reason| reason.to_string());
        Outcome { query, sql, verdict }
    });
    Ok(outcomes.collect())
}

/// Paimon's warehouse, or a lake for each format of a set of many. Metadata of some names files by where the
/// set was made.
fn lakes(set: &GoldenSet) -> Result<Vec<LakeLocation>> {
    let warehouse = set.warehouse();
    let formats: BTreeSet<&str> = set.queries.iter().filter_map(|query| query.format.as_deref()).collect();
    if formats.is_empty() {
        return Ok(vec![LakeLocation { name: LAKE.to_owned(), url: warehouse.display().to_string() }]);
    }
    let made_as = set.root.file_name().ok_or("a set has no name")?.display();
    let lake = |format: &str| LakeLocation {
        url: format!(
            "{}#stored-at=/tmp/tarn-golden/{made_as}/warehouse/{format}",
            warehouse.join(format).display()
        ),
        name: format.to_owned(),
    };
    Ok(formats.into_iter().map(lake).collect())
}

async fn verdicts(set: &Arc<GoldenSet>, wanted: &[usize], jobs: usize) -> Result<Vec<Verdict>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let lakes = lakes(set)?;
    let engine = Engine::open(EngineConfig { lakes, ..EngineConfig::default() }).await?;
    // Tasks must own what they use, so that a panic ends one query and not the run.
    let shared = Arc::new(Work {
        set: Arc::clone(set),
        wanted: wanted.to_vec(),
        next: AtomicUsize::new(0),
        done: Progress::new(wanted.len()),
    });
    let workers: Vec<_> =
        (0..jobs).map(|_| tokio::spawn(work(Arc::clone(&shared), Arc::clone(&engine)))).collect();
    let mut verdicts = vec![Verdict::NotYet(String::new()); wanted.len()];
    for worker in workers {
        for (position, verdict) in worker.await?? {
            verdicts[position] = verdict;
        }
    }
    shared.done.finish();
    Ok(verdicts)
}

struct Work {
    set: Arc<GoldenSet>,
    wanted: Vec<usize>,
    next: AtomicUsize,
    done: Progress,
}

/// Takes queries until none is left; gives their verdicts with their positions.
async fn work(shared: Arc<Work>, engine: Arc<Engine>) -> Result<Vec<(usize, Verdict)>> {
    let mut verdicts = Vec::new();
    let mut session: Arc<Session> = Arc::new(engine.session(None)?);
    loop {
        let position = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(query) = shared.wanted.get(position).copied() else { return Ok(verdicts) };
        let task = tokio::spawn({
            let (shared, session) = (Arc::clone(&shared), Arc::clone(&session));
            async move { check(&shared.set, &session, &shared.set.queries[query]).await }
        });
        let verdict = task.await.unwrap_or_else(|error| Verdict::Wrong(format!("panicked: {error}")));
        if matches!(verdict, Verdict::Wrong(_)) {
            session = Arc::new(engine.session(None)?);
        }
        verdicts.push((position, verdict));
        shared.done.step();
    }
}

/// Progress on standard error: in place on a terminal, a line now and then elsewhere.
struct Progress {
    total: usize,
    done: AtomicUsize,
    started: Instant,
    in_place: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        let in_place = std::io::stderr().is_terminal();
        Self { total, done: AtomicUsize::new(0), started: Instant::now(), in_place }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let seconds = self.started.elapsed().as_secs();
        if self.in_place && done.is_multiple_of(20) {
            eprint!("\rgolden: {done} of {} queries, {seconds} s ", self.total);
        } else if !self.in_place && done.is_multiple_of(PROGRESS_QUERIES) {
            eprintln!("golden: {done} of {} queries, {seconds} s", self.total);
        }
    }

    fn finish(&self) {
        let newline = if self.in_place { "\r" } else { "" };
        eprintln!("{newline}golden: {} queries in {:.1} s", self.total, self.started.elapsed().as_secs_f64());
    }
}
