//! A subscriber that is killed again and again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::StreamExt;
use rand::Rng;
use rand::rngs::StdRng;
use tarn::changes::subscription::{Fetch, Subscription, Wait};
use tarn::engine::{Execution, Session};
use tokio_postgres::{Config, NoTls};

use crate::golden_set::Result;
use crate::harness::paimon_writer::Row;
use crate::harness::pg_text;

/// How a subscriber reads.
pub enum Front {
    /// `SUBSCRIBE` in process, on and on.
    Stream(Session),
    /// A position, from which so many rows at a time are fetched, as cursors do.
    Position(Session),
    /// `COPY (SUBSCRIBE ...) TO STDOUT` over the wire.
    Copy(SocketAddr),
}

pub struct Follower {
    front: Front,
    rng: StdRng,
    last: i64,
    /// The version of the last progress row; `None` before the first rows were seen whole.
    token: Option<i64>,
    /// How often each row is in the table.
    rows: BTreeMap<Row, i64>,
    /// Changes that no progress row has closed yet.
    open: Vec<(Row, i64)>,
    /// Whether the row that announces the start has come.
    begun: bool,
    kills: usize,
}

/// A row of the result, `NULL` as `None`.
type Cells = Vec<Option<String>>;

impl Follower {
    /// Follows up to the version `last`.
    pub fn new(front: Front, rng: StdRng, last: i64) -> Self {
        Self {
            front,
            rng,
            last,
            token: None,
            rows: BTreeMap::new(),
            open: Vec::new(),
            begun: false,
            kills: 0,
        }
    }

    /// Reads to the end; gives how often it was killed, and the rows, sorted.
    pub async fn run(mut self, reached: &AtomicI64) -> Result<(usize, Vec<Row>)> {
        let mut in_vain = 0_u32;
        while self.token != Some(self.last) {
            let before = self.token;
            self.open.clear();
            self.begun = false;
            let start = match self.token {
                Some(token) => format!("AS OF {token} WITH (SNAPSHOT = false, PROGRESS)"),
                None => "WITH (PROGRESS)".to_owned(),
            };
            let sql = format!("SUBSCRIBE d.t {start} UP TO {}", self.last);
            // Whoever lives too short to see one version whole lives longer the next time.
            let lives_for = self.rng.random_range(1..120) << in_vain.min(10);
            match &self.front {
                Front::Stream(session) => {
                    let statement = session.parse(&sql)?.pop().ok_or("no statement")?;
                    let Execution::Rows(mut rows) = session.run(&statement).await? else {
                        return Err("SUBSCRIBE gave no rows".into());
                    };
                    let mut seen = 0;
                    while seen < lives_for {
                        let Some(batch) = rows.batches.next().await else { break };
                        let cells = cells_of(&batch?)?;
                        seen += cells.len();
                        self.take(cells, reached)?;
                    }
                }
                Front::Position(_) => self.fetch(&sql, lives_for, reached).await?,
                Front::Copy(address) => self.copy(*address, &sql, lives_for, reached).await?,
            }
            self.kills += usize::from(self.token != Some(self.last));
            in_vain = if self.token == before { in_vain + 1 } else { 0 };
        }
        let rows = self.rows.into_iter().flat_map(|(row, times)| (0..times).map(move |_| row));
        Ok((self.kills, rows.collect()))
    }

    /// Fetches from a position, and drops some fetches before their end: their rows come again.
    async fn fetch(&mut self, sql: &str, lives_for: usize, reached: &AtomicI64) -> Result<()> {
        let Front::Position(session) = &self.front else { return Ok(()) };
        let statement = session.parse(sql)?.pop().ok_or("no statement")?;
        let prepared = session.prepare(&statement, &[]).await?;
        let mut position: Subscription = session.subscribe(&prepared, Vec::new()).await?;
        let mut seen = 0;
        while seen < lives_for && self.token != Some(self.last) {
            let Front::Position(session) = &self.front else { return Ok(()) };
            let rows = self.rng.random_range(1..9);
            let wait = Wait::FirstRow(self.rng.random_bool(0.5).then_some(Duration::from_millis(3)));
            let mut fetched = session.fetch(&position, Fetch { rows, wait });
            if self.rng.random_bool(0.3) {
                // Whatever was read of it is forgotten.
                let _dropped =
                    tokio::time::timeout(Duration::from_millis(2), fetched.rows.batches.next()).await;
                continue;
            }
            let mut cells = Vec::new();
            while let Some(batch) = fetched.rows.batches.next().await {
                cells.extend(cells_of(&batch?)?);
            }
            if cells.len() as u64 > rows {
                return Err(format!("{rows} rows were asked for, {} came", cells.len()).into());
            }
            position = fetched.after.await?;
            seen += cells.len();
            self.take(cells, reached)?;
        }
        Ok(())
    }

    async fn copy(
        &mut self,
        address: SocketAddr,
        sql: &str,
        lives_for: usize,
        reached: &AtomicI64,
    ) -> Result<()> {
        let mut config = Config::new();
        config.host(address.ip().to_string()).port(address.port()).user("tester").dbname("live");
        let (client, connection) = config.connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        let rows = client.copy_out(&format!("COPY ({sql}) TO STDOUT")).await?;
        let mut rows = std::pin::pin!(rows);
        let mut seen = 0;
        while seen < lives_for {
            let Some(line) = rows.next().await else { break };
            let line = line?;
            let cell = |text: &str| (text != "\\N").then(|| text.to_owned());
            let cells = std::str::from_utf8(&line)?.trim_end().split('\t').map(cell).collect();
            seen += 1;
            self.take(vec![cells], reached)?;
        }
        // Not even a goodbye.
        connection.abort();
        Ok(())
    }

    /// Takes note of rows. Each version must be the one after the last.
    fn take(&mut self, rows: Vec<Cells>, reached: &AtomicI64) -> Result<()> {
        for cells in rows {
            let cell = |at: usize| cells.get(at).cloned().flatten();
            let number = |at: usize| -> Result<i64> { Ok(cell(at).ok_or("a number is missing")?.parse()?) };
            let version = number(1)?;
            let progressed = cell(3).as_deref() == Some("t");
            match (cell(0).as_deref(), progressed) {
                (Some("insert"), false) => self.open.push(((number(4)?, number(5)?), 1)),
                (Some("delete"), false) => self.open.push(((number(4)?, number(5)?), -1)),
                // It begins here, and its rows follow.
                (None, false) if self.token.is_none() && !self.begun => self.begun = true,
                // It goes on from here.
                (None, true) if self.token == Some(version) && !self.begun => self.begun = true,
                (None, true) if self.begun && self.token.is_none_or(|token| token + 1 == version) => {
                    for (row, times) in self.open.drain(..) {
                        *self.rows.entry(row).or_default() += times;
                    }
                    self.token = Some(version);
                    reached.store(version, Ordering::SeqCst);
                }
                _ => return Err(format!("{cells:?} came after version {:?}", self.token).into()),
            }
        }
        Ok(())
    }
}

fn cells_of(batch: &RecordBatch) -> Result<Vec<Cells>> {
    let cell = |row: usize, column| pg_text::text_of(column, row).map_err(Into::into);
    (0..batch.num_rows())
        .map(|row| batch.columns().iter().map(|column| cell(row, column)).collect())
        .collect()
}
