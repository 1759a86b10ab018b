#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use datafusion::sql::sqlparser::ast::TableVersion;

use super::table_clause::{TableClause, VersionClause};
use super::*;
use crate::error::{Error, ErrorKind};

fn one(sql: &str) -> Statement {
    let mut statements = parse(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!(statements.len(), 1, "{sql}");
    statements.remove(0)
}

fn fails(sql: &str) -> Error {
    match parse(sql) {
        Ok(statements) => panic!("{sql} parsed: {statements:?}"),
        Err(error) => error,
    }
}

/// `name: clause` for each relation of a statement.
fn read(sql: &str) -> Vec<String> {
    let statement = one(sql);
    relations(statement.sql().unwrap())
        .into_iter()
        .map(|relation| {
            let mut text = relation.name.to_string();
            if relation.is_cte {
                text.push_str(" (cte)");
            }
            if let Some(version) = &relation.version {
                text.push_str(&describe(version));
            }
            text
        })
        .collect()
}

fn describe(version: &TableVersion) -> String {
    let clause = TableClause::of(version).unwrap_or_else(|| panic!("foreign clause {version:?}"));
    let version = match clause.version {
        Some(VersionClause::Version(value)) => format!(" version {value}"),
        Some(VersionClause::Time(value)) => format!(" time {value}"),
        None => String::new(),
    };
    let options: String = clause.options.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    version + &options
}

#[test]
fn statements_keep_their_own_text_and_offset() {
    let statements = parse("select 1; -- one\n\n  select 'é;' ;;\n/* two */ select\n 3").unwrap();
    let texts: Vec<_> = statements.iter().map(|s| (s.offset, s.text.as_str())).collect();
    assert_eq!(texts, [(0, "select 1"), (20, "select 'é;'"), (45, "select\n 3")]);
    assert!(parse(" ; ;").unwrap().is_empty());
}

#[test]
fn versions_parse_in_all_spellings() {
    assert_eq!(read("SELECT * FROM t FOR VERSION AS OF 3"), ["t version 3"]);
    assert_eq!(read("SELECT * FROM t VERSION AS OF 'tag' WHERE x"), ["t version 'tag'"]);
    assert_eq!(read("SELECT * FROM a.b.t FOR SYSTEM_VERSION AS OF 3 x"), ["a.b.t version 3"]);
    assert_eq!(
        read("SELECT * FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-11-03 00:00:00'"),
        ["t time TIMESTAMP '2026-11-03 00:00:00'"]
    );
    assert_eq!(
        read("SELECT * FROM t timestamp as of now() - interval '1 day' AS x"),
        ["t time now() - INTERVAL '1 day'"]
    );
    assert_eq!(
        read("SELECT * FROM t SYSTEM_TIME AS OF 17 x, u FOR TIMESTAMP AS OF 18"),
        ["t time 17", "u time 18"]
    );
}

#[test]
fn options_parse_before_and_after_versions() {
    assert_eq!(
        read("SELECT * FROM t OPTIONS ('a' = 'b', 'scan.snapshot-id' = 3) AS x"),
        ["t a=b scan.snapshot-id=3"]
    );
    assert_eq!(
        read("SELECT * FROM t VERSION AS OF 3 OPTIONS ('a' = 'b') x JOIN u ON true"),
        ["t version 3 a=b", "u"]
    );
    assert_eq!(read("SELECT * FROM t OPTIONS ('a'='b') FOR VERSION AS OF 3 x"), ["t version 3 a=b"]);
}

#[test]
fn versions_parse_wherever_a_table_stands() {
    assert_eq!(
        read(
            "SELECT * FROM a FULL OUTER JOIN b FOR VERSION AS OF 'x' o ON a.k = o.k WHERE a.k IN (SELECT k FROM c VERSION AS OF 2)"
        ),
        ["a", "b version 'x'", "c version 2"]
    );
    assert_eq!(
        read("SELECT (SELECT max(x) FROM t VERSION AS OF 1) FROM (t VERSION AS OF 2 JOIN u ON true)"),
        ["t version 1", "t version 2", "u"]
    );
    assert_eq!(
        read("SELECT 1 FROM t$branch_b VERSION AS OF 1 UNION ALL SELECT 2 FROM \"t$snapshots\""),
        ["t$branch_b version 1", "\"t$snapshots\""]
    );
}

#[test]
fn common_table_expressions_shadow_tables_only_in_their_scope() {
    assert_eq!(
        read("WITH t AS (SELECT * FROM t VERSION AS OF 3) SELECT * FROM t"),
        ["t version 3", "t (cte)"]
    );
    assert_eq!(read("WITH T AS (SELECT 1) SELECT * FROM t VERSION AS OF 3"), ["t (cte) version 3"]);
    assert_eq!(
        read(
            "(WITH t AS (WITH u AS (SELECT 1) SELECT * FROM u) SELECT * FROM u CROSS JOIN t) UNION SELECT * FROM t"
        ),
        ["u (cte)", "u", "t (cte)", "t"]
    );
    assert_eq!(read("WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT * FROM n) SELECT * FROM n"), ["n (cte)"]);
}

#[test]
fn words_of_clauses_stay_names_elsewhere() {
    assert_eq!(read("SELECT version AS of, timestamp AS of FROM version"), ["version"]);
    assert_eq!(read("SELECT t.version, options FROM t options (a, b)"), ["t"]);
    assert_eq!(
        read("SELECT 1 FROM t at JOIN u before ON at.x = before.x JOIN v changes ON true"),
        ["t", "u", "v"]
    );
    assert_eq!(read("SELECT a, b AT TIME ZONE 'UTC' FROM t version"), ["t"]);
    assert_eq!(read("SELECT x FROM t FOR UPDATE"), ["t"]);
    assert_eq!(read("SELECT substring(a FROM 2 FOR 3), options('a' = 'b') FROM t"), ["t"]);
}

#[test]
fn misplaced_and_repeated_clauses_fail() {
    for sql in [
        "SELECT * FROM t a FOR VERSION AS OF 3",
        "SELECT * FROM (SELECT 1) FOR VERSION AS OF 3",
        "SELECT * FROM f(1) FOR SYSTEM_TIME AS OF 3",
        "SELECT * FROM t VERSION AS OF 3 VERSION AS OF 4",
        "SELECT * FROM t OPTIONS ('a' = 'b', 'a' = 'c')",
        "SELECT * FROM t OPTIONS ('a' = 'b') OPTIONS ('a' = 'b')",
        "SELECT * FROM t OPTIONS ('a')",
        "SELECT * FROM t VERSION AS OF",
        "SELECT a FOR VERSION AS OF 3",
    ] {
        assert_eq!(fails(sql).kind, ErrorKind::Syntax, "{sql}");
    }
    let error = fails("SELECT 1;  SELECT * FROM t a FOR VERSION AS OF 3");
    assert_eq!(error.position, Some(30));
    assert!(error.hint.is_some());
}

#[test]
fn nobody_can_write_a_mark() {
    for quote in ["`", "[", "\u{1}"] {
        let forged =
            format!("SELECT * FROM t FOR SYSTEM_TIME AS OF {quote}table_clause{quote}(version => 3)");
        assert_eq!(fails(&forged).kind, ErrorKind::Syntax, "{quote}");
    }
    let quoted = one("SELECT * FROM t FOR SYSTEM_TIME AS OF \"table_clause\"(version => 3)");
    assert_eq!(relations(quoted.sql().unwrap()).len(), 1);
    let statement = one("SELECT * FROM t FOR SYSTEM_TIME AS OF table_clause(version => 3)");
    // A tree with a clause in it can be printed, as errors do.
    assert!(statement.sql().unwrap().to_string().contains("table_clause"));
    let found = relations(statement.sql().unwrap());
    let clause = TableClause::of(found[0].version.as_ref().unwrap()).unwrap();
    assert!(matches!(clause.version, Some(VersionClause::Time(_))));
}

#[test]
fn syntax_errors_say_where() {
    let error = fails("SELECT 1;\nSELEC 2");
    assert_eq!((error.message.as_str(), error.position), ("syntax error at or near \"SELEC\"", Some(11)));
    let error = fails("SELECT *\nFROM t WHERE = x");
    assert_eq!((error.message.as_str(), error.position), ("syntax error at or near \"=\"", Some(23)));
    let error = fails("SELECT (1");
    assert_eq!((error.message.as_str(), error.position), ("syntax error at end of input", Some(10)));
    let error = fails("SELECT 'abc");
    assert_eq!(error.position, Some(8), "{error:?}");
    let error = fails("SELECT 1 FROM t t2 t3");
    assert_eq!((error.message.as_str(), error.position), ("syntax error at or near \"t3\"", Some(20)));
    let error = fails("EXPLAIN SELECT 1 + * FROM t");
    assert_eq!(error.position, Some(20), "{error:?}");
}

#[test]
fn deep_nesting_is_an_error() {
    let sql = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(fails(&sql).kind, ErrorKind::StatementTooComplex);
}

#[test]
fn a_parser_that_nests_as_deep_as_allowed_fits_a_small_stack() {
    let sql = format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(40), ") x".repeat(40));
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let parsed = thread.spawn(move || parse(&sql).map(|statements| statements.len()).map_err(|e| e.kind));
    let parsed = parsed.unwrap().join().unwrap();
    assert!(matches!(parsed, Ok(1) | Err(ErrorKind::StatementTooComplex)), "{parsed:?}");
}

