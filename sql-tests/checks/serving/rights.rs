//! A user reads what was granted, whatever the statement is that reaches for it.

use sqllogictest::harness::Trial;
use tarn::pg::{ServeOptions, Users};
use tokio_postgres::Client;

use super::{Serving, expect, state_of, trial};
use crate::golden_set::Result;

const DENIED: &str = "42501";

/// May read `users`, two columns of `items`, and nothing else.
const GRANTS: [&str; 2] = ["demo.rec.users", "demo.rec.items(item_id, category)"];

const ALLOWED: &[&str] = &[
    "SELECT * FROM rec.users LIMIT 1",
    "SELECT count(*) FROM rec.users FOR VERSION AS OF 1",
    "SELECT count(*) FROM rec.\"users$snapshots\"",
    "SELECT item_id, category FROM rec.items LIMIT 1",
    "SELECT count(*) FROM rec.items",
    "SELECT max(item_id) FROM rec.items WHERE category <> ''",
    "SELECT i.item_id FROM rec.items i JOIN rec.users u ON u.user_id = i.item_id LIMIT 1",
    "WITH w AS (SELECT category FROM rec.items) SELECT count(*) FROM w",
    "COPY (SELECT item_id FROM rec.items LIMIT 1) TO STDOUT",
    "COPY rec.items (item_id) TO STDOUT",
    "EXPLAIN SELECT category FROM rec.items",
    "SHOW TABLES",
];

/// Each is a way to a table or a column that was not granted.
const HOLES: &[&str] = &[
    "SELECT count(*) FROM rec.user_features",
    "SELECT 1 FROM demo.rec.user_features",
    "SELECT * FROM (SELECT * FROM rec.user_features) x",
    "WITH w AS (SELECT * FROM rec.user_features) SELECT count(*) FROM w",
    "SELECT (SELECT count(*) FROM rec.user_features)",
    "SELECT count(*) FROM rec.users WHERE EXISTS (SELECT 1 FROM rec.user_features)",
    "SELECT count(*) FROM rec.users WHERE user_id IN (SELECT user_id FROM rec.user_features)",
    "SELECT 1 FROM rec.users UNION ALL SELECT 1 FROM rec.user_features",
    "SELECT count(*) FROM rec.users JOIN rec.user_features USING (user_id)",
    "SELECT count(*) FROM rec.user_features FOR VERSION AS OF 1",
    "SELECT count(*) FROM rec.\"user_features$files\"",
    "SELECT count(*) FROM rec.\"user_features$audit_log\"",
    "COPY rec.user_features TO STDOUT",
    "COPY (SELECT * FROM rec.user_features) TO STDOUT",
    "EXPLAIN SELECT * FROM rec.user_features",
    "EXPLAIN ANALYZE SELECT * FROM rec.user_features",
    "DESCRIBE rec.user_features",
    "DECLARE c CURSOR FOR SELECT * FROM rec.user_features",
    "PREPARE p AS SELECT * FROM rec.user_features",
    "SELECT * FROM rec.items",
    "SELECT title FROM rec.items",
    "SELECT count(*) FROM rec.items WHERE title = 'x'",
    "SELECT count(title) FROM rec.items",
    "SELECT min(title) FROM rec.items",
    "SELECT item_id FROM rec.items ORDER BY title",
    "SELECT count(*) FROM rec.items GROUP BY title",
    "SELECT x FROM (SELECT upper(title) AS x FROM rec.items) y",
    "SELECT i FROM (SELECT item_id AS i, title AS t FROM rec.items) y WHERE t > 'a'",
    "SELECT u.user_id FROM rec.users u JOIN rec.items i ON u.country = i.title",
    "SELECT u.user_id FROM rec.users u WHERE u.country IN (SELECT title FROM rec.items)",
    "SELECT item_id, row_number() OVER (PARTITION BY title ORDER BY item_id) FROM rec.items",
    "SELECT title FROM rec.items FOR VERSION AS OF 1",
    "COPY rec.items TO STDOUT",
    "COPY rec.items (title) TO STDOUT",
    "SELECT count(*) FROM rec.\"items$files\"",
    "SELECT count(*) FROM rec.\"items$audit_log\"",
];

/// Questions to the system catalog, with what alice is told.
const CATALOG: &[(&str, &str)] = &[
    (
        "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'rec'::regnamespace",
        "items,users",
    ),
    (
        "SELECT string_agg(table_name, ',' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = 'rec'",
        "items,users",
    ),
    (
        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'rec.items'::regclass",
        "item_id,category",
    ),
    (
        "SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_name = 'items'",
        "item_id,category",
    ),
    ("SELECT has_table_privilege('rec.users', 'SELECT')::text", "true"),
    ("SELECT has_table_privilege('rec.users', 'INSERT')::text", "false"),
    ("SELECT has_table_privilege('rec.items', 'SELECT')::text", "false"),
    ("SELECT has_any_column_privilege('rec.items', 'SELECT')::text", "true"),
    ("SELECT has_column_privilege('rec.items', 'category', 'SELECT')::text", "true"),
    ("SELECT has_column_privilege('rec.items', 'title', 'SELECT')::text", "false"),
    ("SELECT count(*)::text FROM pg_namespace WHERE nspname = 'rec'", "1"),
];

/// Files of the server are nobody's to read over the wire.
const FILES: &[&str] = &[
    "COPY (SELECT 1) TO '/tmp/tarn-test-out'",
    "COPY rec.users TO PROGRAM 'cat'",
    "SELECT * FROM '/etc/passwd'",
];

