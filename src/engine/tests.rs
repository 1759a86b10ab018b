#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use datafusion::arrow::array::Int64Array;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::Session as CatalogSession;
use datafusion::common::ScalarValue;
use datafusion::datasource::{MemTable, TableProvider};
use futures::TryStreamExt;
use tarn_catalog::version::{ReadOptions, VersionSpec};

use super::*;

/// A lake whose tables hold one row: the version that was read, and how many were made before.
#[derive(Debug, Default)]
struct VersionLake {
    opened: AtomicI64,
}

#[async_trait]
impl LakeTables for VersionLake {
    async fn databases(&self) -> Result<Vec<String>> {
        Ok(vec!["rec".into(), "arch".into()])
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        Ok(if database == "arch" { vec!["t".into(), "Users".into()] } else { vec!["old".into()] })
    }

    async fn open(
        &self,
        database: &str,
        table: &str,
        read: &ReadOptions,
        _session: &dyn CatalogSession,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        if !self.tables(database).await?.contains(&table.to_owned()) {
            return Ok(None);
        }
        let version = match &read.version {
            VersionSpec::Latest => -1,
            VersionSpec::Snapshot(id) => *id,
            VersionSpec::AsOfMillis(millis) => *millis,
            VersionSpec::Named(name) => {
                return Err(tarn_catalog::Error::not_found(format!("tag \"{name}\""), "tags: none").into());
            }
        };
        let opened = self.opened.fetch_add(1, Ordering::SeqCst);
        let options = i64::try_from(read.options.len()).unwrap();
        let schema = Arc::new(Schema::new(vec![
            Field::new("version", DataType::Int64, true),
            Field::new("opened", DataType::Int64, true),
            Field::new("Options", DataType::Int64, true),
        ]));
        let columns = [version, opened, options].map(|value| Arc::new(Int64Array::from(vec![value])) as _);
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.to_vec()).unwrap();
        Ok(Some(Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap())))
    }

    async fn describe(&self, _database: &str, _table: &str) -> Result<Option<TableDescription>> {
        Ok(None)
    }

    async fn size(&self, _database: &str, _table: &str) -> Result<Option<u64>> {
        Ok(None)
    }
}

async fn session() -> Session {
    let lake = Lake::new("lake", Arc::new(VersionLake::default()));
    let config = EngineConfig { threads: Some(2), ..EngineConfig::default() };
    Engine::with_lakes(vec![lake], &config).await.unwrap().session(None).unwrap()
}

async fn collect(execution: Execution) -> Result<Vec<RecordBatch>> {
    match execution {
        Execution::Rows(rows) => Ok(rows.batches.try_collect().await?),
        Execution::Done(tag) => panic!("no rows but {tag}"),
    }
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    let statement = session.parse(sql)?.remove(0);
    collect(session.run(&statement).await?).await
}