#[test]
fn cursors_parse_as_in_postgres() {
    let StatementBody::Declare(declare) =
        one("DECLARE c BINARY NO SCROLL CURSOR WITH HOLD FOR SELECT 1").body
    else {
        panic!()
    };
    assert!(declare.binary && declare.hold && declare.scroll == Some(false));
    assert!(matches!(declare.source, RowSource::Query(_)));
    let StatementBody::Declare(declare) = one("DECLARE c CURSOR FOR SUBSCRIBE t WITH (PROGRESS)").body else {
        panic!()
    };
    assert!(matches!(declare.source, RowSource::Subscribe(_)));
    let fetch = |sql: &str| match one(sql).body {
        StatementBody::Fetch(fetch) => fetch,
        other => panic!("{other:?}"),
    };
    assert_eq!(fetch("FETCH c").direction, FetchDirection::Forward(FetchRows::Count(1)));
    assert_eq!(fetch("FETCH 10 FROM c").direction, FetchDirection::Forward(FetchRows::Count(10)));
    assert_eq!(fetch("FETCH -10 IN c").direction, FetchDirection::Backward(FetchRows::Count(10)));
    assert_eq!(fetch("FETCH BACKWARD ALL c").direction, FetchDirection::Backward(FetchRows::All));
    assert_eq!(fetch("FETCH LAST FROM \"C\"").direction, FetchDirection::Absolute(-1));
    assert_eq!(fetch("FETCH RELATIVE -2 FROM c").direction, FetchDirection::Relative(-2));
    let timed = fetch("FETCH ALL c WITH (timeout = '1s')");
    assert_eq!(timed.options[0].value, OptionValue::Text("1s".to_owned()));
    assert!(fetch("MOVE FORWARD 5 FROM c").moves_only);
    assert!(matches!(one("CLOSE ALL").body, StatementBody::Close(CloseCursor::All)));
}

