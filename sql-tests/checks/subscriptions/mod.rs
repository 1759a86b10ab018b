//! Subscribers of a table that changes under them.
//!
//! A writer commits appends and compactions at random moments, and lets snapshots expire that every
//! subscriber has passed. Each subscriber is killed again and again, forgets what no progress row has
//! closed, and goes on from its last one. In the end each has exactly the rows that the writer wrote,
//! and has seen every snapshot once. Nothing is measured; the only clock is a guard against hanging.

mod follower;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqllogictest::harness::{Failed, Trial};
use tarn::engine::{Engine, EngineConfig, LakeLocation};
use tarn::pg::{ServeOptions, Server};

use crate::golden_set::Result;
use crate::harness::lakes;
use crate::harness::paimon_writer::{Row, Writer};
use follower::{Follower, Front};

const COMMITS: i64 = 200;
const FOLLOWERS: usize = 10;
const SEED: u64 = 20_261_127;
const HANGS_AFTER: Duration = Duration::from_secs(240);

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("subscriptions::subscribers_miss_and_repeat_nothing", || {
        // The clock is the runtime's.
        let test = async { tokio::time::timeout(HANGS_AFTER, subscribers_miss_and_repeat_nothing()).await };
        match lakes::block_on(test) {
            Ok(Ok(outcome)) => outcome.map_err(|error| format!("seed {SEED}: {error}").into()),
            Ok(Err(_)) => Err(Failed::from(format!("seed {SEED}: the subscribers hang"))),
            Err(error) => Err(error.to_string().into()),
        }
    })]
}

async fn subscribers_miss_and_repeat_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut writer = Writer::create(folder.path(), "d", "t")?;
    let mut rng = StdRng::seed_from_u64(SEED);
    writer.append(random_rows(&mut rng), true)?;
    let lake = LakeLocation { name: "live".to_owned(), url: folder.path().display().to_string() };
    let engine = Engine::open(EngineConfig { lakes: vec![lake], ..EngineConfig::default() }).await?;
    let listen = vec![([127, 0, 0, 1], 0).into()];
    let server =
        Server::bind(Arc::clone(&engine), ServeOptions { listen, ..ServeOptions::default() }).await?;
    let address = server.addresses().first().copied().ok_or("the server listens nowhere")?;
    tokio::spawn(server.run());

    let reached: Arc<Vec<AtomicI64>> = Arc::new((0..FOLLOWERS).map(|_| AtomicI64::new(0)).collect());
    let mut followers = tokio::task::JoinSet::new();
    for number in 0..FOLLOWERS {
        let front = match number % 3 {
            0 => Front::Stream(engine.session(None)?),
            1 => Front::Position(engine.session(None)?),
            _ => Front::Copy(address),
        };
        let (rng, reached) = (StdRng::seed_from_u64(SEED + 1 + number as u64), Arc::clone(&reached));
        followers.spawn(async move { Follower::new(front, rng, COMMITS).run(&reached[number]).await });
    }
    let mut expired = 0;
    while writer.version < COMMITS {
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..8))).await;
        keep_together(&reached, writer.version).await;
        // The hint comes late or not at all now and then, as it may.
        let hint = rng.random_bool(0.7);
        match writer.files() > 3 && rng.random_bool(0.15) {
            true => writer.compact(hint)?,
            false => writer.append(random_rows(&mut rng), hint)?,
        }
        if rng.random_bool(0.2) {
            let passed = slowest(&reached);
            writer.expire(passed)?;
            expired = expired.max(passed);
        }
    }
    let mut expected = writer.rows();
    expected.sort_unstable();
    while let Some(ended) = followers.join_next().await {
        let (kills, rows) = ended??;
        if rows != expected {
            return Err(format!("{} rows were to be seen, {} were", expected.len(), rows.len()).into());
        }
        if kills == 0 {
            return Err("a subscriber was never killed: the test tests too little".into());
        }
    }
    match expired > 0 {
        true => Ok(()),
        false => Err("nothing expired: the test tests too little".into()),
    }
}

/// Rows that may be there already.
/// The version that every follower has seen.
fn slowest(reached: &[AtomicI64]) -> i64 {
    reached.iter().map(|reached| reached.load(Ordering::SeqCst)).min().unwrap_or(0)
}

/// Holds the writer up while a follower is far behind: on a busy machine it would be done before anybody
/// has seen a version that could expire. A follower that is gone holds it up for so long and no longer.
async fn keep_together(reached: &[AtomicI64], version: i64) {
    const FAR: i64 = 50;
    for _ in 0..500 {
        if version - slowest(reached) < FAR {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn random_rows(rng: &mut StdRng) -> Vec<Row> {
    (0..rng.random_range(1..6)).map(|_| (rng.random_range(0..40), rng.random_range(0..3))).collect()
}
