#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::sql::{StatementBody, parse};

fn statement(sql: &str) -> SessionStatement {
    let statements = parse(sql).unwrap();
    assert_eq!(statements.len(), 1, "{sql}");
    match &statements[0].body {
        StatementBody::Session(statement) => (**statement).clone(),
        other => panic!("{sql} is {other:?}"),
    }
}

#[test]
fn set_takes_every_form_that_drivers_send() {
    for (sql, wanted) in [
        ("SET extra_float_digits = 3", ("extra_float_digits", "3")),
        ("SET SESSION datestyle TO 'ISO'", ("datestyle", "ISO")),
        ("set client_encoding to UTF8", ("client_encoding", "utf8")),
        ("SET TIME ZONE 'Europe/Berlin'", ("timezone", "Europe/Berlin")),
        ("SET TIME ZONE -7", ("timezone", "-7")),
        ("SET TIME ZONE INTERVAL '-08:30' HOUR TO MINUTE", ("timezone", "-8.5")),
        ("SET NAMES 'UTF8'", ("client_encoding", "UTF8")),
        ("SET x.y.z = -1.5", ("x.y.z", "-1.5")),
        ("SET jit = off", ("jit", "off")),
        ("SET search_path TO a, \"B\", 'c'", ("search_path", "a,B,c")),
        ("SET SESSION AUTHORIZATION bob", ("session_authorization", "bob")),
        ("SET ROLE NONE", ("role", "none")),
        ("SET role = 'bob'", ("role", "bob")),
    ] {
        let SessionStatement::Set { scope, name, value: SetValue::Values(values) } = statement(sql) else {
            panic!("{sql}");
        };
        assert_eq!(scope, SetScope::Session);
        assert_eq!((name.as_str(), values.join(",").as_str()), wanted, "{sql}");
    }
    let local = SessionStatement::Set {
        scope: SetScope::Local,
        name: "timezone".to_string(),
        value: SetValue::Default,
    };
    assert_eq!(format!("{:?}", statement("SET LOCAL TIME ZONE LOCAL")), format!("{local:?}"));
    for wrong in ["SET", "SET x", "SET x = ", "SET TRANSACTION", "SHOW", "SHOW a b", "DISCARD x"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn transaction_modes_come_in_any_order() {
    let sql = "START TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ NOT DEFERRABLE";
    let SessionStatement::Begin { modes, start } = statement(sql) else { panic!() };
    assert!(start);
    assert_eq!(modes.isolation, Some(IsolationLevel::RepeatableRead));
    assert_eq!((modes.read_only, modes.deferrable), (Some(true), Some(false)));
    assert!(matches!(statement("END WORK AND CHAIN"), SessionStatement::Commit { chain: true }));
    assert!(matches!(statement("ABORT"), SessionStatement::Rollback { chain: false }));
    let to = statement("ROLLBACK TO SAVEPOINT \"S\"");
    assert!(matches!(to, SessionStatement::RollbackTo(name) if name == "S"));
}

#[test]
fn prepare_holds_a_statement_of_any_kind() {
    let SessionStatement::Prepare(prepare) = statement("PREPARE p (int, text) AS SELECT $1, $2") else {
        panic!()
    };
    assert_eq!((prepare.name.as_str(), prepare.types.len()), ("p", 2));
    let SessionStatement::Execute { arguments, .. } = statement("EXECUTE p(1 + 1, 'x')") else { panic!() };
    assert_eq!(arguments.len(), 2);
    assert!(matches!(statement("DEALLOCATE PREPARE ALL"), SessionStatement::Deallocate(None)));
}

#[test]
fn what_shows_data_is_left_to_datafusion() {
    assert!(matches!(parse("SHOW TABLES").unwrap()[0].body, StatementBody::Sql(_)));
    let zone = statement("SHOW TIME ZONE");
    assert!(matches!(zone, SessionStatement::Show(Some(name)) if name == "timezone"));
}