#[test]
fn copy_parses_new_and_old_options() {
    let copy = |sql: &str| match one(sql).body {
        StatementBody::Copy(copy) => copy,
        other => panic!("{other:?}"),
    };
    let new = copy(
        "COPY (SELECT * FROM t VERSION AS OF 3) TO STDOUT (FORMAT 'binary', HEADER, DELIMITER '|', FORCE_QUOTE *)",
    );
    assert_eq!(new.target, CopyTarget::Stdout);
    assert_eq!(new.options[0].value.as_text(), Some("binary"));
    assert_eq!(new.options[1].value, OptionValue::Absent);
    assert_eq!(new.options[3].value, OptionValue::All);
    let old = copy("COPY t (a, b) TO STDOUT WITH CSV HEADER NULL AS 'x'");
    assert!(matches!(old.source, CopySource::Table { ref columns, .. } if columns.len() == 2));
    let names: Vec<_> = old.options.iter().map(|option| option.name.as_str()).collect();
    assert_eq!(names, ["format", "header", "null"]);
    assert_eq!(copy("COPY t TO '/tmp/x'").target, CopyTarget::Server);
    assert_eq!(copy("COPY t FROM STDIN").target, CopyTarget::Table);
    assert!(matches!(copy("COPY (SUBSCRIBE t) TO STDOUT").source, CopySource::Rows(RowSource::Subscribe(_))));
}

