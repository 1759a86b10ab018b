//! Everything that ends a statement or a session early: cancel, timeouts, limits, a client that goes.
//!
//! No time is asserted: what does not end makes the test hang, and so fail.

use std::time::Duration;

use sqllogictest::harness::Trial;
use tarn::pg::ServeOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::NoTls;

use super::raw::{Raw, state_in};
use super::{Serving, expect, state_of, trial};
use crate::golden_set::Result;

/// Statements that would run for hours, each busy in its own way.
const ENDLESS: &[&str] = &[
    // A nested-loop join that finds nothing never gives a batch.
    "SELECT count(*) FROM generate_series(1, 3000000) a(x) JOIN generate_series(1, 3000000) b(y) ON x * y < 0",
    "SELECT count(*) FROM generate_series(1, 3000000) a(x) WHERE NOT EXISTS \
     (SELECT 1 FROM generate_series(1, 3000000) b(y) WHERE x * y < 0)",
    // A cross product, counted.
    "SELECT count(*) FROM generate_series(1, 3000000) a(x), generate_series(1, 3000000) b(y)",
    // A hash join of one key.
    "SELECT count(*) FROM (SELECT x % 1 AS k, x FROM generate_series(1, 2000000) a(x)) a \
     JOIN (SELECT y % 1 AS k, y FROM generate_series(1, 2000000) b(y)) b ON a.k = b.k AND x * y < 0",
    // Rows without an end.
    "SELECT x FROM generate_series(1, 4000000000) a(x)",
    "SELECT count(*) FROM generate_series(1, 400000000000) a(x)",
];

pub fn trials() -> Vec<Trial> {
    let cancel = ENDLESS.iter().enumerate().flat_map(|(n, sql)| {
        [
            trial(&format!("stops::cancel_{n}"), move || cancelled(sql)),
            trial(&format!("stops::timeout_{n}"), move || timed_out(sql)),
            trial(&format!("stops::client_gone_{n}"), move || client_gone(sql)),
        ]
    });
    let others = [
        trial("stops::others_are_served_meanwhile", others_are_served),
        trial("stops::statements_end_others", by_statement),
        trial("stops::copy_is_cancelled", copy_cancelled),
        trial("stops::idle_timeouts", idle_timeouts),
        trial("stops::places_are_counted", places),
        trial("stops::statements_and_portals_are_counted", counted),
        trial("stops::messages_have_a_limit", long_message),
        trial("stops::a_silent_client_is_turned_away", silent),
        trial("stops::draining_lets_statements_end", draining),
    ];
    cancel.chain(others).collect()
}

/// `pg_stat_activity` tells of a session, `pg_cancel_backend` and `pg_terminate_backend` end what it does.
async fn by_statement() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let (busy, other) = (serving.connect("tester", None).await?, serving.connect("tester", None).await?);
    let pid: i32 = busy.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
    let watch = async {
        let sql = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                   WHERE pid = $1 AND state = 'active' AND query LIKE 'SELECT count(*) FROM gen%'";
        while other.query(sql, &[&pid]).await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Result::<()>::Ok(())
    };
    let (ended, watched) = tokio::join!(busy.simple_query(ENDLESS[5]), watch);
    watched?;
    expect("cancelled by a statement", &state_of(ended), "57014")?;
    let unknown: bool = other.query_one("SELECT pg_cancel_backend(2147483647)", &[]).await?.try_get(0)?;
    expect("nobody", &unknown.to_string(), "false")?;
    let terminate = format!("SELECT pg_terminate_backend({pid})");
    let ended: bool = other.query_one(&terminate, &[]).await?.try_get(0)?;
    expect("terminated", &ended.to_string(), "true")?;
    while other.query_one("SELECT count(*) FROM pg_stat_activity", &[]).await?.try_get::<_, i64>(0)? > 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn cancelled(sql: &str) -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let client = serving.connect("tester", None).await?;
    let token = client.cancel_token();
    let running = client.simple_query(sql);
    let cancel = async {
        // Until it is heard: at first there is nothing to cancel yet.
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if token.cancel_query(NoTls).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = running => state_of(ended),
        () = cancel => return Err("a cancel request was refused".into()),
    };
    expect(sql, &ended, "57014")?;
    // A late cancel request may meet the next statement, or the one after.
    while state_of(client.simple_query("SELECT 1").await) == "57014" {}
    serving.wait_for_rest().await;
    Ok(())
}

/// A COPY under way ends with an error message, and the session goes on.
async fn copy_cancelled() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let mut raw = Raw::connect(serving.address, "tester").await?;
    for ends in ["SET statement_timeout = '100ms'", "SET statement_timeout = 0"] {
        raw.query(ends).await?;
        raw.until_ready().await?;
        raw.query("COPY (SELECT x FROM generate_series(1, 4000000000) a(x)) TO STDOUT").await?;
        let mut data = 0;
        let error = loop {
            match raw.read().await? {
                (b'd', _) => data += 1,
                (b'E', body) => break body,
                (b'c', _) => return Err("the COPY ended well".into()),
                _ => {}
            }
            if data == 10_000 {
                raw.cancel(serving.address).await?;
            }
        };
        expect(ends, &state_in(&error)?, "57014")?;
        raw.until_ready().await?;
    }
    serving.wait_for_rest().await;
    Ok(())
}

