#![allow(clippy::unwrap_used)]

use super::*;

fn settings() -> Settings {
    let settings = Settings::default();
    settings.start_with(&[("session_authorization", "bob".to_string())], false);
    settings
}

fn set(settings: &Settings, name: &str, value: &str, scope: SetScope) -> Result<()> {
    settings.set(name, &[value.to_string()], scope)
}

#[test]
fn local_values_end_with_the_transaction() {
    let settings = settings();
    settings.begin(None);
    set(&settings, "work_mem", "1MB", SetScope::Session).unwrap();
    set(&settings, "work_mem", "2MB", SetScope::Local).unwrap();
    assert_eq!(settings.show("work_mem").unwrap(), "2MB");
    settings.commit();
    assert_eq!(settings.show("work_mem").unwrap(), "1MB");
}

#[test]
fn a_rollback_puts_back_what_was_set() {
    let settings = settings();
    settings.begin(None);
    set(&settings, "work_mem", "1MB", SetScope::Session).unwrap();
    settings.begin(Some("s"));
    set(&settings, "work_mem", "2MB", SetScope::Session).unwrap();
    settings.rollback_to("s");
    assert_eq!(settings.show("work_mem").unwrap(), "1MB");
    set(&settings, "work_mem", "3MB", SetScope::Session).unwrap();
    settings.release("s");
    assert_eq!(settings.show("work_mem").unwrap(), "3MB");
    settings.rollback();
    assert_eq!(settings.show("work_mem").unwrap(), "4MB");
}

#[test]
fn reset_goes_back_to_the_startup_packet() {
    let settings = settings();
    settings.set_at_start("statement_timeout", "5s").unwrap();
    set(&settings, "statement_timeout", "1s", SetScope::Session).unwrap();
    set(&settings, "my.own", "x", SetScope::Session).unwrap();
    settings.reset("statement_timeout", SetScope::Session).unwrap();
    assert_eq!(settings.timeout("statement_timeout"), Some(Duration::from_secs(5)));
    settings.reset_all();
    assert_eq!(settings.get("my.own"), None);
    assert_eq!(settings.show("statement_timeout").unwrap(), "5s");
}

#[test]
fn a_local_default_covers_the_sessions_value() {
    let settings = settings();
    set(&settings, "work_mem", "1MB", SetScope::Session).unwrap();
    settings.begin(None);
    settings.reset("work_mem", SetScope::Local).unwrap();
    assert_eq!(settings.show("work_mem").unwrap(), "4MB");
    settings.commit();
    assert_eq!(settings.show("work_mem").unwrap(), "1MB");
}

#[test]
fn what_cannot_be_set_says_why() {
    let settings = settings();
    for (name, kind) in [
        ("nonsense", ErrorKind::UndefinedSetting),
        ("tarn.nonsense", ErrorKind::UndefinedSetting),
        ("datafusion.execution.batch_size", ErrorKind::UndefinedSetting),
        ("server_version", ErrorKind::UnchangeableSetting),
        ("max_connections", ErrorKind::UnchangeableSetting),
        ("log_statement", ErrorKind::Permission),
        ("a.b c", ErrorKind::InvalidName),
        ("role", ErrorKind::Permission),
    ] {
        assert_eq!(set(&settings, name, "1", SetScope::Session).unwrap_err().kind, kind, "{name}");
    }
    assert_eq!(settings.show("nonsense").unwrap_err().kind, ErrorKind::UndefinedSetting);
    set(&settings, "role", "none", SetScope::Session).unwrap();
    set(&settings, "session_authorization", "bob", SetScope::Session).unwrap();
}

#[test]
fn search_path_keeps_quotes_where_they_are_needed() {
    let settings = settings();
    settings.start_with(&[("search_path", "rec".to_string())], false);
    assert_eq!(settings.search_path(), None);
    let names = ["a".to_string(), "B c".to_string(), "x\"y,".to_string()];
    settings.set("search_path", &names, SetScope::Session).unwrap();
    assert_eq!(settings.show("search_path").unwrap(), "a, \"B c\", \"x\"\"y,\"");
    assert_eq!(settings.search_path().unwrap(), names);
    settings.set_raw("search_path", "", SetScope::Session).unwrap();
    assert!(settings.search_path().unwrap().is_empty());
    settings.set_raw("search_path", "One, \"Two\" ,three", SetScope::Session).unwrap();
    assert_eq!(settings.search_path().unwrap(), ["one", "Two", "three"]);
}

#[test]
fn a_change_is_reported_once() {
    let settings = settings();
    let first = settings.take_reports();
    assert_eq!(first.len(), 13);
    assert_eq!(first[0].0, "application_name");
    assert!(settings.take_reports().is_empty());
    set(&settings, "timezone", "Europe/Berlin", SetScope::Session).unwrap();
    assert_eq!(settings.take_reports(), [("TimeZone", "Europe/Berlin".to_string())]);
    set(&settings, "work_mem", "1MB", SetScope::Session).unwrap();
    assert!(settings.take_reports().is_empty());
}