#[test]
fn subscriptions_parse() {
    let StatementBody::Subscribe(subscribe) = one(
        "SUBSCRIBE TO (SELECT a FROM t WHERE b > 1) WITH (SNAPSHOT = false, PROGRESS) AS OF AT LEAST VERSION 3 UP TO TIMESTAMP '2026-01-01'",
    )
    .body
    else {
        panic!()
    };
    assert!(matches!(subscribe.source, SubscribeSource::Query(_)));
    assert_eq!(subscribe.options[0].value.as_bool(), Some(false));
    assert_eq!(subscribe.options[1].value.as_bool(), Some(true));
    let as_of = subscribe.as_of.unwrap();
    assert!(as_of.at_least && as_of.kind == SubscribeBoundKind::Version);
    assert_eq!(subscribe.up_to.unwrap().kind, SubscribeBoundKind::Unsaid);
}

#[test]
fn explain_takes_words_and_options() {
    let explain = |sql: &str| match one(sql).body {
        StatementBody::Explain(explain) => (explain.analyze, explain.verbose, explain.format.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(explain("EXPLAIN SELECT 1"), (false, false, false));
    assert_eq!(explain("EXPLAIN ANALYZE VERBOSE SELECT 1"), (true, true, false));
    assert_eq!(explain("EXPLAIN (ANALYZE, COSTS off, FORMAT json) SELECT 1"), (true, false, true));
    assert_eq!(explain("EXPLAIN (SELECT 1)"), (false, false, false));
    assert_eq!(fails("EXPLAIN (FAST) SELECT 1").kind, ErrorKind::Syntax);
    assert_eq!(fails("EXPLAIN EXPLAIN SELECT 1").kind, ErrorKind::Syntax);
}

#[test]
fn statements_are_complete_at_their_semicolon() {
    for (text, complete) in [
        ("SELECT 1;", true),
        ("SELECT 1; -- done", true),
        ("SELECT 1", false),
        ("SELECT ';", false),
        ("SELECT 1 /* ;", false),
        ("SELECT \"a;", false),
        ("SELECT $$;", false),
        ("", true),
        ("-- nothing", true),
    ] {
        assert_eq!(is_complete(text), complete, "{text}");
    }
}

#[test]
fn names_are_read_as_queries_read_them() {
    assert_eq!(parse_name("Lake.\"Da.ta\".T$snapshots").unwrap(), ["lake", "Da.ta", "t$snapshots"]);
    assert!(parse_name("a b").is_err());
    assert!(parse_name("").is_err());
}

#[test]
fn table_alone_selects_everything() {
    for (written, said) in [
        ("TABLE t", "SELECT * FROM t"),
        ("TABLE lake.\"T\" LIMIT 0", "SELECT * FROM lake.\"T\" LIMIT 0"),
        ("(TABLE t) UNION ALL TABLE u ORDER BY 1", "(SELECT * FROM t) UNION ALL SELECT * FROM u ORDER BY 1"),
        ("WITH w AS (TABLE t) TABLE w", "WITH w AS (SELECT * FROM t) SELECT * FROM w"),
        ("SELECT table FROM t", "SELECT table FROM t"),
    ] {
        let statement = one(written);
        assert_eq!(statement.sql().unwrap().to_string(), said, "{written}");
        assert_eq!(statement.text, written);
    }
    assert!(matches!(one("LOCK TABLE t IN ACCESS SHARE MODE").body, StatementBody::Session(_)));
    assert!(matches!(one("DECLARE c CURSOR FOR TABLE t").body, StatementBody::Declare(_)));
}
