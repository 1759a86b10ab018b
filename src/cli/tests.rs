#![allow(clippy::unwrap_used, clippy::panic)]

use clap::{CommandFactory, FromArgMatches};

use super::args::{Arguments, Command};
use super::invocation::{Invocation, Script, ScriptOrder};
use crate::output::Format;

fn invocation(words: &[&str], order: &ScriptOrder) -> crate::Result<Invocation> {
    let matches = Arguments::command().try_get_matches_from([&["tarn"], words].concat()).unwrap();
    Invocation::of(Arguments::from_arg_matches(&matches).unwrap(), order)
}

#[test]
fn the_grammar_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn scripts_run_in_the_order_given() {
    let order = ScriptOrder { commands: vec![3, 9], files: vec![5, 7] };
    let words = ["./lake", "-c", "one", "-f", "two.sql", "-f", "-", "-c", "four", "--format", "ndjson"];
    let Invocation::Scripts { engine, scripts, format, .. } = invocation(&words, &order).unwrap() else {
        panic!("no scripts")
    };
    let expected = [
        Script::Text("one".into()),
        Script::File("two.sql".into()),
        Script::StandardInput,
        Script::Text("four".into()),
    ];
    assert_eq!(scripts, expected);
    assert_eq!(format, Format::Ndjson);
    assert_eq!((engine.lakes[0].name.as_str(), engine.lakes[0].url.as_str()), ("lake", "./lake"));
}

#[test]
fn several_lakes_have_names() {
    let words = ["a=./one", "b=s3://bucket/two", "--memory-limit", "2GB", "--threads", "3", "-c", "x"];
    let Invocation::Scripts { engine, .. } = invocation(&words, &ScriptOrder::default()).unwrap() else {
        panic!("no scripts")
    };
    let names: Vec<&str> = engine.lakes.iter().map(|lake| lake.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!((engine.memory_limit_bytes, engine.threads), (Some(2 << 30), Some(3)));
}

#[test]
fn serve_has_words_of_its_own() {
    let words =
        ["serve", "./lake", "--listen", "0.0.0.0:1", "--listen", "6000", "--set", "statement_timeout=5s"];
    let Invocation::Serve { serve, .. } = invocation(&words, &ScriptOrder::default()).unwrap() else {
        panic!("no server")
    };
    assert_eq!(serve.listen, ["0.0.0.0:1", "6000"]);
    assert_eq!(serve.settings["statement_timeout"], "5s");
    assert!(invocation(&["serve", "./lake", "--set", "x"], &ScriptOrder::default()).is_err());
}

#[test]
fn what_is_missing_is_told() {
    let error = invocation(&["-c", "SELECT 1"], &ScriptOrder::default()).unwrap_err();
    assert!(error.hint.unwrap().contains("tarn demo"));
    assert!(invocation(&["./lake", "--memory-limit", "much", "-c", "x"], &ScriptOrder::default()).is_err());
}

#[test]
fn the_demo_needs_no_lake() {
    let matches = Arguments::command().try_get_matches_from(["tarn", "demo"]).unwrap();
    let arguments = Arguments::from_arg_matches(&matches).unwrap();
    assert!(matches!(arguments.command, Some(Command::Demo(_))));
}