pub fn trials() -> Vec<Trial> {
    vec![
        trial("rights::no_statement_reaches_what_was_not_granted", holes),
        trial("rights::the_catalog_shows_what_may_be_read", catalog),
        trial("rights::a_reload_reaches_open_sessions", reload),
        trial("rights::passwords_let_in_those_who_know_them", passwords),
    ]
}

/// A server with a users file, in a folder that has to live as long.
async fn serving(users: &Users) -> Result<(Serving, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("users.toml");
    users.save(&path)?;
    let options = ServeOptions { users_file: Some(path), ..ServeOptions::default() };
    Ok((Serving::start(options).await?, folder))
}

fn users() -> Result<Users> {
    let mut users = Users::default();
    for (name, superuser) in [("alice", false), ("admin", true)] {
        users.set_password(name, "secret")?;
        users.set_superuser(name, superuser)?;
    }
    for grant in GRANTS {
        users.grant("alice", grant)?;
    }
    Ok(users)
}

/// By the simple protocol, in a block so that cursors can be declared.
async fn simple(client: &Client, sql: &str) -> String {
    let state = state_of(client.simple_query(&format!("BEGIN; {sql}; FETCH 1 FROM c")).await);
    let ended = state_of(client.simple_query("ROLLBACK").await);
    match (state.as_str(), ended.as_str()) {
        // What ran is followed by a FETCH from a cursor that only some statements make.
        ("34000", "success") => "success".to_owned(),
        _ => state,
    }
}

async fn extended(client: &Client, sql: &str) -> String {
    match client.prepare(sql).await {
        Ok(statement) if sql.starts_with("COPY") => match client.copy_out(&statement).await {
            Ok(_rows) => "success".to_owned(),
            Err(error) => state_of::<()>(Err(error)),
        },
        Ok(statement) => state_of(client.query(&statement, &[]).await),
        Err(error) => state_of::<()>(Err(error)),
    }
}

async fn catalog() -> Result<()> {
    let (serving, _folder) = serving(&users()?).await?;
    let alice = serving.connect("alice", Some("secret")).await?;
    for (sql, expected) in CATALOG {
        let told: String = alice.query_one(*sql, &[]).await?.try_get(0)?;
        expect(sql, &told, expected)?;
    }
    let hidden = alice.query("SELECT 'rec.user_features'::regclass", &[]).await;
    expect("a table without rights", &state_of(hidden), "42P01")?;
    let admin = serving.connect("admin", Some("secret")).await?;
    let sql = "SELECT has_table_privilege('rec.user_features', 'SELECT')";
    let told: bool = admin.query_one(sql, &[]).await?.try_get(0)?;
    expect(sql, &told.to_string(), "true")
}

async fn holes() -> Result<()> {
    let (serving, _folder) = serving(&users()?).await?;
    let alice = serving.connect("alice", Some("secret")).await?;
    for sql in ALLOWED {
        // The client reads COPY by the extended protocol alone.
        if !sql.starts_with("COPY") {
            expect(sql, &simple(&alice, sql).await, "success")?;
        }
        expect(sql, &extended(&alice, sql).await, "success")?;
    }
    for sql in HOLES.iter().chain(FILES) {
        expect(sql, &simple(&alice, sql).await, DENIED)?;
        if !sql.starts_with("DECLARE") {
            expect(sql, &extended(&alice, sql).await, DENIED)?;
        }
    }
    let admin = serving.connect("admin", Some("secret")).await?;
    for sql in HOLES.iter().filter(|sql| !sql.contains("AS OF") && !sql.starts_with("COPY")) {
        expect(sql, &simple(&admin, sql).await, "success")?;
    }
    for sql in FILES {
        expect(sql, &simple(&admin, sql).await, DENIED)?;
    }
    Ok(())
}

async fn reload() -> Result<()> {
    let mut users = users()?;
    let (serving, folder) = serving(&users).await?;
    let path = folder.path().join("users.toml");
    let alice = serving.connect("alice", Some("secret")).await?;
    let user_features = "SELECT count(*) FROM rec.user_features";
    expect("before", &state_of(alice.simple_query(user_features).await), DENIED)?;
    alice.simple_query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM rec.users").await?;
    users.grant("alice", "demo.rec.user_features")?;
    users.revoke("alice", "demo.rec.users")?;
    users.save(&path)?;
    serving.handle.reload()?;
    expect("granted", &state_of(alice.simple_query(user_features).await), "success")?;
    let revoked = state_of(alice.simple_query("SELECT count(*) FROM rec.users").await);
    expect("revoked, in a transaction that has the table open", &revoked, DENIED)?;
    alice.simple_query("ROLLBACK").await?;
    std::fs::write(&path, "[users.alice]\nselect = [\"a.b.c.d\"]")?;
    if serving.handle.reload().is_ok() {
        return Err("a users file that is wrong was taken".into());
    }
    expect("as before", &state_of(alice.simple_query(user_features).await), "success")?;
    users.remove("alice")?;
    users.save(&path)?;
    serving.handle.reload()?;
    expect("removed", &state_of(alice.simple_query(user_features).await), DENIED)?;
    expect("gone", &state_of(serving.connect("alice", Some("secret")).await), "28P01")
}

async fn passwords() -> Result<()> {
    let (serving, _folder) = serving(&users()?).await?;
    expect("right", &state_of(serving.connect("alice", Some("secret")).await), "success")?;
    expect("wrong", &state_of(serving.connect("alice", Some("Secret")).await), "28P01")?;
    // Who is not there is told the same as who does not know the password.
    expect("nobody", &state_of(serving.connect("nobody", Some("secret")).await), "28P01")
}