async fn timed_out(sql: &str) -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let client = serving.connect("tester", None).await?;
    client.simple_query("SET statement_timeout = '100ms'").await?;
    expect(sql, &state_of(client.simple_query(sql).await), "57014")?;
    expect("extended", &state_of(client.query(sql, &[]).await), "57014")?;
    expect("after", &state_of(client.simple_query("SHOW statement_timeout").await), "success")?;
    serving.wait_for_rest().await;
    Ok(())
}

/// The session of a client that has gone ends, and so does the work for it.
async fn client_gone(sql: &str) -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let mut raw = Raw::connect(serving.address, "tester").await?;
    raw.query(sql).await?;
    while serving.handle.active() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(raw);
    serving.wait_for_sessions(0).await;
    serving.wait_for_rest().await;
    Ok(())
}

async fn others_are_served() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let mut heavy = Vec::new();
    for sql in ENDLESS {
        let mut raw = Raw::connect(serving.address, "tester").await?;
        raw.query(sql).await?;
        heavy.push(raw);
    }
    for _ in 0..20 {
        let client = serving.connect("tester", None).await?;
        let row = client.query_one("SELECT count(*) FROM rec.users", &[]).await?;
        expect("count", &row.get::<_, i64>(0).to_string(), "3000")?;
    }
    Ok(())
}

async fn idle_timeouts() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    for (setting, begin, code) in [
        ("idle_session_timeout", "SELECT 1", "57P05"),
        ("idle_in_transaction_session_timeout", "BEGIN", "25P03"),
        ("idle_in_transaction_session_timeout", "BEGIN; SELECT nothing", "25P03"),
    ] {
        let mut raw = Raw::connect(serving.address, "tester").await?;
        raw.query(&format!("SET {setting} = '50ms'")).await?;
        raw.until_ready().await?;
        raw.query(begin).await?;
        raw.until_ready().await?;
        expect(setting, &raw.last_words().await?, code)?;
    }
    serving.wait_for_sessions(0).await;
    Ok(())
}

async fn places() -> Result<()> {
    let options = ServeOptions { max_connections: 4, reserved_connections: 1, ..ServeOptions::default() };
    let serving = Serving::start(options).await?;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(serving.connect("tester", None).await?);
    }
    expect("one too many", &state_of(serving.connect("tester", None).await), "53300")?;
    clients.pop();
    serving.wait_for_sessions(3).await;
    expect("again", &state_of(serving.connect("tester", None).await), "success")
}

async fn counted() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let client = serving.connect("tester", None).await?;
    let mut state = "success".to_owned();
    client.simple_query("BEGIN").await?;
    for n in 0..=1000 {
        if state == "success" {
            state = state_of(client.simple_query(&format!("DECLARE c{n} CURSOR FOR SELECT 1")).await);
        }
    }
    expect("cursors", &state, "53400")?;
    client.simple_query("ROLLBACK").await?;
    let script: String = (0..=10_000).map(|n| format!("PREPARE p{n} AS SELECT {n};")).collect();
    expect("statements", &state_of(client.simple_query(&script).await), "53400")
}

async fn long_message() -> Result<()> {
    let options = ServeOptions { message_bytes_max: 10_000, ..ServeOptions::default() };
    let serving = Serving::start(options).await?;
    let mut raw = Raw::connect(serving.address, "tester").await?;
    raw.query(&format!("SELECT '{}'", "x".repeat(20_000))).await?;
    expect("too long", &raw.last_words().await?, "08P01")?;
    serving.wait_for_sessions(0).await;
    Ok(())
}

/// A connection that never says who it is is closed, and one that stops within its hello too.
async fn silent() -> Result<()> {
    let options =
        ServeOptions { authentication_timeout: Duration::from_millis(100), ..ServeOptions::default() };
    let serving = Serving::start(options).await?;
    for said in
        [&b""[..], b"\x00", b"\x00\x00\x00\x08\x04\xd2\x16", b"\x00\x00\x00\xff\x00\x03\x00\x00user\0"]
    {
        let mut stream = tokio::net::TcpStream::connect(serving.address).await?;
        stream.write_all(said).await?;
        let mut rest = Vec::new();
        // However it is closed, it is.
        let _closed = stream.read_to_end(&mut rest).await;
    }
    serving.wait_for_sessions(0).await;
    Ok(())
}

async fn draining() -> Result<()> {
    let serving = Serving::start(ServeOptions::default()).await?;
    let mut idle = Raw::connect(serving.address, "tester").await?;
    let client = serving.connect("tester", None).await?;
    let running = client.simple_query("BEGIN; SELECT count(*) FROM generate_series(1, 3000000) a(x)");
    let drain = async {
        while serving.handle.active() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        serving.handle.drain();
    };
    let (ended, ()) = tokio::join!(running, drain);
    expect("a statement that ran", &state_of(ended), "success")?;
    expect("a session that was idle", &idle.last_words().await?, "57P01")
}
