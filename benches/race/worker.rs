//! One engine in a process: reads `QUERY KEY` lines, answers each with a line of JSON.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use tarn::engine::{Engine, EngineConfig, Execution, LakeLocation, Session};
use tokio::runtime::Runtime;

use crate::{Result, queries};

/// How one query went.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub ms: Option<f64>,
    #[serde(default)]
    pub rows: u64,
    /// A sum that depends on the rows: of the counts for the aggregation, of the keys otherwise.
    #[serde(default)]
    pub check: i64,
    #[serde(default)]
    pub error: Option<String>,
}

/// Serves queries until the input ends.
pub fn run(engine: &str, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut contender = Contender::open(engine, folder, &runtime)?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "ready")?;
    output.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (query, key) = line.split_once(' ').ok_or("a line is `QUERY KEY`")?;
        let answer = match contender.answer(query, key.trim().parse()?, &runtime) {
            Ok(answer) => answer,
            Err(error) => Answer { error: Some(error.to_string()), ..Answer::default() },
        };
        writeln!(output, "{}", serde_json::to_string(&answer)?)?;
        output.flush()?;
    }
    Ok(())
}

/// The lake of the bench table.
pub fn lake(folder: &Path) -> EngineConfig {
    let url = folder.join("wh").display().to_string();
    EngineConfig { lakes: vec![LakeLocation { name: "bench".to_owned(), url }], ..EngineConfig::default() }
}

enum Contender {
    TarnCold { config: EngineConfig },
    TarnWarm { engine: Arc<Engine> },
    DataFusion { context: Box<SessionContext> },
}

impl Contender {
    fn open(engine: &str, folder: &Path, runtime: &Runtime) -> Result<Self> {
        match engine {
            "tarn-cold" => Ok(Self::TarnCold { config: lake(folder) }),
            "tarn-warm" => Ok(Self::TarnWarm { engine: runtime.block_on(Engine::open(lake(folder)))? }),
            "datafusion-plain" => runtime.block_on(open_plain(folder)),
            other => Err(format!("no engine {other:?}").into()),
        }
    }

    fn answer(&mut self, query: &str, key: i64, runtime: &Runtime) -> Result<Answer> {
        match self {
            Self::TarnCold { config } => {
                let engine = runtime.block_on(Engine::open(config.clone()))?;
                runtime.block_on(ask_tarn(&engine.session(None)?, query, key))
            }
            Self::TarnWarm { engine } => runtime.block_on(ask_tarn(&engine.session(None)?, query, key)),
            Self::DataFusion { context } => runtime.block_on(ask_plain(context, query, key)),
        }
    }
}

async fn ask_tarn(session: &Session, query: &str, key: i64) -> Result<Answer> {
    let sql = match queries::sql(query, key, "bench.features") {
        Some(sql) => sql,
        // The newest of the table's nine snapshots is one small commit.
        None => "SELECT * FROM table_changes('bench.features', 8, 9)".to_owned(),
    };
    let started = Instant::now();
    let mut batches = Vec::new();
    for statement in session.parse(&sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        if let Execution::Rows(rows) = session.execute(&prepared, Vec::new()).await? {
            batches = rows.batches.try_collect().await?;
        }
    }
    summary(query, &batches, started)
}

#[expect(clippy::disallowed_methods, reason = "the race compares Tarn with DataFusion itself")]
async fn open_plain(folder: &Path) -> Result<Contender> {
    let mut config = SessionConfig::new();
    config.options_mut().execution.parquet.pushdown_filters = true;
    let context = Box::new(SessionContext::new_with_config(config));
    let plain = folder.join("plain_sorted").display().to_string();
    context.register_parquet("features", plain, ParquetReadOptions::default()).await?;
    Ok(Contender::DataFusion { context })
}

#[expect(clippy::disallowed_methods, reason = "the race compares Tarn with DataFusion itself")]
async fn ask_plain(context: &SessionContext, query: &str, key: i64) -> Result<Answer> {
    let sql = queries::sql(query, key, "features").ok_or("plain files know no changes")?;
    let started = Instant::now();
    let batches = context.sql(&sql).await?.collect().await?;
    summary(query, &batches, started)
}

fn summary(query: &str, batches: &[RecordBatch], started: Instant) -> Result<Answer> {
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let mut check = 0i64;
    for batch in batches {
        let name = if query == "q1" { "c" } else { "user_id" };
        let column = batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))?;
        let numbers = column.as_primitive_opt::<Int64Type>().ok_or("the check column is no BIGINT")?;
        check = check.wrapping_add(arrow::compute::sum(numbers).unwrap_or_default());
    }
    Ok(Answer { ms: Some(ms), rows, check, error: None })
}