async fn numbers(session: &Session, sql: &str) -> Vec<i64> {
    let batches = rows(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    batches
        .iter()
        .flat_map(|batch| batch.columns())
        .map(|column| ScalarValue::try_from_array(column, 0).unwrap().cast_to(&DataType::Int64).unwrap())
        .map(|value| if let ScalarValue::Int64(Some(value)) = value { value } else { i64::MIN })
        .collect()
}

async fn error(session: &Session, sql: &str) -> Error {
    match rows(session, sql).await {
        Ok(batches) => panic!("{sql} gave {}", pretty_format_batches(&batches).unwrap()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn versions_and_options_reach_the_table() {
    let session = session().await;
    assert_eq!(numbers(&session, "SELECT version FROM t FOR VERSION AS OF 3").await, [3]);
    assert_eq!(numbers(&session, "SELECT version FROM arch.t VERSION AS OF 2 + 2").await, [4]);
    assert_eq!(
        numbers(&session, "SELECT x.version FROM lake.arch.t SYSTEM_TIME AS OF '1970-01-01 00:00:01.5' x")
            .await,
        [1500]
    );
    assert_eq!(
        numbers(
            &session,
            "SELECT \"Options\", version FROM t OPTIONS ('a' = 'b', 'c' = 'd') VERSION AS OF 1"
        )
        .await,
        [2, 1]
    );
    let sql = "WITH t AS (SELECT version FROM t VERSION AS OF 7) SELECT * FROM t, (SELECT version FROM t) u";
    assert_eq!(numbers(&session, sql).await, [7, 7]);
    let minute = "SELECT (SELECT max(version) FROM t TIMESTAMP AS OF now() - interval '1 day') \
                  - (CAST(floor(extract(epoch from now())) AS BIGINT) - 86400) * 1000 BETWEEN 0 AND 1000";
    let found = rows(&session, minute).await.unwrap();
    assert!(pretty_format_batches(&found).unwrap().to_string().contains("true"));
}

#[tokio::test]
async fn the_session_zone_reads_local_times() {
    let session = session().await;
    session.set_setting("timezone", "Europe/Berlin").unwrap();
    let sql = "SELECT version FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '1970-01-01 01:00:00'";
    assert_eq!(numbers(&session, sql).await, [0]);
}

#[tokio::test]
async fn a_query_opens_each_table_once_at_each_version() {
    let session = session().await;
    let sql = "SELECT a.opened, b.opened, c.opened - d.opened FROM t a, arch.t b, t VERSION AS OF 3 c, lake.arch.t VERSION AS OF 3 d";
    assert_eq!(
        numbers(&session, sql).await[..2],
        numbers(&session, sql).await[..2].iter().map(|n| n - 2).collect::<Vec<_>>()[..]
    );
    assert_eq!(numbers(&session, sql).await[2], 0);
}

#[tokio::test]
async fn a_prepared_statement_sees_the_table_anew_at_each_run() {
    let session = session().await;
    let statement = session.parse("SELECT opened FROM t WHERE version < $1").unwrap().remove(0);
    let prepared = session.prepare(&statement, &[]).await.unwrap();
    assert_eq!(prepared.parameter_types, [Some(DataType::Int64)]);
    let run = async || {
        let execution = session.execute(&prepared, vec![ScalarValue::Int32(Some(5))]).await.unwrap();
        ScalarValue::try_from_array(collect(execution).await.unwrap()[0].column(0), 0).unwrap()
    };
    assert_ne!(run().await, run().await);
}

#[tokio::test]
async fn versions_of_what_has_none_are_errors() {
    let session = session().await;
    for (sql, kind) in [
        ("WITH c AS (SELECT 1) SELECT * FROM c VERSION AS OF 3", ErrorKind::WrongObjectType),
        ("SELECT * FROM c VERSION AS OF 3", ErrorKind::UndefinedTable),
        ("SELECT * FROM t VERSION AS OF version", ErrorKind::InvalidParameter),
        ("SELECT * FROM t VERSION AS OF $1", ErrorKind::InvalidParameter),
        ("SELECT * FROM t VERSION AS OF 1.5", ErrorKind::DatatypeMismatch),
        ("SELECT * FROM t SYSTEM_TIME AS OF 'soon'", ErrorKind::InvalidDatetime),
        ("SELECT * FROM t VERSION AS OF 'tag'", ErrorKind::UndefinedVersion),
        ("SELECT * FROM t TABLESAMPLE BERNOULLI (10)", ErrorKind::Unsupported),
        ("SELECT * FROM t WITH (nolock)", ErrorKind::Unsupported),
        ("SELECT * FROM 'file.parquet'", ErrorKind::Permission),
    ] {
        let found = error(&session, sql).await;
        assert_eq!(found.kind, kind, "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn mistakes_are_told_as_postgres_tells_them() {
    let session = session().await;
    for (sql, kind, message, position) in [
        ("SELECT * FROM tt", ErrorKind::UndefinedTable, "relation \"tt\" does not exist", 15),
        ("SELECT 1 FROM nope.t", ErrorKind::UndefinedTable, "relation \"nope.t\" does not exist", 15),
        ("SELECT 1 FROM nope.arch.t", ErrorKind::UndefinedDatabase, "lake \"nope\" does not exist", 15),
        ("SELECT\n versio FROM t", ErrorKind::UndefinedColumn, "column \"versio\" does not exist", 9),
        ("SELECT x.a FROM t", ErrorKind::UndefinedTable, "missing FROM-clause entry for table \"x\"", 8),
        (
            "SELECT version FROM t a, t b",
            ErrorKind::AmbiguousColumn,
            "column reference \"version\" is ambiguous",
            8,
        ),
        ("SELECT nofunc(1)", ErrorKind::UndefinedFunction, "function nofunc does not exist", 8),
    ] {
        let found = error(&session, sql).await;
        assert_eq!((found.kind, found.message.as_str()), (kind, message), "{sql}: {found:?}");
        assert_eq!(found.position, Some(position), "{sql}");
    }
    let hint = |error: Error| error.hint.unwrap_or_default();
    assert_eq!(hint(error(&session, "SELECT * FROM users").await), "Did you mean \"Users\"?");
    assert_eq!(hint(error(&session, "SELECT * FROM old").await), "Database \"rec\" has one: rec.old.");
    assert_eq!(hint(error(&session, "SELECT versoin FROM t").await), "Did you mean \"version\"?");
    assert!(hint(error(&session, "SELECT options FROM t").await).contains("\"Options\""));
}

#[tokio::test]
async fn failures_at_run_time_have_their_kind() {
    let session = session().await;
    for (sql, kind) in [
        ("SELECT 1 / (version - version) FROM t", ErrorKind::DivisionByZero),
        ("SELECT CAST('x' || version AS INT) FROM t", ErrorKind::InvalidText),
        ("SELECT version FROM t GROUP BY opened", ErrorKind::Grouping),
        ("SELECT (SELECT version FROM t UNION ALL SELECT 2)", ErrorKind::CardinalityViolation),
        ("SELECT * FROM t WHERE version", ErrorKind::DatatypeMismatch),
    ] {
        let found = error(&session, sql).await;
        assert_eq!(found.kind, kind, "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn what_writes_or_reaches_files_is_refused() {
    let session = session().await;
    for (sql, kind) in [
        ("INSERT INTO t VALUES (1)", ErrorKind::ReadOnly),
        ("UPDATE t SET a = 1", ErrorKind::ReadOnly),
        ("DELETE FROM t", ErrorKind::ReadOnly),
        ("CREATE TABLE x (a INT)", ErrorKind::ReadOnly),
        ("CREATE VIEW x AS SELECT 1", ErrorKind::ReadOnly),
        ("DROP TABLE t", ErrorKind::ReadOnly),
        ("SELECT * INTO x FROM t", ErrorKind::ReadOnly),
        ("SELECT * FROM t FOR UPDATE", ErrorKind::ReadOnly),
        ("CREATE EXTERNAL TABLE x (a INT) STORED AS PARQUET LOCATION '/etc'", ErrorKind::Permission),
        ("COPY t TO '/tmp/x'", ErrorKind::Unsupported),
    ] {
        let found = error(&session, sql).await;
        assert_eq!(found.kind, kind, "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn settings_go_through_statements() {
    let session = session().await;
    let run = async |sql: &str| session.run(&session.parse(sql).unwrap().remove(0)).await;
    assert!(matches!(run("SET search_path TO rec, arch").await, Ok(Execution::Done(tag)) if tag == "SET"));
    assert_eq!(session.search_path().await.unwrap(), ["pg_catalog", "rec", "arch"]);
    assert_eq!(numbers(&session, "SELECT count(*) FROM old").await, [1]);
    run("RESET search_path").await.unwrap();
    assert_eq!(session.search_path().await.unwrap(), ["pg_catalog", "arch"]);
    let shown = rows(&session, "SHOW search_path").await.unwrap();
    assert!(pretty_format_batches(&shown).unwrap().to_string().contains("arch"));
    run("SET datafusion.execution.batch_size = 100").await.unwrap();
    assert!(run("SET datafusion.execution.batch_size = 0").await.is_err());
    assert!(run("SET datafusion.runtime.memory_limit = '1K'").await.is_err());
    assert!(matches!(run("BEGIN").await, Ok(Execution::Done(tag)) if tag == "BEGIN"));
}

#[tokio::test]
async fn a_statement_ends_at_its_timeout() {
    let session = session().await;
    session.set_setting("statement_timeout", "50ms").unwrap();
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000) a WHERE a.a % 7 = 3";
    assert_eq!(error(&session, endless).await.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn a_dropped_stream_stops_its_work() {
    let session = session().await;
    let statement = session.parse("SELECT * FROM generate_series(1, 100000000000)").unwrap().remove(0);
    let Ok(Execution::Rows(rows)) = session.run(&statement).await else { panic!("no rows") };
    let progress = rows.progress.clone();
    drop(rows);
    let settled = async || {
        let mut last = progress.counts();
        for _ in 0..200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let now = progress.counts();
            if now == last {
                return true;
            }
            last = now;
        }
        false
    };
    assert!(settled().await);
}

#[tokio::test]
async fn explain_shows_plans() {
    let session = session().await;
    let shown =
        async |sql: &str| pretty_format_batches(&rows(&session, sql).await.unwrap()).unwrap().to_string();
    assert!(shown("EXPLAIN SELECT version FROM t VERSION AS OF 3").await.contains("DataSourceExec"));
    session.set_setting("datafusion.explain.physical_plan_only", "false").unwrap();
    assert!(shown("EXPLAIN SELECT version FROM t VERSION AS OF 3").await.contains("TableScan: t"));
    assert!(shown("EXPLAIN (FORMAT json) SELECT 1").await.contains("QUERY PLAN"));
    let analyzed = shown("EXPLAIN ANALYZE SELECT version + 1 FROM t").await;
    assert!(analyzed.contains("output_rows="), "{analyzed}");
    assert!(shown("DESCRIBE t").await.contains("opened"));
}

#[tokio::test]
async fn a_select_list_may_repeat_itself() {
    let session = session().await;
    let found =
        rows(&session, "SELECT version, version, 1 AS one, 1, 1, * FROM t VERSION AS OF 3").await.unwrap();
    let schema = found[0].schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names[..2], ["version", "version"]);
    assert_eq!(names.len(), 8);
    let sql = "SELECT x.version FROM (SELECT *, version FROM t VERSION AS OF 4) x ORDER BY 1";
    assert_eq!(numbers(&session, sql).await, [4]);
}
