//! What a client is told of results: names, types and modifiers of columns, types of parameters. Each was
//! asked of PostgreSQL 15.

use sqllogictest::harness::Trial;
use tarn::pg::ServeOptions;
use tokio_postgres::Client;

use super::{Serving, trial};
use crate::golden_set::Result;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("announced", async || {
        let serving = Serving::start(ServeOptions::default()).await?;
        let client = serving.connect("anyone", None).await?;
        columns(&client).await?;
        parameters(&client).await
    })]
}

async fn columns(client: &Client) -> Result<()> {
    for (sql, told) in [
        (
            "SELECT 1, 2::bigint, 3::smallint, 2147483648",
            "?column? int4, int8 int8, int2 int2, ?column? int8",
        ),
        (
            "SELECT 'a'::varchar(3), 'a'::varchar, 'a'::char(3), 'a'::text",
            "varchar varchar, varchar varchar, bpchar bpchar, text text",
        ),
        ("SELECT 'a'::varchar || 'b', upper('a'::varchar)", "?column? text, upper text"),
        ("SELECT max('a'::varchar), coalesce('a'::varchar, 'b')", "max text, coalesce varchar"),
        ("SELECT 12345678901234567890, 1.5, 1e3", "?column? numeric, ?column? numeric, ?column? numeric"),
        ("SELECT x FROM (VALUES (3), (NULL), (1)) AS t(x)", "x int4"),
        ("SELECT x FROM (VALUES ('a'::varchar(3)), ('b')) AS t(x)", "x varchar"),
        ("SELECT 1 INTERSECT SELECT 1", "?column? int4"),
        ("SELECT x, count(*) FROM (VALUES (1)) AS t(x) GROUP BY ROLLUP (x)", "x int4, count int8"),
        ("SELECT * FROM generate_series(1, 3)", "generate_series int4"),
        ("SELECT * FROM generate_series(1, 3) AS g", "g int4"),
        ("SELECT * FROM generate_series(1::bigint, 3)", "generate_series int8"),
        ("SELECT generate_series(1, 3)", "generate_series int4"),
        (
            "SELECT unnest(ARRAY[1, 2]), ARRAY[1, 2], array_append(ARRAY[1], 2)",
            "unnest int4, array _int4, array_append _int4",
        ),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t",
            "n int4",
        ),
        (
            "SELECT oid, oid::int8, relname, relname::text FROM pg_class",
            "oid oid, oid int8, relname name, relname text",
        ),
        (
            "SELECT array_agg(oid), array_agg(typname), min(typname) FROM pg_type",
            "array_agg _oid, array_agg _name, min text",
        ),
        ("SELECT ARRAY(SELECT oid FROM pg_type)", "array _oid"),
        ("SELECT 1::float, 1::float(10), 2.5::float8::int", "float8 float8, float4 float4, int4 int4"),
        ("SELECT substr('abc', 2), 'a'::\"char\"", "substr text, char char"),
    ] {
        let statement = client.prepare(sql).await?;
        let columns = statement.columns().iter();
        let columns: Vec<String> = columns.map(|c| format!("{} {}", c.name(), c.type_().name())).collect();
        if columns.join(", ") != told {
            return Err(format!("{sql}: {}", columns.join(", ")).into());
        }
    }
    Ok(())
}

async fn parameters(client: &Client) -> Result<()> {
    for (sql, told) in [
        ("SELECT $1", "text"),
        ("SELECT $1 + 1", "int4"),
        ("SELECT $1::int, $2::numeric, $3::text", "int4, numeric, text"),
        ("SELECT 1 WHERE 2 = ANY ($1)", "_int4"),
        ("SELECT oid FROM pg_type WHERE oid = ANY ($1::oid[])", "_oid"),
        ("SELECT date '2024-01-01' + $1 * interval '1 day'", "float8"),
    ] {
        let statement = client.prepare(sql).await?;
        let types: Vec<&str> = statement.params().iter().map(|kind| kind.name()).collect();
        if types.join(", ") != told {
            return Err(format!("{sql}: {}", types.join(", ")).into());
        }
    }
    let unknown = client.prepare("SELECT $1 IS NULL").await.err();
    match unknown.and_then(|error| error.code().map(|code| code.code().to_owned())) {
        Some(code) if code == "42P18" => Ok(()),
        other => Err(format!("SELECT $1 IS NULL: {other:?}").into()),
    }
}
