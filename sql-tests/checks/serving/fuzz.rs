//! Streams of messages that no client would send: cut, changed, out of order, of wrong lengths.
//!
//! The server answers with errors or closes the connection; it goes on serving others, and no session
//! is left behind. `TARN_WIRE_CASES` and `TARN_WIRE_SEED` choose how many streams there are.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sqllogictest::harness::Trial;
use tarn::pg::ServeOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{message, startup};
use super::{Serving, trial};
use crate::golden_set::Result;

const CASES: u64 = 400;
const SEED: u64 = 6;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("fuzz::streams_of_messages", streams),
        trial("fuzz::connections_come_and_go", come_and_go),
        trial("fuzz::readers_are_slow_or_gone", slow_readers),
    ]
}

fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => Ok(text.parse()?),
        Err(_) => Ok(default),
    }
}

/// Messages that are right by themselves, so that random orders of them reach far.
fn words() -> Vec<Vec<u8>> {
    let text = |tag: u8, body: &[u8]| message(tag, body);
    vec![
        text(b'Q', b"SELECT 1\0"),
        text(b'Q', b"SELECT 1; SELECT nothing; SELECT 2\0"),
        text(b'Q', b"BEGIN\0"),
        text(b'Q', b"COMMIT\0"),
        text(b'Q', b"\0"),
        text(b'Q', b"DECLARE c CURSOR FOR SELECT user_id FROM rec.users\0"),
        text(b'Q', b"FETCH 3 FROM c\0"),
        text(b'Q', b"COPY (SELECT 1) TO STDOUT (FORMAT binary)\0"),
        text(b'Q', b"SET statement_timeout = 1000\0"),
        text(b'P', b"\0SELECT $1::int + 1\0\0\x01\0\0\0\x17"),
        text(b'P', b"s\0SELECT user_id FROM rec.users WHERE user_id < $1\0\0\0"),
        text(b'P', b"\0SELECT 1\0\xff\xff"),
        text(b'B', b"\0\0\0\0\0\x01\0\0\0\x011\0\0"),
        text(b'B', b"p\0s\0\0\x01\0\x01\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x20\0\x01\0\x01"),
        text(b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff1\0\0"),
        text(b'D', b"S\0"),
        text(b'D', b"Pp\0"),
        text(b'D', b"X\0"),
        text(b'E', b"\0\0\0\0\0"),
        text(b'E', b"p\0\0\0\0\x02"),
        text(b'E', b"p\0\x7f\xff\xff\xff"),
        text(b'E', b"p\0\xff\xff\xff\xff"),
        text(b'C', b"Ss\0"),
        text(b'C', b"Pp\0"),
        text(b'H', b""),
        text(b'S', b""),
        text(b'X', b""),
        text(b'F', b"\0\0\0\x01"),
        text(b'd', b"data"),
        text(b'c', b""),
        text(b'f', b"no\0"),
        text(b'p', b"secret\0"),
        text(b'p', b"SCRAM-SHA-256\0\0\0\0\x04n,,n"),
        startup("tester"),
        vec![0, 0, 0, 8, 4, 210, 22, 47],
        vec![0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2],
    ]
}

/// A stream of words, in parts of which bytes are changed, lost or repeated.
fn stream(random: &mut StdRng, words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if random.random_bool(0.9) {
        bytes.extend(startup("tester"));
    }
    for _ in 0..random.random_range(0..30) {
        let Some(word) = words.choose(random) else { continue };
        let mut word = word.clone();
        match random.random_range(0..12) {
            0 => word.truncate(random.random_range(0..=word.len())),
            1 => {
                let at = random.random_range(0..word.len());
                word[at] = random.random();
            }
            2 => {
                let at = random.random_range(0..word.len());
                word.insert(at, random.random());
            }
            3 => word.extend((0..random.random_range(0..50)).map(|_| random.random::<u8>())),
            _ => {}
        }
        bytes.extend(word);
    }
    bytes
}

async fn streams() -> Result<()> {
    let (cases, seed) = (number("TARN_WIRE_CASES", CASES)?, number("TARN_WIRE_SEED", SEED)?);
    let serving = Serving::start(ServeOptions::default()).await?;
    let words = words();
    for case in 0..cases {
        let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(case));
        let bytes = stream(&mut random, &words);
        talk(&serving, &mut random, &bytes)
            .await
            .map_err(|error| format!("seed {seed}, case {case}: {error}"))?;
        if case % 50 == 0 {
            let client = serving.connect("tester", None).await?;
            client.simple_query("SELECT 1").await.map_err(|error| format!("after case {case}: {error}"))?;
        }
    }
    serving.wait_for_sessions(0).await;
    Ok(())
}

/// Sends the bytes in pieces, says that no more come, and reads what the server says to the end.
async fn talk(serving: &Serving, random: &mut StdRng, bytes: &[u8]) -> Result<()> {
    let stream = TcpStream::connect(serving.address).await?;
    let (mut input, mut output) = stream.into_split();
    let piece = random.random_range(1..=bytes.len().max(1));
    let write = async {
        for part in bytes.chunks(piece) {
            // The server may have had enough already.
            if output.write_all(part).await.is_err() {
                break;
            }
        }
        let _closed = output.shutdown().await;
    };
    let read = async {
        let mut answer = Vec::new();
        let _closed = input.read_to_end(&mut answer).await;
        answer
    };
    let ((), answer) = tokio::join!(write, read);
    let text = String::from_utf8_lossy(&answer);
    match ["XX000", "panicked", "ran into a bug"].iter().find(|word| text.contains(**word)) {
        Some(word) => Err(format!("the server says {word}: {text}").into()),
        None => Ok(()),
    }
}

/// Many clients at once, again and again; some leave in the middle of a result.
async fn come_and_go() -> Result<()> {
    let serving = Serving::start(ServeOptions { max_connections: 100, ..ServeOptions::default() }).await?;
    for round in 0..3 {
        let clients = (0..100).map(|n| {
            let serving = &serving;
            async move {
                let mut raw = super::raw::Raw::connect(serving.address, "tester").await?;
                match n % 4 {
                    0 => raw.query("SELECT * FROM rec.impressions").await?,
                    1 => raw.query("SELECT count(*) FROM rec.users").await?,
                    2 => raw.query("BEGIN").await?,
                    _ => raw.stream.write_all(b"Q\0\0").await?,
                }
                if n % 2 == 1 {
                    let _read = raw.stream.readable().await;
                }
                Result::<()>::Ok(())
            }
        });
        for ended in futures::future::join_all(clients).await {
            ended.map_err(|error| format!("round {round}: {error}"))?;
        }
        serving.wait_for_sessions(0).await;
    }
    Ok(())
}

/// Clients that ask for much and read nothing keep nobody else, and their work ends with them.
async fn slow_readers() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut raw = super::raw::Raw::connect(serving.address, "tester").await?;
        raw.query("SELECT x, repeat('x', 100) FROM generate_series(1, 100000000) a(x)").await?;
        slow.push(raw);
    }
    let client = serving.connect("tester", None).await?;
    for _ in 0..10 {
        client.simple_query("SELECT count(*) FROM rec.users").await?;
    }
    drop(slow);
    serving.wait_for_sessions(1).await;
    serving.wait_for_rest().await;
    Ok(())
}
